import type { FinishReason } from '../../operations/chat.ts';

/** `refusal` is what Anthropic's own models may say through it. */
const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  tool_use: 'tool-calls',
  max_tokens: 'length',
  stop_sequence: 'stop-sequence',
  guardrail_intervened: 'content-filter',
  content_filtered: 'content-filter',
  refusal: 'refusal',
  pause_turn: 'pause',
  model_context_window_exceeded: 'context-length',
};

/** Source: `stopReason` of Converse. */
export function decodeFinish(reason: unknown): FinishReason {
  return typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? (REASONS[reason] ?? 'other') : 'other';
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  'stop-sequence': 'stop_sequence',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'content_filtered',
  refusal: 'content_filtered',
  pause: 'end_turn',
  'context-length': 'model_context_window_exceeded',
  other: 'end_turn',
};

/** `hasCalls`: some servers say no more than that they stopped; clients run tools when they are told that it was for them. */
export function encodeFinish(reason: FinishReason, hasCalls: boolean): string {
  return hasCalls && (reason === 'stop' || reason === 'other') ? 'tool_use' : STOP_REASONS[reason];
}
