/* What callers ask of vector stores, read and checked. Source: OpenAI's API reference, "Vector stores"; openai-node's types. */

import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import { parseFilter } from '../context/knowledge/attribute-filter.ts';
import {
  type AttributeFilter,
  type Attributes,
  type ChunkingStrategy,
  FILE_STATUSES,
  type FileStatus,
  type ListQuery,
} from '../context/knowledge/knowledge.ts';
import { scanBody } from '../dialects/dialect-body.ts';
import type { GatewayRequest } from '../pipeline/request.ts';

const BODY_BYTES_MAX = 4 * 1_048_576;
const DAY_MS = 86_400_000;
export const BATCH_FILES_MAX = 2_000;
const STORE_FILES_MAX = 500;
const QUERIES_MAX = 16;
const QUERY_CHARS_MAX = 16_384;
const PAIRS_MAX = 16;

const key = z.string().min(1).max(64);
const metadata = z.record(key, z.string().max(512)).refine(hasRoom, `may have ${PAIRS_MAX} members at most`);
const attributes = z
  .record(key, z.union([z.string().max(512), z.number(), z.boolean()]))
  .refine(hasRoom, `may have ${PAIRS_MAX} members at most`);

function hasRoom(pairs: object): boolean {
  return Object.keys(pairs).length <= PAIRS_MAX;
}

const expiresAfter = z.strictObject({ anchor: z.literal('last_active_at'), days: z.int().min(1).max(365) });
const chunkingStrategy = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('auto') }),
  z.strictObject({
    type: z.literal('static'),
    static: z
      .strictObject({ max_chunk_size_tokens: z.int().min(100).max(4_096), chunk_overlap_tokens: z.int().min(0).max(2_048) })
      .refine(
        ({ max_chunk_size_tokens: size, chunk_overlap_tokens: overlap }) => overlap * 2 <= size,
        'the overlap may be half of a chunk at most',
      ),
  }),
]);
const fileId = z.string().min(1).max(128);
const fileSettings = { attributes: attributes.nullish(), chunking_strategy: chunkingStrategy.nullish() };
const storeSettings = {
  name: z.string().max(256).nullish(),
  metadata: metadata.nullish(),
  expires_after: expiresAfter.nullish(),
};

export const createStoreBody = z.strictObject({
  ...storeSettings,
  description: z.string().max(512).nullish(),
  file_ids: z.array(fileId).max(STORE_FILES_MAX).nullish(),
  chunking_strategy: chunkingStrategy.nullish(),
});
export const updateStoreBody = z.strictObject(storeSettings);
export const createFileBody = z.strictObject({ file_id: fileId, ...fileSettings });
export const updateFileBody = z.strictObject({ attributes: attributes.nullable() });
export const createBatchBody = z
  .strictObject({
    file_ids: z.array(fileId).min(1).max(BATCH_FILES_MAX).nullish(),
    files: z
      .array(z.strictObject({ file_id: fileId, ...fileSettings }))
      .min(1)
      .max(BATCH_FILES_MAX)
      .nullish(),
    ...fileSettings,
  })
  .refine(({ file_ids: ids, files }) => ((ids ?? undefined) === undefined) !== ((files ?? undefined) === undefined), {
    path: ['file_ids'],
    message: 'either file_ids or files is required',
  });
const searchBody = z.strictObject({
  query: z.union([z.string().min(1).max(QUERY_CHARS_MAX), z.array(z.string().min(1).max(QUERY_CHARS_MAX)).min(1).max(QUERIES_MAX)]),
  filters: z.unknown().optional(),
  max_num_results: z.int().min(1).max(50).default(10),
  ranking_options: z
    .strictObject({
      ranker: z.enum(['none', 'auto', 'default-2024-08-21', 'default-2024-11-15']).nullish(),
      score_threshold: z.number().min(0).max(1).nullish(),
      hybrid_search: z
        .strictObject({ embedding_weight: z.number().min(0).max(1_000), text_weight: z.number().min(0).max(1_000) })
        .nullish(),
    })
    .nullish(),
  rewrite_query: z.boolean().nullish(),
});

