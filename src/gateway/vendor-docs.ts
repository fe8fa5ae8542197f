/* What the routes of files, uploads and batches say of themselves. */

import { z } from 'zod';
import { jsonContent, type ParameterDocs, type RouteDocs } from '../pipeline/route-docs.ts';

const file = z
  .looseObject({ id: z.string(), object: z.literal('file'), bytes: z.int().min(0), filename: z.string(), purpose: z.string() })
  .meta({ id: 'VendorFile', description: 'A file at a provider.' });
const upload = z
  .looseObject({ id: z.string(), object: z.string(), status: z.string().optional() })
  .meta({ id: 'VendorUpload', description: 'A file that is handed in in parts, or one of its parts.' });
const batch = z
  .looseObject({ id: z.string(), object: z.literal('batch'), endpoint: z.string(), input_file_id: z.string(), status: z.string() })
  .meta({ id: 'VendorBatch', description: 'Many requests that are answered within a day.' });
const deleted = z.looseObject({ id: z.string(), object: z.literal('file'), deleted: z.literal(true) }).meta({ id: 'VendorFileDeleted' });
const listOf = (schema: z.ZodType, id: string) =>
  z.looseObject({ object: z.literal('list'), data: z.array(schema), has_more: z.boolean().optional() }).meta({ id });

const OWN = 'What a caller made is its own: for everybody else it is not there. An administrator sees all.';
const PROVIDER: ParameterDocs = {
  name: 'x-gatehouse-provider',
  in: 'header',
  description: 'At which provider, where several keep files: see `files.provider`. `?provider=` says the same.',
};
const id = (what: string, example: string): ParameterDocs => ({ name: 'id', in: 'path', description: `Id of the ${what}.`, example });
const FILE_ID = id('file', 'file-0000');
const UPLOAD_ID = id('upload', 'upload_0000');
const BATCH_ID = id('batch', 'batch_0000');

const form = z.looseObject({ file: z.string().describe('The file.'), purpose: z.string() }).meta({ id: 'VendorFileForm' });
const formBody = (schema: z.ZodType, value?: object): RouteDocs['body'] => ({
  content: { 'multipart/form-data': value === undefined ? { schema } : { schema, examples: { example: { summary: 'Example', value } } } },
});

interface Row {
  readonly summary: string;
  readonly parameters: readonly ParameterDocs[];
  readonly body?: RouteDocs['body'];
  readonly reply: RouteDocs['replies'][number];
}

const reply = (description: string, schema: z.ZodType) => ({ status: 200, description, content: jsonContent(schema) });

const ROWS: Readonly<Record<string, Row>> = {
  'POST /files': {
    summary: 'Hand in a file',
    parameters: [PROVIDER],
    body: formBody(form, { purpose: 'user_data', file: { filename: 'note.txt', content: 'A note.' } }),
    reply: reply('The file.', file),
  },
  'GET /files': { summary: 'List of files', parameters: [PROVIDER], reply: reply('The files.', listOf(file, 'VendorFileList')) },
  'GET /files/{id}': { summary: 'One file', parameters: [FILE_ID], reply: reply('What is known of it.', file) },
  'DELETE /files/{id}': { summary: 'Delete a file', parameters: [FILE_ID], reply: reply('It is deleted.', deleted) },
  'GET /files/{id}/content': {
    summary: 'Content of a file',
    parameters: [FILE_ID],
    reply: {
      status: 200,
      description: 'Its bytes.',
      content: { '*/*': { schema: z.string().describe('As they were handed in, or written.') } },
    },
  },
  'POST /uploads': {
    summary: 'Begin a file in parts',
    parameters: [PROVIDER],
    body: {
      content: jsonContent(z.looseObject({ filename: z.string(), bytes: z.int().min(1), mime_type: z.string(), purpose: z.string() }), {
        filename: 'lines.jsonl',
        bytes: 8,
        mime_type: 'text/jsonl',
        purpose: 'batch',
      }),
    },
    reply: reply('The upload.', upload),
  },
  'POST /uploads/{id}/parts': {
    summary: 'A part of a file',
    parameters: [UPLOAD_ID],
    body: formBody(z.looseObject({ data: z.string() }), { data: { filename: 'part', content: 'the part' } }),
    reply: reply('The part.', upload),
  },
  'POST /uploads/{id}/complete': {
    summary: 'End of a file in parts',
    parameters: [UPLOAD_ID],
    body: { content: jsonContent(z.looseObject({ part_ids: z.array(z.string()) }), { part_ids: ['part_0000'] }) },
    reply: reply('The upload, with the file that it has become.', upload),
  },
  'POST /uploads/{id}/cancel': { summary: 'Give up a file in parts', parameters: [UPLOAD_ID], reply: reply('The upload.', upload) },
  'POST /batches': {
    summary: 'Begin a batch',
    parameters: [PROVIDER],
    body: {
      content: jsonContent(z.looseObject({ input_file_id: z.string(), endpoint: z.string(), completion_window: z.string() }), {
        input_file_id: 'file-0000',
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      }),
    },
    reply: reply('The batch.', batch),
  },
  'GET /batches': { summary: 'List of batches', parameters: [PROVIDER], reply: reply('The batches.', listOf(batch, 'VendorBatchList')) },
  'GET /batches/{id}': { summary: 'One batch', parameters: [BATCH_ID], reply: reply('How it is getting on.', batch) },
  'POST /batches/{id}/cancel': { summary: 'Cancel a batch', parameters: [BATCH_ID], reply: reply('The batch.', batch) },
};

/** `route`: method and path. */
export function vendorDocs(route: string): RouteDocs {
  const row = ROWS[route];
  if (row === undefined) throw new Error(`${route} is not described`);
  const { summary, parameters, body, reply: answer } = row;
  return {
    tag: 'Files',
    summary,
    description: `As the OpenAI API has it, at the provider that keeps files. ${OWN}`,
    parameters,
    ...(body === undefined ? {} : { body }),
    replies: [answer],
    errors: [
      'resource_unknown',
      'feature_disabled',
      'storage_unavailable',
      'quota_exceeded',
      'model_forbidden',
      'json_invalid',
      'upstream_credentials',
      'upstream_rate_limited',
      'rate_limited',
      'upstream_model_unknown',
      'upstream_timeout',
      'upstream_unreachable',
      'upstream_error',
      'upstream_reply_invalid',
      'breaker_open',
    ],
  };
}
