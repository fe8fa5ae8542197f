/*
 * What a chat is to be told beside its own words, and what is to be remembered of it: the wish of one source (a body, a header, a key, the configuration), as far
 * as that source says anything. Wishes are laid over each other; what none of them asks for does not happen.
 */

import { z } from 'zod';

/** As OpenAI's vector stores have them. */
export type WishedFilter =
  | { readonly type: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; readonly key: string; readonly value: string | number | boolean }
  | { readonly type: 'in' | 'nin'; readonly key: string; readonly value: readonly (string | number)[] }
  | { readonly type: 'and' | 'or'; readonly filters: readonly WishedFilter[] };

export interface MemoryWish {
  /** Whether what is known of the user is told. */
  readonly read?: boolean | undefined;
  /** Whether the user's words and the answer are remembered. */
  readonly write?: boolean | undefined;
  /** Memories, 1 to 100. */
  readonly limit?: number | undefined;
  /** All of them together, in tokens. */
  readonly budgetTokens?: number | undefined;
  readonly decay?: 'off' | 'mild' | 'strong' | undefined;
  /** "Now" for words such as "last week": milliseconds since the Unix epoch. */
  readonly referenceMs?: number | undefined;
}

export interface KnowledgeWish {
  readonly on?: boolean | undefined;
  /** Ids; undefined: the collection that belongs to the caller. */
  readonly collections?: readonly string[] | undefined;
  /** Parts of documents, 1 to 50. */
  readonly limit?: number | undefined;
  readonly filter?: WishedFilter | undefined;
  readonly rerank?: boolean | undefined;
  /** All of them together, in tokens. */
  readonly budgetTokens?: number | undefined;
  /** 0 to 1. */
  readonly scoreMin?: number | undefined;
}

export interface ContextWish {
  /** Counts only as far as the caller's key allows. */
  readonly user?: string | undefined;
  /** The conversation. */
  readonly session?: string | undefined;
  readonly agent?: string | undefined;
  readonly run?: string | undefined;
  readonly memory?: MemoryWish | undefined;
  readonly knowledge?: KnowledgeWish | undefined;
}

/** The wishes as one: of each word, what the first says that says it. */
export function mergeWishes(...wishes: readonly (ContextWish | undefined)[]): ContextWish {
  const memory: Record<string, unknown> = {};
  const knowledge: Record<string, unknown> = {};
  const merged: Record<string, unknown> = { memory, knowledge };
  const lay = (over: Record<string, unknown>, source: object): void => {
    for (const [name, value] of Object.entries(source)) if (value !== undefined) over[name] ??= value as unknown;
  };
  for (const wish of wishes) {
    if (wish === undefined) continue;
    const { memory: ofMemory, knowledge: ofKnowledge, ...names } = wish;
    lay(merged, names);
    if (ofMemory !== undefined) lay(memory, ofMemory);
    if (ofKnowledge !== undefined) lay(knowledge, ofKnowledge);
  }
  return merged;
}

// What names people, conversations and collections goes into keys of stores, headers and logs.
// oxlint-disable-next-line no-control-regex
const NAME = /^[^\u0000-\u001f\u007f]{1,256}$/;
const name = z.string('must be a name of 1 to 256 characters').regex(NAME, 'must be a name of 1 to 256 characters');
const flag = z.boolean('must be true or false');

function whole(min: number, max: number): z.ZodInt {
  const expected = `must be a whole number from ${min} to ${max}`;
  return z.int(expected).min(min, expected).max(max, expected);
}

const FILTER_VALUES_MAX = 100;
const FILTER_DEPTH_MAX = 6;
const FILTERS_MAX = 32;

