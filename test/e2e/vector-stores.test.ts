/* Vector stores and files that are kept here: the official client against the real process, with two tenants and two users, who must never meet. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';

const KEYS = {
  team: 'sk-stores-team-00000000',
  ann: 'sk-stores-ann-000000000',
  bob: 'sk-stores-bob-000000000',
  narrow: 'sk-stores-narrow-000000',
  stranger: 'sk-stores-stranger-0000',
} as const;
type Who = keyof typeof KEYS;

const cleanup = new AsyncDisposableStack();
let folder: string;
let gateway: GatewayProcess;

const config = () => ({
  auth: {
    keys: [
      { name: 'team', key: KEYS.team, tenant: 'acme' },
      { name: 'ann', key: KEYS.ann, tenant: 'acme', user: 'ann' },
      { name: 'bob', key: KEYS.bob, tenant: 'acme', user: 'bob' },
      { name: 'narrow', key: KEYS.narrow, tenant: 'acme', collections: ['open-*'] },
      { name: 'stranger', key: KEYS.stranger, tenant: 'evil' },
    ],
  },
  limits: { mode: 'off' },
  state: { records: `sqlite:${folder}/gatehouse.db` },
  context: { knowledge: { chunk_tokens: 100, chunk_overlap: 20 } },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-stores-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  gateway = cleanup.use(await startGateway({ config: config() }));
});
afterAll(() => cleanup.disposeAsync());

const as = (who: Who, from = gateway) => new OpenAI({ apiKey: KEYS[who], baseURL: `${from.url}/v1`, maxRetries: 0 });
const fileOf = async (client: OpenAI, text: string | Uint8Array, name = 'notes.md') =>
  client.files.create({ file: await toFile(Buffer.from(text), name), purpose: 'assistants' });
const refusal = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.catch((cause: unknown) => cause);
  if (!(error instanceof OpenAI.APIError)) throw new Error(`it was not refused: ${JSON.stringify(error)}`);
  return { status: error.status as number, code: error.code, param: error.param, message: error.message };
};
const poll = { pollIntervalMs: 20 };

describe('a vector store', () => {
  test('takes a file, finds what is in it with its place, and lets both go', async () => {
    const client = as('team');
    const store = await client.vectorStores.create({
      name: 'castle',
      description: 'All of it',
      metadata: { a: 'b' },
      expires_after: { anchor: 'last_active_at', days: 2 },
    });
    expect(store).toMatchObject({
      object: 'vector_store',
      name: 'castle',
      description: 'All of it',
      status: 'completed',
      usage_bytes: 0,
      metadata: { a: 'b' },
    });
    expect(store.expires_at).toBe((store.last_active_at ?? 0) + 172_800);
    const text = '# Castle\n\nThe castle is old.\n\n## Gate\n\nThe portcullis is raised at dawn, and lowered at dusk.\n';
    const file = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(Buffer.from(text), 'castle.md'), poll);
    expect(file).toMatchObject({
      object: 'vector_store.file',
      status: 'completed',
      vector_store_id: store.id,
      last_error: null,
      attributes: {},
    });
    expect(file.usage_bytes).toBe(text.length);
    const page = await client.vectorStores.search(store.id, { query: 'when is the portcullis raised?' });
    const [found] = page.data;
    expect(found).toMatchObject({ file_id: file.id, filename: 'castle.md', score: 1, attributes: {} });
    const place = (found as unknown as { location: { start: number; end: number; headings: string[] } }).location;
    expect(found?.content).toEqual([{ type: 'text', text: text.slice(place.start, place.end) }]);
    expect(place.headings).toEqual(['Castle']);
    expect(await client.vectorStores.retrieve(store.id)).toMatchObject({
      file_counts: { completed: 1, total: 1 },
      usage_bytes: file.usage_bytes,
    });
    const content = await client.vectorStores.files.content(file.id, { vector_store_id: store.id });
    expect(content.data.map((part) => part.text).join('')).toContain('lowered at dusk');

    expect(await client.vectorStores.files.delete(file.id, { vector_store_id: store.id })).toEqual({
      id: file.id,
      object: 'vector_store.file.deleted',
      deleted: true,
    });
    expect((await client.vectorStores.search(store.id, { query: 'portcullis' })).data).toEqual([]);
    // The file itself is still there, until it goes: and then from every store.
    expect((await client.files.retrieve(file.id)).filename).toBe('castle.md');
    await client.vectorStores.files.createAndPoll(store.id, { file_id: file.id }, poll);
    expect((await client.vectorStores.search(store.id, { query: 'portcullis' })).data).toHaveLength(1);
    expect(await client.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    expect((await client.vectorStores.search(store.id, { query: 'portcullis' })).data).toEqual([]);
    expect(await refusal(client.files.retrieve(file.id))).toMatchObject({ status: 404 });
    expect(await client.vectorStores.delete(store.id)).toEqual({ id: store.id, object: 'vector_store.deleted', deleted: true });
    expect(await refusal(client.vectorStores.retrieve(store.id))).toMatchObject({ status: 404, code: 'resource_unknown' });
  });

  test('takes many files at once, with attributes that searches look at', async () => {
    const client = as('team');
    const store = await client.vectorStores.create({ name: 'towers' });
    const ids: string[] = [];
    for (let at = 0; at < 12; at += 1) ids.push((await fileOf(client, `Tower ${at} has a bell of bronze.`, `${at}.txt`)).id);
    const batch = await client.vectorStores.fileBatches.createAndPoll(
      store.id,
      { files: ids.map((file_id, at) => ({ file_id, attributes: { number: at, side: at < 6 ? 'east' : 'west', big: at > 9 } })) },
      poll,
    );
    expect(batch).toMatchObject({ object: 'vector_store.files_batch', status: 'completed', file_counts: { completed: 12, total: 12 } });
    const search = async (filters: object) =>
      (await client.vectorStores.search(store.id, { query: 'bell', max_num_results: 50, filters: filters as never })).data
        .map(({ file_id }) => ids.indexOf(file_id))
        .toSorted((a, b) => a - b);
    expect(await search({ type: 'eq', key: 'side', value: 'west' })).toEqual([6, 7, 8, 9, 10, 11]);
    expect(
      await search({
        type: 'and',
        filters: [
          { type: 'gte', key: 'number', value: 4 },
          { type: 'lt', key: 'number', value: 7 },
        ],
      }),
    ).toEqual([4, 5, 6]);
    expect(
      await search({
        type: 'or',
        filters: [
          { type: 'eq', key: 'big', value: true },
          { type: 'in', key: 'number', value: [0, 2] },
        ],
      }),
    ).toEqual([0, 2, 10, 11]);
    await client.vectorStores.files.update(ids[0] ?? '', { vector_store_id: store.id, attributes: { number: 99 } });
    expect(await search({ type: 'gt', key: 'number', value: 50 })).toEqual([0]);
    const listed: string[] = [];
    for await (const file of client.vectorStores.files.list(store.id, { limit: 5, order: 'asc' })) listed.push(file.id);
    expect(listed.toSorted()).toEqual(ids.toSorted());
    expect(
      (await client.vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id, filter: 'completed', limit: 100 })).data,
    ).toHaveLength(12);
    expect((await client.vectorStores.files.list(store.id, { filter: 'failed' })).data).toEqual([]);
  });

  test('lists by pages, and is renamed', async () => {
    const client = as('ann');
    const made: string[] = [];
    for (let at = 0; at < 5; at += 1) made.push((await client.vectorStores.create({ name: `own ${at}` })).id);
    const first = await client.vectorStores.list({ limit: 2 });
    expect([first.data[0]?.id, first.has_more]).toEqual([made[4] ?? '', true]);
    const all: string[] = [];
    for await (const store of client.vectorStores.list({ limit: 2, order: 'asc' })) if (made.includes(store.id)) all.push(store.id);
    expect(all).toEqual(made);
    const changed = await client.vectorStores.update(made[0] ?? '', { name: 'other', metadata: { x: 'y' } });
    expect(changed).toMatchObject({ name: 'other', metadata: { x: 'y' } });
  });

  test('holds what was uploaded as a document, too', async () => {
    const upload = async (who: Who, text: string, collection?: string) => {
      const form = new FormData();
      if (collection !== undefined) form.set('collection', collection);
      form.set('metadata', '{"year":2026,"draft":false,"list":[1]}');
      form.set('file', new Blob([text]), 'up.txt');
      const reply = await gateway.request('/v1/upload', { method: 'POST', body: form, headers: { authorization: `Bearer ${KEYS[who]}` } });
      return { status: reply.status, body: (await reply.json()) as Record<string, never> };
    };
    const { body } = await upload('bob', 'The drawbridge is of oak.', 'bridges');
    expect(body).toMatchObject({ status: 'stored', indexed: true, chunks: 1, collection: 'bridges' });
    const filters = {
      type: 'and',
      filters: [
        { type: 'eq', key: 'draft', value: false },
        { type: 'gte', key: 'year', value: 2026 },
      ],
    } as const;
    const found = await as('bob').vectorStores.search(body['vector_store_id'] ?? '', { query: 'drawbridge', filters: filters as never });
    expect(found.data[0]?.attributes).toEqual({ year: 2026, draft: false });
    expect(found.data.map(({ file_id }) => file_id)).toEqual([body['id'] ?? '']);
    const store = await as('bob').vectorStores.create({ name: 'more' });
    expect(await as('bob').vectorStores.files.createAndPoll(store.id, { file_id: body['id'] ?? '' }, poll)).toMatchObject({
      status: 'completed',
    });
    await gateway.request(`/v1/upload/${body['id']}`, { method: 'DELETE', headers: { authorization: `Bearer ${KEYS.bob}` } });
    expect((await as('bob').vectorStores.search(store.id, { query: 'drawbridge' })).data).toEqual([]);
    expect((await as('bob').vectorStores.search(body['vector_store_id'] ?? '', { query: 'drawbridge' })).data).toEqual([]);
    expect((await upload('narrow', 'x', 'closed')).status).toBe(404);
    expect((await upload('narrow', 'The narrow text.', 'open-a')).body).toMatchObject({ indexed: true });
    const listed = await gateway.request('/v1/upload', { headers: { authorization: `Bearer ${KEYS.narrow}` } });
    expect(((await listed.json()) as { data: object[] }).data[0]).toMatchObject({ indexed: true, chunks: 1 });
  });
});

describe('whose it is', () => {
  test('decides who finds it: another tenant, another user and a key for others meet 404 everywhere', async () => {
    const team = as('team');
    const ann = as('ann');
    const shared = await team.vectorStores.create({ name: 'shared' });
    await team.vectorStores.files.uploadAndPoll(shared.id, await toFile(Buffer.from('CANARY-TEAM is here.'), 'a.txt'), poll);
    const own = await ann.vectorStores.create({ name: 'own' });
    const file = await ann.vectorStores.files.uploadAndPoll(own.id, await toFile(Buffer.from('CANARY-ANN is here.'), 'a.txt'), poll);
    // The tenant's: its users search it, and do not change it.
    expect((await ann.vectorStores.search(shared.id, { query: 'CANARY-TEAM' })).data).toHaveLength(1);
    expect(await refusal(ann.vectorStores.delete(shared.id))).toMatchObject({ status: 403, code: 'access_denied' });
    expect(await refusal(ann.vectorStores.files.create(shared.id, { file_id: file.id }))).toMatchObject({ status: 403 });
    for (const who of ['bob', 'stranger', 'narrow', 'team'] as const) {
      const other = as(who);
      for (const ask of [
        () => other.vectorStores.retrieve(own.id),
        () => other.vectorStores.update(own.id, { name: 'mine' }),
        () => other.vectorStores.delete(own.id),
        () => other.vectorStores.search(own.id, { query: 'CANARY' }),
        () => other.vectorStores.files.list(own.id),
        () => other.vectorStores.files.retrieve(file.id, { vector_store_id: own.id }),
        () => other.vectorStores.files.content(file.id, { vector_store_id: own.id }),
        () => other.vectorStores.files.delete(file.id, { vector_store_id: own.id }),
        () => other.vectorStores.fileBatches.create(own.id, { file_ids: [file.id] }),
        () => other.files.retrieve(file.id),
        () => other.files.delete(file.id),
      ])
        expect(await refusal(ask())).toMatchObject({ status: 404, code: 'resource_unknown' });
      expect((await other.files.list()).data.map(({ id }) => id)).not.toContain(file.id);
      expect((await other.vectorStores.list({ limit: 100 })).data.map(({ id }) => id)).not.toContain(own.id);
      const mine = await other.vectorStores.create({ name: who === 'narrow' ? 'open-mine' : 'mine' });
      expect(await refusal(other.vectorStores.files.create(mine.id, { file_id: file.id }))).toMatchObject({
        status: 404,
        param: 'file_id',
      });
      expect(await refusal(other.vectorStores.create({ name: 'open-x', file_ids: [file.id] }))).toMatchObject({
        status: 404,
        param: 'file_ids[0]',
      });
    }
    expect((await ann.vectorStores.search(own.id, { query: 'CANARY-ANN' })).data).toHaveLength(1);
    expect(await refusal(as('narrow').vectorStores.create({ name: 'closed' }))).toMatchObject({ status: 403 });
    expect(await refusal(as('narrow').vectorStores.search(shared.id, { query: 'CANARY' }))).toMatchObject({ status: 404 });
  });
});

describe('what makes no sense', () => {
  const ask = async (path: string, body: string, method = 'POST') => {
    const reply = await gateway.request(path, {
      method,
      body,
      headers: { authorization: `Bearer ${KEYS.team}`, 'content-type': 'application/json' },
    });
    return { status: reply.status, error: ((await reply.json()) as { error: { code: string; param: string | null; type: string } }).error };
  };

  test('is refused, with its place', async () => {
    const client = as('team');
    const { id } = await client.vectorStores.create({ name: 'strict' });
    const file = await fileOf(client, 'A text.');
    const deep = `${'{"type":"and","filters":['.repeat(1_000)}{"type":"eq","key":"a","value":1}${']}'.repeat(1_000)}`;
    for (const [path, body, param] of [
      [`/${id}/search`, '{}', 'query'],
      [`/${id}/search`, '{"query":""}', 'query'],
      [`/${id}/search`, '{"query":[]}', 'query'],
      [`/${id}/search`, '{"query":"x","max_num_results":51}', 'max_num_results'],
      [`/${id}/search`, '{"query":"x","filters":{"type":"like","key":"a","value":"b"}}', 'filters.type'],
      [`/${id}/search`, '{"query":"x","filters":{"type":"eq","key":"a","value":{"b":1}}}', 'filters.value'],
      [
        `/${id}/search`,
        '{"query":"x","filters":{"type":"and","filters":[{"type":"in","key":"a","value":[true]}]}}',
        'filters.filters[0].value[0]',
      ],
      [`/${id}/search`, '{"query":"x","ranking_options":{"score_threshold":2}}', 'ranking_options.score_threshold'],
      [`/${id}/files`, `{"file_id":"${file.id}","attributes":{"a":{"b":1}}}`, 'attributes.a'],
      [
        `/${id}/files`,
        `{"file_id":"${file.id}","attributes":${JSON.stringify(Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, at])))}}`,
        'attributes',
      ],
      [`/${id}/files`, `{"file_id":"${file.id}","attributes":{"${'k'.repeat(65)}":1}}`, undefined],
      [
        `/${id}/files`,
        `{"file_id":"${file.id}","chunking_strategy":{"type":"static","static":{"max_chunk_size_tokens":50,"chunk_overlap_tokens":0}}}`,
        'chunking_strategy.static.max_chunk_size_tokens',
      ],
      [
        `/${id}/files`,
        `{"file_id":"${file.id}","chunking_strategy":{"type":"static","static":{"max_chunk_size_tokens":200,"chunk_overlap_tokens":150}}}`,
        'chunking_strategy.static',
      ],
      [`/${id}/file_batches`, '{}', 'file_ids'],
      ['', '{"name":"x","colour":"red"}', 'colour'],
      ['', '{"name":"x","expires_after":{"anchor":"created_at","days":1}}', 'expires_after.anchor'],
    ] as const) {
      const { status, error } = await ask(`/v1/vector_stores${path}`, body);
      expect([path, body.slice(0, 80), status, error.code]).toEqual([path, body.slice(0, 80), 400, 'request_invalid']);
      if (param !== undefined) expect(error.param).toBe(param);
    }
    expect((await ask(`/v1/vector_stores/${id}/search`, `{"query":"x","filters":${deep}}`)).status).toBe(400);
    expect((await ask(`/v1/vector_stores/${id}/search`, '{"query":')).error.code).toBe('json_invalid');
    expect(await refusal(client.vectorStores.list({ limit: 101 }))).toMatchObject({ status: 400, param: 'limit' });
    expect(await refusal(client.vectorStores.files.list(id, { filter: 'odd' as never }))).toMatchObject({ status: 400, param: 'filter' });
    const here = { headers: { 'x-gatehouse-provider': 'gatehouse' } };
    const batch = { file: await toFile(Buffer.from('{}'), 'a.jsonl'), purpose: 'batch' } as const;
    expect(await refusal(client.files.create(batch, here))).toMatchObject({ status: 404, code: 'feature_disabled' });
    expect(await refusal(client.files.content(file.id))).toMatchObject({ status: 400 });
  });

  test('does no harm: a line of 10 MB, broken UTF-8, nothing but signs', async () => {
    const client = as('team');
    const store = await client.vectorStores.create({ name: 'odd' });
    const line = Buffer.alloc(9 * 1_048_576, 'lorem ipsum dolor ');
    for (const [bytes, name] of [
      [line, 'line.txt'],
      [Buffer.concat([Buffer.from('The falcon '), Buffer.from([0xc3, 0x28, 0xe2, 0x82, 0xff]), Buffer.from(' flies.')]), 'broken.txt'],
      [Buffer.from('}{][,:"'.repeat(20_000)), 'signs.json.txt'],
    ] as const) {
      const file = await client.vectorStores.files.uploadAndPoll(store.id, await toFile(bytes, name), poll);
      expect([name, file.status]).toEqual([name, 'completed']);
    }
    expect((await client.vectorStores.search(store.id, { query: 'falcon' })).data).toHaveLength(1);
    expect((await gateway.request('/health')).status).toBe(200);
  });
});

test('what was announced is indexed after a kill -9, and nothing half-written is found before', async () => {
  const other = await mkdtemp(join(tmpdir(), 'gatehouse-stores-kill-'));
  cleanup.defer(() => rm(other, { recursive: true, force: true }));
  const settings = { ...config(), state: { records: `sqlite:${other}/gatehouse.db` } };
  const first = cleanup.use(await startGateway({ config: settings }));
  const client = as('team', first);
  const store = await client.vectorStores.create({ name: 'killed' });
  const ids: string[] = [];
  for (let at = 0; at < 6; at += 1) {
    const text = Array.from({ length: 20_000 }, (_, line) => `Line ${line} of file ${at} tells of the moat.`).join('\n\n');
    ids.push((await fileOf(client, text, `${at}.txt`)).id);
  }
  const batch = await client.vectorStores.fileBatches.create(store.id, { file_ids: ids });
  expect(batch.status).toBe('in_progress');
  first.process.kill('SIGKILL');
  await first.process.exited;
  const second = cleanup.use(await startGateway({ config: settings }));
  const again = as('team', second);
  const counts = (await again.vectorStores.retrieve(store.id)).file_counts;
  expect(counts.total).toBe(6);
  expect((await again.vectorStores.search(store.id, { query: 'moat', max_num_results: 50 })).data.length > 0).toBe(counts.completed > 0);
  const isDone = async () =>
    (await again.vectorStores.fileBatches.retrieve(batch.id, { vector_store_id: store.id })).status === 'completed';
  await eventually(isDone, { timeoutMs: 100_000, intervalMs: 200 });
  expect((await again.vectorStores.retrieve(store.id)).file_counts).toMatchObject({ completed: 6, total: 6 });
}, 180_000);
