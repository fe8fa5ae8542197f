/** Cohere's errors: `{"id", "message"}`; the message alone says what it is, and the status stands for the kind (docs.cohere.com, "Errors"). */
import type { FailureWords } from '../failures.ts';
import { hashDigits } from '../text.ts';

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'invalid api token',
  402: 'Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue',
  403: 'access to this model is forbidden',
  404: 'model not found, make sure the correct model ID was used and that you have access to the model.',
  422: 'invalid request: unprocessable entity',
  429: 'You are using a Trial key, which is limited. You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits.',
  498: 'Blocked. Please see our Usage Guidelines.',
  500: 'internal server error',
  501: 'not implemented',
  503: 'service unavailable, please try again later',
  504: 'gateway timeout',
};

export const COHERE_WORDS: FailureWords = {
  headers: () => ({}),
  body: ({ status, message }) => JSON.stringify({ id: uuidOf(`${status}\n${message}`), message }),
  status: (status) => ({ status, message: MESSAGES[status] ?? `Simulated failure with status ${status}.` }),
  contextLength: (window, tokensAsked) => ({
    status: 400,
    message: `too many tokens: total number of tokens in the prompt cannot exceed ${window} - received ${tokensAsked}. Try using a shorter prompt, or a smaller max_tokens value.`,
  }),
  contentPolicy: { status: 498, message: 'Your request was blocked: it may be a potential violation of our Usage Guidelines.' },
  inBand: { status: 500, message: 'internal server error' },
};

/** An id in the form of a UUID that follows from a text. */
export function uuidOf(text: string, seed = 0): string {
  return hashDigits(text, seed, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
}
