/*
 * The directory of a zip file, which lies at its end: what is in it, and how large it says it would become. Read before anything is
 * unpacked. Source: PKWARE APPNOTE 6.3.10, 4.3.12 and 4.3.16.
 */

import { FileRefusal } from './file-refusal.ts';

export interface ZipEntry {
  readonly name: string;
  /** Bytes, as the directory says: it may lie. */
  readonly unpackedBytes: number;
  readonly encrypted: boolean;
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const COMMENT_BYTES_MAX = 65_535;
const ENTRIES_MAX = 10_000;

/** Throws a FileRefusal when there is no sound directory, or one of more than 10,000 entries. */
export function readZipDirectory(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let offset = view.getUint32(end + 16, true);
  // 0xffff stands for zip64, which nobody needs for a document.
  if (count > ENTRIES_MAX) throw new FileRefusal('file_too_complex', `the archive has more than ${ENTRIES_MAX} entries`);
  const decoder = new TextDecoder();
  const entries: ZipEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    if (offset + ENTRY_BYTES > end || view.getUint32(offset, true) !== ENTRY_SIGNATURE) throw broken();
    const nameBytes = view.getUint16(offset + 28, true);
    const nameAt = offset + ENTRY_BYTES;
    if (nameAt + nameBytes > end) throw broken();
    entries.push({
      name: decoder.decode(bytes.subarray(nameAt, nameAt + nameBytes)),
      unpackedBytes: view.getUint32(offset + 24, true),
      encrypted: (view.getUint16(offset + 8, true) & 1) === 1,
    });
    offset = nameAt + nameBytes + view.getUint16(offset + 30, true) + view.getUint16(offset + 32, true);
  }
  return entries;
}

function findEnd(view: DataView): number {
  const lowest = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES_MAX);
  for (let offset = view.byteLength - END_BYTES; offset >= lowest; offset -= 1) {
    if (view.getUint32(offset, true) === END_SIGNATURE) return offset;
  }
  throw broken();
}

function broken(): FileRefusal {
  return new FileRefusal('file_unreadable', 'the file is a damaged zip archive: it was cut, or changed on its way');
}
