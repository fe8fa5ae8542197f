import { z } from 'zod';

export const anthropicError = z
  .looseObject({
    type: z.literal('error'),
    error: z.looseObject({
      type: z.string().describe("Anthropic's word for the kind of error."),
      message: z.string().describe('What went wrong, for people.'),
      details: z.looseObject({ error_code: z.string() }).optional().describe("The gateway's code, and facts beyond it."),
    }),
    request_id: z.string().describe('The correlation id, as in the header `request-id`.'),
  })
  .meta({ id: 'AnthropicError', description: 'An error as the Anthropic API tells it.' });
