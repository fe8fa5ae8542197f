/* The simulated files, uploads and batches against the official client: what is kept, for how long, and what becomes of a batch whose lines fail. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import OpenAI, { toFile } from 'openai';
import type { BatchRow, FileRow, UploadRow } from '../../src/simulate/openai-shapes.ts';
import { eventually } from '../harness/eventually.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: OpenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
beforeEach(() => simulator.reset());
afterAll(() => simulator[Symbol.asyncDispose]());

type Nullable<Row> = { [Name in keyof Row]: NonNullable<Row[Name]> };

/** Compiles only while our shapes are the vendor's, which declares as absent what comes as null. */
const asVendor = {
  file: (ours: FileRow): Omit<OpenAI.FileObject, 'purpose'> => ours,
  upload: (ours: UploadRow): Omit<OpenAI.Upload, 'file'> => ours,
  batch: (ours: Nullable<Required<Omit<BatchRow, 'errors' | 'metadata'>>>): OpenAI.Batch => ours,
};

async function upload(text: string | Uint8Array, purpose: OpenAI.FilePurpose = 'batch', name = 'in.jsonl'): Promise<OpenAI.FileObject> {
  return client.files.create({ file: await toFile(Buffer.from(text), name), purpose });
}

interface Line {
  readonly id?: string;
  readonly model?: string;
  readonly text?: string;
}

function chatLine({ id = 'one', model = 'sim-1', text = 'Hello' }: Line): string {
  const body = { model, messages: [{ role: 'user', content: text }] };
  return JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body });
}

async function batchOf(
  lines: readonly string[],
  endpoint: OpenAI.BatchCreateParams['endpoint'] = '/v1/chat/completions',
): Promise<OpenAI.Batch> {
  const input = await upload(lines.join('\n'));
  return client.batches.create({ input_file_id: input.id, endpoint, completion_window: '24h' });
}

async function ended({ id }: OpenAI.Batch): Promise<OpenAI.Batch> {
  return eventually(async () => {
    const batch = await client.batches.retrieve(id);
    return ['completed', 'failed', 'cancelled'].includes(batch.status) && batch;
  });
}

interface Result {
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: { readonly usage: { readonly total_tokens: number } } } | null;
  readonly error: { readonly code: string } | null;
}

async function resultsOf(fileId: string | null | undefined): Promise<Result[]> {
  if (fileId === null || fileId === undefined) return [];
  const text = await (await client.files.content(fileId)).text();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);
}

