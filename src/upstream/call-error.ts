import { GatewayError, type GatewayErrorOptions } from '../base/errors.ts';
import type { AttemptRecord } from '../pipeline/facts.ts';

/** What an upstream answered, read whole. */
export interface FailedReply {
  readonly status: number;
  readonly headers: Headers;
  /** Up to 1 MiB; `truncated` when there was more. */
  readonly bytes: Uint8Array;
  readonly truncated: boolean;
}

/**
 * Every candidate failed. Code, message and status are those of the last attempt that means something; `options.retryAfterMs` is the
 * smallest wait that any of them asked for.
 */
export class UpstreamCallError extends GatewayError {
  readonly attempts: readonly AttemptRecord[];
  /** The reply behind the error, when there was one: a service route may show it as it is. */
  readonly reply: FailedReply | undefined;

  constructor(error: GatewayError, tried: { readonly attempts: readonly AttemptRecord[]; readonly reply: FailedReply | undefined; readonly retryAfterMs: number | undefined }) {
    const { retryAfterMs: _own, ...rest } = error.options;
    const options: GatewayErrorOptions = {
      ...rest,
      ...(tried.retryAfterMs === undefined ? {} : { retryAfterMs: tried.retryAfterMs }),
      detail: { ...error.options.detail, attempts: tried.attempts.map(({ target, outcome, status }) => ({ target, outcome, status })) },
      cause: error,
    };
    super(error.code, error.message, options);
    this.attempts = tried.attempts;
    this.reply = tried.reply;
  }
}
