/*
 * Errors in Anthropic's shape, both ways: `{"type": "error", "error": {"type", "message"}, "request_id"}`.
 * Source: platform.claude.com/docs/en/api/errors, and `APIError.generate` of @anthropic-ai/sdk.
 */

import { type ErrorCode, type ErrorType, GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { EncodedError } from '../dialect.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage, type UpstreamErrorFields } from '../dialect-errors.ts';

const TYPES: Partial<Record<ErrorType, string>> = { service_unavailable: 'api_error' };

// Where Anthropic has a word, or a status, of its own for what a row means.
const WORDS: Partial<Record<ErrorCode, { readonly type: string; readonly status?: number }>> = {
  body_too_large: { type: 'request_too_large' },
  field_invalid: { type: 'invalid_request_error', status: 400 },
  overloaded: { type: 'overloaded_error', status: 529 },
  draining: { type: 'overloaded_error', status: 529 },
  quota_exceeded: { type: 'billing_error' },
};

const OVERLOADED = { type: 'overloaded_error', status: 529 };

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  const { status } = wordsOf(error);
  return {
    contentType: 'application/json',
    body: JSON.stringify(errorBody(error, correlationId)),
    ...(status === undefined ? {} : { status }),
  };
}

/** The bytes that tell it inside a stream. Clients raise on the event's name. */
export function encodeStreamError(error: GatewayError, correlationId: string): Uint8Array {
  return Buffer.from(`event: error\ndata: ${JSON.stringify(errorBody(error, correlationId))}\n\n`);
}

function errorBody(error: GatewayError, correlationId: string): Record<string, unknown> {
  const { param, detail } = error.options;
  return {
    type: 'error',
    error: {
      type: wordsOf(error).type,
      message: error.message,
      // Where the vendor puts what programs read.
      details: { error_code: error.code, ...(param === undefined ? {} : { param }), ...detail },
    },
    request_id: correlationId,
  };
}

/** Clients wait longer when a vendor is overloaded than when it fails, so that word of an upstream is handed on. */
function wordsOf(error: GatewayError): { readonly type: string; readonly status?: number } {
  const { upstream } = error.options.detail ?? {};
  if (isRecord(upstream) && upstream['type'] === OVERLOADED.type && error.row.source === 'upstream') return OVERLOADED;
  const { type } = error.row;
  return WORDS[error.code] ?? { type: TYPES[type] ?? type };
}

/** A prepaid account that is empty is told as a bad request; it is the gateway's account, and not the caller's request. */
const CREDIT_BALANCE = /credit balance is too low/i;

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  const fields = errorFields(parseErrorBody(bytes));
  if (status === 402 || (status === 400 && CREDIT_BALANCE.test(fields?.message ?? ''))) {
    return new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway', {
      detail: { upstream: { status, type: fields?.type ?? null, code: fields?.code ?? null } },
    });
  }
  return classifyUpstreamError(status, headers, fields);
}

/** The fields of an error object; reads OpenAI's shape too, which proxies in front of Anthropic's API write. */
export function errorFields(parsed: unknown): UpstreamErrorFields | undefined {
  if (!isRecord(parsed)) return undefined;
  const inner = isRecord(parsed['error']) ? parsed['error'] : parsed;
  const told = inner === parsed && typeof parsed['error'] === 'string' ? parsed['error'] : inner['message'];
  const details = isRecord(inner['details']) ? inner['details'] : undefined;
  return { message: toldMessage(told), type: inner['type'], code: details?.['error_code'] ?? inner['code'] };
}

/** An error that an upstream told where an answer was expected: in a whole reply, or as an event of a stream. */
export function toldError(code: 'upstream_error' | 'upstream_stream_interrupted', parsed: unknown): GatewayError {
  const told = errorFields(parsed);
  return new GatewayError(code, told?.message ?? 'the upstream reported an error', {
    detail: { upstream: { type: told?.type ?? null, code: told?.code ?? null } },
  });
}