describe('files', () => {
  test('are kept byte for byte, listed in pages, and deleted', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
    const file = await upload(bytes, 'fine-tune', 'ünï "quoted".bin');
    expect(file).toMatchObject({ object: 'file', bytes: 100_000, purpose: 'fine-tune', status: 'processed' });
    const content = await client.files.content(file.id);
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(bytes);
    expect(content.headers.get('content-disposition')).toMatch(/^attachment; filename="[ -~]+"$/);
    expect(await client.files.retrieve(file.id)).toEqual(file);
    const more = [await upload('b'), await upload('c')];
    const ids = [file, ...more].map(({ id }) => id);
    const listed = async (query: OpenAI.FileListParams) => (await Array.fromAsync(client.files.list(query))).map(({ id }) => id);
    expect(await listed({ limit: 2, order: 'asc' })).toEqual(ids);
    expect(await listed({})).toEqual(ids.toReversed());
    expect(await listed({ purpose: 'fine-tune' })).toEqual([file.id]);
    expect((await client.files.list({ limit: 2 })).has_more).toBe(true);
    expect(await client.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    expect(await rejection(client.files.retrieve(file.id))).toMatchObject({ status: 404, param: 'id' });
    expect(await rejection(client.files.delete(file.id))).toMatchObject({ status: 404 });
    const row = (await (await fetch(`${simulator.url}/v1/files/${ids[1]}`)).json()) as FileRow;
    expect(asVendor.file(row).filename).toBe('in.jsonl');
  });

  test('may expire, and are forgotten by a reset', async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from('a'), 'a'),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3_600 },
    });
    expect(file.expires_at).toBe(file.created_at + 3_600);
    await simulator.reset();
    expect(await rejection(client.files.retrieve(file.id))).toMatchObject({ status: 404 });
  });

  test('that are for models alone are not given out', async () => {
    const file = await upload('a', 'assistants');
    expect(await rejection(client.files.content(file.id))).toMatchObject({ status: 400 });
  });

  test('go when there are too many bytes, the oldest first', async () => {
    const first = await upload('a');
    const large = new Uint8Array(64 * 1024 * 1024);
    for (let index = 0; index < 4; index += 1) await upload(large);
    expect(await rejection(client.files.retrieve(first.id))).toMatchObject({ status: 404 });
    expect((await client.files.list()).data).toHaveLength(4);
    expect(await rejection(upload(new Uint8Array(large.length + 1)))).toMatchObject({ status: 413 });
  });

  test('are refused without a file, without a purpose, and on paths that are none', async () => {
    const post = async (fields: Record<string, string | Blob>) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.append(name, value);
      const reply = await fetch(`${simulator.url}/v1/files`, { method: 'POST', body });
      return { status: reply.status, error: ((await reply.json()) as { error: { param: string; message: string } }).error };
    };
    const file = new File(['a'], 'a');
    expect(await post({ purpose: 'batch' })).toMatchObject({ status: 400, error: { param: 'file' } });
    expect(await post({ file })).toMatchObject({ status: 400, error: { param: 'purpose' } });
    expect(await post({ file, purpose: 'search' })).toMatchObject({
      status: 400,
      error: { message: expect.stringContaining("'search' is not one of") },
    });
    expect(await post({ file, purpose: 'batch', 'expires_after[seconds]': '1' })).toMatchObject({
      status: 400,
      error: { param: 'expires_after' },
    });
    for (const [method, path] of [
      ['PUT', '/v1/files/a'],
      ['POST', '/v1/files/a/content'],
      ['GET', '/v1/files/a/b'],
      ['GET', '/v1/files/a/content/c'],
    ]) {
      expect((await fetch(`${simulator.url}${path}`, { method: method ?? '' })).status).toBe(404);
    }
    for (const query of ['limit=0', 'limit=x', 'order=up', 'after=x'])
      expect((await fetch(`${simulator.url}/v1/files?${query}`)).status).toBe(400);
  });

  test('fail as told, by header and by rule', async () => {
    const file = await upload('a');
    const failed = await fetch(`${simulator.url}/v1/files/${file.id}`, { headers: { 'x-simulate': 'status=503' } });
    expect(failed.status).toBe(503);
    await simulator.fault('status=429', '/v1/files');
    expect(await rejection(client.files.list())).toMatchObject({ status: 429 });
    await simulator.fault('cut-after=1', '/v1/files');
    expect(await rejection(fetch(`${simulator.url}/v1/files/${file.id}/content`).then((reply) => reply.bytes()))).toBeInstanceOf(Error);
  });
});

describe('uploads', () => {
  const begin = (bytes: number) => client.uploads.create({ bytes, filename: 'a.txt', mime_type: 'text/plain', purpose: 'fine-tune' });
  const part = async (id: string, text: string) =>
    (await client.uploads.parts.create(id, { data: await toFile(Buffer.from(text), 'part') })).id;

  test('put their parts together in the order that is asked for', async () => {
    const made = await begin(6);
    expect(made).toMatchObject({ object: 'upload', status: 'pending', bytes: 6 });
    expect(asVendor.upload(made as UploadRow).id).toBe(made.id);
    const [first, second] = [await part(made.id, 'abc'), await part(made.id, 'def')];
    expect(await rejection(client.uploads.complete(made.id, { part_ids: [first] }))).toMatchObject({ status: 400, param: 'part_ids' });
    expect(await rejection(client.uploads.complete(made.id, { part_ids: [first, 'part_x'] }))).toMatchObject({ status: 400 });
    const part_ids = [second, first];
    expect(await rejection(client.uploads.complete(made.id, { part_ids, md5: 'x' }))).toMatchObject({ status: 400, param: 'md5' });
    const { status, file } = await client.uploads.complete(made.id, { part_ids, md5: Bun.MD5.hash('defabc', 'hex') });
    expect(status).toBe('completed');
    expect(file).toMatchObject({ filename: 'a.txt', bytes: 6, purpose: 'fine-tune' });
    expect(await (await client.files.content(file?.id ?? '')).text()).toBe('defabc');
    expect(await rejection(client.uploads.complete(made.id, { part_ids }))).toMatchObject({ status: 400 });
  });

  test('take no more than they were made for, and nothing once they are cancelled', async () => {
    const made = await begin(4);
    await part(made.id, 'abc');
    expect(await rejection(part(made.id, 'de'))).toMatchObject({ status: 400 });
    expect((await client.uploads.cancel(made.id)).status).toBe('cancelled');
    expect(await rejection(part(made.id, 'd'))).toMatchObject({ status: 400 });
    expect(await rejection(client.uploads.cancel('upload_x'))).toMatchObject({ status: 404 });
    expect(await rejection(begin(67_108_865))).toMatchObject({ status: 400, param: 'bytes' });
  });
});

