/* `gatehouse ingest` as a real command, against a real gateway. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';

const KEY = 'sk-ingest-key-00000000';
const MAIN = resolve(import.meta.dir, '../../src/main.ts');

const cleanup = new AsyncDisposableStack();
let folder: string;
let gateway: GatewayProcess;

const config = (records: string) => ({
  auth: { keys: [{ name: 'app', key: KEY, tenant: 'acme' }] },
  limits: { mode: 'off' },
  state: { records },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-ingest-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  gateway = cleanup.use(await startGateway({ config: config('memory') }));
});
afterAll(() => cleanup.disposeAsync());

async function ingest(...args: string[]) {
  const child = Bun.spawn([process.execPath, MAIN, 'ingest', ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, GATEHOUSE_KEY: KEY, BUN_CONFIG_MAX_HTTP_REQUESTS: '65535' },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { stdout, stderr, code };
}

async function tree(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const root = join(folder, name);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

async function found(collection: string, query: string): Promise<string[]> {
  const client = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
  for await (const store of client.vectorStores.list({ limit: 100 })) {
    if (store.name === collection) return (await client.vectorStores.search(store.id, { query })).data.map(({ filename }) => filename);
  }
  return [];
}

describe('a folder', () => {
  test('is handed in once, its changes the next time, and what is to be ignored never', async () => {
    const root = await tree('docs', {
      'gate.md': '# Gate\n\nThe portcullis is raised at dawn.\n',
      'deep/er/moat.txt': 'The moat has seven pikes.\n',
      'src/tower.py': 'def tower():\n    return "bells"\n',
      'secret/plan.txt': 'The postern is unlocked.\n',
      'deep/kept.log': 'A log that is kept: heron.\n',
      'deep/other.log': 'A log: heron.\n',
      '.hidden.md': 'Hidden: heron.\n',
      'node_modules/x/readme.md': 'A module: heron.\n',
      'empty.txt': '',
      'picture.bin': new Uint8Array([1, 2, 0, 3]),
      '.gitignore': '# rules\nsecret/\n*.log\n!kept.log\n',
    });
    await symlink(join(root, '..'), join(root, 'up'));
    const first = await ingest(root, '--collection', 'castle', '--url', gateway.url);
    expect([first.code, first.stdout]).toEqual([0, '4 indexed (4 chunks), 0 unchanged, 2 skipped, 0 failed\n']);
    expect(first.stderr).toContain('skipped   picture.bin  (it is binary)');
    expect(first.stderr).not.toContain('\u001b');
    expect(await found('castle', 'portcullis')).toEqual(['gate.md']);
    expect(await found('castle', 'heron')).toEqual(['kept.log']);
    expect(await found('castle', 'postern unlocked')).toEqual([]);

    expect((await ingest(root, '--collection', 'castle', '--url', gateway.url)).stdout).toBe(
      '0 indexed (0 chunks), 4 unchanged, 2 skipped, 0 failed\n',
    );
    await writeFile(join(root, 'deep/er/moat.txt'), 'The moat is dry.\n');
    const third = await ingest(root, '--collection', 'castle', '--url', gateway.url);
    expect(third.stdout).toBe('1 indexed (1 chunks), 3 unchanged, 2 skipped, 0 failed, 1 earlier ones deleted\n');
    expect(await found('castle', 'seven pikes')).toEqual([]);
    expect(await found('castle', 'dry')).toEqual(['moat.txt']);
  });

  test('is refused with a word about why, where that cannot work', async () => {
    const root = await tree('some', { 'a.txt': 'x' });
    const wrongKey = await ingest(root, '--url', gateway.url, '--key', 'sk-wrong-0000000000');
    expect([wrongKey.code, wrongKey.stderr]).toEqual([1, expect.stringContaining('key')]);
    expect((await ingest(join(folder, 'nowhere'), '--url', gateway.url)).code).toBe(1);
    for (const args of [
      [],
      [root, '--max-files', '0'],
      [root, '--url', 'nonsense'],
      [root, '--odd'],
      [root, '--url', gateway.url, '--direct'],
    ])
      expect([args, (await ingest(...args)).code]).toEqual([args, 2]);
    const large = await ingest(root, '--url', gateway.url, '--max-bytes', '0');
    expect(large.code).toBe(2);
  });
});

describe('a list of addresses', () => {
  test('is got, each under the rules about addresses', async () => {
    using web = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: ({ url }) => {
        const { pathname } = new URL(url);
        if (pathname === '/page')
          return new Response('<h1>Falcons</h1><p>They nest on the keep.</p>', { headers: { 'content-type': 'text/html' } });
        if (pathname === '/moved') return Response.redirect('/page', 302);
        if (pathname === '/round') return Response.redirect('/round', 302);
        return new Response('no', { status: 404 });
      },
    });
    const list = join(folder, 'urls.txt');
    await writeFile(
      list,
      `# falcons\nhttp://127.0.0.1:${web.port}/page\n\nhttp://127.0.0.1:${web.port}/moved\nhttp://127.0.0.1:${web.port}/round\nhttp://127.0.0.1:${web.port}/none\n`,
    );
    const refused = await ingest(list, '--collection', 'web', '--url', gateway.url);
    expect([refused.code, refused.stdout]).toEqual([1, '0 indexed (0 chunks), 0 unchanged, 0 skipped, 4 failed\n']);
    const got = await ingest(list, '--collection', 'web', '--url', gateway.url, '--allow-private', '--parallel', '1');
    expect([got.code, got.stdout]).toEqual([0, '1 indexed (1 chunks), 1 unchanged, 2 skipped, 0 failed\n']);
    expect(await found('web', 'falcons nest')).toEqual(['page.html']);
  });
});

test('where no gateway runs, one is started for as long as it takes', async () => {
  const root = await tree('alone', { 'well.md': 'The well is deep.\n' });
  const settings = join(folder, 'alone.yaml');
  const records = `sqlite:${folder}/alone.db`;
  await writeFile(settings, JSON.stringify(config(records)));
  const none = await ingest(root, '--config', settings, '--url', 'http://127.0.0.1:1');
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('--direct')]);
  const direct = await ingest(root, '--config', settings, '--direct', '--collection', 'wells');
  expect([direct.code, direct.stdout, direct.code === 0 ? '' : direct.stderr]).toEqual([
    0,
    '1 indexed (1 chunks), 0 unchanged, 0 skipped, 0 failed\n',
    '',
  ]);
  await using later = await startGateway({ config: config(records) });
  const client = new OpenAI({ apiKey: KEY, baseURL: `${later.url}/v1` });
  const [store] = (await client.vectorStores.list()).data;
  expect((await client.vectorStores.search(store?.id ?? '', { query: 'deep well' })).data).toHaveLength(1);
}, 60_000);
