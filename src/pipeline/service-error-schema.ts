import { z } from 'zod';

/** What `encodeServiceError` gives (error-reply.ts), for the API documentation. */
export const serviceError = z
  .looseObject({
    error: z.looseObject({
      type: z.string().describe('The kind of error.'),
      code: z.string().describe('Which error it is: see docs/reference/errors.md.'),
      message: z.string().describe('What went wrong, for people.'),
      param: z.string().optional().describe('The field at fault.'),
      correlation_id: z.string().describe('The same as in `X-Correlation-ID`; names this request in the logs.'),
    }),
    detail: z.looseObject({}).optional().describe('Facts beyond it: limits and the time to wait, problems of a configuration.'),
  })
  .meta({ id: 'GatewayError', description: 'An error as the gateway itself tells it.' });
