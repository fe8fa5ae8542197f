/*
 * Errors in Ollama's shape, both ways: `{"error": "text"}`. Its clients read that text and nothing else; what is beside it is for people and
 * programs that know this gateway. Source: Ollama's server/routes.go, and `checkOk` of ollama-js.
 */

import type { GatewayError } from '../../base/errors.ts';
import type { EncodedError } from '../dialect.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage } from '../dialect-errors.ts';

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(errorBody(error, correlationId)) };
}

/** The object that a reply and a line inside a stream share. */
export function errorBody(error: GatewayError, correlationId: string): Record<string, unknown> {
  const { param, detail } = error.options;
  return { error: wordsOf(error), code: error.code, param, correlation_id: correlationId, detail };
}

/** Clients look for Ollama's own words where a model is not there, and then offer to pull it. */
function wordsOf(error: GatewayError): string {
  const model = error.options.detail?.['model'];
  if (error.code !== 'model_unknown' || typeof model !== 'string') return error.message;
  return `model '${model}' not found: GET /api/tags lists those that are there`;
}

export function classifyError(status: number, headers: Headers, bytes: Uint8Array): GatewayError {
  const message = toldText(parseErrorBody(bytes)?.['error']);
  return classifyUpstreamError(status, headers, { message });
}

/** The text of `error`; a server that only imitates Ollama may put OpenAI's object there. */
export function toldText(told: unknown): string | undefined {
  return toldMessage(isRecord(told) ? told['message'] : told);
}
