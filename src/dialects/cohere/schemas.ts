/* What Cohere's routes take and give, for the API documentation: as much as a caller needs to begin, and nothing is refused for being more. */

import { z } from 'zod';

export const cohereError = z
  .looseObject({ id: z.string().describe('The correlation id.'), message: z.string() })
  .meta({ id: 'CohereError', description: "An error as Cohere's API tells it." });

const part = z.looseObject({ type: z.string().describe('`text`, `thinking`, `image_url` or `document`.') });

export const cohereChatRequest = z
  .looseObject({
    model: z.string(),
    messages: z
      .array(
        z.looseObject({
          role: z.enum(['system', 'user', 'assistant', 'tool']),
          content: z.union([z.string(), z.array(part)]).optional(),
          tool_plan: z.string().optional(),
          tool_calls: z.array(z.looseObject({})).optional(),
          tool_call_id: z.string().optional(),
        }),
      )
      .min(1),
    stream: z.boolean().optional(),
    tools: z.array(z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) })).optional(),
    tool_choice: z.enum(['REQUIRED', 'NONE']).optional(),
    strict_tools: z.boolean().optional(),
    documents: z.array(z.union([z.string(), z.looseObject({})])).optional(),
    citation_options: z.looseObject({ mode: z.string().optional() }).optional(),
    response_format: z.looseObject({ type: z.enum(['text', 'json_object']) }).optional(),
    thinking: z.looseObject({ type: z.enum(['enabled', 'disabled']), token_budget: z.int().optional() }).optional(),
    max_tokens: z.int().optional(),
    stop_sequences: z.array(z.string()).optional(),
    temperature: z.number().optional(),
    p: z.number().optional(),
    k: z.int().optional(),
    seed: z.int().optional(),
    frequency_penalty: z.number().optional(),
    presence_penalty: z.number().optional(),
    logprobs: z.boolean().optional(),
  })
  .meta({ id: 'CohereChatRequest' });

const usage = z.looseObject({ billed_units: z.looseObject({}).optional(), tokens: z.looseObject({}).optional() });

export const cohereChatReply = z
  .looseObject({
    id: z.string(),
    message: z.looseObject({
      role: z.literal('assistant'),
      content: z.array(part).optional(),
      tool_calls: z.array(z.looseObject({})).optional(),
    }),
    finish_reason: z.string().describe('`COMPLETE`, `STOP_SEQUENCE`, `MAX_TOKENS`, `TOOL_CALL`, `ERROR` or `TIMEOUT`.'),
    usage: usage.optional(),
  })
  .meta({ id: 'CohereChatReply' });

export const cohereChatEvent = z
  .looseObject({
    type: z.string().describe('From `message-start` to `message-end`.'),
    index: z.int().optional(),
    delta: z.looseObject({}).optional(),
  })
  .meta({ id: 'CohereChatEvent' });

const document = z.union([z.string(), z.looseObject({ text: z.string() })]);

export const cohereRerankRequest = z
  .looseObject({
    model: z.string(),
    query: z.string(),
    documents: z.array(document).min(1),
    top_n: z.int().min(1).optional().describe('How many of the best are wanted. Default: all.'),
  })
  .meta({ id: 'CohereRerankRequest' });

const result = z.looseObject({
  index: z.int().describe('Place among the documents of the request, from 0.'),
  relevance_score: z.number().describe('The higher the better; its scale is the model’s.'),
  document: z.unknown().optional(),
});

export const cohereRerankReply = z
  .looseObject({ id: z.string(), results: z.array(result), meta: z.looseObject({}).optional() })
  .meta({ id: 'CohereRerankReply' });

export const cohereEmbedRequest = z
  .looseObject({
    model: z.string(),
    texts: z.array(z.string()).min(1).optional(),
    input_type: z.string().describe('`search_document`, `search_query`, `classification` or `clustering`.').optional(),
    embedding_types: z.array(z.string()).optional(),
    output_dimension: z.int().optional(),
    truncate: z.enum(['NONE', 'START', 'END']).optional(),
  })
  .meta({ id: 'CohereEmbedRequest' });

export const cohereEmbedReply = z
  .looseObject({
    id: z.string(),
    embeddings: z.looseObject({ float: z.array(z.array(z.number())).optional(), base64: z.array(z.string()).optional() }),
    texts: z.array(z.string()).optional(),
  })
  .meta({ id: 'CohereEmbedReply' });

export const sharedRerankRequest = z
  .looseObject({
    model: z.string(),
    query: z.string(),
    documents: z.array(document).min(1),
    top_n: z.int().min(1).optional().describe('How many of the best are wanted. Default: all.'),
    top_k: z.int().min(1).optional().describe('Voyage’s word for it: then the answer is in Voyage’s form, too.'),
    return_documents: z.boolean().optional().describe('Whether the documents are repeated. Default: true; in Voyage’s form: false.'),
  })
  .meta({ id: 'RerankRequest' });

export const sharedRerankReply = z
  .looseObject({
    model: z.string().optional(),
    results: z.array(result).optional(),
    data: z.array(result).optional().describe('In Voyage’s form, instead of `results`.'),
    usage: z.looseObject({ total_tokens: z.int() }).optional(),
  })
  .meta({ id: 'RerankReply' });
