/*
 * What else must travel with a signature through a caller whose dialect has no place for it: the vendor's id of the thought, that it is sealed, or which call it
 * belongs to. It goes inside the value, and so inside the envelope of dialect-signature.ts.
 */

import { isRecord } from './dialect-errors.ts';

/** What begins a value that holds more than a signature. No vendor's signature begins so. */
const MORE = '{"gatehouse":';

export interface Sealed {
  readonly value: string;
  readonly id?: string;
  readonly sealed?: true;
  /** Of the call that it belongs to. */
  readonly call?: string;
}

export function wrapSealed(sealed: Sealed): string {
  return JSON.stringify({ gatehouse: sealed });
}

export function unwrapSealed(text: string): Sealed {
  if (!text.startsWith(MORE)) return { value: text };
  try {
    const parsed: unknown = JSON.parse(text);
    const sealed = isRecord(parsed) ? parsed['gatehouse'] : undefined;
    if (!isRecord(sealed) || typeof sealed['value'] !== 'string') return { value: text };
    const { value, id, call } = sealed;
    return {
      value,
      ...(typeof id === 'string' ? { id } : {}),
      ...(sealed['sealed'] === true ? { sealed: true } : {}),
      ...(typeof call === 'string' ? { call } : {}),
    };
  } catch {
    // Somebody cut it: it is no proof of anything any more, and whoever made it will say so.
    return { value: text };
  }
}
