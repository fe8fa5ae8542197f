import { z } from 'zod';
import { duration } from '../../base/units.ts';

const model = z.string().min(1).max(256);

export const embeddingsConfig = z.strictObject({
  model: model.describe('A model of this gateway that embeds: a name from `models`, or `provider/model` (`ollama/nomic-embed-text`).'),
  dimensions: z.int().min(1).max(4_096).optional().describe('Length of the vectors, where the model lets one choose. 1 to 4,096.'),
  document_prefix: z
    .string()
    .max(200)
    .optional()
    .describe('Put before a document’s text. Default: as the model is known to need it (`search_document: ` for nomic-embed-text).'),
  query_prefix: z.string().max(200).optional().describe('Put before a question. Default: as the model is known to need it.'),
  batch: z.int().min(1).max(2_048).default(64).describe('Texts in one request. 1 to 2,048.'),
  parallel: z.int().min(1).max(32).default(2).describe('Requests at once while documents are embedded. 1 to 32.'),
  timeout: duration({ min: 50, max: 600_000 }).default(30_000).describe('How long one request for documents may take. 50ms to 10m.'),
});
export type EmbeddingsConfig = z.output<typeof embeddingsConfig>;

export const rerankerConfig = z.strictObject({
  model: model.describe('A model of this gateway that reranks: a name from `models`, or `provider/model`.'),
  candidates: z.int().min(2).max(1_000).default(50).describe('How many of the best it is shown. 2 to 1,000.'),
});
export type RerankerConfig = z.output<typeof rerankerConfig>;
