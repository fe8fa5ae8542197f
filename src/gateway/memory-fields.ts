/*
 * What the memories API is asked, as Mem0's clients and servers write it: bodies and queries, each checked in full. A field that Mem0 has and we
 * cannot honour is refused by name, and so is one that nobody knows.
 */

import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import { MEMORY_KINDS } from '../context/memory/memory.ts';
import { readTime } from '../context/memory/memory-times.ts';
import { scanBody } from '../dialects/dialect-body.ts';
import { flagField, fractionField, must, nameField, wholeField } from '../dialects/dialect-fields.ts';
import type { GatewayRequest } from '../pipeline/request.ts';

/** A conversation of some hundred turns; more comes in several calls. */
export const BODY_BYTES_MAX = 4 * 1_048_576;
const MESSAGES_MAX = 1_000;
const TEXT_CHARS_MAX = 100_000;
const METADATA_CHARS_MAX = 16_384;
const QUERY_CHARS_MAX = 20_000;
export const PAGE_MAX = 1_000;
export const BATCH_MAX = 1_000;

const user = nameField().nullish();
const time = z
  .union([z.string(), z.number()])
  .refine((value) => readTime(value) !== undefined, 'must be a time: RFC 3339, a day such as 2026-03-01, or seconds since 1970')
  .nullish();
const metadata = z
  .record(z.string().max(256), z.unknown(), must('an object'))
  .refine((value) => JSON.stringify(value).length <= METADATA_CHARS_MAX, `must be at most ${METADATA_CHARS_MAX} characters of JSON`)
  .nullish();

/** Of Mem0, and without effect on what is kept: left aside. */
const ASIDE = {
  output_format: z.enum(['v1.1'], must('v1.1: the older form is not written any more')).nullish(),
  version: z.string().max(20).nullish(),
  async_mode: flagField().nullish(),
  source: z.string().max(256).nullish(),
};

