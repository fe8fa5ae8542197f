/* What the routes of vector stores say of themselves. */

import { z } from 'zod';
import { jsonContent, type ParameterDocs, type RouteDocs } from '../pipeline/route-docs.ts';

const counts = z.looseObject({
  in_progress: z.int().min(0),
  completed: z.int().min(0),
  failed: z.int().min(0),
  cancelled: z.int().min(0),
  total: z.int().min(0),
});
const store = z
  .looseObject({
    id: z.string(),
    object: z.literal('vector_store'),
    created_at: z.int(),
    name: z.string(),
    status: z.enum(['expired', 'in_progress', 'completed']),
    usage_bytes: z.int().min(0).describe('UTF-8 bytes of the texts in it.'),
    file_counts: counts,
    last_active_at: z.int().nullable(),
    expires_at: z.int().nullable().optional(),
    metadata: z.unknown(),
  })
  .meta({ id: 'VectorStore', description: 'A collection of documents that is searched as one.' });
const file = z
  .looseObject({
    id: z.string(),
    object: z.literal('vector_store.file'),
    vector_store_id: z.string(),
    created_at: z.int(),
    status: z.enum(['in_progress', 'completed', 'failed', 'cancelled']),
    usage_bytes: z.int().min(0),
    last_error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
    attributes: z.record(z.string(), z.unknown()).describe('What filters look at.'),
  })
  .meta({ id: 'VectorStoreFile', description: 'A document in a collection.' });
const batch = z
  .looseObject({
    id: z.string(),
    object: z.literal('vector_store.files_batch'),
    vector_store_id: z.string(),
    created_at: z.int(),
    status: z.enum(['in_progress', 'completed', 'failed', 'cancelled']),
    file_counts: counts,
  })
  .meta({ id: 'VectorStoreFileBatch', description: 'Documents that were put into a collection together.' });
const found = z
  .looseObject({
    object: z.literal('vector_store.search_results.page'),
    search_query: z.array(z.string()),
    data: z.array(
      z.looseObject({
        file_id: z.string(),
        filename: z.string(),
        score: z.number().min(0).max(1),
        attributes: z.record(z.string(), z.unknown()),
        content: z.array(z.looseObject({ type: z.literal('text'), text: z.string() })),
        location: z
          .looseObject({ chunk_id: z.string(), start: z.int().min(0), end: z.int().min(0), headings: z.array(z.string()) })
          .describe('Where it stands in the text of its file, in UTF-16 units; its page, and the titles above it.'),
      }),
    ),
    has_more: z.boolean(),
    left_out: z
      .array(z.string())
      .optional()
      .describe('What should have had a part in the search and could not: `embeddings`, `vectors`, `reranker`.'),
  })
  .meta({ id: 'VectorStoreSearchPage' });
const content = z
  .looseObject({ object: z.string(), data: z.array(z.looseObject({ type: z.string(), text: z.string() })), has_more: z.boolean() })
  .meta({ id: 'VectorStoreFileContent' });
const deletion = (object: string, id: string) =>
  z.looseObject({ id: z.string(), object: z.literal(object), deleted: z.literal(true) }).meta({ id });
const listOf = (schema: z.ZodType, id: string) =>
  z.looseObject({ object: z.literal('list'), data: z.array(schema), has_more: z.boolean() }).meta({ id });

const path = (name: string, description: string, example: string): ParameterDocs => ({ name, in: 'path', description, example });
const STORE = path('store', 'Id of the vector store.', 'vs_00000000000000000000000000000000');
const FILE = path('file', 'Id of the file: `file-…`, or `doc_…` of an upload.', 'doc_00000000000000000000000000000000');
const BATCH = path('batch', 'Id of the batch.', 'vsfb_00000000000000000000000000000000');
const PAGE: readonly ParameterDocs[] = [
  { name: 'limit', in: 'query', description: 'In a page, 1 to 100. Default: 20.', schema: z.int() },
  { name: 'order', in: 'query', description: '`desc`, newest first; or `asc`.' },
  { name: 'after', in: 'query', description: 'Id of the last of the page before.' },
  { name: 'before', in: 'query', description: 'Id of the first of the page behind.' },
];
const STATUS: ParameterDocs = { name: 'filter', in: 'query', description: 'Only those in this status.' };

const open = z.looseObject({});
const body = (example: object): RouteDocs['body'] => ({ content: jsonContent(open, example) });
const reply = (description: string, schema: z.ZodType): RouteDocs['replies'][number] => ({
  status: 200,
  description,
  content: jsonContent(schema),
});

