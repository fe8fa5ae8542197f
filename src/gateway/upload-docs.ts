/* What the upload routes say of themselves. */

import { z } from 'zod';
import { jsonContent, type ParameterDocs, type RouteDocs } from '../pipeline/route-docs.ts';

const document = z
  .looseObject({
    id: z.string(),
    object: z.literal('document'),
    status: z.string(),
    indexed: z.boolean().describe('Whether it is found by search.'),
    chunks: z.int().min(0).optional().describe('Into how many parts it was cut for that.'),
    vector_store_id: z.string().optional().describe('The collection that it is found in.'),
    filename: z.string(),
    media_type: z.string().describe('As its content says, whatever it was called.'),
    size: z.int().min(0).describe('Bytes of the file.'),
    sha256: z.string(),
    characters: z.int().min(0).describe('Length of its text.'),
    collection: z.string().nullable(),
    metadata: z.unknown(),
    created: z.string().describe('RFC 3339, UTC.'),
    duplicate: z.boolean().optional().describe('Whether the same content was there already.'),
    text: z.string().optional().describe('With `include=text`.'),
  })
  .meta({ id: 'Document', description: 'A file that was handed in, as it is kept.' });

const documentList = z
  .looseObject({ object: z.literal('list'), data: z.array(document), has_more: z.boolean(), next_cursor: z.string().nullable() })
  .meta({ id: 'DocumentList' });

const deleted = z.looseObject({ id: z.string(), object: z.literal('document'), deleted: z.literal(true) }).meta({ id: 'DocumentDeleted' });

const uploadForm = z
  .object({
    file: z.string().describe('The file: text, Markdown, HTML, CSV, JSON, PDF or DOCX.'),
    metadata: z.string().optional().describe('A JSON object of your own.'),
    collection: z.string().optional().describe('Name of a collection, made if it is not there. Default: `default`.'),
  })
  .meta({ id: 'UploadForm' });

const ID: ParameterDocs = {
  name: 'id',
  in: 'path',
  description: 'Id of the document.',
  example: 'doc_00000000000000000000000000000000',
};

export const UPLOAD_DOCS: RouteDocs = {
  tag: 'Knowledge',
  summary: 'Upload a file',
  description:
    'Takes one file, finds out what it is by its content, reads its text, keeps that for whoever sent it, and puts it into a collection where it is found by search. The same content again is answered with the same document.',
  body: {
    content: {
      'multipart/form-data': {
        schema: uploadForm,
        examples: { text: { summary: 'A text', value: { file: { filename: 'notes.txt', content: 'A gatehouse guards the way in.' } } } },
      },
    },
  },
  replies: [{ status: 200, description: 'The document.', content: jsonContent(document) }],
  errors: ['feature_disabled', 'file_type_unsupported', 'file_unreadable', 'file_too_complex', 'quota_exceeded', 'storage_unavailable'],
};

export const LIST_DOCS: RouteDocs = {
  tag: 'Knowledge',
  summary: 'List of documents',
  description: 'The documents of whoever asks, newest first, page by page.',
  parameters: [
    { name: 'limit', in: 'query', description: 'Documents in a page, 1 to 100. Default: 20.', schema: z.int() },
    { name: 'cursor', in: 'query', description: '`next_cursor` of the page before.' },
    { name: 'collection', in: 'query', description: 'Only those of this collection.' },
  ],
  replies: [{ status: 200, description: 'A page.', content: jsonContent(documentList) }],
  errors: ['storage_unavailable'],
};

export const SHOW_DOCS: RouteDocs = {
  tag: 'Knowledge',
  summary: 'One document',
  description: 'What is known of a document; with `include=text` its text, too.',
  parameters: [ID, { name: 'include', in: 'query', description: '`text`.' }],
  replies: [{ status: 200, description: 'The document.', content: jsonContent(document) }],
  errors: ['resource_unknown', 'storage_unavailable'],
};

export const DELETE_DOCS: RouteDocs = {
  tag: 'Knowledge',
  summary: 'Delete a document',
  description: 'Deletes a document and its text for good.',
  parameters: [ID],
  replies: [{ status: 200, description: 'It is gone.', content: jsonContent(deleted) }],
  errors: ['resource_unknown', 'storage_unavailable'],
};
