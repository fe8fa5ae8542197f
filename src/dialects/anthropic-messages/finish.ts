import type { FinishReason } from '../../operations/chat.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop-sequence',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
  pause_turn: 'pause',
  model_context_window_exceeded: 'context-length',
};

/** Source: platform.claude.com/docs/en/build-with-claude/handling-stop-reasons. */
export function decodeFinish(reason: unknown): FinishReason {
  return typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? 'other') : 'other';
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
  'context-length': 'model_context_window_exceeded',
  other: 'end_turn',
};

/** `hasCalls`: some servers say no more than that they stopped; clients run tools when they are told that it was for them. */
export function encodeFinish(reason: FinishReason, hasCalls: boolean): string {
  return hasCalls && (reason === 'stop' || reason === 'other') ? 'tool_use' : STOP_REASONS[reason];
}

/** Beside the reason: what a newer client reads of a refusal. */
export function stopDetails(reason: string): object | null {
  return reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null;
}
