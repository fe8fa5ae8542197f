/*
 * The bundle that a start runs from: made beside the packages, taken while it is up to date and never otherwise, and the same gateway, with all that it
 * reads and runs from the sources' folders.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { copyCheckout } from './harness/checkout.ts';
import { docx } from './harness/document-files.ts';
import { eventually } from './harness/eventually.ts';
import { type GatewayProcess, startGateway } from './harness/gateway.ts';
import { startProcess } from './harness/process.ts';
import { type SimulatorProcess, startSimulator } from './harness/simulator.ts';

const root = dirname(import.meta.dir);
const node = Bun.which('node') ?? 'node';
/** A source that is changed and put back, with a time that can be put back too. */
const CHANGED = 'src/base/errors.ts';
const CHANGED_AT = new Date('2026-01-01T00:00:00Z');
const KEY = 'sk-bundle-0000000000';

let folder: string;
let clone: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-bundle-')));
  clone = join(folder, 'clone');
  await copyCheckout(root, clone);
  await linkPackages();
  await utimes(join(clone, CHANGED), CHANGED_AT, CHANGED_AT);
  const made = Bun.spawnSync([process.execPath, join(clone, 'bin/bundle-program.mjs')], { cwd: clone });
  expect(made.stdout.toString()).toStartWith('made ');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A folder of packages of its own, in which each is the real one: what is cached beside them is the clone's. */
async function linkPackages(): Promise<void> {
  const target = join(clone, 'node_modules');
  await mkdir(target);
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '.cache') await symlink(join(root, 'node_modules', name), join(target, name));
  }
}

/** What the launcher of the clone would run. */
function chosen(env: Record<string, string> = {}): string {
  const code = `import { freshBundle } from './bin/bundle.mjs'; import { findBun } from './bin/runtime.mjs'; console.log(freshBundle(await findBun()) ?? 'the sources')`;
  const asked = Bun.spawnSync([node, '--input-type=module', '-e', code], { cwd: clone, env: { PATH: process.env['PATH'] ?? '', ...env } });
  expect(asked.stderr.toString()).toBe('');
  return asked.stdout.toString().trim();
}

describe('the bundle', () => {
  test('is taken while everything that it was made of is as it was', async () => {
    const bundle = chosen();
    expect(bundle).toStartWith(join(clone, 'node_modules/.cache/gatehouse/bundle-'));
    expect(chosen({ GATEHOUSE_BUNDLE: 'off' })).toBe('the sources');

    const source = join(clone, CHANGED);
    const text = await readFile(source);
    await writeFile(source, `${text.toString()}\n`);
    expect(chosen()).toBe('the sources');
    await writeFile(source, text);
    await utimes(source, CHANGED_AT, CHANGED_AT);
    expect(chosen()).toBe(bundle);
    await rm(source);
    expect(chosen()).toBe('the sources');
    await writeFile(source, text);
    await utimes(source, CHANGED_AT, CHANGED_AT);

    const manifest = join(clone, 'node_modules/.cache/gatehouse/bundle.json');
    const whole = await readFile(manifest, 'utf8');
    for (const broken of [whole.slice(0, 99), '[]', '{"program":"/etc/passwd","stamps":[]}', '']) {
      await writeFile(manifest, broken);
      expect(chosen()).toBe('the sources');
    }
    await writeFile(manifest, whole);
    expect(chosen()).toBe(bundle);
  });

  test('is what the launcher runs', async () => {
    await using started = await startProcess({
      command: node,
      args: [join(clone, 'bin/gatehouse.mjs'), 'start', '--port', '0'],
      cwd: clone,
      env: { HOME: folder, GATEHOUSE_BUNDLE: 'on' },
      readyPattern: /http:\/\/[\d.]+:\d+/,
    });
    const commands = await Promise.all(
      (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    const bundle = chosen();
    expect(commands.some((command) => command.includes(bundle))).toBe(true);
    expect((await fetch(`${started.ready[0]}/livez`)).status).toBe(200);
  });

  test('is made by a start that finds none', async () => {
    const cache = join(clone, 'node_modules/.cache/gatehouse');
    await rm(cache, { recursive: true });
    await using _ = await startProcess({
      command: node,
      args: [join(clone, 'bin/gatehouse.mjs'), 'start', '--port', '0'],
      cwd: clone,
      env: { HOME: folder },
      readyPattern: /http:\/\/[\d.]+:\d+/,
    });
    await eventually(() => chosen() !== 'the sources', { what: 'the bundle', timeoutMs: 60_000, intervalMs: 250 });
    expect((await readdir(cache)).length).toBe(2);
  }, 90_000);
});

describe('a gateway from the bundle', () => {
  let simulator: SimulatorProcess;
  let gateway: GatewayProcess;
  beforeAll(async () => {
    simulator = await startSimulator();
    gateway = await startGateway({
      program: chosen(),
      config: {
        auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
        limits: { tiers: { free: {} } },
        state: { records: `sqlite:${join(folder, 'data', 'gatehouse.db')}` },
        context: { deadline: '5s' },
        providers: { sim: { type: 'openai-compatible', base_url: `${simulator.url}/v1`, api_key: 'sk-sim' } },
        models: { 'llama-3.3-8b-instruct': { targets: [{ provider: 'sim', model: 'sim-1' }] } },
      },
    });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await simulator?.[Symbol.asyncDispose]();
  });

  const ask = (path: string, body: string | FormData, headers: Record<string, string> = {}): Promise<Response> =>
    gateway.request(path, { method: 'POST', headers: { authorization: `Bearer ${KEY}`, ...headers }, body });

  test('remembers in its thread', async () => {
    const chat = async (content: string) =>
      (await (
        await ask(
          '/v1/chat',
          JSON.stringify({
            model: 'llama-3.3-8b-instruct',
            user_id: 'ann',
            messages: [{ role: 'user', content }],
            use_memory: true,
            store_memory: true,
          }),
          { 'content-type': 'application/json' },
        )
      ).json()) as { context: { memories: { text: string }[] } };
    await chat('My sister Joanna lives in Lisbon.');
    await eventually(async () => (await chat('Where does Joanna live?')).context.memories.some(({ text }) => text.includes('Lisbon')));
  });

  test('reads documents in a process of their own', async () => {
    const form = new FormData();
    form.append('file', new File([docx('The lighthouse stands on the cliff.')], 'house.docx'));
    const uploaded = (await (await ask('/v1/upload', form)).json()) as { id: string };
    const read = await gateway.request(`/v1/upload/${uploaded.id}?include=text`, { headers: { authorization: `Bearer ${KEY}` } });
    expect(await read.json()).toMatchObject({ text: expect.stringContaining('The lighthouse stands on the cliff.') });
  });

  test('has its pages, presets and catalogue', async () => {
    expect((await gateway.request('/docs')).status).toBe(200);
    expect((await (await gateway.request('/openapi.json')).json()) as { openapi: string }).toHaveProperty(
      'openapi',
      expect.stringMatching(/^3\.1/),
    );
    const listed = Bun.spawnSync([process.execPath, chosen(), 'start', '--help'], { cwd: folder });
    expect(listed.stdout.toString()).toContain('--preset');
  });
});
