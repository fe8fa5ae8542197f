import { z } from 'zod';
import { DENSE_SHARE } from '../embedding/fusion.ts';

export const knowledgeConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Keep documents, and give chats parts of them.'),
  chunk_tokens: z.int().min(100).max(4_096).default(400).describe('Longest part that a document is cut into, in tokens. 100 to 4,096.'),
  chunk_overlap: z
    .int()
    .min(0)
    .max(2_048)
    .default(60)
    .describe('Tokens that a part has in common with the one before. At most half of `chunk_tokens`.'),
  limit: z.int().min(1).max(50).default(3).describe('Parts that a chat is given, where the request does not say how many. 1 to 50.'),
  budget_tokens: z.int().min(100).max(1_000_000).default(2_000).describe('All of them together, in tokens. 100 to 1,000,000.'),
  dense_share: z
    .number()
    .min(0)
    .max(1)
    .default(DENSE_SHARE)
    .describe('Weight of the embedding model’s judgement beside that of the words; 0 to 1. Without a model: none.'),
});
export type KnowledgeConfig = z.output<typeof knowledgeConfig>;
