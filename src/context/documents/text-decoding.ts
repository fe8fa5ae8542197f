/*
 * From bytes to text. A byte order mark decides; else UTF-8, if all of it is; else what an HTML page says of itself; else windows-1252,
 * which holds latin1 and gives every byte some character. What has control characters in it is no text at all.
 *
 * Source: WHATWG Encoding; the order is that of the HTML standard, 13.2.3.
 */

import { isUtf8 } from 'node:buffer';
import { FileRefusal } from './file-refusal.ts';

export interface DecodedText {
  readonly text: string;
  /** The WHATWG name of the encoding. */
  readonly charset: Bun.Encoding;
}

const MARKS = [
  { bytes: [0xef, 0xbb, 0xbf], charset: 'utf-8' },
  { bytes: [0xff, 0xfe], charset: 'utf-16le' },
  { bytes: [0xfe, 0xff], charset: 'utf-16be' },
] as const;

/** How far an HTML page may take to name its encoding (HTML 13.2.3.2), in bytes. */
const PRESCAN_BYTES = 1_024;
/** A stray control character in a log does not make it a binary; more than one in so many characters does. */
const CONTROL_SHARE = 1_000;

/** Throws a FileRefusal when it is no text. */
export function decodeText(bytes: Uint8Array): DecodedText {
  const mark = MARKS.find((candidate) => candidate.bytes.every((byte, index) => bytes[index] === byte));
  if (mark !== undefined) return checked({ text: decodeStrictly(bytes, mark.charset), charset: mark.charset });
  if (bytes.includes(0)) throw binary();
  if (isUtf8(bytes)) return checked({ text: decodeStrictly(bytes, 'utf-8'), charset: 'utf-8' });
  const charset = namedInPage(bytes) ?? 'windows-1252';
  return checked({ text: new TextDecoder(charset).decode(bytes), charset });
}

/** Text without what no reader shows and what databases choke on: control characters, halves of surrogate pairs. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(CONTROLS, '');
}

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;

function checked(decoded: DecodedText): DecodedText {
  let controls = 0;
  // Tabs, ends of lines, form feeds and the escapes of terminals are text.
  for (const match of decoded.text.matchAll(CONTROLS)) if (match[0] !== '\u000c' && match[0] !== '\u001b') controls += 1;
  if (controls * CONTROL_SHARE > decoded.text.length || decoded.text.includes('\0')) throw binary();
  return decoded;
}

function decodeStrictly(bytes: Uint8Array, charset: Bun.Encoding): string {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    throw new FileRefusal('file_unreadable', `the file begins with the mark of ${charset}, but is not in that encoding`);
  }
}

function namedInPage(bytes: Uint8Array): Bun.Encoding | undefined {
  const head = new TextDecoder('windows-1252').decode(bytes.subarray(0, PRESCAN_BYTES));
  const name = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i.exec(head)?.[1];
  if (name === undefined) return undefined;
  try {
    return new TextDecoder(name as Bun.Encoding).encoding as Bun.Encoding;
  } catch {
    return undefined;
  }
}

function binary(): FileRefusal {
  return new FileRefusal('file_type_unsupported', 'the file is binary, and of no type that is read here');
}
