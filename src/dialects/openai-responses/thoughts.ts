/*
 * Reasoning items, and the signatures in them.
 *
 * OpenAI seals a thought in `encrypted_content`, and gives the item an id, with which it may be sent back. Both are one signature in our words, so that they
 * stay together on the way through a caller that has room for one text alone:
 *
 *   rs_68af4030…:gAAAAAB…      id and sealed content; the id, with its colon, is absent where the item had none
 *
 * Other vendors also sign calls of tools, for which this API has no place: that signature travels in a reasoning item of its own before the call. It is sealed
 * like any foreign one (dialect-signature.ts), and begins with `call:`.
 */

import type { ReasoningPart, Signature } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { readSignature, writeSignature } from '../dialect-signature.ts';
import { NAME } from './name.ts';
import { textOf } from './unread.ts';

const CALL = 'call:';
const ID_AND_CONTENT = /^([\w-]{1,200}):/;

/** What the thought says: the model's own words where they are shown, else the parts of their summary. */
function readText(item: Readonly<Record<string, unknown>>): string {
  const told = texts(item['content']);
  return told.length > 0 ? told.join('') : texts(item['summary']).join(SUMMARY_BREAK);
}

/** Between the parts of a summary. */
export const SUMMARY_BREAK = '\n\n';

function texts(parts: unknown): string[] {
  if (!Array.isArray(parts)) return [];
  return parts.flatMap((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : []));
}

/** `own`: the item came from the vendor, so whatever is sealed in it is its own. */
export function readThought(item: Readonly<Record<string, unknown>>, from: 'vendor' | 'caller'): ReasoningPart {
  const text = readText(item);
  const id = textOf(item['id']);
  const sealed = textOf(item['encrypted_content']);
  if (sealed === undefined) return { kind: 'reasoning', text, ...(id === undefined ? {} : { id }) };
  const read = from === 'vendor' ? { dialect: NAME, value: sealed } : readSignature(sealed, NAME);
  const signature = read.dialect === NAME && id !== undefined ? { dialect: NAME, value: `${id}:${read.value}` } : read;
  return { kind: 'reasoning', text, signature, ...(text === '' ? { sealed: true as const } : {}) };
}

/** The signature of the call that follows, when the item is one that carries it. */
export function readCallSignature({ signature, text }: ReasoningPart): Signature | undefined {
  if (text !== '' || signature === undefined || signature.dialect === NAME || !signature.value.startsWith(CALL)) return undefined;
  return { dialect: signature.dialect, value: signature.value.slice(CALL.length) };
}

/** What carries the signature of a call; undefined where it needs none: this dialect's own calls have no signatures. */
export function callSignatureContent(signature: Signature | undefined): string | undefined {
  if (signature === undefined || signature.dialect === NAME) return undefined;
  return writeSignature({ dialect: signature.dialect, value: CALL + signature.value }, NAME);
}

/** Id and sealed content of a thought. */
export function sealOf(signature: Signature | undefined): { readonly id?: string; readonly encrypted_content?: string } {
  if (signature === undefined) return {};
  const id = signature.dialect === NAME ? ID_AND_CONTENT.exec(signature.value)?.[1] : undefined;
  if (id === undefined) return { encrypted_content: writeSignature(signature, NAME) };
  return { id, encrypted_content: signature.value.slice(id.length + 1) };
}

export function summaryOf(text: string): unknown[] {
  return text === '' ? [] : [{ type: 'summary_text', text }];
}
