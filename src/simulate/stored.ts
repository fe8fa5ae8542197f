/*
 * What OpenAI's API keeps from one request to the next: files, uploads in parts, and batches. In memory, and bounded by number and by
 * bytes; the oldest go first, as in the record of requests. Times are told in things made, a second each, and not by the clock: a run
 * can be repeated.
 */
import { type BatchRow, CREATED, type FileRow, type UploadRow } from './openai-shapes.ts';
import { hashDigits } from './text.ts';

/** Bytes of one file. The vendor's limit is 512 MB. */
export const FILE_BYTES_MAX = 67_108_864;
const FILES_BYTES_MAX = 4 * FILE_BYTES_MAX;
const ROWS_MAX = 10_000;

export interface StoredFile {
  readonly row: FileRow;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface StoredUpload {
  readonly row: UploadRow;
  readonly parts: Map<string, Uint8Array<ArrayBuffer>>;
}

export interface StoredBatch {
  readonly row: BatchRow;
  /** Aborted: no more lines are begun, and those at work are left. */
  readonly ending: AbortController;
  /** Resolves when no line is at work any more. */
  running: Promise<void>;
}

export class Stored {
  readonly files = new Shelf<StoredFile>(ROWS_MAX, FILES_BYTES_MAX);
  readonly uploads = new Shelf<StoredUpload>(ROWS_MAX / 100, FILES_BYTES_MAX);
  readonly batches = new Shelf<StoredBatch>(ROWS_MAX, ROWS_MAX);
  #made = 0;

  /** An id that follows from how many there were before, and a time likewise, in Unix seconds. */
  next(prefix: string): { readonly id: string; readonly created_at: number } {
    this.#made += 1;
    return { id: `${prefix}${hashDigits(`${prefix}${this.#made}`, 0)}`, created_at: CREATED + this.#made };
  }

  /** Forgets all of it, and ends the batches that are at work. */
  clear(): void {
    for (const batch of this.batches.list()) batch.ending.abort();
    this.files.clear();
    this.uploads.clear();
    this.batches.clear();
    this.#made = 0;
  }

  addFile(
    bytes: Uint8Array<ArrayBuffer>,
    about: { readonly filename: string; readonly purpose: string; readonly expiresAfterSeconds?: number },
  ): FileRow {
    const { id, created_at } = this.next('file-');
    const { filename, purpose, expiresAfterSeconds } = about;
    const expiry = expiresAfterSeconds === undefined ? {} : { expires_at: created_at + expiresAfterSeconds };
    const row: FileRow = { id, object: 'file', bytes: bytes.length, created_at, ...expiry, filename, purpose, status: 'processed' };
    this.files.add(id, { row, bytes }, bytes.length);
    return row;
  }
}

/** Things by their id, in the order in which they came. */
class Shelf<Value> {
  readonly #rowsMax: number;
  readonly #bytesMax: number;
  readonly #rows = new Map<string, { readonly value: Value; readonly bytes: number }>();
  #bytes = 0;

  constructor(rowsMax: number, bytesMax: number) {
    this.#rowsMax = rowsMax;
    this.#bytesMax = bytesMax;
  }

  /** Puts it behind the others; the first go until there is room. */
  add(id: string, value: Value, bytes = 1): void {
    this.#rows.set(id, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= this.#rowsMax && this.#bytes <= this.#bytesMax) break;
      this.delete(oldest);
    }
  }

  get(id: string): Value | undefined {
    return this.#rows.get(id)?.value;
  }

  delete(id: string): boolean {
    this.#bytes -= this.#rows.get(id)?.bytes ?? 0;
    return this.#rows.delete(id);
  }

  /** Oldest first. */
  list(): readonly Value[] {
    return Array.from(this.#rows.values(), ({ value }) => value);
  }

  clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
  }
}
