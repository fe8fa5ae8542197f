import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import type { RecordStore } from '../../stores/record/record-store.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import type { DenseArm } from '../embedding/dense-arm.ts';
import type { Reranker } from '../embedding/embedder.ts';
import type { DocumentToIndex, KnowledgeEngine } from './knowledge.ts';
import { createKnowledgeEngine } from './knowledge-engine.ts';

const DAY_MS = 86_400_000;

interface Rig {
  readonly records: RecordStore;
  readonly engine: KnowledgeEngine;
  readonly clock: ReturnType<typeof createManualClock>;
}

interface RigParts {
  readonly records?: RecordStore;
  readonly dense?: DenseArm;
  readonly reranker?: Reranker;
  readonly pause?: () => Promise<void>;
}

function rig(parts: RigParts = {}): Rig {
  const records = parts.records ?? openSqliteRecords(':memory:');
  const clock = createManualClock();
  const engine = createKnowledgeEngine(
    {
      knowledge: { chunk_tokens: 100, chunk_overlap: 20, dense_share: 0.6 },
      indexBytesMax: 64 * 1_048_576,
      reranker: { candidates: 10, timeoutMs: 100 },
    },
    { pause: async () => {}, ...parts, records, clock },
  );
  return { records, engine, clock };
}

async function withCollection(parts?: RigParts, tenant = 't', id = 'vs_1'): Promise<Rig> {
  const made = rig(parts);
  await made.engine.createCollection(tenant, { id, name: 'docs', createdMs: 1, lastActiveMs: made.clock.now(), metadata: {} });
  return made;
}

