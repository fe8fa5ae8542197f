import { FileRefusal } from './file-refusal.ts';
import { readZipDirectory, type ZipEntry } from './zip-directory.ts';

/** What the parts that hold text may unpack to; images and fonts are not unpacked. A novel of 500 pages has about 5 MiB. */
const UNPACKED_BYTES_MAX = 128 * 1_048_576;

/** The paragraphs of a Word document. Throws a FileRefusal, and other errors for files that are broken. */
export async function docxToText(bytes: Uint8Array): Promise<string> {
  const entries = readZipDirectory(bytes);
  checkKind(entries);
  let unpacked = 0;
  for (const { name, unpackedBytes } of entries) if (/\.(xml|rels)$/i.test(name)) unpacked += unpackedBytes;
  if (unpacked > UNPACKED_BYTES_MAX)
    throw new FileRefusal('file_too_complex', `the document unpacks to ${unpacked} bytes, more than ${UNPACKED_BYTES_MAX}`);
  const { default: mammoth } = await import('mammoth');
  const { value } = await mammoth.extractRawText({ buffer: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
  // It ends every paragraph with an empty line.
  return value.replaceAll('\n\n', '\n');
}

const OTHERS: readonly (readonly [RegExp, string])[] = [
  [/^xl\//, 'a spreadsheet (.xlsx): save it as .csv'],
  [/^ppt\//, 'a presentation (.pptx): save it as .pdf'],
  [/^META-INF\/MANIFEST\.MF$/i, 'a Java archive'],
  [/^mimetype$/, 'an OpenDocument or EPUB file: save it as .docx or .pdf'],
];

function checkKind(entries: readonly ZipEntry[]): void {
  if (entries.some(({ encrypted }) => encrypted))
    throw new FileRefusal('file_unreadable', 'the file is encrypted: save it without a password');
  const names = new Set(entries.map(({ name }) => name));
  if (names.has('[Content_Types].xml') && entries.some(({ name }) => /^word\/document\d*\.xml$/i.test(name))) return;
  const other = OTHERS.find(([pattern]) => entries.some(({ name }) => pattern.test(name)));
  throw new FileRefusal('file_type_unsupported', `the file is ${other?.[1] ?? 'a zip archive, and no Word document'}`);
}
