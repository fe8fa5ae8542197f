/*
 * Errors as OpenAI tells them, in every one of its APIs.
 * Source: platform.openai.com/docs/guides/error-codes, and openai-node's `APIError.generate`.
 */

import type { ErrorCode, ErrorType, GatewayError } from '../base/errors.ts';
import type { EncodedError } from './dialect.ts';

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
