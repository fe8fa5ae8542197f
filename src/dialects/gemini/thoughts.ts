/*
 * Thoughts and their signatures on their way through a caller of this dialect, which has one field for them: `thoughtSignature`, on any part.
 *
 *   a thought               { text, thought: true, thoughtSignature? }
 *   a sealed one            { text: '', thoughtSignature }, as the vendor itself ends an answer with the proof of thoughts that it does not show
 *   of a text or an image   the same, after it: these have no place for a signature in our words
 *   of a function's call    on the call
 *
 * Foreign signatures are sealed (dialect-signature.ts), with what the field has no place for: the thought's id, and that it is sealed. The field is one of
 * bytes: clients may send it back in the other alphabet of base64, which the seal's reader takes, too.
 * Source: ai.google.dev/gemini-api/docs/thought-signatures.
 */

import type { ReasoningPart, Signature } from '../../operations/chat.ts';
import { unwrapSealed, wrapSealed } from '../dialect-sealed.ts';
import { readSignature, writeSignature } from '../dialect-signature.ts';
import { GEMINI } from './dialect-name.ts';
import type { Fields } from './fields.ts';

/** In place of a dialect: nobody signed it. */
const NOBODY = 'none';

/** What clients send in place of a signature they never had, as the vendor's guide says. */
const STAND_IN = 'skip_thought_signature_validator';
const STAND_INS: ReadonlySet<string> = new Set([STAND_IN, 'context_engineering_is_the_way_to_go']);

/** Whose words are read: a caller may send back what other vendors signed, a target tells its own. */
export type Side = 'caller' | 'target';

/** The signature of a call. */
export function readCallSignature(value: unknown, side: Side): Signature | undefined {
  if (typeof value !== 'string' || value === '' || STAND_INS.has(value)) return undefined;
  return side === 'target' ? { dialect: GEMINI, value } : readSignature(value, GEMINI);
}

export function writeOwnSignature(signature: Signature | undefined): { readonly thoughtSignature?: string } {
  return signature === undefined ? {} : { thoughtSignature: writeSignature(signature, GEMINI) };
}

/** Models of the third generation refuse calls without a signature. Of calls that no such model made, the vendor's guide has this said. */
export const STAND_IN_SIGNATURE = { thoughtSignature: STAND_IN };

/** The part that tells a thought. */
export function writeThought({ text, signature, sealed, id }: Omit<ReasoningPart, 'kind'>): Fields {
  const isHidden = sealed === true && text === '';
  const flags = { text, ...(isHidden ? {} : { thought: true }) };
  if (signature?.dialect === GEMINI && id === undefined) return { ...flags, thoughtSignature: signature.value };
  const more = { ...(sealed === true && !isHidden ? { sealed } : {}), ...(id === undefined ? {} : { id }) };
  if (signature === undefined && id === undefined) return flags;
  const value = signature?.value ?? '';
  const inner = Object.keys(more).length === 0 ? value : wrapSealed({ value, ...more });
  return { ...flags, thoughtSignature: seal({ dialect: signature?.dialect ?? NOBODY, value: inner }) };
}

/** One of the vendor's own is sealed, too, where more than it must be said. */
function seal(signature: Signature): string {
  return writeSignature(signature, '');
}

/** Reads a thought and its `thoughtSignature`. */
export function readThought(text: string, told: unknown, side: Side): ReasoningPart {
  const given = readCallSignature(told, side);
  if (given === undefined) return { kind: 'reasoning', text };
  if (side === 'target') return { kind: 'reasoning', text, signature: given };
  const { value, id, sealed } = unwrapSealed(given.value);
  return {
    kind: 'reasoning',
    text,
    ...(given.dialect === NOBODY ? {} : { signature: { dialect: given.dialect, value } }),
    ...(sealed === true ? { sealed } : {}),
    ...(id === undefined ? {} : { id }),
  };
}

/** The thought that stands behind another part's signature; none where it has none. */
export function readSealed(told: unknown, side: Side): readonly ReasoningPart[] {
  const thought = readThought('', told, side);
  return thought.signature === undefined && thought.id === undefined ? [] : [{ ...thought, sealed: true }];
}