describe('batches', () => {
  test('answer every line as the line would be answered by itself, in order, and tell the sums', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `line-${index}`);
    const made = await batchOf(ids.map((id) => chatLine({ id, text: id })));
    expect(made).toMatchObject({ object: 'batch', status: 'validating', endpoint: '/v1/chat/completions', completion_window: '24h' });
    const batch = await ended(made);
    expect(batch).toMatchObject({
      status: 'completed',
      model: 'sim-1',
      request_counts: { total: 20, completed: 20, failed: 0 },
      error_file_id: null,
    });
    expect(asVendor.batch(batch as never).id).toBe(made.id);
    const results = await resultsOf(batch.output_file_id);
    expect(results.map((result) => result.custom_id)).toEqual(ids);
    const alone = await client.chat.completions.create({ model: 'sim-1', messages: [{ role: 'user', content: 'line-7' }] });
    expect(results[7]).toMatchObject({ error: null, response: { status_code: 200, body: JSON.parse(JSON.stringify(alone)) } });
    const total = results.reduce((sum, result) => sum + (result.response?.body.usage.total_tokens ?? 0), 0);
    expect(batch.usage?.total_tokens).toBe(total);
    expect(await client.files.retrieve(batch.output_file_id ?? '')).toMatchObject({
      purpose: 'batch_output',
      filename: `${batch.id}_output.jsonl`,
    });
    // A line of a batch is no request of a client's.
    expect(await simulator.requests('/v1/chat')).toHaveLength(1);
  });

  const others: [endpoint: OpenAI.BatchCreateParams['endpoint'], body: object, object: object][] = [
    ['/v1/embeddings', { model: 'sim-embed', input: 'Hello' }, { object: 'list' }],
    ['/v1/completions', { model: 'sim-1', prompt: 'Hello' }, { object: 'text_completion' }],
    ['/v1/moderations', { model: 'sim-1', input: 'Hello' }, { results: [{ flagged: false }] }],
    ['/v1/images/generations', { model: 'sim-1', prompt: 'Hello', size: '64x64' }, { size: '64x64' }],
    ['/v1/images/edits', { model: 'sim-1', prompt: 'Hello', size: '64x64', images: [{ file_id: 'a' }] }, { size: '64x64' }],
  ];
  test.each(others)('ask %s too', async (endpoint, body, object) => {
    const batch = await ended(await batchOf([JSON.stringify({ custom_id: 'a', method: 'POST', url: endpoint, body })], endpoint));
    const [result] = await resultsOf(batch.output_file_id);
    expect(result?.response?.body).toMatchObject(object);
  });

  test('put the lines that fail into a file of their own, and stream to nobody', async () => {
    const body = JSON.parse(chatLine({ id: 'streamed' })) as { body: object };
    const lines = [
      chatLine({ id: 'limited', model: 'sim-1!status=429' }),
      chatLine({ id: 'well' }),
      chatLine({ id: 'broken', model: 'sim-1!reset' }),
      chatLine({ id: 'cut', model: 'sim-1!cut-after=1' }),
      JSON.stringify({ ...body, body: { ...body.body, stream: true, stream_options: { include_usage: true } } }),
    ];
    const batch = await ended(await batchOf(lines));
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 5, completed: 2, failed: 3 } });
    expect((await resultsOf(batch.output_file_id)).map((result) => result.custom_id)).toEqual(['well', 'streamed']);
    expect(await resultsOf(batch.error_file_id)).toMatchObject([
      { custom_id: 'limited', response: { status_code: 429, body: { error: { code: 'rate_limit_exceeded' } } }, error: null },
      { custom_id: 'broken', response: null, error: { code: 'server_error' } },
      { custom_id: 'cut', response: null, error: { code: 'server_error' } },
    ]);
  });

  test('are cancelled with what was done by then', async () => {
    const made = await batchOf([chatLine({ id: 'done' }), chatLine({ id: 'never', model: 'sim-1!silence' })]);
    await eventually(async () => (await client.batches.retrieve(made.id)).request_counts?.completed === 1);
    expect((await client.batches.cancel(made.id)).status).toBe('cancelling');
    const batch = await ended(made);
    expect(batch).toMatchObject({ status: 'cancelled', request_counts: { total: 2, completed: 1, failed: 0 } });
    expect((await resultsOf(batch.output_file_id)).map((result) => result.custom_id)).toEqual(['done']);
    expect(await rejection(client.batches.cancel(made.id))).toMatchObject({ status: 409 });
  });

  test('are listed, the newest first', async () => {
    const made = [await batchOf([chatLine({})]), await batchOf([chatLine({})]), await batchOf([chatLine({})])].map(({ id }) => id);
    expect((await Array.fromAsync(client.batches.list({ limit: 2 }))).map(({ id }) => id)).toEqual(made.toReversed());
    expect(await rejection(client.batches.retrieve('batch_x'))).toMatchObject({ status: 404 });
  });

  const wrong: [name: string, lines: string[], code: string, line: number | null][] = [
    ['empty', [''], 'empty_file', null],
    ['not JSON', [chatLine({}), '{'], 'invalid_json_line', 2],
    ['not an object', ['[]'], 'invalid_json_line', 1],
    ['without an id', ['{"method":"POST"}'], 'missing_required_parameter', 1],
    ['twice the same id', [chatLine({}), chatLine({})], 'duplicate_custom_id', 2],
    ['of another method', [JSON.stringify({ custom_id: 'a', method: 'GET' })], 'invalid_method', 1],
    ['of another path', [JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/embeddings' })], 'invalid_url', 1],
    ['without a body', [JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions' })], 'missing_required_parameter', 1],
    ['of several models', [chatLine({}), chatLine({ id: 'b', model: 'sim-2' })], 'mismatched_model', 2],
    ['too many', Array.from({ length: 50_001 }, () => '{}'), 'too_many_requests', null],
  ];
  test.each(wrong)('fail when a line is %s', async (_, lines, code, line) => {
    const batch = await ended(await batchOf(lines));
    expect(batch).toMatchObject({ status: 'failed', output_file_id: null, errors: { object: 'list', data: [{ code, line }] } });
  });

  test('are refused for a file that is none, an endpoint that is none, and a window of another length', async () => {
    const input = await upload(chatLine({}));
    const other = await upload('a', 'fine-tune');
    const well = { input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' };
    const rows: [change: object, status: number, param: string][] = [
      [{ input_file_id: 'file-x' }, 404, 'input_file_id'],
      [{ input_file_id: undefined }, 400, 'input_file_id'],
      [{ input_file_id: other.id }, 400, 'input_file_id'],
      [{ endpoint: '/v1/nowhere' }, 400, 'endpoint'],
      [{ completion_window: '1h' }, 400, 'completion_window'],
      [{ metadata: { a: 1 } }, 400, 'metadata'],
      [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [index, 'a'])) }, 400, 'metadata'],
    ];
    for (const [change, status, param] of rows) {
      const reply = await fetch(`${simulator.url}/v1/batches`, { method: 'POST', body: JSON.stringify({ ...well, ...change }) });
      expect({ status: reply.status, error: await reply.json() }).toMatchObject({ status, error: { error: { param } } });
    }
  });

  test('are no more than sixteen at once; a reset ends them', async () => {
    const input = await upload(chatLine({ model: 'sim-1!silence' }));
    const make = () => client.batches.create({ input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    for (let index = 0; index < 16; index += 1) await make();
    expect(await rejection(make())).toMatchObject({ status: 429 });
    await simulator.reset();
    expect((await ended(await batchOf([chatLine({})]))).status).toBe('completed');
    expect((await client.files.list()).data).toHaveLength(2);
  });
});
