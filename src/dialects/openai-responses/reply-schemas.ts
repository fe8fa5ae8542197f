/* What the routes of the Responses API answer, as published in /openapi.json. Replies pass as the model gave them, so fields may be there that are not listed. */

import { z } from 'zod';

const count = z.int().min(0);

const usage = z
  .looseObject({
    input_tokens: count,
    input_tokens_details: z.looseObject({ cached_tokens: count.optional() }).nullable().optional(),
    output_tokens: count,
    output_tokens_details: z.looseObject({ reasoning_tokens: count.optional() }).nullable().optional(),
    total_tokens: count,
  })
  .meta({ id: 'ResponseUsage', description: 'Tokens that the request used, as the model counted them.' });

const item = z
  .looseObject({ type: z.string().describe('`message`, `reasoning`, `function_call`, …') })
  .meta({ id: 'ResponseItem', description: 'What the model said, thought, or wants called.' });

export const responseReply = z
  .looseObject({
    id: z.string(),
    object: z.literal('response'),
    created_at: z.number().describe('Seconds since the epoch.'),
    status: z.string().describe('`completed`, `incomplete` or `failed`; `queued` or `in_progress` where it is not over yet.'),
    model: z.string().describe('The model that answered.'),
    output: z.array(item),
    usage: usage.nullable().optional(),
  })
  .meta({ id: 'Response', description: 'A response.' });

export const responseEvent = z.looseObject({ type: z.string(), sequence_number: count }).meta({
  id: 'ResponseEvent',
  description: 'One event of a streamed response; the last is `response.completed`, `response.incomplete` or `response.failed`.',
});

export const inputTokensReply = z
  .looseObject({ object: z.literal('response.input_tokens'), input_tokens: count })
  .meta({ id: 'ResponseInputTokens', description: 'How many tokens the request would be.' });

export const compactReply = z
  .looseObject({ id: z.string(), object: z.string(), output: z.array(item), usage: usage.nullable().optional() })
  .meta({ id: 'CompactedResponse', description: 'The conversation in a shorter form, to be sent as input.' });

export const responseDeleted = z
  .looseObject({ id: z.string(), deleted: z.boolean() })
  .meta({ id: 'ResponseDeleted', description: 'It is gone.' });

export const responseItems = z
  .looseObject({ object: z.literal('list'), data: z.array(item) })
  .meta({ id: 'ResponseItemList', description: 'Items, newest first unless asked for otherwise.' });

export const responsesError = z
  .looseObject({
    error: z.looseObject({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
      metadata: z.looseObject({ correlation_id: z.string() }).optional(),
    }),
  })
  .meta({ id: 'ResponsesError', description: 'An error, as the Responses API tells it.' });