/** Honoured nowhere here; `false` and an empty value ask for nothing. */
function unsupported(why: string) {
  return z
    .unknown()
    .refine((value) => value === undefined || value === null || value === false || isEmpty(value), `is not supported here: ${why}`)
    .optional();
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

const OWNERS = {
  user_id: user.describe('Whose memory it is. A key that is bound to a user speaks for that one alone.'),
  agent_id: nameField().nullish().describe('The agent that it belongs to.'),
  run_id: nameField().nullish().describe('The run, or conversation.'),
};

/** Names as a query or a path has them. */
export const ownerNames = z.strictObject({
  user_id: nameField().optional(),
  agent_id: nameField().optional(),
  run_id: nameField().optional(),
});

const part = z.looseObject({ type: z.string(), text: z.string().max(TEXT_CHARS_MAX).optional() });
const message = z
  .looseObject({
    role: z.string(must('a role: user or assistant')).min(1).max(64),
    content: z.union(
      [z.string().max(TEXT_CHARS_MAX), z.array(part).max(100)],
      must(`a text of at most ${TEXT_CHARS_MAX} characters, or an array of parts`),
    ),
    name: z.string().max(256).nullish(),
  })
  .describe('A turn: `role`, `content`, and a `name` of the speaker if there is one.');

export const addRequest = z
  .strictObject({
    messages: z
      .union([z.string().min(1).max(TEXT_CHARS_MAX), message.transform((one) => [one]), z.array(message).min(1).max(MESSAGES_MAX)], {
        error: `must be an array of 1 to ${MESSAGES_MAX} messages with role and content, or a text`,
      })
      .describe('What was said. A text is a turn of the user.'),
    ...OWNERS,
    app_id: nameField().nullish().describe('Kept in `metadata`.'),
    session_id: nameField().nullish().describe('The conversation, where it is not the run. Its turns stand behind those that are there.'),
    first_turn: wholeField(0, 1_000_000_000)
      .nullish()
      .describe('Place of the first message in the session: the same again is written once.'),
    metadata: metadata.describe('A JSON object of your own, kept with each of them.'),
    infer: flagField()
      .nullish()
      .describe('Whether facts are drawn from what was said. `false`: each message is kept as it is. Default: true.'),
    expiration_date: time.describe('Until the end of this day, or until this moment.'),
    timestamp: time.describe('When it was said. Default: now.'),
    observation_date: time.describe('The same.'),
    observation_datetime: time.describe('The same.'),
    immutable: flagField().nullish().describe('Never superseded by what is said later.'),
    ...ASIDE,
    memory_type: unsupported('what kind of memory it is follows from what was said'),
    prompt: unsupported('how facts are drawn is for the configuration to say'),
    custom_instructions: unsupported('how facts are drawn is for the configuration to say'),
    agent_custom_instructions: unsupported('how facts are drawn is for the configuration to say'),
    custom_categories: unsupported('there are no categories; keep them in `metadata`'),
    includes: unsupported('how facts are drawn is for the configuration to say'),
    excludes: unsupported('how facts are drawn is for the configuration to say'),
    enable_graph: unsupported('there is no graph'),
    structured_data_schema: unsupported('facts have no schema of the caller’s'),
    timezone: z.enum(['UTC'], must('UTC, or in the times themselves')).nullish(),
    org_id: unsupported('the key says whose the call is'),
    project_id: unsupported('the key says whose the call is'),
  })
  .meta({ id: 'MemoryAdd' });

const FILTERS = z.record(z.string(), z.unknown(), must('an object')).nullish();

export const searchRequest = z
  .strictObject({
    query: z.string(must('a text')).min(1, 'must not be empty').max(QUERY_CHARS_MAX).describe('What is asked.'),
    ...OWNERS,
    filters: FILTERS.describe('Conditions, as in Mem0: `{"AND": [{"user_id": "alice"}, {"metadata": {"topic": "work"}}]}`.'),
    metadata: z.record(z.string(), z.unknown()).nullish().describe('Members of metadata that must be equal.'),
    top_k: wholeField(1, PAGE_MAX).nullish().describe(`How many at most, 1 to ${PAGE_MAX}. Default: 10.`),
    limit: wholeField(1, PAGE_MAX).nullish().describe('The same.'),
    threshold: fractionField(0, 1).nullish().describe('Least score, 0 to 1. Default: none.'),
    explain: flagField().nullish().describe('Whether each result tells what its score is made of.'),
    show_expired: flagField().nullish().describe('Whether what has expired is found, too.'),
    latest_only: flagField().nullish().describe('Only what still holds; `false`: what was superseded, too. Default: as the question asks.'),
    reference_date: time.describe('What “last week” and the like count from. Default: now.'),
    decay: z.enum(['off', 'mild', 'strong'], must('off, mild or strong')).nullish().describe('How much less old memories count.'),
    kinds: z.array(z.enum(MEMORY_KINDS)).min(1).max(MEMORY_KINDS.length).nullish().describe('Kinds that may be found. Default: all.'),
    fields: z.array(z.string().max(64)).min(1).max(64).nullish().describe('Members of each result that are wanted. Default: all.'),
    keyword_search: flagField().nullish().describe('Words always count; without effect.'),
    ...ASIDE,
    rerank: unsupported('memories are ranked once'),
    categories: unsupported('there are no categories; keep them in `metadata`'),
    org_id: unsupported('the key says whose the call is'),
    project_id: unsupported('the key says whose the call is'),
  })
  .meta({ id: 'MemorySearch' });

export const listRequest = z
  .strictObject({
    filters: FILTERS,
    ...OWNERS,
    start_date: time.describe('Made on this day or later.'),
    end_date: time.describe('Made on this day or before.'),
    show_expired: flagField().nullish(),
    latest_only: flagField().nullish().describe('Only what still holds.'),
    fields: z.array(z.string().max(64)).min(1).max(64).nullish(),
    ...ASIDE,
    categories: unsupported('there are no categories; keep them in `metadata`'),
    org_id: unsupported('the key says whose the call is'),
    project_id: unsupported('the key says whose the call is'),
  })
  .meta({ id: 'MemoryListRequest' });

const TEXT = z.string().min(1, 'must not be empty').max(TEXT_CHARS_MAX);
const change = {
  text: TEXT.nullish().describe('What it says from now on; its history keeps what it said.'),
  metadata: metadata.describe('In the place of what was there.'),
  expiration_date: time.describe('`null`: it does not expire.'),
};

export const updateRequest = z
  .strictObject({
    ...change,
    data: TEXT.nullish().describe('The older name of `text`.'),
    memory: TEXT.nullish().describe('The same.'),
    timestamp: unsupported('when it was said cannot be changed: delete it and add it anew'),
  })
  .meta({ id: 'MemoryUpdate' });

const batchId = z.string(must('the id of a memory')).min(1).max(1_000);
const BATCH = must(`an array of 1 to ${BATCH_MAX} memories`);
export const batchUpdateRequest = z
  .strictObject({
    user_id: user,
    memories: z
      .array(z.strictObject({ memory_id: batchId, ...change }), BATCH)
      .min(1, BATCH)
      .max(BATCH_MAX, BATCH),
  })
  .meta({ id: 'MemoryBatchUpdate' });
export const batchDeleteRequest = z
  .strictObject({
    user_id: user,
    memories: z
      .array(z.union([z.strictObject({ memory_id: batchId }), batchId.transform((memory_id) => ({ memory_id }))]), BATCH)
      .min(1, BATCH)
      .max(BATCH_MAX, BATCH),
  })
  .meta({ id: 'MemoryBatchDelete' });

/** The body as the schema reads it; throws `json_invalid`, or `request_invalid` with every field at fault. */
export async function readBody<Schema extends z.ZodType>({ body, headers }: GatewayRequest, schema: Schema): Promise<z.output<Schema>> {
  const type = headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== '' && type !== 'application/json' && !type.endsWith('+json'))
    throw new GatewayError('content_type_unsupported', 'a JSON object is expected: send it with `Content-Type: application/json`');
  const bytes = body.kind === 'unread' ? await body.read(BODY_BYTES_MAX) : body.kind === 'bytes' ? body.bytes : new Uint8Array(0);
  scanBody(bytes);
  return checked(schema, JSON.parse(new TextDecoder().decode(bytes)));
}

