/*
 * What the errors of OpenAI and its kin mean; how ours are told is in dialect-openai-errors.ts.
 * Source: platform.openai.com/docs/guides/error-codes, and openai-node's `APIError.generate`.
 */

import type { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage, type UpstreamErrorFields } from '../dialect-errors.ts';

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  return classifyUpstreamError(status, headers, errorFields(parseErrorBody(bytes)));
}

/** The fields of an error object. Reads OpenAI's shape, and the two that its imitators use: `{"error": "text"}` and `{"message": "text"}`. */
export function errorFields(parsed: unknown): UpstreamErrorFields | undefined {
  if (!isRecord(parsed)) return undefined;
  const inner = isRecord(parsed['error']) ? parsed['error'] : parsed;
  const told = inner === parsed && typeof parsed['error'] === 'string' ? parsed['error'] : inner['message'];
  return {
    message: toldMessage(told),
    type: inner['type'],
    code: inner['code'],
    param: inner['param'],
  };
}
