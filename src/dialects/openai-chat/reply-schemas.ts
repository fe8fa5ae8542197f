/*
 * What /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/models answer, as published in /openapi.json. Replies pass as the
 * model gave them, so fields may be there that are not listed.
 * Source: platform.openai.com/docs/api-reference (chat, completions, embeddings, models).
 */

import { z } from 'zod';
import { toolCall } from './request-schemas.ts';

const created = z.int().describe('Seconds since the epoch.');
const count = z.int().min(0);

const usage = z
  .looseObject({
    prompt_tokens: count,
    completion_tokens: count.optional(),
    total_tokens: count,
    prompt_tokens_details: z.looseObject({ cached_tokens: count.optional() }).nullable().optional(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: count.optional() }).nullable().optional(),
  })
  .meta({ id: 'Usage', description: 'Tokens that the request used, as the model counted them.' });

const finishReason = z.string().nullable().describe('`stop`, `length`, `tool_calls` or `content_filter`; null while it goes on.');

const answerMessage = z.looseObject({
  role: z.string(),
  content: z.string().nullable().optional(),
  refusal: z.string().nullable().optional(),
  tool_calls: z.array(toolCall).nullable().optional(),
});

export const chatReply = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created,
    model: z.string().describe('The model that answered.'),
    choices: z.array(z.looseObject({ index: count, message: answerMessage, finish_reason: finishReason })),
    usage: usage.nullable().optional(),
  })
  .meta({ id: 'ChatCompletion', description: 'A whole answer.' });

const delta = z.looseObject({
  role: z.string().optional(),
  content: z.string().nullable().optional(),
  tool_calls: z
    .array(z.looseObject({ index: count, id: z.string().optional() }))
    .nullable()
    .optional(),
});

export const chatChunk = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created,
    model: z.string(),
    choices: z.array(z.looseObject({ index: count, delta, finish_reason: finishReason.optional() })),
    usage: usage.nullable().optional(),
  })
  .meta({ id: 'ChatCompletionChunk', description: 'One event of a streamed answer.' });

export const completionReply = z
  .looseObject({
    id: z.string(),
    object: z.literal('text_completion'),
    created,
    model: z.string(),
    choices: z.array(z.looseObject({ index: count, text: z.string(), finish_reason: finishReason.optional() })),
    usage: usage.nullable().optional(),
  })
  .meta({ id: 'Completion', description: 'A whole completion, or one event of a streamed one.' });

export const embeddingReply = z
  .looseObject({
    object: z.literal('list'),
    data: z.array(
      z.looseObject({
        object: z.literal('embedding'),
        index: count,
        embedding: z.union([z.array(z.number()), z.string()]).describe('Numbers, or base64 when that was asked for.'),
      }),
    ),
    model: z.string(),
    usage: usage.nullable().optional(),
  })
  .meta({ id: 'EmbeddingList', description: 'One vector for each input, in their order.' });

export const modelEntry = z
  .looseObject({
    id: z.string().describe('What to write as `model`.'),
    object: z.literal('model'),
    created,
    owned_by: z.string(),
    context_window: z
      .int()
      .optional()
      .describe('Tokens of request and answer together. This and what follows: as far as the catalogue knows.'),
    max_output_tokens: z.int().optional().describe('Most tokens of an answer.'),
    embedding_dimensions: z.int().optional().describe('Length of an embedding.'),
    pricing: z
      .looseObject({ unit: z.literal('usd_per_million_tokens') })
      .optional()
      .describe('What it costs now: `input`, `cached_input`, `cache_write`, `output` and the like; `tiers` for large requests.'),
    capabilities: z.record(z.string(), z.boolean()).optional().describe('What it can do and what not; what is not named is unknown.'),
    deprecated: z.literal(true).optional().describe('Its provider will take it away.'),
  })
  .meta({ id: 'Model', description: 'A model, or an alias of one.' });

export const modelList = z
  .looseObject({ object: z.literal('list'), data: z.array(modelEntry) })
  .meta({ id: 'ModelList', description: 'The models that this caller may use.' });

export const openaiError = z
  .looseObject({
    error: z.looseObject({
      message: z.string().describe('What went wrong, for people.'),
      type: z.string().describe("OpenAI's word for the kind of error."),
      param: z.string().nullable().describe('The field at fault.'),
      code: z.string().nullable().describe("The gateway's code, or OpenAI's where it has one."),
      metadata: z.looseObject({ correlation_id: z.string() }).optional().describe('Facts beyond what the OpenAI API has.'),
    }),
  })
  .meta({ id: 'OpenAiError', description: 'An error as the OpenAI API tells it.' });
