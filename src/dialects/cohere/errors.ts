/*
 * Errors in Cohere's shape, both ways: `{"id", "message"}`; the status says which kind it is. Source: docs.cohere.com/reference/errors.
 */

import { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { EncodedError } from '../dialect.ts';
import { parseErrorBody } from '../dialect-errors.ts';
import { anyFields, classifyAny } from '../dialect-whole.ts';

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  return { contentType: 'application/json', body: JSON.stringify({ id: correlationId, message: error.message }) };
}

/** A stream tells at its end what went wrong. */
export function encodeStreamError(error: GatewayError, correlationId: string): Uint8Array {
  const event = { type: 'message-end', id: correlationId, delta: { finish_reason: 'ERROR', error: error.message } };
  return Buffer.from(`event: message-end\ndata: ${JSON.stringify(event)}\n\n`);
}

/** What was asked or answered is against the usage guidelines. */
const BLOCKED = 498;

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  if (status !== BLOCKED) return classifyAny(status, headers, bytes);
  const message = anyFields(parseErrorBody(bytes))?.message ?? 'the upstream blocked the request';
  return new GatewayError('content_policy_violation', message, { detail: { upstream: { status, type: null, code: null } } });
}

/** An error that an upstream told where an answer was expected. */
export function toldError(code: 'upstream_error' | 'upstream_stream_interrupted', message: unknown): GatewayError {
  return new GatewayError(code, typeof message === 'string' && message !== '' ? message.slice(0, 2_000) : 'the upstream reported an error');
}
