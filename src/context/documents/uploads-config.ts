import { z } from 'zod';
import { bytes, duration } from '../../base/units.ts';

const KIB = 1_024;
const MIB = 1_048_576;

/** Kinds of files, as their content shows them. `text` is everything else that is text: code, logs, XML. */
const FILE_KINDS = ['text', 'markdown', 'html', 'csv', 'json', 'pdf', 'docx'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** Files that callers hand in to be kept as documents. */
export const uploadsConfig = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Take files at `POST /v1/upload`. Off: 404; what was stored before can still be read and deleted.'),
  bytes_max: bytes({ min: KIB, max: 256 * MIB })
    .default(10 * MIB)
    .describe('Largest file. 1KiB to 256MiB.'),
  types: z
    .array(z.enum(FILE_KINDS))
    .min(1)
    .default([...FILE_KINDS])
    .describe('What a file may be, as its content shows it; `text` is any other text, such as code.'),
  text_characters_max: z
    .int()
    .min(1_000)
    .max(100_000_000)
    .default(16_000_000)
    .describe('Longest text that a file may hold, in characters. 1,000 to 100,000,000.'),
  pages_max: z.int().min(1).max(100_000).default(5_000).describe('Pages that a PDF may have. 1 to 100,000.'),
  extraction_timeout: duration({ min: 100, max: 600_000 })
    .default(20_000)
    .describe('How long reading the text of one file may take, in a process of its own. 100ms to 10m.'),
  extraction_memory_max: bytes({ min: 128 * MIB, max: 16_384 * MIB })
    .default(512 * MIB)
    .describe('Memory that this process may use. 128MiB to 16GiB.'),
  extractions_max: z.int().min(1).max(64).default(2).describe('Such processes at once; further files wait. 1 to 64.'),
  uploads_max: z
    .int()
    .min(1)
    .max(1_000)
    .default(8)
    .describe('Uploads under way at once, each holding its file in memory; further ones are refused with 503. 1 to 1,000.'),
  documents_max: z.int().min(1).max(100_000_000).default(10_000).describe('Documents that one tenant may keep. 1 to 100,000,000.'),
  stored_bytes_max: bytes({ min: MIB, max: 1_048_576 * MIB })
    .default(1_024 * MIB)
    .describe('Bytes of text that one tenant may keep. 1MiB to 1TiB.'),
});
export type UploadsConfig = z.output<typeof uploadsConfig>;
