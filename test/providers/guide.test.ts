/*
 * The worked example of docs/guides/add-a-provider.md, built: its code goes into a copy of the sources, which must type-check, start, find the provider by the
 * environment alone, and call it as the example says.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, type StartedProcess, startProcess } from '../harness/process.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const GUIDE = join(ROOT, 'docs/guides/add-a-provider.md');
const COPIED = ['src', 'package.json', 'tsconfig.json', 'bunfig.toml'];

interface Piece {
  readonly file: string;
  /** The line that it goes in front of; absent: it is all of the file. */
  readonly before: string | undefined;
  readonly code: string;
}

function piecesOf(markdown: string): readonly Piece[] {
  return [...markdown.matchAll(/^```ts file=(\S+)(?: before="([^"]+)")?\n([\s\S]*?)^```$/gm)].map(([, file = '', before, code = '']) => ({
    file,
    before,
    code,
  }));
}

async function put({ file, before, code }: Piece, folder: string): Promise<void> {
  const path = join(folder, file);
  if (before === undefined) {
    expect(await Bun.file(path).exists()).toBe(false);
    await Bun.write(path, code);
    return;
  }
  const lines = (await Bun.file(path).text()).split('\n');
  const at = lines.findIndex((line) => line.startsWith(before));
  if (at === -1) throw new Error(`${file} has no line that begins with '${before}'`);
  await Bun.write(path, lines.toSpliced(at, 0, code.trimEnd()).join('\n'));
}

let folder: string;
let simulator: SimulatorProcess;
let gateway: StartedProcess;
let pieces: readonly Piece[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-guide-'));
  for (const name of COPIED) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  pieces = piecesOf(await Bun.file(GUIDE).text());
  for (const piece of pieces) await put(piece, folder);
  simulator = await startSimulator();
  gateway = await startProcess({
    command: process.execPath,
    args: [`--config=${join(folder, 'bunfig.toml')}`, join(folder, 'src/main.ts'), 'start', '--port', '0'],
    env: { HOME: folder, BUN_CONFIG_MAX_HTTP_REQUESTS: '65535', ACME_API_KEY: 'key-of-acme', ACME_BASE_URL: `${simulator.url}/v1` },
    readyPattern: /API\s+(http:\/\/[\d.]+:\d+)/,
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('it is one new file and lines of one other', () => {
  expect(pieces.filter(({ before }) => before === undefined).map(({ file }) => dirname(file))).toEqual(['src/providers']);
  expect([...new Set(pieces.filter(({ before }) => before !== undefined).map(({ file }) => file))]).toEqual(['src/providers/registry.ts']);
});

test('it has the types that it should', async () => {
  await Bun.write(join(folder, 'tsconfig.guide.json'), '{ "extends": "./tsconfig.json", "include": ["src/providers/registry.ts"] }');
  const tsc = Bun.spawn(['node', join(ROOT, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', join(folder, 'tsconfig.guide.json')], {
    cwd: folder,
    stdout: 'pipe',
    stderr: 'inherit',
  });
  expect(await new Response(tsc.stdout).text()).toBe('');
  expect(await tsc.exited).toBe(0);
});

test('its variables alone make a provider of it, which is called as its file says, from its own dialect and from others', async () => {
  const url = gateway.ready[1] ?? '';
  const key = /sk-gatehouse-[\w-]{32}/.exec(gateway.stderr.join('\n'))?.[0] ?? '';
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const own = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'acme-large', messages: [{ role: 'user', content: 'echo: hello' }], seed: 7 }),
  });
  expect(await own.json()).toMatchObject({ choices: [{ message: { content: 'hello' } }] });

  const reply = await fetch(`${url}/api/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      model: 'acme-large',
      messages: [{ role: 'user', content: 'echo: crossed' }],
      options: { seed: 7, num_predict: 50 },
      stream: false,
    }),
  });
  expect(await reply.json()).toMatchObject({ message: { content: 'crossed' } });
  expect(reply.headers.get('x-gatehouse-translated')).toBe('ollama>openai-chat');

  const seen = await simulator.requests('/v1/chat');
  expect(seen.map(({ headers }) => [headers['x-acme-key'], headers['authorization']])).toEqual([
    ['key-of-acme', undefined],
    ['key-of-acme', undefined],
  ]);
  const [asked, crossed] = seen.map(({ body }) => JSON.parse(body) as object);
  expect(asked).toMatchObject({ model: 'acme-large', seed: 7 });
  expect(crossed).toMatchObject({ random_seed: 7, max_tokens: 50 });
});
