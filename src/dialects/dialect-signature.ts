/*
 * Signatures of thoughts on their way through a caller whose dialect is not the vendor's. They come back with the next request, and must then be known as
 * whose they are: so a foreign one travels sealed in an envelope, which is base64, since some dialects take nothing else.
 *
 *   base64( gatehouse:<dialect>:<the vendor's own text> )
 */

import type { Signature } from '../operations/chat.ts';

const PREFIX = 'gatehouse:';
/** What every envelope begins with. 10 bytes: the 13 characters that they fill whole. */
const MARK = Buffer.from(PREFIX).toString('base64').slice(0, 13);
const MARK_BYTES = Buffer.from(MARK);

/** The text for a caller of `dialect`: the vendor's own, or the envelope. */
export function writeSignature(signature: Signature, dialect: string): string {
  return signature.dialect === dialect
    ? signature.value
    : Buffer.from(`${PREFIX}${signature.dialect}:${signature.value}`).toString('base64');
}

/** Reads what a caller of `dialect` sent back. */
export function readSignature(text: string, dialect: string): Signature {
  if (!text.startsWith(MARK)) return { dialect, value: text };
  const opened = Buffer.from(text, 'base64').toString();
  const colon = opened.indexOf(':', PREFIX.length);
  if (!opened.startsWith(PREFIX) || colon === -1) return { dialect, value: text };
  return { dialect: opened.slice(PREFIX.length, colon), value: opened.slice(colon + 1) };
}

/**
 * Whether there may be an envelope in a request: then it is decoded even for a target of the caller's own dialect, which would refuse the foreign
 * signature. A native search; some microseconds for a long prompt.
 */
export function mayHoldEnvelope(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(MARK_BYTES);
}
