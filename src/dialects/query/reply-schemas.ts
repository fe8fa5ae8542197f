import { z } from 'zod';

export const queryReply = z
  .looseObject({
    answer: z.string(),
    response: z.string().describe('The same as `answer`.'),
    query: z.string(),
    session_id: z.string().nullable(),
    sources: z
      .array(z.looseObject({ type: z.enum(['document', 'memory']), text: z.string(), score: z.number() }))
      .describe('What the model was given to answer from: parts of documents, and what was said before.'),
    model: z.string().describe('The model that answered.'),
    usage: z.looseObject({}).nullable(),
    metadata: z.looseObject({
      generation_ms: z.number(),
      total_ms: z.number(),
      left_out: z.array(z.string()).describe('What had no part in the answer.'),
      ignored_options: z.array(z.string()),
    }),
  })
  .meta({ id: 'QueryReply', description: 'An answer and its sources.' });
