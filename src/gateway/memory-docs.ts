/* What the memory routes say of themselves. The paths of Mem0's own servers lead to the same, and are left out of the document. */

import { z } from 'zod';
import { type ContentDocs, jsonContent, type ParameterDocs, type RouteDocs } from '../pipeline/route-docs.ts';
import { addRequest, batchDeleteRequest, batchUpdateRequest, searchRequest, updateRequest } from './memory-fields.ts';

const memory = z
  .looseObject({
    id: z.string().describe('Names the user as well: whoever may name users finds it by this alone.'),
    memory: z.string(),
    hash: z.string().describe('SHA-256 of the text without case, punctuation and repeated spaces.'),
    metadata: z.record(z.string(), z.unknown()),
    user_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    run_id: z.string().nullable(),
    session_id: z.string(),
    kind: z.string().describe('`turn` (said, word for word), `fact`, `preference`, `profile`, `instruction` or `event`.'),
    role: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    event_at: z.string().describe('When it was said, or what it tells of happened.'),
    valid_from: z.string(),
    valid_to: z.string().nullable().describe('From then on it was no longer so.'),
    supersedes: z.array(z.string()),
    superseded_by: z.string().nullable(),
    expiration_date: z.string().nullable(),
    immutable: z.boolean(),
  })
  .meta({ id: 'Memory', description: 'Something that is remembered.' });

const found = z
  .looseObject({ results: z.array(z.looseObject({ id: z.string(), memory: z.string().optional(), score: z.number().optional() })) })
  .meta({ id: 'MemoriesFound' });
const added = z
  .looseObject({
    results: z.array(z.looseObject({ id: z.string(), memory: z.string(), event: z.string() })).describe('What was made of it so far.'),
    turns: z.array(z.string()).describe('Ids of what was said.'),
  })
  .meta({ id: 'MemoriesAdded' });
const list = z.looseObject({ results: z.array(memory), next_cursor: z.string().nullable().optional() }).meta({ id: 'MemoryList' });
const history = z
  .array(z.looseObject({ memory_id: z.string(), event: z.string(), old_memory: z.string().nullable(), new_memory: z.string().nullable() }))
  .meta({ id: 'MemoryHistory' });
const done = z.looseObject({ message: z.string() }).meta({ id: 'MemoryMessage' });
const erased = z
  .looseObject({
    object: z.literal('user.erased'),
    user_id: z.string(),
    counts: z.record(z.string(), z.number()).describe('How many of each kind there were.'),
    receipt: z.object({ id: z.string(), at: z.string(), subject_sha256: z.string() }),
  })
  .meta({ id: 'UserErased' });

const ID: ParameterDocs = { name: 'id', in: 'path', description: 'Id of the memory.', example: 'mem_0~YWxpY2U' };
const USER: ParameterDocs = { name: 'id', in: 'path', description: 'The user.', example: 'alice' };
const OF_USER: ParameterDocs = { name: 'user_id', in: 'query', description: 'The user, where the id does not say.' };
const OWNERS: readonly ParameterDocs[] = [
  { name: 'user_id', in: 'query', description: 'The user. A key that is bound to one needs none.', example: 'alice' },
  { name: 'agent_id', in: 'query', description: 'Only those of this agent.' },
  { name: 'run_id', in: 'query', description: 'Only those of this run.' },
];

const ADD = { messages: [{ role: 'user', content: 'I moved to Lisbon in May, and I do not eat meat.' }], user_id: 'alice' };

function body(schema: z.ZodType, example: unknown): { readonly content: Readonly<Record<string, ContentDocs>> } {
  return { content: jsonContent(schema, example) };
}

