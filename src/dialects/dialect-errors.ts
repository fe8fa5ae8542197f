/*
 * What an upstream's error means, and whose fault it is. Statuses and words that all dialects share; how each writes an error is its own.
 */

import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import { parseRetryAfter } from '../base/retry-after.ts';

/** What an error of an upstream says of itself; a dialect without a word for something leaves it out. */
export interface UpstreamErrorFields {
  readonly message: string | undefined;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly param?: unknown;
}

/** What upstreams write when a prompt is longer than the model's window; only OpenAI and its closest kin have a code for it. */
const CONTEXT_LENGTH =
  /context.{0,8}(length|window|size)|prompt is too long|too many (input )?tokens|exceeds? the (maximum|available) (number of tokens|context)/i;

const CONTENT_POLICY_CODES: ReadonlySet<unknown> = new Set(['content_policy_violation', 'content_filter', 'ResponsibleAIPolicyViolation']);

// More than any upstream writes into an error; a proxy's HTML page may be longer, and says nothing.
const ERROR_BYTES_MAX = 65_536;

/** What an upstream's error reply means, and whose fault it is. */
export function classifyUpstreamError(status: number, headers: ReadableHeaders, body: UpstreamErrorFields | undefined): GatewayError {
  const message = body?.message ?? `the upstream answered ${status}`;
  const detail = { upstream: { status, type: body?.type ?? null, code: body?.code ?? null } };
  const options = { status, detail, ...(typeof body?.param === 'string' ? { param: body.param } : {}) };
  if (status === 401 || status === 403 || body?.code === 'insufficient_quota') {
    // The credential is ours, not the caller's: its fault is never shown as theirs.
    return new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway', { detail });
  }
  const retryAfterMs = parseRetryAfter(headers);
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 429) return new GatewayError('upstream_rate_limited', message, { detail, ...wait });
  if (status === 404) return new GatewayError('upstream_model_unknown', message, options);
  if (status === 408 || status === 504) return new GatewayError('upstream_timeout', message, { detail, ...wait });
  if (status >= 500) return new GatewayError('upstream_error', message, { ...options, ...wait, status: status > 504 ? 503 : status });
  if (status < 400)
    return new GatewayError('upstream_reply_invalid', `the upstream answered ${status}, which is no answer to this request`, { detail });
  if (body?.code === 'context_length_exceeded' || CONTEXT_LENGTH.test(message))
    return new GatewayError('context_length_exceeded', message, options);
  if (CONTENT_POLICY_CODES.has(body?.code)) return new GatewayError('content_policy_violation', message, options);
  return new GatewayError('request_invalid', message, options);
}

/** The JSON of an error reply; undefined when it is none, or too long to mean anything. */
export function parseErrorBody(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length === 0 || bytes.length > ERROR_BYTES_MAX) return undefined;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    // A proxy's page, or a cut one: the status has to say it all.
    return undefined;
  }
}

/** The words of an upstream, no longer than anybody reads. */
export function toldMessage(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 2_000) : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
