/*
 * Thoughts in chat completions. OpenAI tells none; its kin do, in three ways: `reasoning_content` (DeepSeek, vLLM), `reasoning` (OpenRouter, Groq), both
 * plain text, and `reasoning_details` (OpenRouter), a list with signatures:
 *
 *   { type: 'reasoning.text', text, signature?, id?, index }   { type: 'reasoning.summary', summary }   { type: 'reasoning.encrypted', data, id?, index }
 *
 * To callers we tell `reasoning_content`, and beside it `reasoning_details` where there is something to be sent back: a client that returns the message
 * as it was, as agents do, keeps the signatures. Those of tool calls are where Google's OpenAI API has them: `extra_content.google.thought_signature`.
 */

import type { ChatPart, ReasoningPart, Signature } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { readSignature, writeSignature } from '../dialect-signature.ts';
import { OPENAI_CHAT } from './dialect-name.ts';

export interface Detail {
  readonly text: string;
  readonly signature?: Signature;
  readonly sealed?: true;
  readonly id?: string;
  readonly index?: number;
}

/** The thoughts of a message, a caller's or a target's. What is none is left out. */
export function readThoughts(message: Readonly<Record<string, unknown>>): readonly ReasoningPart[] {
  const plain = plainThought(message);
  const details = readDetails(message['reasoning_details']);
  if (details.length === 0) return plain === '' ? [] : [{ kind: 'reasoning', text: plain }];
  const isTextless = details.every(({ text }) => text === '');
  return details.map(({ index: _index, ...detail }, position) => ({
    kind: 'reasoning',
    ...detail,
    // Signatures alone: the text stands beside them.
    ...(isTextless && position === 0 && detail.sealed === undefined ? { text: plain } : {}),
  }));
}

export function plainThought(message: Readonly<Record<string, unknown>>): string {
  const { reasoning_content: content, reasoning } = message;
  if (typeof content === 'string' && content !== '') return content;
  return typeof reasoning === 'string' ? reasoning : '';
}

/** The thought in a part of content, from servers that answer in lists: `thinking` is Mistral's, `summary` that of Databricks. */
export function listedThought({ thinking, summary }: Readonly<Record<string, unknown>>): string {
  const pieces: readonly unknown[] = Array.isArray(thinking) ? thinking : Array.isArray(summary) ? summary : [];
  return pieces.map((piece) => (isRecord(piece) && typeof piece['text'] === 'string' ? piece['text'] : '')).join('');
}

/** Entries that say something. */
export function readDetails(value: unknown): readonly Detail[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown): Detail[] => {
    if (!isRecord(entry)) return [];
    const { type, text, summary, signature, data, id, index } = entry;
    const common = {
      ...(typeof id === 'string' ? { id } : {}),
      ...(typeof index === 'number' ? { index } : {}),
    };
    if (type === 'reasoning.encrypted')
      return typeof data === 'string' && data !== ''
        ? [{ text: '', signature: readSignature(data, OPENAI_CHAT), sealed: true, ...common }]
        : [];
    const words = typeof text === 'string' ? text : typeof summary === 'string' ? summary : '';
    const isSigned = typeof signature === 'string' && signature !== '';
    if (words === '' && !isSigned) return [];
    return [{ text: words, ...(isSigned ? { signature: readSignature(signature, OPENAI_CHAT) } : {}), ...common }];
  });
}

/** The entry for one thought. */
export function writeDetail(part: Omit<ReasoningPart, 'kind'>, index: number): Record<string, unknown> {
  const { text, signature, sealed, id } = part;
  const named = id === undefined ? {} : { id };
  const written = signature === undefined ? undefined : writeSignature(signature, OPENAI_CHAT);
  if (sealed === true && written !== undefined) return { type: 'reasoning.encrypted', data: written, ...named, index };
  return {
    type: 'reasoning.text',
    ...(text === '' ? {} : { text }),
    ...(written === undefined ? {} : { signature: written }),
    ...named,
    index,
  };
}

/** The fields of a message that tell its thoughts. */
export function writeThoughts(parts: readonly ChatPart[]): Record<string, unknown> {
  const thoughts = parts.filter((part) => part.kind === 'reasoning');
  if (thoughts.length === 0) return {};
  const text = thoughts.map((thought) => thought.text).join('');
  // One thought without a signature is told in full by its text.
  const isPlain = thoughts.length === 1 && thoughts[0]?.signature === undefined && thoughts[0]?.id === undefined;
  return {
    ...(text === '' ? {} : { reasoning_content: text }),
    ...(isPlain ? {} : { reasoning_details: thoughts.map((thought, index) => writeDetail(thought, index)) }),
  };
}

export function readToolSignature(extra: unknown): Signature | undefined {
  const google = isRecord(extra) ? extra['google'] : undefined;
  const value = isRecord(google) ? google['thought_signature'] : undefined;
  return typeof value === 'string' && value !== '' ? readSignature(value, OPENAI_CHAT) : undefined;
}

export function writeToolSignature(signature: Signature | undefined): Record<string, unknown> {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: writeSignature(signature, OPENAI_CHAT) } } };
}
