/** Errors of Text Embeddings Inference: `{"error", "error_type"}`, as its OpenAPI document has them. */
import type { Failure, FailureWords } from '../failures.ts';

const TYPES: Readonly<Record<number, string>> = {
  413: 'Validation',
  422: 'Tokenizer',
  424: 'Backend',
  429: 'Overloaded',
  503: 'Unhealthy',
};

const MESSAGES: Readonly<Record<number, string>> = {
  413: 'Batch size error',
  422: 'Tokenization error',
  424: 'Inference failed',
  429: 'Model is overloaded',
};

export const TEI_WORDS: FailureWords = {
  body: ({ status, message }: Failure) =>
    JSON.stringify({ error: message, error_type: TYPES[status] ?? (status < 500 ? 'Validation' : 'Backend') }),
  headers: () => ({}),
  status: (status) => ({ status, message: MESSAGES[status] ?? `Simulated failure with status ${status}.` }),
  contentPolicy: { status: 424, message: 'Inference failed' },
  contextLength: (window, tokensAsked) => ({
    status: 413,
    message: `\`inputs\` must have less than ${window} tokens. Given: ${tokensAsked}`,
  }),
  inBand: { status: 424, message: 'Inference failed' },
};
