import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { DenseArm } from '../../embedding/dense-arm.ts';
import { createLexicalIndex } from '../../lexical/create-index.ts';
import type { Memory, MemoryPartition, Recall, RecallRequest } from '../memory.ts';
import { MemoryView } from '../memory-view.ts';
import { createRecall } from './recall.ts';

/** A Wednesday. */
const NOW = Date.parse('2025-06-18T09:00:00Z');
const DAY_MS = 86_400_000;
const PARTITION: MemoryPartition = { tenant: 't', kind: 'memory', name: 'u' };

type Said = Partial<Memory> & { readonly id: string; readonly text: string; readonly daysAgo: number };

function viewOf(said: readonly Said[]): MemoryView {
  const view = new MemoryView(createLexicalIndex());
  for (const [at, { daysAgo, ...memory }] of said.entries()) {
    const eventMs = NOW - daysAgo * DAY_MS;
    const body = JSON.stringify({ kind: 'turn', role: 'user', session: `s${daysAgo}`, turn: at, eventMs, validFromMs: eventMs, ...memory });
    view.apply({ id: memory.id, seq: at + 1, group: '', kind: memory.kind ?? 'turn', body });
  }
  return view;
}

function recall(said: readonly Said[], request: Partial<RecallRequest> & { readonly query: string }, dense?: DenseArm): Promise<Recall> {
  const view = viewOf(said);
  const deps = { view: async () => view, clock: { now: () => NOW }, ...(dense === undefined ? {} : { dense }) };
  const config = { decay: 'mild' as const, half_life: undefined, dense_share: 0.6 };
  return createRecall(config, deps)(PARTITION, { limit: 5, ...request });
}

async function ids(said: readonly Said[], request: Partial<RecallRequest> & { readonly query: string }): Promise<string[]> {
  return (await recall(said, request)).memories.map(({ memory }) => memory.id);
}

describe('age', () => {
  const said = [200, 2, 90].map((daysAgo) => ({ id: `d${daysAgo}`, text: 'I painted the fence green.', daysAgo }));

  for (const decay of ['mild', 'strong'] as const) {
    test(`${decay}: of those that are the same, the newer comes first`, async () => {
      expect(await ids(said, { query: 'What colour did I paint the fence?', decay })).toEqual(['d2', 'd90', 'd200']);
    });
  }

  test('a touch lifts what is old', async () => {
    const touched = said.map((each) => (each.id === 'd200' ? { ...each, touchesMs: [NOW - DAY_MS, NOW - 2 * DAY_MS] } : each));
    expect(await ids(touched, { query: 'What colour did I paint the fence?' })).toEqual(['d2', 'd200', 'd90']);
  });

  test('hides nothing, however old', async () => {
    expect(await ids([{ id: 'old', text: 'I painted the fence green.', daysAgo: 20_000 }], { query: 'fence', decay: 'strong' })).toEqual([
      'old',
    ]);
  });
});

describe('the conversation itself', () => {
  const turn = (session: string, at: number) => ({
    id: `${session}${at}`,
    text: 'The fence is to be green.',
    daysAgo: 1,
    session,
    turn: at,
  });
  const said = [turn('a', 0), turn('a', 2), turn('a', 4), turn('b', 3)];
  const asked = { query: 'What of the fence?', session: 'a', limit: 4 };

  test('is no news from where its caller has it on, and takes nobody’s room', async () => {
    expect((await ids(said, asked)).toSorted()).toEqual(['a0', 'a2', 'a4', 'b3']);
    expect((await ids(said, { ...asked, knownFrom: 2 })).toSorted()).toEqual(['a0', 'b3']);
    expect(await ids(said, { ...asked, knownFrom: 0, limit: 1 })).toEqual(['b3']);
    expect((await ids(said, { ...asked, session: 'c', knownFrom: 0 })).toSorted()).toEqual(['a0', 'a2', 'a4', 'b3']);
  });
});

describe('time', () => {
  const said = [400, 100, 34, 8, 1].map((daysAgo) => ({ id: `d${daysAgo}`, text: 'We had dinner at the Georgian place.', daysAgo }));

  for (const [query, want] of [
    ['Where did we have dinner yesterday?', 'd1'],
    ['Where did we have dinner last week?', 'd8'],
    ['Where did we have dinner in May?', 'd34'],
    ['Where did we have dinner on 10 March 2025?', 'd100'],
    ['Where did we have dinner in our first conversation?', 'd400'],
    ['Where did we have dinner two sessions ago?', 'd8'],
    ['Where did we have dinner before June 2024?', 'd400'],
    ['As of 1 April 2025, where had we had dinner?', 'd100'],
  ] as const) {
    test(query, async () => {
      expect((await ids(said, { query, decay: 'strong' }))[0]).toBe(want);
    });
  }

  test('"last time" is the conversation before the one in which it is asked', async () => {
    expect((await ids(said, { query: 'What did I say last time?', session: 's1' }))[0]).toBe('d8');
  });

  test('what is told afterwards of a day is found by the day', async () => {
    const told = [...said, { id: 'ski', text: 'Last weekend we went skiing.', daysAgo: 113 }];
    expect(await ids(told, { query: 'What happened on the weekend of 22 February 2025?' })).toContain('ski');
  });
});

