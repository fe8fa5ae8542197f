/* A Mem0 as the memory: what a user of the gateway gets of it, what is not to be had there, and what becomes of it when it fails or lies. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { GatewayError } from '../../src/base/errors.ts';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { mem0Config } from '../../src/context/memory/mem0/mem0-config.ts';
import { createMem0Memory } from '../../src/context/memory/mem0/mem0-memory.ts';
import { mem0User } from '../../src/context/memory/mem0/mem0-user.ts';
import type { MemoryPartition } from '../../src/context/memory/memory.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type FakeMem0, startFakeMem0 } from './fake-mem0.ts';

const KEY = 'm0-secret-key';
const ANNA: MemoryPartition = { tenant: 't1', kind: 'memory', name: 'anna' };
const BEN: MemoryPartition = { tenant: 't1', kind: 'memory', name: 'ben' };

function stage(kind: 'server' | 'platform', settings: object = {}) {
  const fake = startFakeMem0({ kind, key: KEY });
  const config = mem0Config.parse({ kind, url: fake.url, key: KEY, timeout: '2s', write_timeout: '2s', ...settings });
  const engine = createMem0Memory(config, {
    clock: systemClock,
    random: Math.random,
    async send({ method, path, headers, body }) {
      const reply = await fetch(fake.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
      return { status: reply.status, text: await reply.text() };
    },
  });
  const say = (partition: MemoryPartition, text: string, more: object = {}) =>
    engine.remember(partition, { turns: [{ role: 'user', text }], session: 's', infer: true, ...more });
  return { fake, engine, say, [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose]() };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => (error as GatewayError).code);

for (const kind of ['server', 'platform'] as const)
  describe(`with Mem0's ${kind}`, () => {
    test('what is said is kept, found, listed, changed, and deleted', async () => {
      await using at = stage(kind);
      const { engine, say } = at;
      await say(ANNA, 'Rides a red bicycle', { agent: 'a1', run: 'r1', metadata: { topic: 'travel' }, expiresMs: Date.UTC(9_998, 0, 2) });
      await say(ANNA, 'Has a garden');
      const { memories } = await engine.recall(ANNA, { query: 'bicycle', limit: 5 });
      expect(memories.map(({ memory }) => memory.text)).toEqual(['Rides a red bicycle']);
      const [found] = memories;
      expect(found?.memory).toMatchObject({
        kind: 'fact',
        agent: 'a1',
        run: 'r1',
        session: 's',
        metadata: { topic: 'travel' },
        expiresMs: Date.UTC(9_998, 0, 2),
      });
      const id = found?.memory.id ?? '';
      expect((await engine.list(ANNA, { limit: 10, count: true })).total).toBe(2);
      expect((await engine.list(ANNA, { limit: 10, filter: { agent: 'a1' } })).memories.map((memory) => memory.id)).toEqual([id]);
      expect((await engine.list(ANNA, { limit: 10, filter: { metadata: { topic: 'travel' } } })).memories).toHaveLength(1);
      expect(await engine.list(ANNA, { limit: 10, kinds: ['turn'] })).toEqual({ memories: [] });
      expect((await engine.update(ANNA, id, { text: 'Rides a blue bicycle', metadata: { topic: 'bike' } }))?.text).toBe(
        'Rides a blue bicycle',
      );
      expect(await engine.get(ANNA, id)).toMatchObject({ text: 'Rides a blue bicycle', metadata: { topic: 'bike' }, session: 's' });
      expect(await engine.history(ANNA, id)).toMatchObject([
        { event: 'ADD', memory: 'Rides a red bicycle' },
        { event: 'UPDATE', memory: 'Rides a blue bicycle', previous: 'Rides a red bicycle' },
      ]);
      expect(await engine.delete(ANNA, [id, id, 'nothing'])).toBe(1);
      expect(await engine.get(ANNA, id)).toBeUndefined();
      expect((await engine.erase(ANNA))['memories']).toBe(1);
      expect(at.fake.memories.size).toBe(0);
    });

    test('pages hold every memory once', async () => {
      await using at = stage(kind);
      for (let index = 0; index < 25; index += 1) await at.say(ANNA, `Note ${index}`);
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await at.engine.list(ANNA, { limit: 10, ...(after === undefined ? {} : { after }) });
        seen.push(...page.memories.map(({ text }) => text));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `Note ${24 - index}`));
    });

    test('nobody finds another user’s, nor a namesake’s in another tenant', async () => {
      await using at = stage(kind);
      await at.say(ANNA, 'Hides the key under a stone');
      const [{ id } = { id: '' }] = (await at.engine.list(ANNA, { limit: 1 })).memories;
      for (const other of [
        BEN,
        { ...ANNA, tenant: 't2' },
        { ...ANNA, tenant: 'default', name: 't1:anna' },
        { ...ANNA, name: '' },
      ] as MemoryPartition[]) {
        expect(await at.engine.get(other, id)).toBeUndefined();
        expect(await at.engine.update(other, id, { text: 'taken' })).toBeUndefined();
        expect(await at.engine.delete(other, [id])).toBe(0);
        expect(await at.engine.history(other, id)).toEqual([]);
        expect((await at.engine.recall(other, { query: 'key stone', limit: 5 })).memories).toEqual([]);
        expect((await at.engine.list(other, { limit: 5 })).memories).toEqual([]);
        expect((await at.engine.erase(other))['memories']).toBe(0);
      }
      expect((await at.engine.get(ANNA, id))?.text).toBe('Hides the key under a stone');
    });

    test('a server that answers with somebody else’s memories is not believed', async () => {
      await using at = stage(kind);
      const theirs = { id: 'x', memory: 'of somebody else', user_id: 't1:ben', score: 1, created_at: '2026-01-01T00:00:00Z' };
      const nobodys = { ...theirs, id: 'y', user_id: null };
      at.fake.trouble = (request) =>
        Response.json(new URL(request.url).pathname.includes('/x') ? theirs : { results: [theirs, nobodys, 7, null, { id: 1 }] });
      expect((await at.engine.recall(ANNA, { query: 'x', limit: 5 })).memories).toEqual([]);
      expect((await at.engine.list(ANNA, { limit: 5 })).memories).toEqual([]);
      expect(await at.engine.get(ANNA, 'x')).toBeUndefined();
    });

    test('conditions that it cannot look up are held against what it finds', async () => {
      await using at = stage(kind);
      for (let index = 0; index < 30; index += 1) await at.say(ANNA, `Song ${index}`, { metadata: { n: index }, infer: false });
      const filter = { where: { type: 'gte', field: ['n'], value: 28 } } as const;
      expect((await at.engine.list(ANNA, { limit: 10, filter })).memories.map(({ text }) => text)).toEqual(['Song 29', 'Song 28']);
      expect((await at.engine.recall(ANNA, { query: 'song', limit: 10, filter })).memories.map(({ memory }) => memory.text).sort()).toEqual(
        ['Song 28', 'Song 29'],
      );
      expect(await at.engine.deleteMatching(ANNA, filter)).toBe(2);
      expect((await at.engine.list(ANNA, { limit: 100 })).memories).toHaveLength(28);
    });

    test('a turn that comes twice is written once, and one that failed may come again', async () => {
      await using at = stage(kind);
      const once = () => at.say(ANNA, 'Said once', { firstTurn: 3 });
      await Promise.all([once(), once()]);
      await once();
      expect(at.fake.memories.size).toBe(1);
      at.fake.trouble = () => new Response('no', { status: 503 });
      const later = () => at.say(ANNA, 'Said later', { firstTurn: 4 });
      expect(await codeOf(later())).toBe('storage_unavailable');
      at.fake.trouble = undefined;
      await later();
      expect(at.fake.memories.size).toBe(2);
    });

    for (const [name, trouble, code] of [
      ['fails', () => new Response('oops', { status: 500 }), 'storage_unavailable'],
      ['answers no JSON', () => new Response('<html>'), 'storage_unavailable'],
      ['answers of another shape', () => Response.json({ results: 'none' }), 'storage_unavailable'],
      ['redirects', () => new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/' } }), 'storage_unavailable'],
      ['refuses the key', () => Response.json({ detail: 'bad key' }, { status: 401 }), 'storage_unavailable'],
      ['is asked too often', () => new Response('', { status: 429 }), 'storage_unavailable'],
      ['refuses what is asked', () => Response.json({ detail: 'top_k is too large' }, { status: 422 }), 'request_invalid'],
    ] as const)
      test(`${name}: ${code}`, async () => {
        await using at = stage(kind);
        at.fake.trouble = trouble;
        const error: unknown = await at.engine.recall(ANNA, { query: 'x', limit: 5 }).catch((failure: unknown) => failure);
        expect((error as GatewayError).code).toBe(code);
        expect(String(error)).not.toContain(KEY);
      });
  });

test('what Mem0 has no word for is not there, and not made up', async () => {
  await using at = stage('server');
  const { turns } = await at.say(ANNA, 'Hello');
  expect(turns).toEqual([]);
  expect(await at.engine.profile(ANNA, 300)).toEqual([]);
  await at.engine.touch(ANNA, ['x']);
  // What its history keeps of what was erased is told.
  expect(await at.engine.erase(ANNA)).toEqual({ memories: 1, history_left_at_mem0: 1 });
});

test('a slow one is given up, and after some failures not asked for a while', async () => {
  const clock = createManualClock();
  let calls = 0;
  const send = () => {
    calls += 1;
    return new Promise<never>(() => {});
  };
  const engine = createMem0Memory(mem0Config.parse({ url: 'http://mem0', timeout: '1s' }), { clock, random: () => 0.5, send });
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const asked = codeOf(engine.get(ANNA, 'x'));
    clock.advance(1_000);
    expect(await asked).toBe('storage_unavailable');
  }
  expect(calls).toBeLessThan(20);
});

test('no two users have one name there', () => {
  const names = ['a', 'b', 'a:b', 'a%3Ab', '', 'default', ':', '%', 'default:a'];
  const partitions = ['default', 't', 'a', 'a:b', 'a%3Ab', ''].flatMap((tenant) => names.map((name) => ({ tenant, name })));
  expect(new Set(partitions.map(mem0User)).size).toBe(partitions.length);
  expect(mem0User({ tenant: 'default', name: 'anna@example.org' })).toBe('anna@example.org');
});

describe('through the gateway', () => {
  const cleanup = new AsyncDisposableStack();
  let fake: FakeMem0;
  let gateway: GatewayProcess;
  const headers = { authorization: 'Bearer sk-anna-0000000000', 'content-type': 'application/json' };
  beforeAll(async () => {
    fake = cleanup.use(startFakeMem0({ kind: 'server', key: KEY }));
    gateway = cleanup.use(
      await startGateway({
        config: {
          auth: { keys: [{ name: 'anna', key: 'sk-anna-0000000000', tenant: 't1', user: 'anna' }] },
          context: { memory: { remote: { url: fake.url, key: KEY } } },
          state: { records: 'memory' },
        },
      }),
    );
  });
  afterAll(() => cleanup.disposeAsync());

  test('the memories API asks it, as this user alone', async () => {
    const added = await gateway.request('/v1/memories', { method: 'POST', headers, body: JSON.stringify({ messages: 'Plays the harp' }) });
    expect(added.status).toBe(200);
    const found = await gateway.request('/search', { method: 'POST', headers, body: JSON.stringify({ query: 'harp' }) });
    expect(await found.json()).toMatchObject({ results: [{ memory: 'Plays the harp', user_id: 'anna' }] });
    expect(fake.requests.at(-1)).toMatchObject({ path: '/search', body: { filters: { user_id: 't1:anna' } } });
    const erased = await gateway.request('/v1/users/anna', { method: 'DELETE', headers });
    expect(await erased.json()).toMatchObject({ counts: { memories: 1, history_left_at_mem0: 1 } });
    expect(
      gateway
        .logs()
        .map((line) => JSON.stringify(line))
        .join('\n'),
    ).not.toContain(KEY);
  });

  test('where it is down, that is said', async () => {
    fake.trouble = () => new Response('down', { status: 502 });
    const reply = await gateway.request('/search', { method: 'POST', headers, body: JSON.stringify({ query: 'harp' }) });
    expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([503, 'storage_unavailable']);
    fake.trouble = undefined;
  });
});
