/* What TEI's route takes and gives, for the API documentation. */

import { z } from 'zod';

export const teiError = z
  .looseObject({ error: z.string(), error_type: z.string() })
  .meta({ id: 'TeiError', description: 'An error as Text Embeddings Inference tells it.' });

export const teiRerankRequest = z
  .looseObject({
    model: z.string().optional().describe('Which model; the server itself has but one. Default: the model or alias `rerank`.'),
    query: z.string(),
    texts: z.array(z.string()).min(1),
    return_text: z.boolean().optional().describe('Whether the texts are repeated. Default: false.'),
    truncate: z.boolean().optional().describe('Whether texts that are too long are cut. Default: false.'),
    raw_scores: z.boolean().optional(),
  })
  .meta({ id: 'TeiRerankRequest' });

export const teiRerankReply = z
  .array(z.looseObject({ index: z.int(), score: z.number(), text: z.string().optional() }))
  .meta({ id: 'TeiRerankReply' });
