/*
 * Errors of the Responses API, both ways: bodies of replies, `error` events, and the `error` of a response that failed.
 * Source: platform.openai.com/docs/guides/error-codes, platform.openai.com/docs/api-reference/responses-streaming, and openai-node's `ResponseStream`.
 */

import { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage, type UpstreamErrorFields } from '../dialect-errors.ts';
import { errorBody } from '../dialect-openai-errors.ts';

/** An `error` event. The fields stand flat, as the API's reference has them, and once more in `error`, where the service itself puts them. */
export function errorEvent(error: GatewayError, correlationId: string, sequenceNumber: number): Uint8Array {
  const body = errorBody(error, correlationId);
  const { code, message, param } = body;
  const event = { type: 'error', code, message, param, sequence_number: sequenceNumber, error: body };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  return classifyUpstreamError(status, headers, errorFields(parseErrorBody(bytes)));
}

/** The fields of an error, wherever they stand. */
export function errorFields(parsed: unknown): UpstreamErrorFields | undefined {
  if (!isRecord(parsed)) return undefined;
  const inner = isRecord(parsed['error']) ? parsed['error'] : parsed;
  const told = inner === parsed && typeof parsed['error'] === 'string' ? parsed['error'] : inner['message'];
  // In an event, `type` is that of the event.
  const type = inner === parsed && parsed['type'] === 'error' ? undefined : inner['type'];
  return { message: toldMessage(told), type, code: inner['code'], param: inner['param'] };
}

/** What the caller asked for can't be had, whoever is asked: the codes of a failed response that do not mean the server. */
const CALLERS_FAULT = /^(invalid_|image_|unsupported_|empty_|failed_to_download|context_length|bio_policy|misalignment_policy)/;

/** What the `error` of a failed response means, or an error event. */
export function failureOf(told: unknown): GatewayError {
  const fields = errorFields(told);
  const message = fields?.message ?? 'the upstream reported an error inside its answer';
  const code = typeof fields?.code === 'string' ? fields.code : '';
  const detail = { upstream: { type: fields?.type ?? null, code: fields?.code ?? null } };
  if (code === 'context_length_exceeded') return new GatewayError('context_length_exceeded', message, { detail });
  if (code === 'content_policy_violation' || code === 'invalid_prompt')
    return new GatewayError('content_policy_violation', message, { detail });
  if (code === 'rate_limit_exceeded') return new GatewayError('upstream_rate_limited', message, { detail });
  if (code === 'insufficient_quota')
    return new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway', { detail });
  if (CALLERS_FAULT.test(code)) return new GatewayError('request_invalid', message, { detail });
  return new GatewayError('upstream_stream_interrupted', message, { detail });
}

/** Whether another target might do better. */
export function isServersFault(error: GatewayError): boolean {
  return error.row.source === 'upstream';
}
