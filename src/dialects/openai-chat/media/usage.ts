/*
 * Usage as the newer parts of the OpenAI API tell it: by `input_tokens` and `output_tokens`, with what of them is text, sound or pictures; or by seconds.
 * Source: platform.openai.com/docs/api-reference (images/object, audio/json-object, audio/speech-audio-done-event, realtime-server-events/response/done).
 */

import type { Usage } from '../../../operations/usage.ts';
import { isRecord } from '../../dialect-errors.ts';

type Told = { -readonly [K in keyof Usage]: Usage[K] };

/** Undefined when it is none. */
export function readMediaUsage(value: unknown): Usage | undefined {
  if (!isRecord(value)) return undefined;
  const input = record(value['input_tokens_details'] ?? value['input_token_details']);
  const output = record(value['output_tokens_details'] ?? value['output_token_details']);
  const told: Told = {};
  put(told, 'inputTokens', value['input_tokens'] ?? value['prompt_tokens']);
  put(told, 'outputTokens', value['output_tokens'] ?? value['completion_tokens']);
  put(told, 'totalTokens', value['total_tokens']);
  put(told, 'cachedInputTokens', input['cached_tokens']);
  put(told, 'audioInputTokens', input['audio_tokens']);
  put(told, 'imageInputTokens', input['image_tokens']);
  put(told, 'audioOutputTokens', output['audio_tokens']);
  put(told, 'imageOutputTokens', output['image_tokens']);
  const seconds = value['seconds'];
  if (value['type'] === 'duration' && typeof seconds === 'number' && seconds >= 0) told.audioInputSeconds = seconds;
  return Object.keys(told).length === 0 ? undefined : told;
}

/** Both together: a session has many answers. */
export function addUsage(one: Usage, other: Usage): Usage {
  const sum: Told = { ...one };
  for (const name of Object.keys(other) as (keyof Usage)[]) sum[name] = (one[name] ?? 0) + (other[name] ?? 0);
  return sum;
}

function put(told: Told, name: keyof Usage, value: unknown): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) told[name] = value;
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
