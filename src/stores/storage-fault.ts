import { GatewayError } from '../base/errors.ts';

/** When a caller may try again. */
const RETRY_AFTER_MS = 5_000;

/** `what`: in words, as the subject of a sentence in the plural. The caller is told no more than that; the cause is for the log. */
export function storageFault(what: string, cause?: unknown): GatewayError {
  return new GatewayError('storage_unavailable', `${what} can be neither stored nor read at the moment`, {
    retryAfterMs: RETRY_AFTER_MS,
    ...(cause === undefined ? {} : { cause }),
  });
}
