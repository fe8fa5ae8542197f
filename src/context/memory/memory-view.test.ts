import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { StoredRecord } from '../../stores/record/record-store.ts';
import { createLexicalIndex } from '../lexical/create-index.ts';
import { MemoryView } from './memory-view.ts';

const NOW = Date.parse('2025-06-18T09:00:00Z');
const DAY_MS = 86_400_000;
const WORDS = 'harbour lantern violin saffron glacier compass velvet orchard yesterday last week in May'.split(' ');

interface Written {
  readonly id: number;
  readonly kind: string;
  readonly words: readonly string[] | undefined;
  readonly session: number;
  readonly source: number;
}

function recordOf({ id, kind, words, session, source }: Written, seq: number): StoredRecord {
  const text = words?.join(' ');
  const memory = {
    kind,
    text,
    role: 'user',
    session: `s${session}`,
    turn: id,
    eventMs: NOW - id * DAY_MS,
    sources: kind === 'turn' ? [] : [`m${source}`],
    ...(kind === 'fact' ? { attribute: 'city' } : {}),
    ...(id % 3 === 0 ? { expiresMs: NOW + id * DAY_MS } : {}),
  };
  return { id: `m${id}`, seq, group: `s${session}`, kind, body: text === undefined ? null : JSON.stringify(memory) };
}

const written = fc.record<Written>({
  id: fc.integer({ min: 0, max: 9 }),
  kind: fc.constantFrom('turn', 'turn', 'fact', 'event', 'history'),
  words: fc.option(fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 5 }), { nil: undefined }),
  session: fc.integer({ min: 0, max: 3 }),
  source: fc.integer({ min: 0, max: 9 }),
});

function viewOf(records: readonly StoredRecord[]): MemoryView {
  const view = new MemoryView(createLexicalIndex());
  for (const record of records) view.apply(record);
  return view;
}

/** All that it tells, in an order of its own. */
function told(view: MemoryView): unknown {
  const ids = [...view.memories.keys()].sort();
  return {
    memories: ids.map((id) => view.get(id)),
    sessions: view.sessions,
    cities: [...view.withAttribute('city')].sort(),
    drawn: ids.map((id) => [...view.drawnFrom(id)].sort()),
    mentioned: ids.map((id) => view.mentioned(id)),
    mentioning: [...view.mentioning].sort(),
    expired: view.expiredBy(NOW + 5 * DAY_MS).sort(),
    found: WORDS.map((text) =>
      view.index
        .search({ text, limit: 100 })
        .map(({ id, score }) => `${id} ${score.toFixed(6)}`)
        .sort(),
    ),
  };
}

describe('a view of memories', () => {
  test('is what the records say that are there, whichever way they came', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 40 }), (log) => {
        const records = log.map((each, at) => recordOf(each, at + 1));
        // A reader that comes later sees of each record the latest alone.
        const latest = new Map(records.map((record) => [record.id, record]));
        const remaining = [...latest.values()].sort((a, b) => a.seq - b.seq);
        expect(told(viewOf(records))).toEqual(told(viewOf(remaining)));
        expect(told(viewOf([...records, ...remaining]))).toEqual(told(viewOf(remaining)));
      }),
    );
  });

  test('has nothing left of what was deleted', () => {
    const log = Array.from(
      { length: 10 },
      (_, id): Written => ({ id, kind: 'turn', words: ['saffron', 'yesterday'], session: id % 2, source: 0 }),
    );
    const view = viewOf(log.map(recordOf));
    expect(view.size).toBe(10);
    for (const [at, each] of log.entries()) view.apply(recordOf({ ...each, words: undefined }, 100 + at));
    expect(told(view)).toEqual(told(new MemoryView(createLexicalIndex())));
    expect(view.index.size).toBe(0);
    expect(view.hasExpiring).toBe(false);
  });

  test('knows conversations by when they began, and turns in their order', () => {
    const turn = (id: number, session: number): Written => ({ id, kind: 'turn', words: ['violin'], session, source: 0 });
    const view = viewOf([turn(1, 1), turn(5, 2), turn(3, 2), turn(9, 3)].map(recordOf));
    expect(view.sessions.map(({ session, turns }) => [session, turns])).toEqual([
      ['s3', ['m9']],
      ['s2', ['m3', 'm5']],
      ['s1', ['m1']],
    ]);
  });

  test('leaves out records of other kinds, and refuses such as are no memories', () => {
    const record = { id: 'x', seq: 1, group: '', kind: 'note', body: '{"text":"violin","session":"s"}' };
    expect(viewOf([record]).size).toBe(0);
    for (const body of ['{"text":7}', '{"text":"violin"}', 'null', '"violin"', '{"text":'])
      expect(() => viewOf([{ ...record, kind: 'turn', body }])).toThrow();
  });
});
