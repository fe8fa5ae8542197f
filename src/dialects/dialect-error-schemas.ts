/* Errors as they are published in /openapi.json, of dialects that callers alone speak. */

import { z } from 'zod';

/** What `encodeDetailedError` gives. */
export const detailedError = z
  .looseObject({
    error: z.looseObject({
      type: z.string(),
      code: z.string(),
      message: z.string(),
      param: z.string().optional().describe('The field at fault.'),
      correlation_id: z.string(),
    }),
    detail: z
      .union([
        z.string(),
        z.array(z.looseObject({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
        z.looseObject({}),
      ])
      .describe('A list of fields where a field is at fault, an object where there is more to say, and else the message.'),
  })
  .meta({ id: 'DetailedError', description: 'An error, as callers of the older gateways read it.' });

export const apiChatError = z.looseObject({ error: z.string(), code: z.string(), correlation_id: z.string(), detail: z.unknown() }).meta({
  id: 'ApiChatError',
  description: 'An error as both kinds of callers read it: a text in `error`, and what there is to say in `detail`.',
});
