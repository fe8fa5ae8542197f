/* The items of an answer as parts. */

import type { ChatPart, FinishReason, ImagePart, TokenLogProbability } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { readCitations } from './citations.ts';
import { NAME } from './name.ts';
import { readThought } from './thoughts.ts';
import { textOf } from './unread.ts';

export interface ReadOutput {
  readonly parts: readonly ChatPart[];
  readonly logProbabilities: readonly TokenLogProbability[];
}

/** Reads a list of items; what is no item is passed over. */
export function readOutput(output: readonly unknown[]): ReadOutput {
  const parts: ChatPart[] = [];
  const logProbabilities: TokenLogProbability[] = [];
  for (const item of output) {
    if (!isRecord(item)) continue;
    if (item['type'] === 'message') {
      const content: readonly unknown[] = Array.isArray(item['content']) ? item['content'] : [];
      for (const part of content) {
        const read = readContentPart(part);
        if (read !== undefined) parts.push(read);
        if (isRecord(part)) logProbabilities.push(...readLogProbabilities(part['logprobs']));
      }
      continue;
    }
    const part = readItem(item);
    if (part !== undefined) parts.push(part);
  }
  return { parts, logProbabilities };
}

function readContentPart(part: unknown): ChatPart | undefined {
  if (!isRecord(part)) return undefined;
  if (part['type'] === 'refusal') return { kind: 'refusal', text: typeof part['refusal'] === 'string' ? part['refusal'] : '' };
  if (typeof part['text'] !== 'string') return { kind: 'native', dialect: NAME, value: part };
  const citations = readCitations(part['annotations']);
  return { kind: 'text', text: part['text'], ...(citations.length === 0 ? {} : { citations }) };
}

/** Any item but a message. Undefined for a thought of which nothing is shown and nothing sealed. */
export function readItem(item: Readonly<Record<string, unknown>>): ChatPart | undefined {
  switch (item['type']) {
    case 'reasoning': {
      const thought = readThought(item, 'vendor');
      return thought.text === '' && thought.signature === undefined ? undefined : thought;
    }
    case 'function_call':
      return { kind: 'tool-call', id: callId(item), name: nameOf(item), arguments: argumentsOf(item) };
    case 'custom_tool_call':
      return { kind: 'tool-call', id: callId(item), name: nameOf(item), arguments: argumentsOf(item), custom: true };
    case 'image_generation_call':
      return readImage(item) ?? { kind: 'native', dialect: NAME, value: item };
    default:
      return { kind: 'native', dialect: NAME, value: item };
  }
}

export function callId(item: Readonly<Record<string, unknown>>): string {
  return textOf(item['call_id']) ?? textOf(item['id']) ?? '';
}

export function nameOf({ name }: Readonly<Record<string, unknown>>): string {
  return typeof name === 'string' ? name : '';
}

export function argumentsOf(item: Readonly<Record<string, unknown>>): string {
  const text = item['type'] === 'custom_tool_call' ? item['input'] : item['arguments'];
  return typeof text === 'string' ? text : '';
}

function readImage({ result, output_format: format }: Readonly<Record<string, unknown>>): ImagePart | undefined {
  const base64 = textOf(result);
  if (base64 === undefined) return undefined;
  return { kind: 'image', source: { kind: 'data', media: `image/${textOf(format)?.toLowerCase() ?? 'png'}`, base64 } };
}

export function readLogProbabilities(value: unknown): readonly TokenLogProbability[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): TokenLogProbability[] => {
    const row = readRow(entry);
    if (row === undefined || !isRecord(entry)) return [];
    const top: readonly unknown[] = Array.isArray(entry['top_logprobs']) ? entry['top_logprobs'] : [];
    return [{ ...row, top: top.flatMap((each) => readRow(each) ?? []) }];
  });
}

function readRow(entry: unknown): Omit<TokenLogProbability, 'top'> | undefined {
  if (!isRecord(entry)) return undefined;
  const { token, logprob, bytes } = entry;
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined;
  const isBytes = Array.isArray(bytes) && bytes.every((byte) => typeof byte === 'number');
  return { token, logProbability: logprob, ...(isBytes ? { bytes } : {}) };
}

/** Why an answer ended: the API says it only where the end is not the model's own. */
export function readFinish(
  response: Readonly<Record<string, unknown>>,
  parts: { readonly calls: boolean; readonly refused: boolean },
): FinishReason {
  const { status, incomplete_details: details } = response;
  if (status === 'incomplete') {
    const reason = isRecord(details) ? details['reason'] : undefined;
    if (reason === 'content_filter') return 'content-filter';
    return reason === 'max_output_tokens' || reason === undefined ? 'length' : 'other';
  }
  if (status === 'cancelled') return 'other';
  if (parts.calls) return 'tool-calls';
  return parts.refused ? 'refusal' : 'stop';
}
