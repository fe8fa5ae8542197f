import type { SendableHeaders } from '../transport/hop-headers.ts';

/** A copy of headers that a credential can be added to. */
export function headerRecord(headers: SendableHeaders): Record<string, string> {
  return Object.fromEntries(headers instanceof Headers ? headers : Object.entries(headers));
}