function document(id: string, text: string, more: Partial<DocumentToIndex> = {}): DocumentToIndex {
  return { id, filename: `${id}.md`, mediaType: 'text/markdown', attributes: {}, owner: '', text, ...more };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

async function ids(engine: KnowledgeEngine, query: string, more: object = {}): Promise<string[]> {
  const { chunks } = await engine.search('t', { queries: [query], collections: ['vs_1'], limit: 10, ...more });
  return chunks.map(({ chunk }) => chunk.file);
}

const LONG = Array.from(
  { length: 60 },
  (_, at) => `Paragraph ${at} tells of topic${at} and of nothing else at all that would matter here.`,
).join('\n\n');

describe('a file in a collection', () => {
  test('is found with where its text stands', async () => {
    const { engine } = await withCollection();
    const text = '# Gates\n\n## Opening\n\nThe portcullis is raised at dawn.\n';
    const file = await engine.index('t', 'vs_1', document('doc_a', text));
    expect(file).toMatchObject({ id: 'doc_a', status: 'completed', chunks: 1, bytes: 55 });
    const { chunks } = await engine.search('t', { queries: ['when is the portcullis raised'], collections: ['vs_1'], limit: 3 });
    expect(chunks).toHaveLength(1);
    const { chunk, score } = chunks[0] ?? expect.unreachable();
    expect(score).toBe(1);
    expect(chunk).toMatchObject({ file: 'doc_a', filename: 'doc_a.md', collection: 'vs_1', headings: ['Gates'] });
    expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
  });

  test('replaces the one with the same id, and nothing of that is found any more', async () => {
    const { engine, records } = await withCollection();
    await engine.index('t', 'vs_1', document('doc_a', 'The drawbridge is oak.'));
    await engine.index('t', 'vs_1', document('doc_a', 'The drawbridge is iron.'));
    const { chunks } = await engine.search('t', { queries: ['drawbridge oak'], collections: ['vs_1'], limit: 10 });
    expect(chunks.map(({ chunk }) => chunk.text)).toEqual(['The drawbridge is iron.']);
    const { records: left } = await records.changes({ tenant: 't', kind: 'knowledge', name: 'vs_1' }, 0, 100);
    expect(left.filter(({ body }) => body !== null)).toHaveLength(1);
  });

  test('is not found while it is being written, nor after the writing of it broke off', async () => {
    let writes = 0;
    const inner = openSqliteRecords(':memory:');
    const failing: RecordStore = Object.assign(Object.create(inner), {
      apply: async (...given: Parameters<RecordStore['apply']>) => {
        if (given[0].kind === 'knowledge' && ++writes === 2) throw new Error('killed');
        return inner.apply(...given);
      },
      // What a killed process would have cleaned up stays.
      deleteGroup: async () => 0,
    }) as RecordStore;
    const { engine } = await withCollection({ records: bound(failing, inner) });
    const long = Array.from({ length: 12_000 }, (_, at) => `Sentence number ${at} speaks of the moat.`).join('\n\n');
    expect(await failure(engine.index('t', 'vs_1', document('doc_a', long)))).toMatchObject({ message: expect.stringContaining('killed') });
    expect(await ids(engine, 'moat')).toEqual([]);
    // Another process, after the first is gone: it finds nothing either, takes the file over, and leaves no chunk of before.
    const second = rig({ records: inner });
    expect(await ids(second.engine, 'moat')).toEqual([]);
    expect(await second.engine.takeUnfinished(10)).toEqual([]);
    second.clock.advance(61_000);
    const taken = await second.engine.takeUnfinished(10);
    expect(taken.map(({ tenant, collection, file }) => [tenant, collection, file.id, file.status])).toEqual([
      ['t', 'vs_1', 'doc_a', 'in_progress'],
    ]);
    expect(await second.engine.takeUnfinished(10)).toEqual([]);
    await second.engine.index('t', 'vs_1', document('doc_a', 'The moat is dry.', { announced: true }));
    expect(await ids(second.engine, 'moat')).toEqual(['doc_a']);
    const { records: left } = await inner.changes({ tenant: 't', kind: 'knowledge', name: 'vs_1' }, 0, 10_000);
    expect(left.filter(({ body }) => body !== null)).toHaveLength(1);
  });

  test('that was removed leaves nothing', async () => {
    const { engine, records } = await withCollection();
    await engine.index('t', 'vs_1', document('doc_a', LONG));
    expect(await engine.removeFile('t', 'vs_1', 'doc_a')).toBe(true);
    expect(await engine.removeFile('t', 'vs_1', 'doc_a')).toBe(false);
    expect(await ids(engine, 'topic7')).toEqual([]);
    expect(await engine.file('t', 'vs_1', 'doc_a')).toBeUndefined();
    const { records: left } = await records.changes({ tenant: 't', kind: 'knowledge', name: 'vs_1' }, 0, 1_000);
    expect(left.every(({ body }) => body === null)).toBe(true);
  });

  test('removed while it is being written does not come back', async () => {
    let remove: (() => Promise<unknown>) | undefined;
    const { engine } = await withCollection({
      pause: async () => {
        const now = remove;
        remove = undefined;
        await now?.();
      },
    });
    const long = Array.from({ length: 12_000 }, (_, at) => `Sentence number ${at} speaks of the moat.`).join('\n\n');
    remove = () => engine.removeFile('t', 'vs_1', 'doc_a');
    expect(await failure(engine.index('t', 'vs_1', document('doc_a', long)))).toMatchObject({
      message: expect.stringContaining('removed'),
    });
    expect(await ids(engine, 'moat')).toEqual([]);
  });

  test('its chunks come in their order, in parts', async () => {
    const { engine } = await withCollection();
    const { chunks: count } = await engine.index('t', 'vs_1', document('doc_a', LONG));
    expect(count).toBeGreaterThan(5);
    const all = [
      ...(await engine.chunks('t', 'vs_1', { file: 'doc_a', from: 0, limit: 3 })),
      ...(await engine.chunks('t', 'vs_1', { file: 'doc_a', from: 3, limit: 1_000 })),
    ];
    expect(all.map(({ index }) => index)).toEqual(Array.from({ length: count }, (_, at) => at));
    for (const { text, start, end } of all) expect(LONG.slice(start, end)).toBe(text);
  });

  test('knows its page', async () => {
    const { engine } = await withCollection();
    const pages = ['First the gate.', 'Then the moat.', '', 'Last the keep.'];
    const starts: number[] = [];
    let text = '';
    for (const page of pages) {
      starts.push(text.length);
      text += page === '' ? '' : `${page.repeat(40)}\n\n`;
    }
    await engine.index('t', 'vs_1', document('doc_a', text, { filename: 'a.pdf', mediaType: 'application/pdf', pages: starts }));
    const { chunks } = await engine.search('t', { queries: ['keep'], collections: ['vs_1'], limit: 1 });
    expect(chunks[0]?.chunk.page).toBe(4);
  });
});

/** Methods of a store that was made from another, bound to whom they belong. */
function bound(outer: RecordStore, inner: RecordStore): RecordStore {
  return new Proxy(outer, {
    get: (target, name) => {
      const own = Object.hasOwn(target, name) ? Reflect.get(target, name) : Reflect.get(inner, name);
      return typeof own === 'function' ? own.bind(inner) : own;
    },
  });
}

describe('a search', () => {
  test('looks at attributes before it limits', async () => {
    const { engine } = await withCollection();
    for (let at = 0; at < 30; at += 1)
      await engine.index(
        't',
        'vs_1',
        document(`doc_${at}`, `The tower number ${at} has a tower bell.`, {
          attributes: { number: at, wing: at % 2 === 0 ? 'east' : 'west' },
        }),
      );
    expect(await ids(engine, 'tower bell', { limit: 2, filter: { type: 'gte', key: 'number', value: 29 } })).toEqual(['doc_29']);
    const west = await ids(engine, 'tower', { limit: 50, filter: { type: 'eq', key: 'wing', value: 'west' } });
    expect(west.toSorted()).toEqual(Array.from({ length: 15 }, (_, at) => `doc_${at * 2 + 1}`).toSorted());
    await engine.setAttributes('t', 'vs_1', { file: 'doc_29', attributes: { number: 1 } });
    expect(await ids(engine, 'tower bell', { filter: { type: 'gte', key: 'number', value: 29 } })).toEqual([]);
  });

  test('puts what two collections and two ways to ask have found into one list', async () => {
    const { engine } = await withCollection();
    await engine.createCollection('t', { id: 'vs_2', name: 'more', createdMs: 2, lastActiveMs: 2, metadata: {} });
    await engine.index('t', 'vs_1', document('doc_a', 'The portcullis is iron.'));
    await engine.index('t', 'vs_2', document('doc_b', 'The drawbridge is oak.'));
    await engine.index('t', 'vs_2', document('doc_c', 'Bread is baked on Monday.'));
    const { chunks } = await engine.search('t', {
      queries: ['portcullis', 'drawbridge'],
      collections: ['vs_1', 'vs_2', 'vs_none'],
      limit: 5,
    });
    expect(chunks.map(({ chunk }) => `${chunk.collection} ${chunk.file}`).toSorted()).toEqual(['vs_1 doc_a', 'vs_2 doc_b']);
  });

  test('tells neighbours that overlap as one text, and what is said in many files once', async () => {
    const { engine } = await withCollection();
    const sentence = (at: number): string => `Sentence ${at} about the falcon and its handler in the mews of the castle.`;
    const text = Array.from({ length: 14 }, (_, at) => sentence(at)).join(' ');
    await engine.index('t', 'vs_1', document('doc_a', text, { filename: 'a.txt', mediaType: 'text/plain' }));
    const notice =
      'Notice: all visitors of the castle have to leave their weapons with the guard at the gate before they go on to the keep.';
    for (const name of ['doc_b', 'doc_c', 'doc_d']) await engine.index('t', 'vs_1', document(name, notice));
    const { chunks } = await engine.search('t', { queries: ['falcon handler'], collections: ['vs_1'], limit: 10 });
    for (const { chunk } of chunks) expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
    const told = chunks.map(({ chunk }) => chunk.text).join('\n');
    for (let at = 0; at < 14; at += 1) expect(told.split(sentence(at)).length).toBeLessThanOrEqual(2);
    expect(await ids(engine, 'visitors weapons guard')).toHaveLength(1);
  });

  test('of an id that was deleted is a new one, made once', async () => {
    const { engine } = await withCollection();
    await engine.index('t', 'vs_1', document('doc_a', 'The heron is grey.'));
    expect(await engine.deleteCollection('t', 'vs_1')).toBe(true);
    const anew = { id: 'vs_1', name: 'anew', createdMs: 2, lastActiveMs: 2, metadata: {} };
    const made = await Promise.all([1, 2, 3].map(() => engine.createCollection('t', anew)));
    expect(made.filter((isNew) => isNew)).toHaveLength(1);
    expect(await ids(engine, 'heron')).toEqual([]);
    await engine.index('t', 'vs_1', document('doc_b', 'The heron is white.'));
    expect(await ids(engine, 'heron')).toEqual(['doc_b']);
  });

  test('meets nothing of another tenant', async () => {
    const { engine } = await withCollection();
    await engine.createCollection('other', { id: 'vs_1', name: 'docs', createdMs: 1, lastActiveMs: 1, metadata: {} });
    await engine.index('t', 'vs_1', document('doc_a', 'The secret of t.'));
    await engine.index('other', 'vs_1', document('doc_a', 'The secret of other.'));
    const { chunks } = await engine.search('other', { queries: ['secret'], collections: ['vs_1'], limit: 10 });
    expect(chunks.map(({ chunk }) => chunk.text)).toEqual(['The secret of other.']);
    await engine.deleteCollection('t', 'vs_1');
    expect((await engine.search('other', { queries: ['secret'], collections: ['vs_1'], limit: 10 })).chunks).toHaveLength(1);
  });

  test('joins what meaning finds, filtered the same, and says when that was left out', async () => {
    const answers: { hits: readonly { id: string; score: number }[]; leftOut: readonly ('embeddings' | 'vectors')[] }[] = [];
    const dense: DenseArm = {
      waiting: 0,
      changed: () => {},
      erase: async () => {},
      search: async () => answers.shift() ?? { hits: [], leftOut: ['embeddings'] },
    };
    const { engine } = await withCollection({ dense });
    await engine.index('t', 'vs_1', document('doc_a', 'The falcon hunts.', { attributes: { open: true } }));
    await engine.index('t', 'vs_1', document('doc_b', 'A bird of prey is trained.', { attributes: { open: false } }));
    const [chunk] = await engine.chunks('t', 'vs_1', { file: 'doc_b', from: 0, limit: 1 });
    const hit = { id: chunk?.id ?? '', score: 0.9 };
    answers.push({ hits: [hit, { id: 'of another', score: 0.99 }], leftOut: [] }, { hits: [hit], leftOut: [] });
    const found = await engine.search('t', { queries: ['falcon'], collections: ['vs_1'], limit: 5 });
    expect(found.chunks.map(({ chunk: { file } }) => file).toSorted()).toEqual(['doc_a', 'doc_b']);
    expect(found.leftOut).toEqual([]);
    expect(await ids(engine, 'falcon', { filter: { type: 'eq', key: 'open', value: true } })).toEqual(['doc_a']);
    expect((await engine.search('t', { queries: ['falcon'], collections: ['vs_1'], limit: 5 })).leftOut).toEqual(['embeddings']);
  });

  test('gives the reranker the last word, unless it fails or may not', async () => {
    let fails = false;
    const reranker: Reranker = {
      rerank: async (_query, texts) => {
        if (fails) throw new Error('down');
        return texts.map((text) => (text.includes('second') ? 5 : -5));
      },
    };
    const { engine } = await withCollection({ reranker });
    await engine.index('t', 'vs_1', document('doc_a', 'falcon falcon falcon first'));
    await engine.index('t', 'vs_1', document('doc_b', 'falcon second and much else that is said there'));
    const query = { queries: ['falcon'], collections: ['vs_1'], limit: 5 };
    const found = await engine.search('t', query);
    expect(found.chunks.map(({ chunk }) => chunk.file)).toEqual(['doc_b', 'doc_a']);
    expect(found.chunks.every(({ score }) => score > 0 && score < 1)).toBe(true);
    expect(await ids(engine, 'falcon', { rerank: false })).toEqual(['doc_a', 'doc_b']);
    fails = true;
    const without = await engine.search('t', query);
    expect(without.chunks.map(({ chunk }) => chunk.file)).toEqual(['doc_a', 'doc_b']);
    expect(without.leftOut).toEqual(['reranker']);
  });
});

describe('a collection', () => {
  test('is emptied when its time is over, and says so', async () => {
    const { engine, clock } = rig();
    const base = { name: 'x', createdMs: 0, lastActiveMs: clock.now(), metadata: {}, expiresAfterMs: DAY_MS };
    await engine.createCollection('t', { ...base, id: 'vs_1' });
    await engine.index('t', 'vs_1', document('doc_a', 'The moat.'));
    clock.advance(DAY_MS - 1_000);
    // Whoever uses it makes it last.
    expect(await ids(engine, 'moat')).toEqual(['doc_a']);
    clock.advance(DAY_MS - 1_000);
    expect(await engine.collection('t', 'vs_1')).toMatchObject({ expired: false, files: { completed: 1 } });
    clock.advance(2_000);
    expect(await engine.collection('t', 'vs_1')).toMatchObject({ expired: true, files: { completed: 0 }, bytes: 0 });
    expect(await ids(engine, 'moat')).toEqual([]);
    expect(await failure(engine.index('t', 'vs_1', document('doc_a', 'x')))).toMatchObject({ message: expect.stringContaining('expired') });
  });

  test('that is not there is not written to', async () => {
    const { engine } = rig();
    expect(await failure(engine.index('t', 'vs_1', document('doc_a', 'x')))).toMatchObject({ code: 'resource_unknown' });
    expect(await failure(engine.announce('t', 'vs_1', { files: [] }))).toMatchObject({ code: 'resource_unknown' });
  });

  test('lists its files by pages, forwards and backwards', async () => {
    const { engine, clock } = await withCollection();
    for (let at = 0; at < 7; at += 1) {
      await engine.index('t', 'vs_1', document(`doc_${at}`, `text ${at}`));
      if (at % 3 === 0) clock.advance(1);
    }
    const names = (page: { items: readonly { id: string }[] }): string[] => page.items.map(({ id }) => id);
    const first = await engine.files('t', 'vs_1', { limit: 3 });
    expect([names(first), first.hasMore]).toEqual([['doc_6', 'doc_5', 'doc_4'], true]);
    const second = await engine.files('t', 'vs_1', { limit: 3, after: 'doc_4' });
    expect([names(second), second.hasMore]).toEqual([['doc_3', 'doc_2', 'doc_1'], true]);
    const last = await engine.files('t', 'vs_1', { limit: 3, after: 'doc_1' });
    expect([names(last), last.hasMore]).toEqual([['doc_0'], false]);
    expect(names(await engine.files('t', 'vs_1', { limit: 2, before: 'doc_1' }))).toEqual(['doc_3', 'doc_2']);
    expect(names(await engine.files('t', 'vs_1', { limit: 2, order: 'oldest' }))).toEqual(['doc_0', 'doc_1']);
    expect(names(await engine.files('t', 'vs_1', { limit: 2, after: 'doc_none' }))).toEqual([]);
    expect(names(await engine.files('t', 'vs_1', { limit: 9, status: 'failed' }))).toEqual([]);
  });

  test('takes files in batches, of which what is not ready can be cancelled', async () => {
    const { engine } = await withCollection();
    const files = ['doc_a', 'doc_b', 'doc_c'].map((id) => ({ id, filename: id, attributes: {}, owner: '' }));
    await engine.announce('t', 'vs_1', { files, batch: 'vsfb_1' });
    expect(await engine.batch('t', 'vs_1', 'vsfb_1')).toMatchObject({ cancelled: false, files: { in_progress: 3 } });
    await engine.index('t', 'vs_1', document('doc_a', 'The moat.', { announced: true }));
    await engine.fail('t', 'vs_1', { file: 'doc_b', error: { code: 'invalid_file', message: 'broken' } });
    expect(await engine.cancelBatch('t', 'vs_1', 'vsfb_1')).toMatchObject({
      cancelled: true,
      files: { completed: 1, failed: 1, cancelled: 1, in_progress: 0 },
    });
    const late = await engine.index('t', 'vs_1', document('doc_c', 'The moat again.', { announced: true }));
    expect(late.status).toBe('cancelled');
    expect(await ids(engine, 'moat')).toEqual(['doc_a']);
    expect((await engine.files('t', 'vs_1', { limit: 9, batch: 'vsfb_1' })).items).toHaveLength(3);
  });
});
