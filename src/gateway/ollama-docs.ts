/* What the routes of Ollama's API say of themselves. */

import { z } from 'zod';
import {
  ollamaEmbeddingsReply,
  ollamaEmbeddingsRequest,
  ollamaEmbedReply,
  ollamaEmbedRequest,
  ollamaGenerateReply,
  ollamaGenerateRequest,
  ollamaShowReply,
  ollamaShowRequest,
  ollamaTags,
  ollamaVersion,
} from '../dialects/ollama/schemas.ts';
import { type ContentDocs, jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import type { ExampleModels } from './example-models.ts';
import type { OllamaForm } from './ollama-routes.ts';

/** A whole reply, or one as lines. */
export function ollamaAnswer(schema: z.ZodType, line: z.ZodType): Readonly<Record<string, ContentDocs>> {
  return {
    ...jsonContent(schema),
    'application/x-ndjson': { schema: z.string().describe('A JSON object on each line; the last has `done: true`.'), events: line },
  };
}

const MODEL_DOCS: Readonly<Record<OllamaForm, (models: ExampleModels) => RouteDocs>> = {
  generate: ({ chat: model }) => ({
    tag: 'Ollama',
    summary: 'Generate',
    description:
      'A prompt goes in, a text comes out: as lines of JSON unless `stream` is false. Without a prompt the model is loaded. A prompt that says nothing of templates, tokens or a suffix can be put to any model.',
    body: { content: jsonContent(ollamaGenerateRequest, { model, prompt: 'Why is the sky blue?', stream: false }) },
    replies: [{ status: 200, description: 'The text.', content: ollamaAnswer(ollamaGenerateReply, ollamaGenerateReply) }],
    errors: ['model_dialect_unsupported'],
  }),
  embed: ({ embed: model }) => ({
    tag: 'Ollama',
    summary: 'Embeddings',
    description: 'One text or several, as vectors. This is the newer of the two forms.',
    body: { content: jsonContent(ollamaEmbedRequest, { model, input: ['one', 'two'] }) },
    replies: [{ status: 200, description: 'One vector for each text.', content: jsonContent(ollamaEmbedReply) }],
    errors: ['model_dialect_unsupported'],
  }),
  embeddings: ({ embed: model }) => ({
    tag: 'Ollama',
    summary: 'Embedding, older form',
    description: 'One text as a vector, in the form that older clients speak.',
    body: { content: jsonContent(ollamaEmbeddingsRequest, { model, prompt: 'one' }) },
    replies: [{ status: 200, description: 'The vector.', content: jsonContent(ollamaEmbeddingsReply) }],
    errors: ['model_dialect_unsupported'],
  }),
};

export function ollamaModelDocs(form: OllamaForm, models: ExampleModels): RouteDocs {
  return MODEL_DOCS[form](models);
}

export const TAGS_DOCS: RouteDocs = {
  tag: 'Ollama',
  summary: 'List of models',
  description:
    'The models that this caller may use and that can be called in this API, whatever their servers speak. Asked of the Ollama servers every 30 seconds.',
  replies: [{ status: 200, description: 'The models.', content: jsonContent(ollamaTags) }],
};

export const PS_DOCS: RouteDocs = {
  tag: 'Ollama',
  summary: 'Loaded models',
  description: 'What the Ollama servers behind the gateway have in memory, of the models that this caller may use.',
  replies: [{ status: 200, description: 'The models.', content: jsonContent(ollamaTags) }],
};

export const VERSION_DOCS: RouteDocs = {
  tag: 'Ollama',
  summary: 'Version',
  description: 'The lowest version among the Ollama servers behind the gateway, since a request may go to any of them.',
  replies: [{ status: 200, description: 'The version.', content: jsonContent(ollamaVersion) }],
};

export function showDocs({ chat: model }: ExampleModels): RouteDocs {
  return {
    tag: 'Ollama',
    summary: 'One model',
    description: 'What the Ollama server that would answer says of a model; of a model elsewhere, what the catalogue knows.',
    body: { content: jsonContent(ollamaShowRequest, { model }) },
    replies: [{ status: 200, description: 'The model.', content: jsonContent(ollamaShowReply) }],
    errors: ['model_unknown', 'model_dialect_unsupported'],
  };
}

export const MANAGING_DOCS: RouteDocs = {
  tag: 'Ollama',
  summary: 'Managing models: refused',
  description: 'Models are managed where they are, and not through this gateway. An operator may give a service this very path.',
  unlisted: true,
  replies: [],
  errors: ['access_denied'],
};
