/*
 * What /v1/responses and its kin take, as published in /openapi.json. Nothing is validated with these: bodies are scanned, and fields which do not exist yet
 * pass too. Source: platform.openai.com/docs/api-reference/responses.
 */

import { z } from 'zod';
import { contextWishSchema } from '../../operations/context-wish.ts';

/** `null` is OpenAI's way of leaving a field out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();

const item = z
  .looseObject({ type: z.string().optional(), role: z.string().optional() })
  .describe('A message, a call of a tool, its output, a thought, …');

const common = {
  model: z
    .string()
    .min(1)
    .max(256)
    .describe('A name from `GET /v1/models`, an alias, or `provider/model`. The `model` of the reply names who answered.'),
  input: optional(z.union([z.string(), z.array(item)])).describe('What is asked: a text, or the conversation so far, oldest first.'),
  instructions: optional(z.string()).describe('What holds for the whole conversation.'),
  previous_response_id: optional(z.string()).describe('The response that this goes on from; then `input` is what is new.'),
  tools: optional(z.array(z.looseObject({ type: z.string() }))).describe('Functions, custom tools, and tools that the vendor runs itself.'),
};

export const responseRequest = z
  .looseObject({
    ...common,
    stream: optional(z.boolean()).describe('Answer as server-sent events; the last is `response.completed`, or what it came to instead.'),
    temperature: optional(z.number().min(0).max(2)).describe('Randomness. 0 makes a request repeatable, and so cacheable.'),
    max_output_tokens: optional(z.int().min(1)).describe('The most tokens to generate, reasoning included.'),
    reasoning: optional(z.looseObject({ effort: optional(z.string()), summary: optional(z.string()) })).describe('How hard to think.'),
    text: optional(z.looseObject({})).describe('`format`: text, or JSON of a schema; `verbosity`.'),
    tool_choice: optional(z.union([z.string(), z.looseObject({ type: z.string() })])).describe(
      '`auto`, `none`, `required`, or some tools.',
    ),
    gatehouse: contextWishSchema.optional().describe('For the gateway, and not told to the model: memory and documents for this chat.'),
    store: optional(z.boolean()).describe('Whether the answer is kept, to be gone on from. Default: true.'),
    metadata: optional(z.record(z.string(), z.string())),
    safety_identifier: optional(z.string()).describe('Your own id of the end user.'),
  })
  .meta({ id: 'ResponseRequest', description: "OpenAI's request for a response. Fields that are not listed pass to the model unchanged." });

export const inputTokensRequest = z
  .looseObject(common)
  .meta({ id: 'ResponseInputTokensRequest', description: 'The request whose tokens are counted.' });

export const compactRequest = z
  .looseObject(common)
  .meta({ id: 'ResponseCompactRequest', description: 'The conversation that is to become shorter.' });
