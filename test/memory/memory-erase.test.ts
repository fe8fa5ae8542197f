/* A user's export, and forgetting a user for good: everything of theirs goes, nothing of anybody else's. */
import { describe, expect, test } from 'bun:test';
import { valueScope } from '../../src/stores/value/value-scope.ts';
import { ALICE, BOB, createMemoryStage, SERVICE } from './memory-stage.ts';

const { signal } = new AbortController();
const LONG = { ttlMs: 3_600_000, signal };
type Stage = ReturnType<typeof createMemoryStage>;

async function addDocument({ documents }: Stage, user: string, text: string): Promise<string> {
  const id = `doc_${crypto.randomUUID().replaceAll('-', '')}`;
  const record = {
    id,
    filename: `${text}.txt`,
    mediaType: 'text/plain',
    bytes: text.length,
    sha256: new Bun.CryptoHasher('sha256').update(text).digest('hex'),
    characters: text.length,
    createdMs: 1,
    collection: '',
    metadata: '{}',
    facts: '{}',
  };
  const limits = { documentsMax: 1_000, bytesMax: 1_000_000 };
  await documents.add({ owner: { tenant: 't1', user }, record, text: Buffer.from(text) }, limits);
  return id;
}

function linesOf(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('an export', () => {
  test('holds memories with history, turns, documents, and says that it is whole', async () => {
    await using stage = createMemoryStage();
    const { ask } = stage;
    const { json } = await ask(ALICE, 'POST', '/v1/memories', { messages: 'Plays the cello', infer: false });
    await ask(ALICE, 'PUT', `/v1/memories/${json.results[0].id}`, { text: 'Plays the violin' });
    await ask(ALICE, 'POST', '/v1/memories', { messages: 'Hello, said word for word' });
    await ask(ALICE, 'POST', '/v1/memories', { messages: 'Long over', infer: false, expiration_date: '2020-01-01' });
    await ask(BOB, 'POST', '/v1/memories', { messages: 'Of Bob alone', infer: false });
    await addDocument(stage, 'alice', 'A text of Alice');
    await addDocument(stage, 'bob', 'A text of Bob');
    const { status, text, headers } = await ask(ALICE, 'GET', '/v1/users/alice/export');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    const lines = linesOf(text);
    expect(lines[0]).toMatchObject({ type: 'export', user_id: 'alice' });
    expect(lines.at(-1)).toEqual({ type: 'end', memories: lines.filter(({ type }) => type === 'memory').length, documents: 1 });
    expect(text).not.toContain('Bob');
    for (const held of ['Plays the cello', 'Plays the violin', 'Hello, said word for word', 'Long over', 'A text of Alice'])
      expect(text).toContain(held);
    const service = await ask(SERVICE, 'GET', '/v1/users/alice/export');
    expect(linesOf(service.text).length).toBe(lines.length);
  });

  test('of many is written in parts, each memory once', async () => {
    await using stage = createMemoryStage();
    const partition = { tenant: 't1', kind: 'memory', name: 'alice' } as const;
    const turns = Array.from({ length: 450 }, (_, index) => ({ role: 'user', text: `Line ${index} of many` }) as const);
    await stage.memory.remember(partition, { turns, session: 's', infer: false });
    const { text } = await stage.ask(ALICE, 'GET', '/v1/users/alice/export');
    const ids = linesOf(text).flatMap(({ type, id }) => (type === 'memory' ? [id] : []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(linesOf(text).at(-1)).toMatchObject({ type: 'end', memories: ids.length });
    for (const { text: said } of turns) expect(text).toContain(said);
  });
});

describe('erasing a user', () => {
  test('leaves nothing of theirs, counts it, and touches nobody else', async () => {
    await using stage = createMemoryStage();
    const { ask, shelf, values } = stage;
    for (const key of [ALICE, BOB]) {
      await ask(key, 'POST', '/v1/memories', { messages: 'My cat is called Canary', infer: false });
      await ask(key, 'POST', '/v1/memories', { messages: 'I told you so' });
    }
    const own = await addDocument(stage, 'alice', 'Canary in a document');
    const shared = await addDocument(stage, 'alice', 'Canary in a shared one');
    const bobs = await addDocument(stage, 'bob', 'Canary of Bob');
    for (let index = 0; index < 130; index += 1) await addDocument(stage, 'alice', `Canary number ${index}`);
    const file = (id: string) => ({ id }) as never;
    shelf.collections.push({ id: 'vs_alice', user: 'alice' } as never, { id: 'vs_bob', user: 'bob' } as never, { id: 'vs_all' } as never);
    shelf.files.set('vs_alice', [file(own)]);
    shelf.files.set('vs_all', [file(shared), file(bobs)]);
    for (const user of ['alice', 'bob'])
      for (const [kind, count] of [
        ['cache', 3],
        ['response', 2],
        ['response-item', 5],
      ] as const)
        for (let index = 0; index < count; index += 1)
          values.set(`${valueScope({ tenant: 't1', user })}${kind}:${index}`, Buffer.from('Canary'), LONG);

    const { status, json } = await ask(SERVICE, 'DELETE', '/v1/users/alice');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'user.erased',
      user_id: 'alice',
      counts: { documents: 132, collections: 1, cached_answers: 3, stored_responses: 2 },
    });
    expect(json.counts.memories).toBeGreaterThanOrEqual(1);
    expect(json.counts.turns).toBeGreaterThanOrEqual(1);
    expect(json.receipt.id).toStartWith('era_');
    expect(stage.told).toEqual([valueScope({ tenant: 't1', user: 'alice' })]);
    // The log has the receipt, and neither the user nor a text.
    expect(JSON.stringify(stage.log)).toContain(json.receipt.id);
    expect(JSON.stringify(stage.log)).not.toMatch(/alice|Canary/);

    const left = linesOf((await ask(ALICE, 'GET', '/v1/users/alice/export')).text);
    expect(left.map(({ type }) => type)).toEqual(['export', 'end']);
    expect((await ask(ALICE, 'POST', '/search', { query: 'cat Canary' })).json.results).toEqual([]);
    expect(shelf.collections.map(({ id }) => id)).toEqual(['vs_bob', 'vs_all']);
    expect(shelf.files.get('vs_all')).toEqual([file(bobs)]);
    expect(await values.deletePrefix(valueScope({ tenant: 't1', user: 'alice' }), signal)).toBe(0);
    expect(await values.deletePrefix(valueScope({ tenant: 't1', user: 'bob' }), signal)).toBe(10);
    expect((await ask(BOB, 'POST', '/search', { query: 'cat Canary' })).json.results.length).toBeGreaterThan(0);
    expect((await ask(BOB, 'GET', '/v1/users/bob/export')).text).toContain('Canary of Bob');

    const again = await ask(SERVICE, 'DELETE', '/v1/users/alice');
    expect(again.json.counts).toMatchObject({ memories: 0, documents: 0, cached_answers: 0 });
    expect(again.json.receipt.id).not.toBe(json.receipt.id);
  });

  test('tells of what only a provider can delete', async () => {
    await using stage = createMemoryStage();
    const owner = { tenant: 't1', user: 'alice' };
    await stage.vendorObjects.keep({ provider: 'p', id: 'file-1', kind: 'file', owner, createdMs: 1, body: '{}' }, { claim: false });
    const { json } = await stage.ask(ALICE, 'DELETE', '/v1/users/alice');
    expect(json.not_erased).toMatchObject([{ kind: 'provider_files', count: 1 }]);
  });

  test('a user who comes back begins anew', async () => {
    await using stage = createMemoryStage();
    await stage.ask(ALICE, 'POST', '/v1/memories', { messages: 'Before', infer: false });
    await stage.ask(ALICE, 'DELETE', '/v1/users/alice');
    await stage.ask(ALICE, 'POST', '/v1/memories', { messages: 'After', infer: false });
    const { json } = await stage.ask(ALICE, 'GET', '/v1/memories');
    expect(json.results.map(({ memory }: { memory: string }) => memory)).toEqual(['After']);
  });
});
