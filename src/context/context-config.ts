/* What chats are told beside their own words: memories of the user, and documents. */

import { z } from 'zod';
import { bytes, duration } from '../base/units.ts';
import { contextUsualSchema } from '../operations/context-wish.ts';
import { embeddingsConfig, rerankerConfig } from './embedding/embedding-config.ts';
import { knowledgeConfig } from './knowledge/knowledge-config.ts';
import { memoryConfig } from './memory/memory-config.ts';

const MIB = 1_048_576;

export const contextConfig = z.strictObject({
  deadline: duration({ min: 5, max: 30_000 })
    .default(150)
    .describe('How long a chat waits for memories and documents together; it goes on with what is there by then. 5ms to 30s.'),
  default: contextUsualSchema
    .prefault({})
    .describe('Memory and documents for chats of which neither the request nor its key says anything (`POST /v1/chat` does).'),
  index_bytes_max: bytes({ min: 8 * MIB, max: 1_048_576 * MIB })
    .default(512 * MIB)
    .describe('Memory for indexes; the least recently used are made anew when they are needed. Fixed at the start. 8MiB to 1TiB.'),
  memory: memoryConfig.prefault({}).describe('What is remembered of users.'),
  knowledge: knowledgeConfig.prefault({}).describe('Documents that chats are given parts of.'),
  embeddings: embeddingsConfig
    .optional()
    .describe('The model that texts are compared by. Without one they are compared by their words alone.'),
  reranker: rerankerConfig.optional().describe('The model that has the last word about which documents fit.'),
});

export type ContextConfig = z.output<typeof contextConfig>;
