/*
 * What only its maker can have written: signatures of thoughts, and reasoning that the client keeps for us without being able to read or change
 * it. The key is the same in every simulator, as a vendor's is on all of its platforms: a conversation may go on with another one.
 */
const KEY = 'simulated model';
const MAC_BYTES = 32;

/** Seals a hidden text, and vouches for one that is shown beside it. */
export function seal(kind: string, hidden: string, shown = ''): string {
  return Buffer.concat([mac(kind, hidden, shown), Buffer.from(hidden)]).toString('base64');
}

/** The hidden text; undefined when the seal is not ours, or what is shown beside it was changed. */
export function openSeal(kind: string, sealed: string, shown = ''): string | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  const hidden = bytes.subarray(MAC_BYTES).toString();
  const isOurs = bytes.length >= MAC_BYTES && mac(kind, hidden, shown).equals(bytes.subarray(0, MAC_BYTES));
  // Decoders pass over what is no base64: a signature with a stray character would do.
  return isOurs && bytes.toString('base64') === sealed ? hidden : undefined;
}

function mac(kind: string, hidden: string, shown: string): Buffer {
  return new Bun.CryptoHasher('sha256', KEY).update(JSON.stringify([kind, hidden, shown])).digest();
}
