/*
 * Ollama's requests and replies, as published in /openapi.json. They pass as they are, so fields may be there that are not listed.
 * Source: Ollama's docs/api.md and api/types.go.
 */

import { z } from 'zod';

const model = z.string().describe('Name of the model; without a tag, `latest`.');
const stream = z.boolean().optional().describe('Whether the answer comes as lines of JSON. Default: true.');
const shared = {
  model,
  options: z.looseObject({}).optional().describe('Sampling: `temperature`, `seed`, `num_predict`, `num_ctx`, …'),
  keep_alive: z.union([z.string(), z.number()]).optional().describe('How long the model stays loaded: `5m`, or seconds.'),
};
const generated = {
  ...shared,
  stream,
  format: z
    .union([z.string(), z.looseObject({})])
    .optional()
    .describe('`json`, or a JSON Schema of the answer.'),
  think: z.union([z.boolean(), z.string()]).optional().describe('Whether, or how much, the model thinks first.'),
};

const message = z.looseObject({
  role: z.string(),
  content: z.string().optional(),
  thinking: z.string().optional(),
  images: z.array(z.string()).optional().describe('Base64.'),
  tool_calls: z.array(z.looseObject({})).optional(),
});

export const ollamaChatRequest = z
  .looseObject({ ...generated, messages: z.array(message).optional(), tools: z.array(z.looseObject({})).optional() })
  .meta({ id: 'OllamaChatRequest' });

export const ollamaGenerateRequest = z
  .looseObject({
    ...generated,
    prompt: z.string().optional(),
    suffix: z.string().optional(),
    system: z.string().optional(),
    images: z.array(z.string()).optional().describe('Base64.'),
    raw: z.boolean().optional(),
  })
  .meta({ id: 'OllamaGenerateRequest' });

export const ollamaEmbedRequest = z
  .looseObject({ ...shared, input: z.union([z.string(), z.array(z.string())]) })
  .meta({ id: 'OllamaEmbedRequest' });

export const ollamaEmbeddingsRequest = z.looseObject({ ...shared, prompt: z.string() }).meta({ id: 'OllamaEmbeddingsRequest' });

/** Nanoseconds. */
const duration = z.int().min(0).optional();
const counted = {
  model: z.string(),
  created_at: z.string(),
  done: z.boolean().describe('True in a whole answer, and in the last line of a stream.'),
  done_reason: z.string().optional(),
  total_duration: duration,
  prompt_eval_count: z.int().min(0).optional(),
  eval_count: z.int().min(0).optional(),
};

export const ollamaChatReply = z.looseObject({ ...counted, message }).meta({ id: 'OllamaChatReply' });
export const ollamaGenerateReply = z
  .looseObject({ ...counted, response: z.string(), thinking: z.string().optional() })
  .meta({ id: 'OllamaGenerateReply' });
export const ollamaEmbedReply = z
  .looseObject({ model: z.string(), embeddings: z.array(z.array(z.number())) })
  .meta({ id: 'OllamaEmbedReply' });
export const ollamaEmbeddingsReply = z.looseObject({ embedding: z.array(z.number()) }).meta({ id: 'OllamaEmbeddingsReply' });

export const ollamaTags = z
  .looseObject({ models: z.array(z.looseObject({ name: z.string(), model: z.string() })) })
  .meta({ id: 'OllamaTags' });
export const ollamaShowRequest = z.looseObject({ model }).meta({ id: 'OllamaShowRequest' });
export const ollamaShowReply = z
  .looseObject({ details: z.looseObject({}).optional(), capabilities: z.array(z.string()).optional() })
  .meta({ id: 'OllamaShowReply' });
export const ollamaVersion = z.looseObject({ version: z.string() }).meta({ id: 'OllamaVersion' });

export const ollamaError = z.looseObject({ error: z.string() }).meta({ id: 'OllamaError', description: 'An error, as Ollama tells it.' });
