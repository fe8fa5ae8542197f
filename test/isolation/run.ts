/*
 * The run: a real gateway over a real file, a model that says all that it was told, and as many operations as asked for, at once but one at a time for
 * each user. Afterwards users are erased, and looked for in answers, files, cache and log, before and after a restart.
 */

import { Database } from 'bun:sqlite';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { canariesIn, canaryText } from './canary.ts';
import { startMirror } from './mirror.ts';
import { ask, eraseWhole, OPERATIONS, type Operation } from './operations.ts';
import { keysOf, type Person, World } from './world.ts';

export interface IsolationOptions {
  readonly operations: number;
  readonly seed: number;
  readonly concurrency?: number;
  /** Where answers are cached; default: in the gateway's memory. */
  readonly redisUrl?: string;
}

export interface IsolationReport {
  readonly operations: number;
  readonly seconds: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly modelCalls: number;
  readonly erased: number;
  readonly cacheEntries: number;
  readonly records: number;
  readonly violations: readonly string[];
  readonly failures: readonly string[];
}

const CONCURRENCY = 24;
const SETTLES_MS = 5_000;
/** Of the users, so many are erased at the end: one in five. */
const ERASED_EACH = 5;

export async function runIsolation(options: IsolationOptions): Promise<IsolationReport> {
  await using closers = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-isolation-'));
  closers.defer(() => rm(folder, { recursive: true, force: true }));
  const mirror = closers.use(startMirror());
  const world = new World(options.seed);
  const config = configOf(folder, mirror.url, options.redisUrl);
  let gateway = await startGateway({ config, timeoutMs: 30_000 });
  closers.defer(() => gateway[Symbol.asyncDispose]());
  world.url = gateway.url;

  const startMs = performance.now();
  await work(world, options);
  const seconds = (performance.now() - startMs) / 1_000;
  world.violations.push(...mirror.mixtures.map((text) => `a model was told of two users at once: ${text}`));

  const erased = world.people.filter((_, index) => index % ERASED_EACH === 0);
  await Bun.sleep(SETTLES_MS);
  const buried = new Set(
    erased.flatMap((person) => [...person.alive].map((serial) => canaryText({ tenant: person.tenant, user: person.user, serial }))),
  );
  await eraseAll(erased, world);
  await lookForFiles(folder, { buried, erased }, world);
  const cacheEntries = options.redisUrl === undefined ? 0 : await lookIntoRedis(options.redisUrl, world, buried);
  lookIntoLog(gateway, world);
  await gateway[Symbol.asyncDispose]();
  await lookForFiles(folder, { buried, erased }, world);
  const records = lookIntoRecords(folder, world);

  gateway = await startGateway({ config, timeoutMs: 30_000 });
  world.url = gateway.url;
  for (const person of erased) await expectNothing(person, world);
  await expectSomething(world.people.filter((_, index) => index % ERASED_EACH === 1).slice(0, 40), world);
  lookIntoLog(gateway, world);
  return {
    operations: options.operations,
    seconds,
    counts: Object.fromEntries(world.counts),
    modelCalls: mirror.requests(),
    erased: erased.length,
    cacheEntries,
    records,
    violations: world.violations,
    failures: world.failures,
  };
}

function configOf(folder: string, modelUrl: string, redisUrl: string | undefined): object {
  return {
    providers: { mirror: { type: 'openai-compatible', base_url: modelUrl } },
    models: { mirror: { targets: [{ provider: 'mirror' }] } },
    auth: { keys: keysOf() },
    limits: { mode: 'off' },
    cache: { routes: [{ match: '/v1/*', ttl: '30m', any: true, coalesce: true }] },
    context: { deadline: '2s' },
    state: { records: `sqlite:${join(folder, 'gatehouse.db')}`, ...(redisUrl === undefined ? {} : { cache: redisUrl, timeout: '2s' }) },
  };
}

