/*
 * A backup: the SQLite file as it was at one moment, and after its last page a manifest that says what is in it and how its bytes add up. SQLite itself
 * goes by the size in its header, so that a backup can be opened with any of its tools.
 *
 *   [SQLite database] [manifest, as JSON] [length of the manifest, 10 digits] [MAGIC]
 */

import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';

const MAGIC = '\nGATEHOUSE-BACKUP-1\n';
const LENGTH_DIGITS = 10;
const MANIFEST_BYTES_MAX = 1_048_576;
const CHUNK_BYTES = 1_048_576;

const manifestSchema = z.object({
  /** Of this layout. */
  format: z.literal(1),
  /** The release that made it. */
  gatehouse: z.string(),
  /** ISO 8601. */
  created: z.string(),
  /** Of the database. */
  bytes: z.int().min(0),
  /** Of the database, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Versions of what keeps its tables there. */
  components: z.record(z.string(), z.int()),
  /** Rows, by what they are. */
  counts: z.record(z.string(), z.int()),
});
export type BackupManifest = z.output<typeof manifestSchema>;

/** What is wrong with a backup or with where it is to go, in words for whoever runs the command. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** Told from time to time: bytes that are done, of all. */
export type OnProgress = (done: number, total: number) => void;

/** Appends the manifest to a database of `manifest.bytes` bytes, and waits for the disk. */
export async function appendManifest(path: string, manifest: BackupManifest): Promise<void> {
  const text = JSON.stringify(manifest);
  const length = String(Buffer.byteLength(text)).padStart(LENGTH_DIGITS, '0');
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.from(`${text}${length}${MAGIC}`), 0, undefined, manifest.bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Throws a BackupError for a file that is none, or not a whole one. Says nothing of the bytes before it: see `checkBytes`. */
export async function readManifest(path: string): Promise<BackupManifest> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const end = await read(file, Math.max(0, size - LENGTH_DIGITS - MAGIC.length), LENGTH_DIGITS + MAGIC.length);
    const tail = end.toString('latin1');
    const length = Number(tail.slice(0, LENGTH_DIGITS));
    if (!tail.endsWith(MAGIC) || !Number.isSafeInteger(length) || length > MANIFEST_BYTES_MAX)
      throw new BackupError(`${path} is no backup of Gatehouse, or its end is missing`);
    const start = size - LENGTH_DIGITS - MAGIC.length - length;
    const manifest = manifestSchema.safeParse(parse((await read(file, Math.max(0, start), length)).toString('utf8')));
    if (!manifest.success) throw new BackupError(`what ${path} says of itself cannot be read: a later release may have made it`);
    if (manifest.data.bytes !== start)
      throw new BackupError(`${path} is damaged: it should be ${manifest.data.bytes} bytes, and is ${start}`);
    return manifest.data;
  } finally {
    await file.close();
  }
}

/** SHA-256 of the first `bytes` bytes, in hexadecimal, and copies them to `copy` where it is given. */
export async function hashBytes(
  path: string,
  bytes: number,
  { copy, onProgress }: { copy?: FileHandle; onProgress?: OnProgress } = {},
): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    for (let done = 0; done < bytes; ) {
      const chunk = await read(file, done, Math.min(CHUNK_BYTES, bytes - done));
      if (chunk.length === 0) throw new BackupError(`${path} ends too soon`);
      hash.update(chunk);
      await copy?.write(chunk, 0, chunk.length, done);
      done += chunk.length;
      onProgress?.(done, bytes);
    }
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
