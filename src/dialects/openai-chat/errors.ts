/*
 * Errors in OpenAI's shape, both ways.
 * Source: platform.openai.com/docs/guides/error-codes, and openai-node's `APIError.generate`.
 */

import { type ErrorCode, type ErrorType, GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import { parseRetryAfter } from '../../base/retry-after.ts';
import type { EncodedError } from '../dialect.ts';

// Where OpenAI has a word of its own for what a row means. Everything else keeps our code.
const CODES: Partial<Record<ErrorCode, string>> = {
  key_missing: 'invalid_api_key',
  key_invalid: 'invalid_api_key',
  token_invalid: 'invalid_api_key',
  model_unknown: 'model_not_found',
  upstream_model_unknown: 'model_not_found',
  rate_limited: 'rate_limit_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
};

const TYPES: Partial<Record<ErrorType, string>> = {
  not_found_error: 'invalid_request_error',
  service_unavailable: 'api_error',
};

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  return { contentType: 'application/json', body: JSON.stringify({ error: errorBody(error, correlationId) }) };
}

/** The value of `error`, which a reply and an event inside a stream share. */
export function errorBody(error: GatewayError, correlationId: string): Record<string, unknown> {
  const { type } = error.row;
  return {
    message: error.message,
    type: TYPES[type] ?? type,
    param: error.options.param ?? null,
    code: CODES[error.code] ?? error.code,
    metadata: { correlation_id: correlationId, ...error.options.detail },
  };
}

/** What upstreams write when a prompt is longer than the model's window; only OpenAI and its closest kin have a code for it. */
const CONTEXT_LENGTH =
  /context.{0,8}(length|window|size)|prompt is too long|too many (input )?tokens|exceeds? the (maximum|available) (number of tokens|context)/i;

const CONTENT_POLICY_CODES: ReadonlySet<unknown> = new Set(['content_policy_violation', 'content_filter', 'ResponsibleAIPolicyViolation']);

// More than any upstream writes into an error; a proxy's HTML page may be longer, and says nothing.
const ERROR_BYTES_MAX = 65_536;

/** What an upstream's error reply means, and whose fault it is. */
export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  const body = readErrorBody(bytes);
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

interface UpstreamErrorBody {
  readonly message: string | undefined;
  readonly type: unknown;
  readonly code: unknown;
  readonly param: unknown;
}

/** Reads OpenAI's shape, and the two that its imitators use: `{"error": "text"}` and `{"message": "text"}`. */
export function readErrorBody(bytes: Uint8Array): UpstreamErrorBody | undefined {
  if (bytes.length === 0 || bytes.length > ERROR_BYTES_MAX) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  return errorFields(parsed);
}

/** The fields of an error object that was parsed already. */
export function errorFields(parsed: unknown): UpstreamErrorBody | undefined {
  if (!isRecord(parsed)) return undefined;
  const inner = isRecord(parsed['error']) ? parsed['error'] : parsed;
  const told = inner === parsed && typeof parsed['error'] === 'string' ? parsed['error'] : inner['message'];
  return {
    message: typeof told === 'string' ? told.slice(0, 2_000) : undefined,
    type: inner['type'],
    code: inner['code'],
    param: inner['param'],
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