interface Row {
  readonly summary: string;
  readonly parameters?: readonly ParameterDocs[];
  readonly body?: RouteDocs['body'];
  readonly reply: RouteDocs['replies'][number];
}

const EXAMPLE_FILE = 'doc_00000000000000000000000000000000';

const ROWS: Readonly<Record<string, Row>> = {
  'POST ': { summary: 'Make a vector store', body: body({ name: 'manuals' }), reply: reply('The vector store.', store) },
  'GET ': { summary: 'List of vector stores', parameters: PAGE, reply: reply('A page.', listOf(store, 'VectorStoreList')) },
  'GET /{store}': { summary: 'One vector store', parameters: [STORE], reply: reply('The vector store.', store) },
  'POST /{store}': {
    summary: 'Change a vector store',
    parameters: [STORE],
    body: body({ name: 'handbooks' }),
    reply: reply('The vector store.', store),
  },
  'DELETE /{store}': {
    summary: 'Delete a vector store',
    parameters: [STORE],
    reply: reply('It is gone, with its index; the documents are still there.', deletion('vector_store.deleted', 'VectorStoreDeleted')),
  },
  'POST /{store}/search': {
    summary: 'Search a vector store',
    parameters: [STORE],
    body: body({ query: 'How is the gate opened?', max_num_results: 3, filters: { type: 'eq', key: 'language', value: 'en' } }),
    reply: reply('What was found, best first.', found),
  },
  'POST /{store}/files': {
    summary: 'Put a file into a vector store',
    parameters: [STORE],
    body: body({ file_id: EXAMPLE_FILE }),
    reply: reply('The file, on its way.', file),
  },
  'GET /{store}/files': {
    summary: 'Files of a vector store',
    parameters: [STORE, ...PAGE, STATUS],
    reply: reply('A page.', listOf(file, 'VectorStoreFileList')),
  },
  'GET /{store}/files/{file}': { summary: 'One file of a vector store', parameters: [STORE, FILE], reply: reply('The file.', file) },
  'POST /{store}/files/{file}': {
    summary: 'Change a file’s attributes',
    parameters: [STORE, FILE],
    body: body({ attributes: { language: 'en' } }),
    reply: reply('The file.', file),
  },
  'DELETE /{store}/files/{file}': {
    summary: 'Take a file out of a vector store',
    parameters: [STORE, FILE],
    reply: reply('It is out of it; the document is still there.', deletion('vector_store.file.deleted', 'VectorStoreFileDeleted')),
  },
  'GET /{store}/files/{file}/content': {
    summary: 'Text of a file',
    parameters: [STORE, FILE],
    reply: reply('Its text, in parts.', content),
  },
  'POST /{store}/file_batches': {
    summary: 'Put many files into a vector store',
    parameters: [STORE],
    body: body({ file_ids: [EXAMPLE_FILE] }),
    reply: reply('The batch.', batch),
  },
  'GET /{store}/file_batches/{batch}': { summary: 'One batch', parameters: [STORE, BATCH], reply: reply('The batch.', batch) },
  'POST /{store}/file_batches/{batch}/cancel': {
    summary: 'Cancel a batch',
    parameters: [STORE, BATCH],
    reply: reply('The batch; what was ready stays.', batch),
  },
  'GET /{store}/file_batches/{batch}/files': {
    summary: 'Files of a batch',
    parameters: [STORE, BATCH, ...PAGE, STATUS],
    reply: reply('A page.', listOf(file, 'VectorStoreBatchFileList')),
  },
};

const RULES =
  'As the OpenAI API has it; kept, indexed and searched by the gateway itself. What is another tenant’s, another user’s or outside the key’s collections is not there (404).';

/** `route`: method, and path below `/v1/vector_stores`. */
export function vectorStoreDocs(route: string): RouteDocs {
  const row = ROWS[route];
  if (row === undefined) throw new Error(`${route} is not described`);
  const { summary, parameters, body: asked, reply: answer } = row;
  return {
    tag: 'Knowledge',
    summary,
    description: RULES,
    ...(parameters === undefined ? {} : { parameters }),
    ...(asked === undefined ? {} : { body: asked }),
    replies: [answer],
    errors: ['resource_unknown', 'feature_disabled', 'access_denied', 'quota_exceeded', 'json_invalid', 'storage_unavailable'],
  };
}
