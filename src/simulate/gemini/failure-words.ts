/*
 * Google's errors: `{"error": {"code", "message", "status", "details"}}`, where `status` is the canonical name of a gRPC code
 * (google.rpc.Status, AIP-193). Wording: what the Gemini API and Vertex AI send.
 */
import type { Failure, FailureWords } from '../failures.ts';

/** The canonical codes that an HTTP status stands for, by google.rpc.Code. */
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

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Request contains an invalid argument.',
  401: 'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.',
  403: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  404: 'Requested entity was not found.',
  429: 'Resource has been exhausted (e.g. check quota).',
  499: 'The operation was cancelled.',
  500: 'An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting',
  503: 'The model is overloaded. Please try again later.',
  504: 'The request timed out. Please try again.',
};

export const GEMINI_WORDS: FailureWords = {
  body: (failure) => `${JSON.stringify(geminiError(failure), null, 2)}\n`,
  headers: () => ({ 'content-type': 'application/json; charset=UTF-8' }),
  status: (status) => ({ status, message: MESSAGES[status] ?? `Simulated failure with status ${status}.` }),
  contextLength: (window, tokensAsked) => ({
    status: 400,
    message: `The input token count (${tokensAsked}) exceeds the maximum number of tokens allowed (${window}).`,
  }),
  // Told with status 200 and `promptFeedback`, so this is for the routes that answer with no candidates.
  contentPolicy: { status: 400, message: 'The request was blocked because it contains prohibited content.' },
  inBand: { status: 503, message: 'The model is overloaded. Please try again later.' },
};

/** The error as a value: a reply's body, or what ends a stream. */
export function geminiError(failure: Failure): object {
  const { status: code, message, retryAfter } = failure;
  const details = [...(failure.details ?? []), ...(retryAfter === undefined ? [] : [retryInfo(retryAfter)])];
  const status = NAMES[code] ?? (code < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN');
  return { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } };
}

function retryInfo(seconds: number): object {
  return { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${seconds}s` };
}
