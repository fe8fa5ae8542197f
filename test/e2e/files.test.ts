/* Files, uploads in parts and batches: the official client against the real process, with two tenants at one account of a vendor, who must never meet. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { watchMemory } from '../harness/memory.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEYS = {
  ann: 'sk-files-ann-0000000000',
  annAgain: 'sk-files-ann-again-0000',
  bob: 'sk-files-bob-0000000000',
  mallory: 'sk-files-mallory-000000',
  narrow: 'sk-files-narrow-0000000',
  admin: 'sk-files-admin-00000000',
} as const;

const cleanup = new AsyncDisposableStack();
let vendor: SimulatorProcess;
let other: SimulatorProcess;
let gateway: GatewayProcess;
let folder: string;

const config = (more: object = {}) => ({
  auth: {
    keys: [
      { name: 'ann', key: KEYS.ann, tenant: 'acme', user: 'ann' },
      { name: 'ann-again', key: KEYS.annAgain, tenant: 'acme', user: 'ann' },
      { name: 'bob', key: KEYS.bob, tenant: 'acme', user: 'bob' },
      { name: 'mallory', key: KEYS.mallory, tenant: 'evil', user: 'ann' },
      { name: 'narrow', key: KEYS.narrow, tenant: 'acme', user: 'narrow', models: ['sim-1'] },
      { name: 'admin', key: KEYS.admin, tenant: 'house', admin: true, tier: 'admin' },
    ],
  },
  limits: { mode: 'off' },
  state: { records: `sqlite:${folder}/gatehouse.db` },
  providers: {
    vendor: { type: 'simulator', base_url: `${vendor.url}/v1` },
    deaf: { type: 'deepseek', base_url: `${vendor.url}/v1`, api_key: 'x' },
  },
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-files-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  vendor = cleanup.use(await startSimulator());
  other = cleanup.use(await startSimulator());
  gateway = cleanup.use(await startGateway({ config: config() }));
});
afterAll(() => cleanup.disposeAsync());
beforeEach(() => Promise.all([vendor.fault(''), other.fault('')]));

const as = (who: keyof typeof KEYS, from = gateway) => new OpenAI({ apiKey: KEYS[who], baseURL: `${from.url}/v1`, maxRetries: 0 });
const line = (id: string, model = 'sim-1') =>
  `${JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model, messages: [{ role: 'user', content: id }] } })}\n`;
const fileOf = async (client: OpenAI, text: string, purpose: 'batch' | 'user_data' | 'fine-tune' = 'batch') =>
  client.files.create({ file: await toFile(Buffer.from(text), 'lines.jsonl'), purpose });
const batchOf = (client: OpenAI, id: string) =>
  client.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
const refusal = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((cause: unknown) => cause);
  if (!(error instanceof OpenAI.APIError)) throw new Error(`it was not refused: ${JSON.stringify(error)}`);
  return { status: error.status as number, code: error.code, message: error.message };
};
const ask = (who: keyof typeof KEYS, path: string, init: RequestInit = {}, from = gateway) =>
  from.request(path, { ...init, headers: { authorization: `Bearer ${KEYS[who]}`, ...(init.headers as object) } });

describe('files', () => {
  test('are handed in, seen, read and deleted as at the vendor', async () => {
    const client = as('ann');
    const made = await fileOf(client, line('a'));
    expect(made).toMatchObject({ object: 'file', purpose: 'batch', filename: 'lines.jsonl', bytes: line('a').length });
    expect(await client.files.retrieve(made.id)).toEqual(made);
    const content = await client.files.content(made.id);
    expect(await content.text()).toBe(line('a'));
    expect(content.headers.get('content-length')).toBe(String(line('a').length));
    expect(await client.files.delete(made.id)).toEqual({ id: made.id, object: 'file', deleted: true });
    expect(await refusal(client.files.retrieve(made.id))).toMatchObject({ status: 404 });
  });

  test('are listed in pages, newest first or oldest, and by purpose', async () => {
    const client = as('narrow');
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1)
      ids.push((await fileOf(client, line(`${index}`), index % 2 === 0 ? 'batch' : 'user_data')).id);
    const all: string[] = [];
    for await (const { id } of client.files.list({ limit: 2 })) all.push(id);
    expect(all).toEqual(ids.toReversed());
    expect((await client.files.list({ order: 'asc', limit: 3 })).data.map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect((await client.files.list({ purpose: 'user_data' })).data.map(({ id }) => id)).toEqual([ids[3] ?? '', ids[1] ?? '']);
    expect(await refusal(client.get('/files?limit=none'))).toMatchObject({ status: 400 });
  });

  test('of any size are handed on as they come, up and down', async () => {
    const client = as('ann');
    const bytes = Buffer.alloc(60 * 1_048_576, 'a line of a large file\n');
    await fileOf(client, 'warm');
    using memory = watchMemory(gateway.process.pid);
    const made = await client.files.create({ file: await toFile(bytes, 'large.txt'), purpose: 'fine-tune' });
    expect(made.bytes).toBe(bytes.length);
    const back = Buffer.from(await (await client.files.content(made.id)).arrayBuffer());
    expect(back.equals(bytes)).toBe(true);
    expect(memory.grownMib()).toBeLessThan(60);
    await client.files.delete(made.id);
  });

  test('that are too large are refused, and what the vendor refuses is told in its words', async () => {
    await using small = await startGateway({ config: config({ files: { body_bytes_max: '1MiB' } }) });
    expect(await refusal(fileOf(as('ann', small), 'x'.repeat(2_000_000)))).toMatchObject({ status: 413 });
    expect(
      (await refusal(as('ann').files.create({ file: await toFile(Buffer.from('x'), 'x'), purpose: 'nothing' as 'batch' }))).message,
    ).toContain("'nothing' is not one of");
  });

  test('in parts become a file of the same owner', async () => {
    const client = as('ann');
    const text = line('part') + line('other part');
    const upload = await client.uploads.create({
      filename: 'parts.jsonl',
      bytes: text.length,
      mime_type: 'application/jsonl',
      purpose: 'batch',
    });
    const half = Math.floor(text.length / 2);
    const parts: string[] = [];
    for (const piece of [text.slice(0, half), text.slice(half)])
      parts.push((await client.uploads.parts.create(upload.id, { data: await toFile(Buffer.from(piece), 'p') })).id);
    const whole = await client.uploads.complete(upload.id, { part_ids: parts });
    const id = whole.file?.id ?? '';
    expect(await (await client.files.content(id)).text()).toBe(text);
    expect(await refusal(as('mallory').files.content(id))).toMatchObject({ status: 404 });
  });
});

test('a batch is made, comes to its end, is listed, and its results are its owner’s', async () => {
  const client = as('bob');
  const batch = await batchOf(client, (await fileOf(client, line('one') + line('two'))).id);
  const done = await eventually(
    async () => {
      const seen = await client.batches.retrieve(batch.id);
      return seen.status === 'completed' ? seen : undefined;
    },
    { what: 'the end of the batch' },
  );
  const output = done.output_file_id ?? '';
  expect((await (await client.files.content(output)).text()).trim().split('\n')).toHaveLength(2);
  expect((await client.batches.list()).data).toEqual([done]);
  expect((await client.files.list()).data.map(({ id }) => id)).toContain(output);
  for (const stranger of ['ann', 'mallory'] as const)
    expect(await refusal(as(stranger).files.content(output))).toMatchObject({ status: 404 });
  const slow = await batchOf(client, (await fileOf(client, line('slow', 'sim-1!first-token-ms=60000'))).id);
  expect(['cancelling', 'cancelled']).toContain((await client.batches.cancel(slow.id)).status);
  // A list says what has become of it since.
  await eventually(async () => (await client.batches.list()).data.find(({ id }) => id === slow.id)?.status === 'cancelled', {
    what: 'a cancelled batch in the list',
  });
});

describe('one tenant at the account never', () => {
  let file: OpenAI.FileObject;
  let batch: OpenAI.Batch;
  let upload: OpenAI.Uploads.Upload;
  beforeAll(async () => {
    const client = as('ann');
    file = await fileOf(client, line('secret', 'sim-1!first-token-ms=60000'));
    batch = await batchOf(client, file.id);
    upload = await client.uploads.create({ filename: 'x', bytes: 10, mime_type: 'text/plain', purpose: 'batch' });
  });

  for (const who of ['mallory', 'bob'] as const) {
    test(`sees, reads, changes or deletes what is another's, and can't tell it from what is not there (${who})`, async () => {
      const asked = async (id: string, method: string, path: string, body?: string | FormData) => {
        const reply = await ask(who, path.replace('ID', id), { method, ...(body === undefined ? {} : { body }) });
        return [reply.status, (await reply.text()).replace(/"correlation_id":"[^"]*"/, '')];
      };
      const form = () => {
        const data = new FormData();
        data.append('data', new Blob(['x']));
        return data;
      };
      const before = (await vendor.stats()).requests;
      for (const [id, method, path, body] of [
        [file.id, 'GET', '/v1/files/ID'],
        [file.id, 'DELETE', '/v1/files/ID'],
        [file.id, 'GET', '/v1/files/ID/content'],
        [file.id, 'GET', '/v1/files/ID?provider=vendor'],
        [file.id, 'GET', '/v1/files?after=ID'],
        [batch.id, 'GET', '/v1/batches/ID'],
        [batch.id, 'POST', '/v1/batches/ID/cancel'],
        [batch.id, 'GET', '/v1/batches?after=ID'],
        [upload.id, 'POST', '/v1/uploads/ID/parts', form],
        [upload.id, 'POST', '/v1/uploads/ID/complete', '{"part_ids":[]}'],
        [upload.id, 'POST', '/v1/uploads/ID/cancel'],
        // Of another kind than it is.
        [batch.id, 'GET', '/v1/files/ID'],
        [file.id, 'GET', '/v1/batches/ID'],
      ] as const) {
        const given = typeof body === 'function' ? body() : body;
        const theirs = await asked(id, method, path, given);
        expect(theirs).toEqual(await asked(`${id.slice(0, -1)}_`, method, path, typeof body === 'function' ? body() : body));
        expect(theirs[0]).toBe(404);
      }
      const stolen = await ask(who, '/v1/batches', {
        method: 'POST',
        body: JSON.stringify({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }),
      });
      expect(stolen.status).toBe(404);
      // None of it has reached the vendor.
      expect((await vendor.stats()).requests).toBe(before);
      const client = as(who);
      for (const list of [await client.files.list(), await client.batches.list()]) expect(JSON.stringify(list.data)).not.toContain(file.id);
      expect((await as('ann').files.retrieve(file.id)).id).toBe(file.id);
    });
  }

  test('reaches another path of the vendor through an id', async () => {
    const before = (await vendor.stats()).requests;
    for (const id of [
      '..%2fmodels',
      '%2e%2e',
      `${file.id}%2fcontent`,
      `${file.id}%00`,
      `${file.id};x`,
      'a'.repeat(200),
      '%20',
      `${file.id}?x`,
    ]) {
      const reply = await ask('mallory', `/v1/files/${id}`);
      expect([id, reply.status >= 400 && reply.status < 500]).toEqual([id, true]);
    }
    expect((await vendor.stats()).requests).toBe(before);
  });

  test('takes another body for the one that was judged', async () => {
    for (const body of [
      `{"input_file_id":"x","input_file_id":"${file.id}","endpoint":"/v1/x"}`,
      `{"input_file_id":"x","Input_File_Id":"${file.id}","endpoint":"/v1/x"}`,
      '[]',
      '{',
      '{"endpoint":"x"}',
    ])
      expect((await ask('mallory', '/v1/batches', { method: 'POST', body })).status).toBe(400);
  });

  test('is another key of the same user, which sees it all; and an administrator sees everything', async () => {
    expect((await as('annAgain').files.retrieve(file.id)).id).toBe(file.id);
    const client = as('admin');
    expect((await client.batches.retrieve(batch.id)).id).toBe(batch.id);
    expect((await client.files.list()).data.map(({ id }) => id)).toContain(file.id);
    expect((await client.batches.list()).data.map(({ id }) => id)).toContain(batch.id);
    expect(await refusal(client.files.retrieve('file-nothing'))).toMatchObject({ status: 404 });
  });
});

test('whose a file is outlives the process', async () => {
  const made = await fileOf(as('ann'), line('kept'));
  await using again = await startGateway({ config: config() });
  expect((await as('ann', again).files.retrieve(made.id)).id).toBe(made.id);
  expect(await refusal(as('mallory', again).files.retrieve(made.id))).toMatchObject({ status: 404 });
});

test('a key for certain models makes no batch, which may name any', async () => {
  const client = as('narrow');
  expect(await refusal(batchOf(client, (await fileOf(client, line('x'))).id))).toMatchObject({ status: 403, code: 'model_forbidden' });
});

test('a tenant may have so many and no more', async () => {
  await using few = await startGateway({ config: config({ files: { objects_max: 1 }, state: { records: 'memory' } }) });
  await fileOf(as('ann', few), line('x'));
  expect(await refusal(fileOf(as('bob', few), line('x')))).toMatchObject({ status: 403, code: 'quota_exceeded' });
  await fileOf(as('mallory', few), line('x'));
});

describe('the provider', () => {
  test('is the one that is named, the configured one, or the only one', async () => {
    const two = { ...config().providers, other: { type: 'simulator', base_url: `${other.url}/v1` } };
    await using several = await startGateway({ config: config({ providers: two, state: { records: 'memory' } }) });
    expect((await refusal(fileOf(as('ann', several), line('x')))).message).toContain('vendor, other');
    const there = new OpenAI({
      apiKey: KEYS.ann,
      baseURL: `${several.url}/v1`,
      defaultHeaders: { 'x-gatehouse-provider': 'other' },
      maxRetries: 0,
    });
    const made = await fileOf(there, line('at the other'));
    expect((await other.requests('/v1/files')).length).toBe(1);
    // Afterwards its id says where it is.
    expect((await as('ann', several).files.retrieve(made.id)).id).toBe(made.id);
    const wrong = await ask('ann', `/v1/files/${made.id}?provider=vendor`, {}, several);
    expect(wrong.status).toBe(404);
    for (const provider of ['deaf', 'nobody', '../x'])
      expect((await ask('ann', `/v1/files?provider=${provider}`, {}, several)).status).toBe(400);
    await using configured = await startGateway({
      config: config({ providers: two, files: { provider: 'vendor' }, state: { records: 'memory' } }),
    });
    expect((await as('ann', configured).files.list()).data).toEqual([]);
  });

  test('that keeps no files is told so', async () => {
    await using none = await startGateway({ config: config({ providers: { deaf: { type: 'deepseek', api_key: 'x' } } }) });
    expect(await refusal(fileOf(as('ann', none), line('x')))).toMatchObject({ status: 404, code: 'feature_disabled' });
  });

  test('that fails is told as an upstream’s fault', async () => {
    await vendor.fault('status=500', '/v1/files');
    expect((await refusal(fileOf(as('ann'), line('x')))).status).toBe(500);
    await vendor.fault('status=401', '/v1/files');
    expect(await refusal(fileOf(as('ann'), line('x')))).toMatchObject({ status: 502, code: 'upstream_credentials' });
  });
});