/** Throws `request_invalid` with every field at fault. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap(({ path, message: what, ...issue }) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ field: fieldName([...path, key]), what: 'is not known here' }))
      : [{ field: fieldName(path), what }],
  );
  const [first = { field: 'body', what: 'is invalid' }] = faults;
  throw new GatewayError('request_invalid', `'${first.field}' ${first.what}`, {
    param: first.field,
    detail: { fields: faults.slice(0, FAULTS_MAX).map(({ field, what }) => ({ field, message: what })) },
  });
}

const FAULTS_MAX = 20;
const NAME_CHARS_MAX = 200;

function fieldName(path: readonly PropertyKey[]): string {
  const parts = path.map((one) => (typeof one === 'number' ? `[${one}]` : `.${String(one)}`));
  return parts.join('').replace(/^\./, '').slice(0, NAME_CHARS_MAX) || 'body';
}

/** The members of a query that are known, each given once; throws `request_invalid`. */
export function readQuery<Name extends string>(
  { search }: GatewayRequest,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const given: Partial<Record<Name, string>> = {};
  for (const [name, value] of new URLSearchParams(search)) {
    const known = names.find((candidate) => candidate === name);
    const shown = name.slice(0, NAME_CHARS_MAX);
    if (known === undefined)
      throw new GatewayError('request_invalid', `there is no parameter '${shown}' here, but: ${names.join(', ')}`, { param: shown });
    if (given[known] !== undefined && given[known] !== value)
      throw new GatewayError('request_invalid', `the parameter '${known}' is given twice`, { param: known });
    given[known] = value;
  }
  return given;
}

/** A whole number of a query; throws `request_invalid`. */
export function wholeParameter(
  name: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new GatewayError('request_invalid', `'${name}' must be a whole number from ${min} to ${max}`, { param: name });
  return value;
}

export function flagParameter(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const lower = text.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new GatewayError('request_invalid', `'${name}' must be true or false`, { param: name });
  return lower === 'true';
}
