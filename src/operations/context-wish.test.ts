import { describe, expect, test } from 'bun:test';
import { contextDefaultSchema, contextWishSchema, mergeWishes } from './context-wish.ts';

describe('wishes laid over each other', () => {
  test('of each word the first counts that says it, `false` too', () => {
    expect(
      mergeWishes(
        { user: 'a', memory: { read: false, limit: undefined } },
        undefined,
        { user: 'b', session: 's', memory: { read: true, write: true, limit: 3 }, knowledge: { on: true } },
        { memory: { limit: 9, decay: 'off' }, knowledge: { on: false, limit: 2 } },
      ),
    ).toEqual({ user: 'a', session: 's', memory: { read: false, write: true, limit: 3, decay: 'off' }, knowledge: { on: true, limit: 2 } });
  });

  test('of nothing is nothing', () => expect(mergeWishes(undefined)).toEqual({ memory: {}, knowledge: {} }));
});

describe('a wish in a body', () => {
  const of = (value: unknown) => {
    const read = contextWishSchema.safeParse(value);
    return read.success ? (JSON.parse(JSON.stringify(read.data)) as unknown) : 'refused';
  };
  for (const { name, given, want } of [
    {
      name: 'true and false',
      given: { memory: true, knowledge: false },
      want: { memory: { read: true, write: true }, knowledge: { on: false } },
    },
    { name: 'settings alone read, and write nothing', given: { memory: { limit: 5 } }, want: { memory: { limit: 5, read: true } } },
    { name: 'write alone does not read', given: { memory: { write: true } }, want: { memory: { write: true } } },
    {
      name: 'everything',
      given: {
        user_id: 'u',
        session_id: 's',
        agent_id: 'a',
        run_id: 'r',
        memory: { read: true, budget_tokens: 900, decay: 'off', reference_date: '2026-03-02' },
        knowledge: {
          collections: ['vs_1'],
          limit: 2,
          rerank: false,
          min_score: 0.2,
          filter: {
            type: 'and',
            filters: [
              { type: 'eq', key: 'team', value: 'web' },
              { type: 'in', key: 'year', value: [2025, 2026] },
            ],
          },
        },
      },
      want: {
        user: 'u',
        session: 's',
        agent: 'a',
        run: 'r',
        memory: { read: true, decay: 'off', budgetTokens: 900, referenceMs: Date.UTC(2026, 2, 2) },
        knowledge: {
          collections: ['vs_1'],
          limit: 2,
          rerank: false,
          filter: {
            type: 'and',
            filters: [
              { type: 'eq', key: 'team', value: 'web' },
              { type: 'in', key: 'year', value: [2025, 2026] },
            ],
          },
          scoreMin: 0.2,
          on: true,
        },
      },
    },
    { name: 'no object', given: 'memory', want: 'refused' },
    { name: 'a list', given: [], want: 'refused' },
    { name: 'an unknown word', given: { memories: true }, want: 'refused' },
    { name: 'an unknown word inside', given: { memory: { limt: 1 } }, want: 'refused' },
    { name: 'a number for a truth value', given: { memory: { read: 1 } }, want: 'refused' },
    { name: 'too many', given: { memory: { limit: 101 } }, want: 'refused' },
    { name: 'none', given: { knowledge: { collections: [] } }, want: 'refused' },
    { name: 'a day that is none', given: { memory: { reference_date: '2026-13-45' } }, want: 'refused' },
    { name: 'words for a day', given: { memory: { reference_date: 'yesterday' } }, want: 'refused' },
    { name: 'a control character in a name', given: { user_id: 'a\nb' }, want: 'refused' },
    { name: 'an empty name', given: { session_id: '' }, want: 'refused' },
    { name: 'a filter without a type', given: { knowledge: { filter: { key: 'a' } } }, want: 'refused' },
    {
      name: 'a filter that is nested too deep',
      given: {
        knowledge: {
          filter: Array.from({ length: 8 }).reduce<object>((inner) => ({ type: 'not' in inner ? 'or' : 'and', filters: [inner] }), {
            type: 'eq',
            key: 'a',
            value: 1,
          }),
        },
      },
      want: 'refused',
    },
  ]) {
    test(name, () => expect(of(given)).toEqual(want));
  }

  test('of a key names nobody', () => expect(contextDefaultSchema.safeParse({ memory: true, user_id: 'x' }).success).toBe(false));
});