async function work(world: World, { operations, concurrency = CONCURRENCY }: IsolationOptions): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < operations) {
      begun += 1;
      const operation = chosen(OPERATIONS, world.random());
      const person = free(world);
      person.isBusy = true;
      try {
        await operation.run(person, world);
        world.counts.set(operation.name, (world.counts.get(operation.name) ?? 0) + 1);
      } catch (error) {
        world.fail(`${operation.name}: ${String(error)}`);
      } finally {
        person.isBusy = false;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

function chosen(rows: readonly Operation[], random: number): Operation {
  let left = random * rows.reduce((sum, { weight }) => sum + weight, 0);
  for (const row of rows) if ((left -= row.weight) < 0) return row;
  throw new Error('there are no operations');
}

function free(world: World): Person {
  for (;;) {
    const person = world.pick(world.people);
    if (person !== undefined && !person.isBusy) return person;
  }
}

async function eraseAll(people: readonly Person[], world: World): Promise<void> {
  for (const person of people) {
    const chat = person.chats[0];
    const serials = [...person.alive];
    const { json } = await eraseWhole(person, world);
    if (chat !== undefined) {
      // Its answer was cached, and is not any more. Asking makes it so again, and what it says is theirs.
      for (const serial of serials) person.alive.add(serial);
      const again = await ask(person, world, { method: 'POST', path: '/v1/chat/completions', body: chat });
      if (again.headers.get('x-cache') !== 'MISS')
        world.violations.push(`an erased user's answer was still cached: ${again.headers.get('x-cache')}`);
      await eraseWhole(person, world);
    }
    if (typeof json?.receipt?.id !== 'string') world.fail('an erasure has no receipt');
    await expectNothing(person, world);
  }
}

/** Every way in which a user's own may be asked for finds nothing. */
async function expectNothing(person: Person, world: World): Promise<void> {
  const user = encodeURIComponent(person.name);
  const { text } = await ask(person, world, { method: 'GET', path: `/v1/users/${user}/export` });
  if (text.trimEnd().split('\n').length !== 2) world.violations.push(`the export of an erased user has: ${text.slice(0, 500)}`);
  const found = await ask(person, world, {
    method: 'POST',
    path: '/search',
    body: { query: 'harbour bicycle mill garden kettle train cello', user_id: person.name, top_k: 100 },
  });
  const list = await ask(person, world, {
    method: 'GET',
    path: `/v1/memories?user_id=${user}&page=1&kinds=turn,fact,preference,profile,instruction,event`,
  });
  const documents = await ask(person, world, { method: 'GET', path: '/v1/upload' });
  const stores = await ask(person, world, { method: 'GET', path: '/v1/vector_stores' });
  const left = [found.json?.results?.length, list.json?.count, documents.json?.data?.length, stores.json?.data?.length];
  if (left.some((count) => count !== 0)) world.violations.push(`of an erased user there are left: ${left.join(', ')}`);
}

/** Who was not erased still has their own after a restart: a gateway that forgets everybody would pass all else. */
async function expectSomething(people: readonly Person[], world: World): Promise<void> {
  let told = 0;
  for (const person of people) {
    const { text } = await ask(person, world, { method: 'GET', path: `/v1/users/${encodeURIComponent(person.name)}/export` });
    told += canariesIn(text).length;
  }
  if (told === 0) world.fail('after the restart nobody has anything');
}

async function lookForFiles(
  folder: string,
  { buried, erased }: { readonly buried: ReadonlySet<string>; readonly erased: readonly Person[] },
  world: World,
): Promise<void> {
  const names = new Set(erased.map(({ name }) => name));
  for (const file of await readdir(folder)) {
    const text = (await readFile(join(folder, file))).toString('latin1');
    for (const canary of canariesIn(text))
      if (buried.has(canaryText(canary))) world.violations.push(`${file}: ${canaryText(canary)} was erased, and is still in the file`);
    for (const [name] of text.matchAll(/usr-\d+-\d+-whom-nobody-else-is-called/g))
      if (names.has(name)) world.violations.push(`${file}: the name of ${name}, who was erased, is still in the file`);
  }
}

/** Whatever is kept of a user lies in that user's partition. */
function lookIntoRecords(folder: string, world: World): number {
  using database = new Database(join(folder, 'gatehouse.db'), { readonly: true });
  const rows = database.query<{ tenant: string; name: string; kind: string; body: string | null }, []>(
    'SELECT p.tenant, p.name, p.kind, r.body FROM records r JOIN record_partitions p ON p.number = r.partition',
  );
  let count = 0;
  for (const { tenant, name, kind, body } of rows.iterate()) {
    count += 1;
    for (const canary of canariesIn(body ?? '')) {
      const isTheirs =
        tenant === `tenant-${canary.tenant}` && (kind !== 'memory' || name.startsWith(`usr-${canary.tenant}-${canary.user}-`));
      if (!isTheirs) world.violations.push(`records: ${canaryText(canary)} lies with ${tenant} ${name}`);
    }
  }
  return count;
}

/** No entry holds words of two users, nor of one who was erased. Resolves with how many there are. */
async function lookIntoRedis(url: string, world: World, buried: ReadonlySet<string>): Promise<number> {
  const client = new Bun.RedisClient(url);
  let cursor = '0';
  let count = 0;
  do {
    const [next, keys] = (await client.send('SCAN', [cursor, 'COUNT', '1000'])) as [string, string[]];
    cursor = next;
    for (const key of keys) {
      if (!key.includes('value:')) continue;
      const value = Buffer.from((await client.getBuffer(key)) ?? []).toString('latin1');
      count += 1;
      const canaries = canariesIn(`${key} ${value}`);
      if (new Set(canaries.map(({ tenant, user }) => `${tenant} ${user}`)).size > 1)
        world.violations.push(`Redis: two users in ${key}: ${value.slice(0, 500)}`);
      for (const canary of canaries)
        if (buried.has(canaryText(canary))) world.violations.push(`Redis: ${canaryText(canary)} was erased, and is still in ${key}`);
    }
  } while (cursor !== '0');
  client.close();
  return count;
}

/** The log holds no texts, whoever's. */
function lookIntoLog(gateway: GatewayProcess, world: World): void {
  for (const line of [...gateway.process.stdout, ...gateway.process.stderr]) {
    const [canary] = canariesIn(line);
    if (canary !== undefined) world.violations.push(`log: ${line.slice(0, 300)}`);
  }
}