const COMPARISON = 'must be a comparison such as {"type": "eq", "key": "team", "value": "web"}, or {"type": "and", "filters": […]}';
const scalar = z.union([z.string().max(1_024), z.number(), z.boolean()], 'must be a text, a number or a truth value');
const filter: z.ZodType<WishedFilter> = z.lazy(() =>
  z.discriminatedUnion(
    'type',
    [
      z.strictObject({ type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte']), key: name, value: scalar }),
      z.strictObject({
        type: z.enum(['in', 'nin']),
        key: name,
        value: z.array(z.union([z.string().max(1_024), z.number()])).max(FILTER_VALUES_MAX),
      }),
      z.strictObject({ type: z.enum(['and', 'or']), filters: z.array(filter).min(1).max(FILTERS_MAX) }),
    ],
    COMPARISON,
  ),
);
const boundedFilter = filter.refine((given) => depthOf(given) <= FILTER_DEPTH_MAX, `must not be nested more than ${FILTER_DEPTH_MAX} deep`);

function depthOf(given: WishedFilter): number {
  return given.type === 'and' || given.type === 'or' ? 1 + Math.max(0, ...given.filters.map(depthOf)) : 1;
}

const DATE = 'must be a date such as 2026-03-02 or 2026-03-02T10:00:00Z';
const referenceDate = z
  .string(DATE)
  .regex(/^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/, DATE)
  .transform((text) => Date.parse(text))
  .refine((ms) => Number.isFinite(ms), DATE);

const OBJECT = 'must be an object, true or false';

const memorySchema = z
  .strictObject(
    {
      read: flag.optional().describe('Whether what is known of the user is told to the model.'),
      write: flag.optional().describe('Whether the user’s words and the answer are remembered.'),
      limit: whole(1, 100).optional().describe('How many memories, beside the user’s profile. 1 to 100.'),
      budget_tokens: whole(50, 100_000).optional().describe('All of them together, in tokens. 50 to 100,000.'),
      decay: z
        .enum(['off', 'mild', 'strong'], 'must be off, mild or strong')
        .optional()
        .describe('How much less old memories count: `off`, `mild` or `strong`.'),
      reference_date: referenceDate
        .optional()
        .describe('“Now”, for questions such as “what did I say last week?”. Default: the time of the request.'),
    },
    OBJECT,
  )
  .transform(
    ({ budget_tokens: budgetTokens, reference_date: referenceMs, ...rest }): MemoryWish => ({ ...rest, budgetTokens, referenceMs }),
  );

const knowledgeFields = {
  collections: z
    .array(name, 'must be a list of ids or names')
    .min(1, 'must name at least one collection')
    .max(16, 'must not name more than 16 collections')
    .optional()
    .describe('Collections (vector stores), by id or name. Default: those named `default`, of the tenant and of the user.'),
  limit: whole(1, 50).optional().describe('How many parts of documents. 1 to 50.'),
  rerank: flag.optional().describe('Whether the configured reranker has the last word.'),
  budget_tokens: whole(100, 1_000_000).optional().describe('All of them together, in tokens. 100 to 1,000,000.'),
  min_score: z
    .number('must be a number from 0 to 1')
    .min(0, 'must be a number from 0 to 1')
    .max(1, 'must be a number from 0 to 1')
    .optional()
    .describe('Leaves out what fits less. 0 to 1.'),
};
const knowledgeDefaultSchema = z.strictObject(knowledgeFields, OBJECT).transform(knowledgeWish);
const knowledgeSchema = z
  .strictObject(
    {
      ...knowledgeFields,
      filter: boundedFilter.optional().describe('What documents must be like, by their attributes, as OpenAI’s vector stores filter.'),
    },
    OBJECT,
  )
  .transform(knowledgeWish);

interface KnowledgeFields extends Omit<KnowledgeWish, 'on' | 'budgetTokens' | 'scoreMin'> {
  readonly budget_tokens?: number | undefined;
  readonly min_score?: number | undefined;
}

function knowledgeWish({ budget_tokens: budgetTokens, min_score: scoreMin, ...rest }: KnowledgeFields): KnowledgeWish {
  return { ...rest, budgetTokens, scoreMin, on: true };
}

const memory = z
  .union([flag.transform((on): MemoryWish => ({ read: on, write: on })), memorySchema], OBJECT)
  .transform((wish): MemoryWish => (wish.read === undefined && wish.write === undefined ? { ...wish, read: true } : wish));

const onOff = flag.transform((on): KnowledgeWish => ({ on }));
const knowledge = z.union([onOff, knowledgeSchema], OBJECT);
const knowledgeDefault = z.union([onOff, knowledgeDefaultSchema], OBJECT);

const MEMORY_DEFAULT = 'What is remembered of users: `true` (told and written), `false`, or an object.';
const KNOWLEDGE_DEFAULT = 'Documents: `true` (those of the caller), `false`, or an object.';

/** The wish of a key: of no user and no conversation in particular. */
export const contextDefaultSchema = z.strictObject({
  memory: memory.optional().describe(MEMORY_DEFAULT),
  knowledge: knowledgeDefault.optional().describe(KNOWLEDGE_DEFAULT),
});

/** The wish of the whole gateway. */
export const contextUsualSchema = z.strictObject({
  memory: memory.prefault(false).describe(MEMORY_DEFAULT),
  knowledge: knowledgeDefault.prefault(false).describe(KNOWLEDGE_DEFAULT),
});

/**
 * The wish of a body. `true` is a wish for all of it, `false` for none. A memory wish that says neither `read` nor `write` reads: how much
 * and how is about nothing else.
 */
export const contextWishSchema = z
  .strictObject(
    {
      user_id: name.optional().describe('Whose memory it is. A key that is bound to a user speaks for that one alone.'),
      session_id: name.optional().describe('The conversation. Default: told by its beginning.'),
      agent_id: name.optional().describe('The agent that is spoken to.'),
      run_id: name.optional().describe('The run that it belongs to.'),
      memory: memory.optional().describe('What is remembered of the user: `true` (told and written), `false`, or an object.'),
      knowledge: knowledge.optional().describe('Documents: `true` (those of the caller), `false`, or an object.'),
    },
    'must be an object with memory, knowledge, or both',
  )
  .transform(
    ({ user_id: user, session_id: session, agent_id: agent, run_id: run, ...wish }): ContextWish => ({
      user,
      session,
      agent,
      run,
      ...wish,
    }),
  )
  .meta({ id: 'ContextWish', description: 'What a chat is to be told beside its own words, and what is to be remembered of it.' });
