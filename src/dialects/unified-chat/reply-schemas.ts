/* What /v1/chat answers, as published in /openapi.json. Source: the AI platform's own document, "Response Structure". */

import { z } from 'zod';
import { CONTEXT_PARTS, LEFT_OUT_REASONS } from '../../operations/context-answer.ts';

const count = z.int().min(0);
const milliseconds = z.number().min(0);
/** What the model did not tell is null, which is not 0. */
const tokens = count.nullable();

const usage = z.looseObject({ prompt_tokens: tokens, completion_tokens: tokens, total_tokens: tokens });

const remembered = z.looseObject({
  text: z.string(),
  score: z.number().describe('0 to 1.'),
  timestamp: z.string().describe('When it was said or happened.'),
  id: z.string().optional(),
});

const context = z
  .looseObject({
    memories: z.array(remembered).describe('What the user said before, and what was learnt of it; best first.'),
    rag_documents: z
      .array(z.looseObject({ text: z.string(), score: z.number(), metadata: z.looseObject({}) }))
      .describe('Parts of documents, best first; `metadata` has their source and attributes.'),
    profile: z.array(remembered).optional().describe('What is always told of the user: preferences, profile, instructions.'),
  })
  .describe('What was given to the model beside the conversation.');

const metadata = z
  .looseObject({
    memory_retrieval_ms: milliseconds,
    rag_retrieval_ms: milliseconds,
    generation_ms: milliseconds,
    total_latency_ms: milliseconds,
    memories_retrieved: count,
    rag_documents_retrieved: count,
    memory_stored: z.boolean().describe('Whether the turn is written, and there after a crash.'),
    memory_id: z.string().nullable().describe('Id of the user’s turn, where it is stored.'),
    skipped: z.array(z.enum(['memory', 'knowledge'])).describe('What was asked for and had no part in the answer.'),
    left_out: z
      .array(z.looseObject({ part: z.enum(CONTEXT_PARTS), reason: z.enum(LEFT_OUT_REASONS) }))
      .optional()
      .describe('What is missing of them, and why. Absent where nothing is.'),
    cached: z.boolean(),
  })
  .describe('How long each part took, in milliseconds, and what it found.');

export const unifiedChatReply = z
  .looseObject({
    id: z.string(),
    object: z.literal('unified.chat.completion'),
    created: z.int().describe('Seconds since the epoch.'),
    model: z.string().nullable().describe('The model that answered.'),
    choices: z.array(z.looseObject({ index: count, message: z.looseObject({ role: z.string() }), finish_reason: z.string().nullable() })),
    usage,
    context,
    metadata,
  })
  .meta({ id: 'UnifiedChatCompletion', description: 'A whole answer, and what it was made of.' });

export const unifiedChatChunk = z
  .looseObject({
    id: z.string(),
    object: z.literal('unified.chat.completion.chunk'),
    choices: z.array(z.looseObject({})),
    usage: usage.nullable().optional(),
    context: context.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'UnifiedChatChunk', description: 'One event of a streamed answer; the last has `context` and `metadata`.' });
