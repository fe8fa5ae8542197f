import { GatewayError } from '../../base/errors.ts';

const RETRY_AFTER_MS = 5_000;

/** The caller is told no more than that; the cause is for the log. */
export function vectorFault(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError('storage_unavailable', 'vectors can be neither stored nor searched at the moment', {
    retryAfterMs: RETRY_AFTER_MS,
    cause,
  });
}
