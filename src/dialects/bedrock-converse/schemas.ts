/*
 * What Converse takes and gives, as published in /openapi.json. Nothing is validated with these: fields that do not exist yet pass.
 * Source: docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
 */

import { z } from 'zod';

const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const count = z.int().min(0);

const block = z
  .looseObject({})
  .describe('One member: `text`, `image`, `document`, `audio`, `video`, `toolUse`, `toolResult`, `reasoningContent`, `cachePoint`, …')
  .meta({ id: 'ConverseBlock' });

const message = z.looseObject({ role: z.string().describe('`user` or `assistant`.'), content: z.array(block) });

export const converseRequest = z
  .looseObject({
    messages: optional(z.array(message)).describe('The conversation so far, oldest first.'),
    system: optional(z.array(block)).describe('Instructions.'),
    inferenceConfig: optional(
      z.looseObject({
        maxTokens: optional(count).describe('The most tokens to generate.'),
        temperature: optional(z.number()).describe('Randomness. 0 makes a request repeatable, and so cacheable.'),
        topP: optional(z.number()),
        stopSequences: optional(z.array(z.string())).describe('Texts at which to stop.'),
      }),
    ),
    toolConfig: optional(z.looseObject({ tools: z.array(z.looseObject({})) })).describe('What the model may call.'),
    outputConfig: optional(z.looseObject({})).describe('`textFormat` with a JSON Schema to keep to, and `effort`.'),
    additionalModelRequestFields: optional(z.looseObject({})).describe("Fields of the model's vendor, such as `thinking`."),
  })
  .meta({ id: 'ConverseRequest', description: "Amazon Bedrock's Converse request. Fields that are not listed pass to Bedrock unchanged." });

export const converseReply = z
  .looseObject({
    output: z.looseObject({ message }),
    stopReason: z.string().describe('`end_turn`, `tool_use`, `max_tokens`, `stop_sequence`, `content_filtered`, …'),
    usage: z
      .looseObject({
        inputTokens: count.describe('Those that were neither read from a prompt cache nor written to it.'),
        outputTokens: count,
        totalTokens: count,
        cacheReadInputTokens: optional(count),
        cacheWriteInputTokens: optional(count),
      })
      .optional(),
    metrics: z.looseObject({ latencyMs: z.number() }).optional(),
  })
  .meta({ id: 'ConverseReply', description: 'A whole answer.' });
