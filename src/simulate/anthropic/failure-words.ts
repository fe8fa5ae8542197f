/** Failures in the words of Anthropic's API, from its reference and from what its callers report. */
import type { Failure, FailureWords } from '../failures.ts';
import { hashDigits } from '../text.ts';

const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'invalid x-api-key',
  402: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'Not found',
  408: 'Request timed out',
  413: 'Request exceeds the maximum size',
  429: 'This request would exceed the rate limit for your organization. Please try again later.',
  500: 'Internal server error',
  503: 'Service unavailable',
  504: 'Request timed out',
  529: 'Overloaded',
};

export const ANTHROPIC_WORDS: FailureWords = {
  body: (failure) => JSON.stringify(bodyOf(failure)),
  headers: (failure) => ({ 'request-id': requestId(failure.message) }),
  status: (status) => ({ status, message: MESSAGES[status] ?? `Simulated failure with status ${status}.` }),
  contentPolicy: { status: 400, message: 'Output blocked by content filtering policy' },
  contextLength: (window, tokensAsked) => ({ status: 400, message: `prompt is too long: ${tokensAsked} tokens > ${window} maximum` }),
  inBand: { status: 529, message: 'Overloaded' },
};

/** An error in the middle of a stream. */
export const ANTHROPIC_ERROR_EVENT = bodyOf(ANTHROPIC_WORDS.inBand);

/** Of what was asked, so that it can be repeated; in the vendor's form. */
export function requestId(asked: string): string {
  return `req_01${hashDigits(asked, 0, 22)}`;
}

function bodyOf({ status, message }: Failure) {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message }, request_id: requestId(message) };
}
