/*
 * Errors in Bedrock's shape, both ways: `{"message"}`, with the exception's name in `x-amzn-errortype`; inside a stream a frame of the type `exception`.
 * Source: the service model of Bedrock Runtime; restJson1 (smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization).
 */

import { type ErrorCode, type ErrorType, GatewayError } from '../../base/errors.ts';
import { encodeFrame, encodeHeaders } from '../../base/event-frames.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { EncodedError } from '../dialect.ts';
import { classifyUpstreamError, isRecord, parseErrorBody, toldMessage } from '../dialect-errors.ts';

const NAMES: Readonly<Record<ErrorType, string>> = {
  invalid_request_error: 'ValidationException',
  authentication_error: 'UnrecognizedClientException',
  permission_error: 'AccessDeniedException',
  not_found_error: 'ResourceNotFoundException',
  rate_limit_error: 'ThrottlingException',
  service_unavailable: 'ServiceUnavailableException',
  api_error: 'InternalServerException',
  timeout_error: 'ModelTimeoutException',
};

// Where AWS has a word, or a status, of its own for what a row means.
const WORDS: Partial<Record<ErrorCode, { readonly name?: string; readonly status?: number }>> = {
  field_invalid: { status: 400 },
  key_missing: { name: 'MissingAuthenticationTokenException' },
  signature_invalid: { name: 'InvalidSignatureException' },
  quota_exceeded: { name: 'ServiceQuotaExceededException' },
};

export function encodeError(error: GatewayError, correlationId: string): EncodedError {
  const { name = NAMES[error.row.type], status } = WORDS[error.code] ?? {};
  return {
    contentType: 'application/json',
    body: JSON.stringify({ message: error.message }),
    headers: { 'x-amzn-errortype': name, 'x-amzn-requestid': correlationId },
    ...(status === undefined ? {} : { status }),
  };
}

const IN_BAND: Readonly<Partial<Record<ErrorType, string>>> = {
  invalid_request_error: 'validationException',
  rate_limit_error: 'throttlingException',
  service_unavailable: 'serviceUnavailableException',
};

/** The bytes that tell it inside a stream. Clients raise on the type of the frame. */
export function encodeStreamError(error: GatewayError): Uint8Array {
  const isModels = error.row.source === 'upstream';
  const type = IN_BAND[error.row.type] ?? (isModels ? MODEL_ERROR : 'internalServerException');
  const original = type === MODEL_ERROR ? { originalStatusCode: error.status, originalMessage: error.message } : {};
  return exceptionFrame(type, { message: error.message, ...original });
}

const MODEL_ERROR = 'modelStreamErrorException';

function exceptionFrame(type: string, payload: object): Uint8Array {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return encodeFrame(encodeHeaders(headers), Buffer.from(JSON.stringify(payload)));
}

const ANTHROPIC_IN_BAND: Readonly<Record<string, string>> = {
  invalid_request_error: 'validationException',
  rate_limit_error: 'throttlingException',
  overloaded_error: 'serviceUnavailableException',
};

/** An error event of Anthropic's, whose data this is, as a frame. */
export function toldStreamError(data: string): Uint8Array {
  const body = parseErrorBody(Buffer.from(data));
  const error = isRecord(body?.['error']) ? body['error'] : {};
  const message = toldMessage(error['message']) ?? 'the model reported an error';
  const { type } = error;
  const name = typeof type === 'string' && Object.hasOwn(ANTHROPIC_IN_BAND, type) ? ANTHROPIC_IN_BAND[type] : undefined;
  return exceptionFrame(name ?? MODEL_ERROR, { message });
}

/** What the gateway's own key pair or token may be refused with, whatever the status. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'IncompleteSignatureException',
  'SignatureDoesNotMatch',
  'MissingAuthenticationTokenException',
  'ExpiredTokenException',
  'InvalidClientTokenId',
]);

export function classifyError(status: number, headers: ReadableHeaders, bytes: Uint8Array): GatewayError {
  const body = parseErrorBody(bytes);
  const type = exceptionName(headers.get('x-amzn-errortype') ?? body?.['__type'] ?? body?.['code']);
  const message = toldMessage(body?.['message'] ?? body?.['Message']);
  return classifyException({ status, type, message, headers });
}

interface Told {
  readonly status: number;
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly headers: ReadableHeaders;
}

function classifyException({ status, type, message, headers }: Told): GatewayError {
  const detail = { upstream: { status, type: type ?? null, code: null } };
  if (type !== undefined && CREDENTIALS.has(type))
    return new GatewayError('upstream_credentials', 'the upstream refused the credential of the gateway', { detail });
  const words = message ?? `the upstream answered ${status}`;
  switch (type) {
    case 'ModelErrorException':
    case 'ModelStreamErrorException':
      // The model failed, whatever the status says of the request.
      return new GatewayError('upstream_error', words, { detail });
    case 'ServiceQuotaExceededException':
      return new GatewayError('upstream_rate_limited', words, { detail });
    case 'ValidationException':
      if (UNKNOWN_MODEL.test(words)) return new GatewayError('upstream_model_unknown', words, { status: 404, detail });
      if (TOO_LONG.test(words)) return new GatewayError('context_length_exceeded', words, { status, detail });
      break;
    default:
  }
  return classifyUpstreamError(status, headers, { message, type });
}

const UNKNOWN_MODEL = /model identifier is invalid/i;
const TOO_LONG = /input is too long|too many input tokens|exceeds the maximum input/i;

/** `ValidationException:http://…/coral/…`, or with a namespace before it. */
function exceptionName(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const name = text.split(':', 1)[0]?.split('#').at(-1)?.trim().slice(0, 100);
  return name === undefined || name === '' ? undefined : name;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  validationException: 'request_invalid',
  throttlingException: 'upstream_rate_limited',
  modelTimeoutException: 'upstream_timeout',
};

/** An exception, or an error without a model of its own, that came as a frame of a stream. */
export function toldException(headers: ReadonlyMap<string, string>, payload: Uint8Array): GatewayError {
  const type = headers.get(':exception-type') ?? headers.get(':error-code') ?? null;
  const body = parseErrorBody(payload);
  const told = isRecord(body) ? toldMessage(body['message'] ?? body['Message']) : undefined;
  const message = told ?? toldMessage(headers.get(':error-message')) ?? 'the upstream reported an error';
  const code = type !== null && Object.hasOwn(CODES, type) ? CODES[type] : undefined;
  return new GatewayError(code ?? 'upstream_stream_interrupted', message, { detail: { upstream: { type, code: null } } });
}

export function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