const DOCS: Readonly<Record<string, Omit<RouteDocs, 'tag'>>> = {
  'POST /v1/memories': {
    summary: 'Remember',
    description:
      'Remembers what was said, and what follows from it. It is there, and is found, when the answer comes. With an `Idempotency-Key` the same request sent twice is remembered once.',
    body: body(addRequest, ADD),
    replies: [{ status: 200, description: 'What was made of it.', content: jsonContent(added) }],
  },
  'GET /v1/memories': {
    summary: 'List of memories',
    description: 'Newest first, page by page. Turns as they were said are listed where `kinds` names them.',
    parameters: [
      ...OWNERS,
      { name: 'limit', in: 'query', description: 'Memories in a page, 1 to 1000. Default: 100.', schema: z.int() },
      { name: 'cursor', in: 'query', description: '`next_cursor` of the page before.' },
      { name: 'page', in: 'query', description: 'A page’s number, from 1; then the answer counts all of them.', schema: z.int() },
      { name: 'session_id', in: 'query', description: 'Only those of this conversation.' },
      { name: 'kinds', in: 'query', description: 'Kinds, with commas between. Default: all but `turn`.' },
      { name: 'show_expired', in: 'query', description: '`true`: also what has expired.' },
    ],
    replies: [{ status: 200, description: 'A page.', content: jsonContent(list) }],
  },
  'DELETE /v1/memories': {
    summary: 'Delete memories',
    description: 'Deletes all of a user, or those of one agent or run. At least one of them is named.',
    parameters: OWNERS,
    replies: [{ status: 200, description: 'They are gone.', content: jsonContent(done) }],
  },
  'POST /v1/memories/search': {
    summary: 'Search memories',
    description:
      'What fits a question, best first: by words, by meaning where an embedding model is configured, by time, and by what still holds. `filters` are Mem0’s, with AND, OR, NOT and operators.',
    body: body(searchRequest, { query: 'Where does she live?', user_id: 'alice', top_k: 5 }),
    replies: [{ status: 200, description: 'What was found.', content: jsonContent(found) }],
  },
  'GET /v1/memories/{id}': {
    summary: 'One memory',
    description: 'A memory by its id, as it is now.',
    parameters: [ID, OF_USER],
    replies: [{ status: 200, description: 'The memory.', content: jsonContent(memory) }],
  },
  'PUT /v1/memories/{id}': {
    summary: 'Change a memory',
    description: 'Changes the text, the metadata or the expiry. Its history keeps what it said.',
    parameters: [ID, OF_USER],
    body: body(updateRequest, { text: 'Lives in Porto' }),
    replies: [{ status: 200, description: 'The memory as it is now.', content: jsonContent(memory) }],
  },
  'DELETE /v1/memories/{id}': {
    summary: 'Delete a memory',
    description: 'Deletes a memory with its history, for good; with `delete_linked=true` also what it came in the place of.',
    parameters: [ID, OF_USER, { name: 'delete_linked', in: 'query', description: '`true`: with what it superseded.' }],
    replies: [{ status: 200, description: 'It is gone.', content: jsonContent(done) }],
  },
  'GET /v1/memories/{id}/history': {
    summary: 'History of a memory',
    description: 'What a memory said, change by change.',
    parameters: [ID, OF_USER],
    replies: [{ status: 200, description: 'Its changes, oldest first.', content: jsonContent(history) }],
  },
  'PUT /v1/batch': {
    summary: 'Change several memories',
    description: 'Changes up to 1000 memories. Where one of them is not there, none is changed.',
    body: body(batchUpdateRequest, { memories: [{ memory_id: 'mem_0~YWxpY2U', text: 'Lives in Porto' }] }),
    replies: [{ status: 200, description: 'They are changed.', content: jsonContent(done) }],
  },
  'DELETE /v1/batch': {
    summary: 'Delete several memories',
    description: 'Deletes up to 1000 memories, and tells how many of them were there.',
    body: body(batchDeleteRequest, { memories: [{ memory_id: 'mem_0~YWxpY2U' }] }),
    replies: [{ status: 200, description: 'They are gone.', content: jsonContent(done) }],
  },
  'GET /v1/users/{id}/export': {
    summary: 'Export a user',
    description:
      'All that is remembered of a user, as lines of JSON: memories with their history, turns word for word, documents with their texts. The last line (`"type": "end"`) says that it is whole.',
    parameters: [USER],
    replies: [
      {
        status: 200,
        description: 'Lines of JSON.',
        content: {
          'application/x-ndjson': {
            schema: z.string(),
            events: z.looseObject({ type: z.string() }).meta({ id: 'ExportLine' }),
          },
        },
      },
    ],
  },
  'DELETE /v1/users/{id}': {
    summary: 'Erase a user',
    description:
      'Forgets a user for good: memories with history, indexes and vectors, documents, cached answers and stored responses. Tells how many of each there were, with a receipt.',
    parameters: [USER],
    replies: [{ status: 200, description: 'Nothing is left.', content: jsonContent(erased) }],
  },
};

/** `route`: method and pattern. */
export function memoryDocs(route: string): RouteDocs {
  const docs = DOCS[route];
  if (docs !== undefined) return { tag: 'Memory', errors: ['feature_disabled', 'resource_unknown', 'storage_unavailable'], ...docs };
  return {
    tag: 'Memory',
    summary: 'Memories, as Mem0’s clients ask for them',
    description: 'A path of one of Mem0’s own servers, for clients that were written against it.',
    replies: [{ status: 200, description: 'As under /v1/memories.' }],
    unlisted: true,
  };
}
