/* Why an answer ended. Source: ai.google.dev/api/generate-content#FinishReason. */

import type { FinishReason } from '../../operations/chat.ts';

/** What is not here is `other`: a call that is no call, a language that is not spoken, and what will be added. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
};

export function decodeFinish(reason: unknown, hasCalls: boolean): FinishReason {
  const finish = typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? 'other') : 'other';
  return finish === 'stop' && hasCalls ? 'tool-calls' : finish;
}

const WORDS: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  'stop-sequence': 'STOP',
  'tool-calls': 'STOP',
  length: 'MAX_TOKENS',
  'context-length': 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  refusal: 'SAFETY',
  pause: 'OTHER',
  other: 'OTHER',
};

export function encodeFinish(reason: FinishReason): string {
  return WORDS[reason];
}
