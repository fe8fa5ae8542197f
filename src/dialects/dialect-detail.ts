import type { GatewayError } from '../base/errors.ts';
import type { EncodedError } from './dialect.ts';

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

/** What it gives, for the API documentation. */
export const detailedErrorSchema = async () => (await import('./dialect-error-schemas.ts')).detailedError;
