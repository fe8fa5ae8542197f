/*
 * What a file is by its first bytes. The name and the type that came with it are somebody's word; this is what there is.
 *
 * Sources: the magic numbers of file(1), and RFC 8118 (PDF), APPNOTE (zip), PE, ELF and Mach-O.
 */

import { FileRefusal } from './file-refusal.ts';

type ReadableKind = 'pdf' | 'zip' | 'perhaps-text';
/** `opaque`: nothing that text could be read from; `what` says what it is, for the message. */
export type Signature = { readonly kind: ReadableKind } | { readonly kind: 'opaque'; readonly what: string };

interface Magic {
  readonly bytes: readonly number[];
  /** Default 0. */
  readonly offset?: number;
  readonly what: string;
}

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

const OPAQUE: readonly Magic[] = [
  { bytes: ascii('MZ'), what: 'a Windows executable' },
  { bytes: [0x7f, ...ascii('ELF')], what: 'a Linux executable' },
  { bytes: [0xfe, 0xed, 0xfa, 0xce], what: 'a macOS executable' },
  { bytes: [0xfe, 0xed, 0xfa, 0xcf], what: 'a macOS executable' },
  { bytes: [0xce, 0xfa, 0xed, 0xfe], what: 'a macOS executable' },
  { bytes: [0xcf, 0xfa, 0xed, 0xfe], what: 'a macOS executable' },
  { bytes: [0xca, 0xfe, 0xba, 0xbe], what: 'a macOS executable or a Java class' },
  { bytes: [0x00, ...ascii('asm')], what: 'a WebAssembly module' },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], what: 'a file of an old Office (.doc, .xls): save it as .docx' },
  { bytes: ascii('{\\rtf'), what: 'rich text (.rtf): save it as .docx' },
  { bytes: [0x1f, 0x8b], what: 'a gzip archive' },
  { bytes: ascii('BZh'), what: 'a bzip2 archive' },
  { bytes: [0xfd, ...ascii('7zXZ')], what: 'an xz archive' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'a zstd archive' },
  { bytes: [...ascii('7z'), 0xbc, 0xaf, 0x27, 0x1c], what: 'a 7-Zip archive' },
  { bytes: ascii('Rar!'), what: 'a RAR archive' },
  { bytes: ascii('ustar'), offset: 257, what: 'a tar archive' },
  { bytes: [0x89, ...ascii('PNG')], what: 'an image (PNG)' },
  { bytes: [0xff, 0xd8, 0xff], what: 'an image (JPEG)' },
  { bytes: ascii('GIF8'), what: 'an image (GIF)' },
  { bytes: ascii('RIFF'), what: 'a media file (RIFF)' },
  { bytes: ascii('ID3'), what: 'a sound file (MP3)' },
  { bytes: ascii('OggS'), what: 'a media file (Ogg)' },
  { bytes: ascii('ftyp'), offset: 4, what: 'a media file (MP4)' },
  { bytes: ascii('SQLite format 3'), what: 'a SQLite database' },
];

const PDF = ascii('%PDF-');
const ZIP = [ascii('PK\x03\x04'), ascii('PK\x05\x06')];
const BOM = [0xef, 0xbb, 0xbf];

/** What to read a file as, by its first bytes alone. Throws a FileRefusal for what no text can be read from. */
export function readableKind(bytes: Uint8Array): ReadableKind {
  const signature = signatureOf(bytes);
  if (signature.kind === 'opaque') throw new FileRefusal('file_type_unsupported', `the file is ${signature.what}, which is not taken here`);
  return signature.kind;
}

/** Looks at the first bytes alone; whether `perhaps-text` is text, decoding it will tell (text-decoding.ts). */
export function signatureOf(bytes: Uint8Array): Signature {
  const found = OPAQUE.find((magic) => startsWith(bytes, magic.bytes, magic.offset));
  if (found !== undefined && !isWordOfText(bytes, found)) return { kind: 'opaque', what: found.what };
  if (ZIP.some((magic) => startsWith(bytes, magic))) return { kind: 'zip' };
  return { kind: startsWith(bytes, PDF, firstInk(bytes)) ? 'pdf' : 'perhaps-text' };
}

/** Some magic numbers are letters that a text may begin with ("MZ was the mark of …"): such files hold zeros, and text does not. */
function isWordOfText(bytes: Uint8Array, magic: Magic): boolean {
  return magic.bytes.every((byte) => byte >= 0x20 && byte < 0x7b) && !bytes.subarray(0, 4_096).includes(0);
}

/** Past a byte order mark and white space, which some programs put before the header of a PDF. */
function firstInk(bytes: Uint8Array): number {
  let offset = startsWith(bytes, BOM) ? BOM.length : 0;
  while (offset < 1_024 && (bytes[offset] ?? 0x21) <= 0x20) offset += 1;
  return offset;
}

function startsWith(bytes: Uint8Array, magic: readonly number[], offset = 0): boolean {
  return magic.every((byte, index) => bytes[offset + index] === byte);
}
