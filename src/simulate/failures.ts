/*
 * What may happen instead of an answer, as the faults say, and the error bodies of the APIs that the simulator speaks.
 * Wording and codes are those that vendors send: clients and gateways match on them.
 */
import { ANTHROPIC_WORDS } from './anthropic/failure-words.ts';
import { BEDROCK_WORDS } from './bedrock/failure-words.ts';
import { COHERE_WORDS } from './cohere/failure-words.ts';
import { TEI_WORDS } from './cohere/tei-failure-words.ts';
import { resetReply, silence } from './delivery.ts';
import type { Faults } from './faults.ts';
import { GEMINI_WORDS } from './gemini/failure-words.ts';
import type { ErrorShape, Visit } from './visit.ts';

export interface Failure {
  readonly status: number;
  readonly message: string;
  /** OpenAI's `type`, `code` and `param`; the other shapes have no place for them. */
  readonly type?: string;
  readonly code?: string | null;
  readonly param?: string | null;
  /** What Google says beside the message, each with its `@type`. */
  readonly details?: readonly object[];
  /** Seconds until it is worth another try. */
  readonly retryAfter?: number | undefined;
}

/** How a vendor words what the faults ask for, where it does not follow OpenAI. */
export interface FailureWords {
  readonly body: (failure: Failure) => string;
  readonly headers: (failure: Failure) => Readonly<Record<string, string>>;
  /** For the fault `status`. */
  readonly status: (status: number) => Failure;
  readonly contentPolicy: Failure;
  readonly contextLength: (window: number, tokensAsked: number) => Failure;
  /** Sent within a stream, after the head has promised success. */
  readonly inBand: Failure;
}

const WORDS: Readonly<Partial<Record<ErrorShape, FailureWords>>> = {
  anthropic: ANTHROPIC_WORDS,
  gemini: GEMINI_WORDS,
  bedrock: BEDROCK_WORDS,
  cohere: COHERE_WORDS,
  tei: TEI_WORDS,
};

export function failureBody(failure: Failure, shape: ErrorShape): string {
  const words = WORDS[shape];
  if (words !== undefined) return words.body(failure);
  const { message, type = 'invalid_request_error', code = null, param = null } = failure;
  switch (shape) {
    case 'ollama':
      return JSON.stringify({ error: message });
    case 'service':
      return JSON.stringify({ detail: message });
    default:
      return JSON.stringify({ error: { message, type, param, code } });
  }
}

export function failureReply(failure: Failure, visit: Visit): Response {
  visit.record.answer(failure.status);
  visit.record.end('complete');
  const headers = { 'content-type': 'application/json', ...WORDS[visit.shape]?.headers(failure) };
  return new Response(failureBody(failure, visit.shape), { status: failure.status, headers });
}

/**
 * Does what the faults tell to do in place of an answer. Resolves to undefined when there is to be one; rejects when the client
 * leaves first. `tokensAsked` is the prompt and the room for the answer, for `context-length`.
 */
export async function insteadOfAnswer(faults: Faults, visit: Visit, tokensAsked = 0): Promise<Response | undefined> {
  if (faults.delayMs !== undefined) await visit.world.clock.sleep(faults.delayMs, visit.request.signal);
  if (faults.silence) await silence(visit.request.signal);
  if (faults.reset) return resetReply(visit);
  if (faults.status !== undefined) return statusReply(faults, visit);
  const words = WORDS[visit.shape];
  if (faults.contentPolicy) return failureReply(words?.contentPolicy ?? CONTENT_POLICY, visit);
  if (faults.contextLength !== undefined && (faults.contextLength === 0 || tokensAsked > faults.contextLength)) {
    return failureReply((words?.contextLength ?? contextLength)(faults.contextLength, tokensAsked), visit);
  }
  return undefined;
}

/** Sent within a stream, after the head has promised success. */
export const FAILURE_IN_BAND: Failure = {
  status: 500,
  message: 'The server had an error while processing your request. Sorry about that!',
  type: 'server_error',
  code: 'server_error',
};

const CONTENT_POLICY: Failure = {
  status: 400,
  message: 'Your request was rejected as a result of our safety system.',
  code: 'content_policy_violation',
};

function contextLength(window: number, tokensAsked: number): Failure {
  return {
    status: 400,
    message: `This model's maximum context length is ${window} tokens. However, your messages resulted in ${tokensAsked} tokens. Please reduce the length of the messages.`,
    code: 'context_length_exceeded',
    param: 'messages',
  };
}

function statusReply(faults: Faults, visit: Visit): Response {
  const status = faults.status ?? 500;
  const words = WORDS[visit.shape];
  const failure: Failure = { ...(words?.status ?? failureOf)(status), retryAfter: faults.retryAfter };
  const headers: Record<string, string> = { 'content-type': 'application/json', ...words?.headers(failure) };
  if (faults.retryAfter !== undefined) headers['retry-after'] = String(faults.retryAfter);
  if (faults.retryAfterMs !== undefined) headers['retry-after-ms'] = String(faults.retryAfterMs);
  // A redirect that leads nowhere: whoever follows it is found out.
  if (status < 400) headers['location'] = '/redirected';
  visit.record.answer(status);
  visit.record.end('complete');

  if (faults.body === 'empty' || status === 304) {
    delete headers['content-type'];
    return new Response(null, { status, headers });
  }
  if (faults.body === 'html') {
    const page = `<html>\r\n<head><title>${status}</title></head>\r\n<body>\r\n<center><h1>${status}</h1></center>\r\n</body>\r\n</html>\r\n`;
    return new Response(page, { status, headers: { ...headers, 'content-type': 'text/html' } });
  }
  return new Response(failureBody(failure, visit.shape), { status, headers });
}

const KNOWN: Readonly<Record<number, Omit<Failure, 'status'>>> = {
  401: { message: 'Incorrect API key provided.', code: 'invalid_api_key' },
  403: { message: 'You do not have access to this model.', type: 'permission_error', code: 'permission_denied' },
  404: { message: 'The model does not exist or you do not have access to it.', code: 'model_not_found' },
  408: { message: 'Request timed out.', type: 'timeout_error', code: 'timeout' },
  429: { message: 'Rate limit reached for requests. Please try again later.', type: 'requests', code: 'rate_limit_exceeded' },
  500: { message: FAILURE_IN_BAND.message, type: 'server_error', code: null },
  503: { message: 'The engine is currently overloaded, please try again later.', type: 'server_error', code: 'overloaded' },
};

function failureOf(status: number): Failure {
  const known = KNOWN[status];
  if (known !== undefined) return { status, ...known };
  return { status, message: `Simulated failure with status ${status}.`, type: status < 500 ? 'invalid_request_error' : 'server_error' };
}
