import type { JsonMember, JsonScan } from './json-scan.ts';

/*
 * Changes members of a scanned JSON object and leaves every other byte as it was: order, spacing, number formats and unknown
 * fields survive, which re-serialising would lose.
 */

/** New values by name, each as valid JSON text; `undefined` removes the member. A name that is absent is appended, or already gone. */
export type MemberEdits = Readonly<Record<string, string | undefined>>;

/** Makes all edits in one pass, into new bytes. The scan must be of an object; it does not describe the result. */
export function editMembers(scan: JsonScan, edits: MemberEdits): Uint8Array {
  if (scan.kind !== 'object') throw new TypeError(`only an object has members, not ${scan.kind}`);
  const { bytes } = scan;
  const changes: { readonly member: JsonMember; readonly json: string | undefined }[] = [];
  let appended = '';
  for (const [name, json] of Object.entries(edits)) {
    const member = scan.get(name);
    if (member !== undefined) changes.push({ member, json });
    else if (json !== undefined) appended += `,${JSON.stringify(name)}:${json}`;
  }
  if (changes.length === 0 && appended === '') return bytes;
  changes.sort((one, other) => one.member.index - other.member.index);

  const pieces: Uint8Array[] = [];
  // Bytes from here on are unchanged and not yet taken over.
  let from = 0;
  let removed = 0;
  for (const { member, json } of changes) {
    if (json !== undefined) {
      pieces.push(bytes.subarray(from, member.start), encoder.encode(json));
      from = member.end;
      continue;
    }
    if (member.index > removed) {
      // The comma before it goes too.
      pieces.push(bytes.subarray(from, scan.at(member.index - 1)?.end));
      from = member.end;
    } else {
      // Nothing is left before it, so the comma after it goes.
      pieces.push(bytes.subarray(from, member.keyStart));
      from = scan.at(member.index + 1)?.keyStart ?? member.end;
    }
    removed += 1;
  }
  if (appended !== '') {
    const end = scan.at(scan.size - 1)?.end ?? bytes.indexOf(OBJECT_OPEN) + 1;
    pieces.push(bytes.subarray(from, end), encoder.encode(scan.size > removed ? appended : appended.slice(1)));
    from = end;
  }
  pieces.push(bytes.subarray(from));
  return joined(pieces);
}

const OBJECT_OPEN = 123;
const encoder = new TextEncoder();

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}