/** The body of a request, as `schema` has it. Throws `json_invalid`; `request_invalid` with the member at fault. */
export async function readBody<Schema extends z.ZodType>(request: GatewayRequest, schema: Schema): Promise<z.output<Schema>> {
  const { body } = request;
  const bytes = body.kind === 'unread' ? await body.read(BODY_BYTES_MAX) : body.kind === 'bytes' ? body.bytes : new Uint8Array(0);
  scanBody(bytes);
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = [...(issue?.path ?? []), ...(issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])];
  const param = path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('')
    .slice(0, 200);
  const message = issue?.code === 'unrecognized_keys' ? `unknown parameter: '${param}'` : `'${param}': ${issue?.message ?? 'is not valid'}`;
  throw new GatewayError('request_invalid', message, param === '' ? {} : { param });
}

export type CreateBatchBody = z.output<typeof createBatchBody>;
type GivenChunking = z.output<typeof chunkingStrategy> | null | undefined;

export interface SearchAsked {
  readonly queries: readonly string[];
  readonly filter?: AttributeFilter;
  readonly limit: number;
  readonly scoreMin?: number;
  readonly rerank?: boolean;
  readonly denseShare?: number;
}

export async function readSearch(request: GatewayRequest): Promise<SearchAsked> {
  const { query, filters, max_num_results: limit, ranking_options: ranking } = await readBody(request, searchBody);
  const { ranker, score_threshold: scoreMin, hybrid_search: hybrid } = ranking ?? {};
  const weights = hybrid === null || hybrid === undefined ? 0 : hybrid.embedding_weight + hybrid.text_weight;
  if (hybrid !== null && hybrid !== undefined && weights === 0)
    throw new GatewayError('request_invalid', "'ranking_options.hybrid_search': one of the weights must be more than 0", {
      param: 'ranking_options',
    });
  return {
    queries: typeof query === 'string' ? [query] : query,
    ...(filters === undefined || filters === null ? {} : { filter: parseFilter(filters) }),
    limit,
    ...(scoreMin === null || scoreMin === undefined ? {} : { scoreMin }),
    ...(ranker === 'none' ? { rerank: false } : {}),
    ...(hybrid === null || hybrid === undefined ? {} : { denseShare: hybrid.embedding_weight / weights }),
  };
}

export function chunkingOf(given: GivenChunking): { readonly chunking?: ChunkingStrategy } {
  if (given?.type !== 'static') return {};
  const { max_chunk_size_tokens: tokensMax, chunk_overlap_tokens: overlap } = given.static;
  return { chunking: { tokensMax, overlap } };
}

export function attributesOf(given: Attributes | null | undefined): Attributes {
  return given ?? {};
}

export function expiryOf(given: z.output<typeof expiresAfter> | null | undefined): { readonly expiresAfterMs?: number } {
  return given === null || given === undefined ? {} : { expiresAfterMs: given.days * DAY_MS };
}

const PAGE_DEFAULT = 20;
const PAGE_MAX = 100;

/** `limit`, `order`, `after`, `before`. Throws `request_invalid`. */
export function readList(search: string): ListQuery {
  const given = new URLSearchParams(search);
  const limit = Number(given.get('limit') ?? PAGE_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX)
    throw new GatewayError('request_invalid', `'limit' must be a whole number from 1 to ${PAGE_MAX}`, { param: 'limit' });
  const order = given.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw new GatewayError('request_invalid', "'order' must be asc or desc", { param: 'order' });
  const after = given.get('after');
  const before = given.get('before');
  return {
    limit,
    order: order === 'asc' ? 'oldest' : 'newest',
    ...(after === null || after === '' ? {} : { after }),
    ...(before === null || before === '' ? {} : { before }),
  };
}

/** `filter` of a list of files. */
export function readStatus(search: string): { readonly status?: FileStatus } {
  const given = new URLSearchParams(search).get('filter');
  if (given === null || given === '') return {};
  const status = FILE_STATUSES.find((name) => name === given);
  if (status === undefined)
    throw new GatewayError('request_invalid', `'filter' must be one of: ${FILE_STATUSES.join(', ')}`, { param: 'filter' });
  return { status };
}
