/*
 * Errors as Google tells them: `{"error": {"code", "message", "status", "details"}}`, where `status` is the canonical name of a gRPC code.
 * Sources: google.aip.dev/193; google.rpc.Status, ErrorInfo, RetryInfo and BadRequest (googleapis/google/rpc).
 */

import { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { EncodedError } from '../dialect.ts';
import { classifyUpstreamError, isRecord, toldMessage, type UpstreamErrorFields } from '../dialect-errors.ts';

/** The canonical name that a status stands for, by google.rpc.Code. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  416: 'OUT_OF_RANGE',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

export const errorSchema = async () => (await import('./schemas.ts')).geminiError;

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  const status = statusOf(error);
  return { contentType: 'application/json', body: errorJson(error, correlationId), ...(status === error.status ? {} : { status }) };
}

/** The bytes that tell it inside a stream of events. Clients raise on the member `error`. */
export function encodeStreamError(error: GatewayError, correlationId: string): Uint8Array {
  return Buffer.from(`data: ${errorJson(error, correlationId)}\r\n\r\n`);
}

export function errorJson(error: GatewayError, correlationId: string): string {
  const { param, detail, retryAfterMs } = error.options;
  const status = statusOf(error);
  const info = {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: error.code.toUpperCase(),
    domain: 'gatehouse',
    metadata: { correlation_id: correlationId, ...textsOf(detail) },
  };
  const field = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: param, description: error.message }] };
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${(retryAfterMs ?? 0) / 1_000}s` };
  return JSON.stringify({
    error: {
      code: status,
      message: error.message,
      status: NAMES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNAVAILABLE'),
      details: [info, ...(param === undefined ? [] : [field]), ...(retryAfterMs === undefined ? [] : [retry])],
    },
  });
}

/** Google has one status for all that is wrong with a request. */
function statusOf({ status }: GatewayError): number {
  return status === 422 ? 400 : status;
}

/** In `metadata` of an ErrorInfo stand texts alone. */
function textsOf(detail: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(detail ?? {}).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

/** A key that Google does not know is told as a bad request; it is the gateway's key, and not the caller's request. */
const KEY_REASONS: ReadonlySet<unknown> = new Set(['API_KEY_INVALID', 'API_KEY_SERVICE_BLOCKED', 'API_KEY_EXPIRED']);
const KEY_WORDS = /api key (not valid|expired|not found)/i;
/** So is an account that may not be used, or not from where the gateway is: another target may answer. */
const PLACE_WORDS = /location is not supported|billing account/i;

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  const body = parseError(bytes);
  const fields = body === undefined ? undefined : errorFields(body);
  const reasons = detailsOf(body).map(({ reason }) => reason);
  const upstream = { upstream: { status, type: fields?.type ?? null, code: reasons.find((reason) => reason !== undefined) ?? null } };
  if (status === 400 && (reasons.some((reason) => KEY_REASONS.has(reason)) || KEY_WORDS.test(fields?.message ?? '')))
    return new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway', { detail: upstream });
  if ((status === 400 && PLACE_WORDS.test(fields?.message ?? '')) || status === 499)
    return new GatewayError('upstream_error', fields?.message ?? `the upstream answered ${status}`, { detail: upstream });
  const error = classifyUpstreamError(status, headers, fields);
  const retryAfterMs = retryDelay(body);
  if (retryAfterMs === undefined || error.options.retryAfterMs !== undefined || (status !== 429 && status !== 503)) return error;
  return new GatewayError(error.code, error.message, { ...error.options, retryAfterMs });
}

/** The error object; a stream that is asked for as a list is refused with one. */
function parseError(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length === 0 || bytes.length > ERROR_BYTES_MAX) return undefined;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
    return isRecord(first) ? first : undefined;
  } catch {
    // A proxy's page, or a cut one: the status has to say it all.
    return undefined;
  }
}

const ERROR_BYTES_MAX = 65_536;

function detailsOf(body: Readonly<Record<string, unknown>> | undefined): readonly Record<string, unknown>[] {
  const error = body?.['error'];
  const details: unknown = isRecord(error) ? error['details'] : undefined;
  return Array.isArray(details) ? details.filter(isRecord) : [];
}

/** Google says in the body when to come again: `"retryDelay": "31.5s"`. */
function retryDelay(body: Readonly<Record<string, unknown>> | undefined): number | undefined {
  for (const { retryDelay: told } of detailsOf(body)) {
    const seconds = typeof told === 'string' ? /^(\d{1,7}(?:\.\d{1,9})?)s$/.exec(told)?.[1] : undefined;
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return undefined;
}

/** The fields of an error object; a text alone is what some proxies tell. */
function errorFields(parsed: Readonly<Record<string, unknown>>): UpstreamErrorFields {
  const { error } = parsed;
  if (!isRecord(error)) return { message: toldMessage(error ?? parsed['message']) };
  return { message: toldMessage(error['message']), type: error['status'], code: error['code'] };
}

/** An error that an upstream told where an answer was expected: in a whole reply, or inside a stream. */
export function toldError(code: 'upstream_error' | 'upstream_stream_interrupted', parsed: Readonly<Record<string, unknown>>): GatewayError {
  const told = errorFields(parsed);
  return new GatewayError(code, told.message ?? 'the upstream reported an error', {
    detail: { upstream: { type: told.type ?? null, code: told.code ?? null } },
  });
}

export function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
