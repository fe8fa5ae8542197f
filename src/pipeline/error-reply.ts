/*
 * How an error is told. Each dialect has an encoder; service and system routes share one, whose shape is the union of the older gateways'
 * shapes, so that their clients keep working.
 */

import type { GatewayError } from '../base/errors.ts';
import type { Reply } from './reply.ts';

export interface EncodedError {
  readonly contentType: string;
  readonly body: string;
  /** Where the dialect has a status of its own for it; absent: the error's. */
  readonly status?: number;
  /** Headers that the dialect tells it by, lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Tells one error in one format. Total: it must not throw. */
export type ErrorEncoder = (error: GatewayError, correlationId: string) => EncodedError;

/** The encoder of the service and system routes. */
export const encodeServiceError: ErrorEncoder = (error, correlationId) => ({
  contentType: 'application/json',
  body: JSON.stringify({
    error: {
      type: serviceType(error),
      code: error.code,
      message: error.message,
      param: error.options.param,
      correlation_id: correlationId,
    },
    detail: error.options.detail,
  }),
});

/** The older gateways have a word of their own for what is our fault. */
function serviceType({ code, row }: GatewayError): string {
  return code === 'internal_error' ? 'internal_server_error' : row.type;
}

/** A caller who waits longer than this is better told that it failed; the official clients ignore longer waits too. */
const RETRY_AFTER_MAX_MS = 60_000;

/** The whole reply to an error: the encoded body, the headers of the error itself, and the advice on trying again that clients obey. */
export function errorReply(error: GatewayError, correlationId: string, encode: ErrorEncoder): Reply {
  const encoded = encode(error, correlationId);
  const headers: Record<string, string> = { 'content-type': encoded.contentType, ...encoded.headers, ...error.options.headers };
  const { retryAfterMs } = error.options;
  if (retryAfterMs !== undefined && Number.isFinite(retryAfterMs))
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  // Attempts were made on the caller's behalf already: without this header the official clients would triple them.
  headers['x-should-retry'] = String(worthRetrying(error));
  return { status: encoded.status ?? error.status, headers, body: encoded.body };
}

function worthRetrying(error: GatewayError): boolean {
  const { retry, source } = error.row;
  if (retry !== 'after') return false;
  // An upstream that was asked as often as it may be, and gave no time: only a wait that somebody named stops its being hammered.
  const { retryAfterMs = source === 'upstream' ? Number.POSITIVE_INFINITY : 0 } = error.options;
  return retryAfterMs <= RETRY_AFTER_MAX_MS;
}
