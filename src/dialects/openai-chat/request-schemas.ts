/*
 * What /v1/chat/completions, /v1/completions and /v1/embeddings take, as published in /openapi.json.
 *
 * Nothing is validated with these: bodies are scanned (request.ts) and pass as bytes, so that fields which do not exist yet pass too. A
 * test sends every published example to a gateway, and holds the required fields against what the scanner asks for.
 * Source: platform.openai.com/docs/api-reference (chat, completions, embeddings).
 */

import { z } from 'zod';
import { contextWishSchema } from '../../operations/context-wish.ts';

/** `null` is OpenAI's way of leaving a field out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();

const model = z
  .string()
  .min(1)
  .max(256)
  .describe('A name from `GET /v1/models`, an alias, or `provider/model`. The `model` of the reply names who answered.');

const streamOptions = z
  .looseObject({ include_usage: z.boolean().optional().describe('Whether the tokens used come as a last event.') })
  .describe('Only with `stream`.');

const common = {
  model,
  stream: optional(z.boolean()).describe('Answer as server-sent events, token by token, ended by `data: [DONE]`.'),
  stream_options: optional(streamOptions),
  temperature: optional(z.number().min(0).max(2)).describe('Randomness. 0 makes a request repeatable, and so cacheable.'),
  top_p: optional(z.number().min(0).max(1)).describe('Nucleus sampling: the share of probability to choose from.'),
  seed: optional(z.int()).describe('The same seed gives the same answer, as far as the model can.'),
  max_tokens: optional(z.int().min(1)).describe('The most tokens to generate.'),
  stop: optional(z.union([z.string(), z.array(z.string())])).describe('Texts at which to stop.'),
  n: optional(z.int().min(1)).describe('How many answers.'),
  presence_penalty: optional(z.number().min(-2).max(2)).describe('Makes new topics likelier.'),
  frequency_penalty: optional(z.number().min(-2).max(2)).describe('Makes repetition less likely.'),
  user: optional(z.string()).describe('Your own id of the end user, for limits and attribution.'),
};

const contentPart = z
  .looseObject({ type: z.string().describe('`text`, `image_url`, `input_audio`, `file`, …') })
  .describe('A part of a message, as the model supports it.');

export const toolCall = z
  .looseObject({
    id: z.string(),
    type: z.literal('function'),
    function: z.looseObject({ name: z.string(), arguments: z.string().describe('JSON, as text.') }),
  })
  .meta({ id: 'ToolCall', description: 'A function that the model wants called.' });

const message = z
  .looseObject({
    role: z.string().describe('`system`, `developer`, `user`, `assistant` or `tool`.'),
    content: z
      .union([z.string(), z.array(contentPart), z.null()])
      .optional()
      .describe('Text, or parts such as text and images.'),
    name: optional(z.string()),
    tool_calls: optional(z.array(toolCall)).describe('Of the assistant: what it had called.'),
    tool_call_id: optional(z.string()).describe('Of a tool: the call that this answers.'),
  })
  .meta({ id: 'ChatMessage', description: 'One message of a conversation.' });

const tool = z
  .looseObject({
    type: z.string(),
    function: z
      .looseObject({
        name: z.string(),
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional().describe('JSON Schema of its arguments.'),
      })
      .optional(),
  })
  .meta({ id: 'Tool', description: 'A function that the model may ask to have called.' });

export const chatRequest = z
  .looseObject({
    ...common,
    messages: z.array(message).min(1).describe('The conversation so far, oldest first.'),
    max_completion_tokens: optional(z.int().min(1)).describe('The most tokens to generate, reasoning included.'),
    tools: optional(z.array(tool)),
    tool_choice: optional(z.union([z.string(), z.looseObject({ type: z.string() })])).describe('`auto`, `none`, `required`, or one tool.'),
    gatehouse: contextWishSchema.optional().describe('For the gateway, and not told to the model: memory and documents for this chat.'),
    response_format: optional(z.looseObject({ type: z.string() })).describe('`{"type": "json_object"}`, or a JSON Schema to keep to.'),
  })
  .meta({
    id: 'ChatCompletionRequest',
    description: "OpenAI's chat completion request. Fields that are not listed pass to the model unchanged.",
  });

export const completionRequest = z
  .looseObject({
    ...common,
    prompt: z.union([z.string(), z.array(z.unknown()).min(1)]).describe('Text to go on with, or several texts, or tokens.'),
    echo: optional(z.boolean()).describe('Repeat the prompt in the answer.'),
    suffix: optional(z.string()).describe('What comes after the text to insert.'),
  })
  .meta({ id: 'CompletionRequest', description: "OpenAI's older completion request: text in, text out." });

export const embeddingRequest = z
  .looseObject({
    model,
    input: z.union([z.string(), z.array(z.unknown()).min(1)]).describe('A text, several texts, or tokens.'),
    encoding_format: optional(z.enum(['float', 'base64'])).describe('Numbers, or base64 of 32-bit floats.'),
    dimensions: optional(z.int().min(1)).describe('Length of the vectors, where the model can choose.'),
    user: common.user,
  })
  .meta({ id: 'EmbeddingRequest', description: "OpenAI's embedding request." });
