import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { AttemptRecord } from '../pipeline/facts.ts';

/** What an upstream answered, read whole (≤ 1 MiB). */
export interface FailedReply {
  readonly status: number;
  readonly headers: ReadableHeaders;
  readonly bytes: Uint8Array;
}

export interface Tried {
  readonly attempts: readonly AttemptRecord[];
  readonly reply: FailedReply | undefined;
  /** The smallest wait that any upstream asked for. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Every candidate failed, or none could be asked. Code, message and status are those of the last attempt that means something; `options`
 * has the smallest Retry-After seen, and `detail.attempts` what was tried.
 */
export class UpstreamCallError extends GatewayError {
  readonly attempts: readonly AttemptRecord[];
  /** The reply behind the error, when there was one: a service route may show it as it is. */
  readonly reply: FailedReply | undefined;

  constructor(error: GatewayError, { attempts, reply, retryAfterMs }: Tried) {
    const { retryAfterMs: _own, ...rest } = error.options;
    super(error.code, error.message, {
      ...rest,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      detail: { ...error.options.detail, attempts: attempts.map(({ target, outcome, status }) => ({ target, outcome, status })) },
      cause: error,
    });
    this.attempts = attempts;
    this.reply = reply;
  }
}
