/*
 * Thoughts on their way through a caller of this dialect. The vendor's own are told as they are; those of others travel in an envelope
 * (dialect-signature.ts), with what the caller has no place for: their id, that they are sealed, or which tool's call a signature belongs to.
 *
 *   signed                thinking { thinking, signature }
 *   sealed                redacted_thinking { data }
 *   unsigned              thinking, with a mark for a signature: empty, it would make the vendor refuse the talk, were it ever sent there
 *   of a tool's call      redacted_thinking before the call, which names it; read back, the call has it again
 */

import type { ReasoningPart, Signature, ToolCallPart } from '../../operations/chat.ts';
import { unwrapSealed, wrapSealed } from '../dialect-sealed.ts';
import { readSignature, writeSignature } from '../dialect-signature.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';

export type Block = Readonly<Record<string, unknown>>;

/** In place of a dialect: nobody signed it. */
const NOBODY = 'none';
const UNSIGNED = writeSignature({ dialect: NOBODY, value: '' }, ANTHROPIC_MESSAGES);

/** What a thought is in a reply: one block, which has a text or is sealed. */
export function writeThought(thought: Omit<ReasoningPart, 'kind'>): Block {
  const { text, signature, sealed, id } = thought;
  if (signature === undefined && id === undefined) return { type: 'thinking', thinking: text, signature: UNSIGNED };
  if (signature?.dialect === ANTHROPIC_MESSAGES)
    return sealed === true && text === ''
      ? { type: 'redacted_thinking', data: signature.value }
      : { type: 'thinking', thinking: text, signature: signature.value };
  const value = signature?.value ?? '';
  const isHidden = sealed === true && text === '';
  const more = { ...(sealed === undefined || isHidden ? {} : { sealed }), ...(id === undefined ? {} : { id }) };
  const inner = Object.keys(more).length === 0 ? value : wrapSealed({ value, ...more });
  const envelope = writeSignature({ dialect: signature?.dialect ?? NOBODY, value: inner }, ANTHROPIC_MESSAGES);
  return isHidden ? { type: 'redacted_thinking', data: envelope } : { type: 'thinking', thinking: text, signature: envelope };
}

/** The block that carries the signature of a tool's call; `id` as the caller knows the call. */
export function writeCallSignature(signature: Signature, id: string): Block {
  const value = wrapSealed({ value: signature.value, call: id });
  return { type: 'redacted_thinking', data: writeSignature({ dialect: signature.dialect, value }, ANTHROPIC_MESSAGES) };
}

/** A thought that a caller sent back, or the signature of a call that comes after it. */
export function readThought(text: string, signature: string, isRedacted: boolean): ReasoningPart | CallSignature {
  const told = signature === '' ? { dialect: NOBODY, value: '' } : readSignature(signature, ANTHROPIC_MESSAGES);
  if (told.dialect === ANTHROPIC_MESSAGES) return { kind: 'reasoning', text, ...(isRedacted ? { sealed: true } : {}), signature: told };
  const { value, id, sealed, call } = unwrapSealed(told.value);
  if (call !== undefined) return { kind: 'call-signature', call, signature: { dialect: told.dialect, value } };
  return {
    kind: 'reasoning',
    text,
    ...(told.dialect === NOBODY ? {} : { signature: { dialect: told.dialect, value } }),
    ...(sealed === true || isRedacted ? { sealed: true } : {}),
    ...(id === undefined ? {} : { id }),
  };
}

export interface CallSignature {
  readonly kind: 'call-signature';
  readonly call: string;
  readonly signature: Signature;
}

/** Gives calls the signatures that stood before them. */
export function joinCallSignatures<Part extends { readonly kind: string }>(parts: readonly (Part | CallSignature)[]): Part[] {
  const isSignature = (part: Part | CallSignature): part is CallSignature => part.kind === 'call-signature';
  const signatures = new Map(parts.filter(isSignature).map(({ call, signature }) => [call, signature]));
  return parts.flatMap((part): Part[] => {
    if (isSignature(part)) return [];
    const signature = part.kind === 'tool-call' ? signatures.get((part as unknown as ToolCallPart).id) : undefined;
    return [signature === undefined ? part : { ...part, signature }];
  });
}

/** Which call a target's sealed block is the signature of: that target is a gateway as well. */
export function callOf(data: unknown): string | undefined {
  return typeof data === 'string' ? unwrapSealed(readSignature(data, ANTHROPIC_MESSAGES).value).call : undefined;
}

/** A signature as a target told it: its own, whatever it is, but for the mark of none. */
export function ownSignature(value: unknown): Signature | undefined {
  return typeof value === 'string' && value !== '' && value !== UNSIGNED ? { dialect: ANTHROPIC_MESSAGES, value } : undefined;
}
