/*
 * Thoughts on their way through a caller of this dialect. The vendor's own are told as they are; those of others travel in an envelope (dialect-signature.ts),
 * with what the caller has no place for: their id, that they are sealed, or which tool's call a signature belongs to.
 *
 *   signed or not         reasoningText { text, signature? }
 *   sealed                redactedContent
 *   of a tool's call      redactedContent before the call, which names it; read back, the call has it again
 */

import type { ReasoningPart, Signature, ToolCallPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { type Sealed, unwrapSealed, wrapSealed } from '../dialect-sealed.ts';
import { readSignature, writeSignature } from '../dialect-signature.ts';
import type { Block } from './block.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';

/** In place of a dialect: nobody signed it. */
const NOBODY = 'none';
export interface CallSignature {
  readonly kind: 'call-signature';
  readonly call: string;
  readonly signature: Signature;
}

/** The value of a `reasoningContent`: it has a text, or is sealed. */
export function writeThought({ text, signature, sealed, id }: Omit<ReasoningPart, 'kind'>): Block {
  const isHidden = sealed === true && text === '';
  const proof = proofOf(signature, { ...(sealed === undefined || isHidden ? {} : { sealed }), ...(id === undefined ? {} : { id }) });
  if (isHidden) return { redactedContent: proof ?? writeSignature({ dialect: NOBODY, value: '' }, BEDROCK_CONVERSE) };
  return { reasoningText: { text, ...(proof === undefined ? {} : { signature: proof }) } };
}

function proofOf(signature: Signature | undefined, more: Omit<Sealed, 'value'>): string | undefined {
  const hasMore = Object.keys(more).length > 0;
  if (signature?.dialect === BEDROCK_CONVERSE) return signature.value;
  if (signature === undefined && !hasMore) return undefined;
  const value = signature?.value ?? '';
  return writeSignature(
    { dialect: signature?.dialect ?? NOBODY, value: hasMore ? wrapSealed({ value, ...more }) : value },
    BEDROCK_CONVERSE,
  );
}

/** The block that carries the signature of a tool's call, or none. */
export function callSignatureBlocks(signature: Signature | undefined, call: string): readonly Block[] {
  if (signature === undefined) return [];
  const { dialect, value } = signature;
  // The vendor signs no calls; a gateway before it does, in a block of its own, which goes on as it is.
  if (dialect === BEDROCK_CONVERSE) return callOf(value) === undefined ? [] : [{ reasoningContent: { redactedContent: value } }];
  const sealed = writeSignature({ dialect, value: wrapSealed({ value, call }) }, BEDROCK_CONVERSE);
  return [{ reasoningContent: { redactedContent: sealed } }];
}

/** A thought that a caller sent back, or the signature of a call that comes after it; undefined for what is none. */
export function readThought(content: unknown): ReasoningPart | CallSignature | undefined {
  const told = plainThought(content);
  if (told === undefined) return undefined;
  const { text, proof, isHidden } = told;
  const seal = isHidden ? { sealed: true as const } : {};
  if (proof === undefined) return { kind: 'reasoning', text, ...seal };
  const signature = readSignature(proof, BEDROCK_CONVERSE);
  if (signature.dialect === BEDROCK_CONVERSE) return { kind: 'reasoning', text, ...seal, signature };
  const { value, id, sealed, call } = unwrapSealed(signature.value);
  if (call !== undefined) return { kind: 'call-signature', call, signature: { dialect: signature.dialect, value } };
  return {
    kind: 'reasoning',
    text,
    ...(signature.dialect === NOBODY ? {} : { signature: { dialect: signature.dialect, value } }),
    ...(sealed === true ? { sealed } : seal),
    ...(id === undefined ? {} : { id }),
  };
}

/** A thought as a target told it, so that its signature is the vendor's own. */
export function answeredThought(content: unknown): ReasoningPart | CallSignature | undefined {
  const told = plainThought(content);
  if (told === undefined) return undefined;
  const { text, proof, isHidden } = told;
  const signature = proof === undefined || proof === '' ? undefined : { dialect: BEDROCK_CONVERSE, value: proof };
  const call = isHidden && signature !== undefined ? callOf(signature.value) : undefined;
  if (call !== undefined && signature !== undefined) return { kind: 'call-signature', call, signature };
  return { kind: 'reasoning', text, ...(isHidden ? { sealed: true } : {}), ...(signature === undefined ? {} : { signature }) };
}

function plainThought(
  content: unknown,
): { readonly text: string; readonly proof: string | undefined; readonly isHidden: boolean } | undefined {
  if (!isRecord(content)) return undefined;
  const { reasoningText: shown, redactedContent: hidden } = content;
  if (typeof hidden === 'string') return { text: '', proof: hidden, isHidden: true };
  if (!isRecord(shown)) return undefined;
  const { text, signature } = shown;
  return { text: typeof text === 'string' ? text : '', proof: typeof signature === 'string' ? signature : undefined, isHidden: false };
}

/** Which call a target's sealed block is the signature of: that target is a gateway as well. */

export function callOf(data: string): string | undefined {
  return unwrapSealed(readSignature(data, BEDROCK_CONVERSE).value).call;
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
