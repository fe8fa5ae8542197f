import type { FinishReason } from '../../operations/chat.ts';

const READ: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop-sequence',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
  // Words of the API's first version, which some hosts still say.
  ERROR_LIMIT: 'context-length',
  ERROR_TOXIC: 'content-filter',
};

/** With these the answer is not one: the model, or the time it had, gave out. */
const FAILURES: ReadonlySet<unknown> = new Set(['ERROR', 'TIMEOUT']);

export function isFailure(reason: unknown): boolean {
  return FAILURES.has(reason);
}

export function readFinish(reason: unknown, hasCalls: boolean): FinishReason {
  if (typeof reason === 'string') return Object.hasOwn(READ, reason) ? (READ[reason] ?? 'other') : 'other';
  return hasCalls ? 'tool-calls' : 'stop';
}

/** Whatever ended an answer that came whole is the end of it. */
const WRITTEN: Readonly<Record<FinishReason, string>> = {
  stop: 'COMPLETE',
  'stop-sequence': 'STOP_SEQUENCE',
  length: 'MAX_TOKENS',
  'tool-calls': 'TOOL_CALL',
  'content-filter': 'COMPLETE',
  refusal: 'COMPLETE',
  pause: 'COMPLETE',
  'context-length': 'MAX_TOKENS',
  other: 'COMPLETE',
};

export function writeFinish(reason: FinishReason): string {
  return WRITTEN[reason];
}
