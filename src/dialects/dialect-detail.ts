import { z } from 'zod';
import type { GatewayError } from '../base/errors.ts';
import type { EncodedError } from './dialect.ts';

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

/**
 * The union of the shapes that callers of the older gateways read: `error` with code and message, and FastAPI's `detail`, which is a list of
 * fields where a field is at fault, an object where there is more to say (limits, attempts), and else the message.
 */
export function encodeDetailedError(error: GatewayError, correlationId: string): EncodedError {
  const { param, detail } = error.options;
  return {
    contentType: 'application/json',
    body: JSON.stringify({
      error: { type: error.row.type, code: error.code, message: error.message, param, correlation_id: correlationId },
      detail: detail?.['fields'] ?? detail ?? error.message,
    }),
  };
}
