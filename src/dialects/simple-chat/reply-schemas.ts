import { z } from 'zod';

export const simpleChatReply = z
  .looseObject({
    response: z.string(),
    user_id: z.string().nullable(),
    model: z.string().nullable().describe('The model that answered.'),
    cached: z.boolean(),
    latency_ms: z.number().min(0),
    timestamp: z.string().describe('RFC 3339, UTC.'),
    usage: z.looseObject({}).nullable().describe('Tokens, as the model counted them.'),
  })
  .meta({ id: 'SimpleChatReply', description: 'The answer to one message.' });