describe('what is so, and what was', () => {
  const old: Said = {
    id: 'golf',
    kind: 'fact',
    text: 'I drive an old Golf.',
    daysAgo: 120,
    validToMs: NOW - 20 * DAY_MS,
    supersededBy: 'skoda',
    sources: ['t-golf'],
  };
  const current: Said = {
    id: 'skoda',
    kind: 'fact',
    text: 'Sold it and picked up a Skoda.',
    daysAgo: 20,
    supersedes: ['golf'],
    sources: ['t-skoda'],
  };
  const turns: Said[] = [
    { id: 't-golf', text: 'I drive an old Golf.', daysAgo: 120 },
    { id: 't-skoda', text: 'Sold it and picked up a Skoda.', daysAgo: 20 },
  ];
  const car = [...turns, old, current];

  test('the current one comes first, though it shares no word with the question', async () => {
    expect((await ids(car, { query: 'What car do I drive?' }))[0]).toMatch('skoda');
  });

  test('the former one comes first where it is asked for', async () => {
    expect((await ids(car, { query: 'What car did I use to drive?' }))[0]).toMatch('golf');
    expect((await ids(car, { query: 'What did I drive in April?' }))[0]).toMatch('golf');
  });

  test('it is told whether what is superseded may be found', async () => {
    expect(await ids(car, { query: 'What do I drive?', superseded: false, kinds: ['fact'] })).toEqual(['skoda']);
    expect(await ids(car, { query: 'What do I drive?', superseded: true, kinds: ['fact'] })).toContain('golf');
  });

  test('a turn and its fact stand once before others', async () => {
    const others = ['Picked up a Skoda brochure.', 'We picked up the Skoda key.'].map((text, at) => ({
      id: `o${at}`,
      text,
      daysAgo: 5 + at,
    }));
    const found = await ids([...turns.slice(1), current, ...others], { query: 'What about the Skoda that I picked up?', limit: 3 });
    expect(found.filter((id) => id.includes('skoda'))).toHaveLength(1);
  });
});

describe('what may be found', () => {
  const base = { text: 'I keep the spare key under the pot.', daysAgo: 3 };
  const said: Said[] = [
    { ...base, id: 'plain' },
    { ...base, id: 'agent', agent: 'cook', metadata: { room: 'hall', tags: ['a'] } },
    { ...base, id: 'gone', expiresMs: NOW - 1 },
    { ...base, id: 'fact', kind: 'fact', run: 'r1' },
  ];

  for (const [name, request, want] of [
    ['all but what has expired', {}, ['agent', 'fact', 'plain']],
    ['expired too, where told', { expired: true }, ['agent', 'fact', 'gone', 'plain']],
    ['of one agent', { filter: { agent: 'cook' } }, ['agent']],
    ['of one run', { filter: { run: 'r1' } }, ['fact']],
    ['of one session', { filter: { session: 'nowhere' } }, []],
    ['with metadata', { filter: { metadata: { tags: ['a'] } } }, ['agent']],
    ['of kinds', { kinds: ['fact'] as const }, ['fact']],
  ] as const) {
    test(name, async () => {
      expect((await ids(said, { query: 'Where is the spare key?', ...request })).sort()).toEqual([...want]);
    });
  }
});

describe('meaning', () => {
  const said: Said[] = [
    { id: 'a', text: 'Otto the dog ate a skein of wool.', daysAgo: 3 },
    { id: 'b', text: 'The vet says it will pass.', daysAgo: 4 },
  ];
  const arm = (hits: readonly { id: string; score: number }[], leftOut: readonly 'embeddings'[] = []): DenseArm => ({
    search: async () => ({ hits, leftOut }),
    changed: () => {},
    erase: async () => {},
    waiting: 0,
  });

  test('what shares no word is found by its meaning; what is not there any more is not', async () => {
    const { memories } = await recall(
      said,
      { query: 'Is my pet healthy?' },
      arm([
        { id: 'b', score: 0.8 },
        { id: 'deleted', score: 0.9 },
      ]),
    );
    expect(memories.map(({ memory }) => memory.id)).toEqual(['b']);
    expect(memories[0]?.parts['dense']).toBeGreaterThan(0);
  });

  test('what had no part in it is told', async () => {
    const { memories, leftOut } = await recall(said, { query: 'dog' }, arm([], ['embeddings']));
    expect(leftOut).toEqual(['embeddings']);
    expect(memories[0]?.memory.id).toBe('a');
  });
});

test('a question that leans on the one before finds what that was about', async () => {
  const said: Said[] = [
    { id: 'sister', text: 'My sister Ines studies soil fungi.', daysAgo: 3 },
    { id: 'brother', text: 'My brother sells boats.', daysAgo: 4 },
  ];
  expect((await ids(said, { query: 'And where does she live?', previous: 'What does my sister do?' }))[0]).toBe('sister');
});

test('whatever is asked: scores are 0 to 1, in order, within the limit, and the same each time', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('last week fence', 'first session', 'as of May', '', 'used to before May', 'recently'),
  );
  const said = Array.from({ length: 30 }, (_, at) => ({
    id: `m${at}`,
    text: `I painted fence ${at % 5} in May, last week.`,
    daysAgo: at * 9,
  }));
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 40 }), async (query, limit) => {
      const { memories } = await recall(said, { query, limit });
      expect(memories.length).toBeLessThanOrEqual(limit);
      for (const [at, { score }] of memories.entries()) {
        expect(score >= 0 && score <= 1).toBe(true);
        expect(score).toBeLessThanOrEqual(memories[at - 1]?.score ?? 1);
      }
      expect((await recall(said.toReversed(), { query, limit })).memories.map(({ score }) => score)).toEqual(
        memories.map(({ score }) => score),
      );
    }),
    { numRuns: 60 },
  );
});
