/*
 * What /v1/messages, /v1/messages/count_tokens and, for callers of this dialect, /v1/models take and give, as published in /openapi.json. Nothing is
 * validated with these: fields that do not exist yet pass. Source: platform.claude.com/docs/en/api/messages.
 */

import { z } from 'zod';
import { contextWishSchema } from '../../operations/context-wish.ts';

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const count = z.int().min(0);

const block = z
  .looseObject({ type: z.string().describe('`text`, `image`, `document`, `thinking`, `tool_use`, `tool_result`, …') })
  .meta({ id: 'ContentBlock', description: 'A piece of a message.' });

const content = z.union([z.string(), z.array(block)]).describe('Text, or blocks.');

const promptFields = {
  model: z.string().min(1).max(256).describe('A name from `GET /v1/models`, an alias, or `provider/model`.'),
  messages: z
    .array(z.looseObject({ role: z.string().describe('`user`, `assistant` or `system`.'), content }))
    .min(1)
    .describe('The conversation so far, oldest first.'),
  system: optional(content).describe('Instructions.'),
  tools: optional(z.array(z.looseObject({ name: z.string().optional() }))).describe('What the model may call.'),
  tool_choice: optional(z.looseObject({ type: z.string() })).describe('`auto`, `any`, `tool` or `none`.'),
  thinking: optional(z.looseObject({ type: z.string() })).describe('`adaptive`, `enabled` with `budget_tokens`, or `disabled`.'),
  output_config: optional(z.looseObject({})).describe('`effort`, and `format` with a JSON Schema to keep to.'),
};

export const messagesRequest = z
  .looseObject({
    ...promptFields,
    max_tokens: optional(z.int().min(0)).describe("The most tokens to generate. Anthropic's own models want it; others can do without."),
    stream: optional(z.boolean()).describe('Answer as server-sent events, ended by `message_stop`.'),
    temperature: optional(z.number().min(0).max(1)).describe('Randomness. 0 makes a request repeatable, and so cacheable.'),
    top_p: optional(z.number()),
    top_k: optional(z.number()),
    stop_sequences: optional(z.array(z.string())).describe('Texts at which to stop.'),
    gatehouse: contextWishSchema.optional().describe('For the gateway, and not told to the model: memory and documents for this chat.'),
    metadata: optional(z.looseObject({ user_id: optional(z.string()) })).describe('`user_id`: your own id of the end user.'),
  })
  .meta({ id: 'MessagesRequest', description: "Anthropic's messages request. Fields that are not listed pass to the model unchanged." });

export const countTokensRequest = z
  .looseObject(promptFields)
  .meta({ id: 'CountTokensRequest', description: 'A messages request to count the tokens of.' });

const usage = z.looseObject({
  input_tokens: count.describe('Those that were neither read from a prompt cache nor written to it.'),
  output_tokens: count,
  cache_creation_input_tokens: optional(count),
  cache_read_input_tokens: optional(count),
});

export const messagesReply = z
  .looseObject({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string().describe('The model that answered.'),
    content: z.array(block),
    stop_reason: z.string().nullable().describe('`end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `refusal`, …'),
    stop_sequence: z.string().nullable().optional(),
    usage: usage.optional(),
  })
  .meta({ id: 'Message', description: 'A whole answer.' });

export const messageEvent = z
  .looseObject({ type: z.string().describe('As the name of the event: `message_start`, `content_block_delta`, `message_stop`, …') })
  .meta({ id: 'MessageEvent', description: 'One event of a streamed answer.' });

export const tokenCount = z.looseObject({ input_tokens: count }).meta({ id: 'TokenCount', description: 'Tokens of a prompt.' });

export const anthropicModel = z
  .looseObject({
    type: z.literal('model'),
    id: z.string().describe('What to write as `model`.'),
    display_name: z.string(),
    description: z.string().optional(),
    created_at: z.string().describe('RFC 3339.'),
  })
  .meta({ id: 'AnthropicModel', description: "A model, or an alias of one, in Anthropic's shape." });

export const anthropicModelList = z
  .looseObject({ data: z.array(anthropicModel), has_more: z.boolean(), first_id: z.string().nullable(), last_id: z.string().nullable() })
  .meta({ id: 'AnthropicModelList', description: "The models that this caller may use, in Anthropic's shape." });
