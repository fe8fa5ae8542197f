/*
 * A document becomes chunks in the log: announced, written batch by batch under a version of its own, and found from the moment in which its record
 * names that version. Whatever ends in between leaves nothing that is found.
 *
 * Several processes may work on one store. Who works on a file says so in its record from time to time; one that nobody has told of for some seconds is
 * anybody's to take. Should two work on one file at once, the one whose version the record names last has the say, and the other's chunks go.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Partition, RecordChange, RecordStore } from '../../stores/record/record-store.ts';
import { changeRecord } from './change-record.ts';
import { type ChunkSize, type ChunkSpan, chunkText } from './chunker/chunker.ts';
import type { CollectionFile, DocumentToIndex } from './knowledge.ts';
import {
  chunkRecordId,
  chunksOf,
  fileJson,
  fileRecordId,
  filesOf,
  parseBody,
  type StoredChunk,
  type StoredFile,
  versionGroup,
} from './knowledge-records.ts';

export interface IngestionDeps {
  readonly records: RecordStore;
  /** What was written is to be compared by meaning, too. */
  readonly changed: (partition: Partition) => void;
  readonly clock: Clock;
  readonly pause: () => Promise<void>;
  /** Lets the index follow what was written: nobody writes faster than that. */
  readonly follow: (place: FilePlace) => Promise<void>;
}

/** Chunks that are written at once. */
const BATCH = 500;
/** And no more than so many bytes of text, about. */
const BATCH_UNITS = 2 * 1_048_576;
/** Longest time in which a document is cut before others have a turn. */
const SLICE_MS = 4;
const TELL_EVERY_MS = 5_000;
const HEADER_CHARS_MAX = 2_048;

export class Ingestion {
  readonly #deps: IngestionDeps;

  constructor(deps: IngestionDeps) {
    this.#deps = deps;
  }

  /** Resolves with the file as it stands in the end: also when it was cancelled, or is being written anew by another. */
  async run(place: FilePlace, document: DocumentToIndex, size: ChunkSize): Promise<CollectionFile> {
    const version = crypto.randomUUID();
    const group = versionGroup(place.file, version);
    const text = typeof document.text === 'string' ? document.text : new TextDecoder().decode(document.text);
    const begun = await this.#begin(place, { document, size, version });
    if (begun.pending !== version) return fileJson(place.file, begun);
    try {
      const chunks = await this.#write(place, { document, size, version, group, text });
      if (chunks !== undefined) {
        const done = await this.#complete(place, { version, chunks, bytes: Buffer.byteLength(text) });
        if (done !== undefined) {
          if (begun.version !== undefined) await this.deleteVersion(place, begun.version);
          this.#deps.changed(chunksOf(place.tenant, place.collection));
          return fileJson(place.file, done);
        }
      }
    } catch (cause) {
      await this.deleteVersion(place, version).catch(() => undefined);
      throw cause;
    }
    await this.deleteVersion(place, version);
    const now = await this.read(place);
    if (now === undefined) throw new GatewayError('resource_unknown', 'the file was removed while it was read');
    return fileJson(place.file, now);
  }

  async read({ tenant, collection, file }: FilePlace): Promise<StoredFile | undefined> {
    const [record] = await this.#deps.records.get(filesOf(tenant, collection), [fileRecordId(file)]);
    return record === undefined ? undefined : (parseBody(record) as StoredFile);
  }

  /** Reads, decides and writes as one step. Resolves with what was written; undefined where `change` wants nothing to be. */
  change(place: FilePlace, change: (now: StoredFile | undefined) => StoredFile | undefined): Promise<StoredFile | undefined> {
    const { tenant, collection, file } = place;
    return changeRecord<StoredFile>(this.#deps.records, filesOf(tenant, collection), { id: fileRecordId(file), kind: 'file', change });
  }

  async deleteVersion({ tenant, collection, file }: FilePlace, version: string): Promise<void> {
    const partition = chunksOf(tenant, collection);
    if ((await this.#deps.records.deleteGroup(partition, versionGroup(file, version))) > 0) this.#deps.changed(partition);
  }

  async #begin(place: FilePlace, { document, size, version }: Begin): Promise<StoredFile> {
    const nowMs = this.#deps.clock.now();
    let left: string | undefined;
    let stays: StoredFile | undefined;
    const begun = await this.change(place, (now) => {
      stays = now?.status === 'in_progress' || document.announced !== true ? undefined : now;
      if (document.announced === true && now?.status !== 'in_progress') return undefined;
      left = now?.pending;
      const { filename, attributes, owner } = document;
      const isAnnounced = now?.status === 'in_progress';
      return {
        bytes: now?.bytes ?? 0,
        chunks: now?.chunks ?? 0,
        filename,
        createdMs: isAnnounced ? now.createdMs : nowMs,
        status: 'in_progress',
        // Those of an announced file may have been changed since.
        attributes: isAnnounced ? now.attributes : attributes,
        ...size,
        owner,
        ...(now?.batch === undefined || !isAnnounced ? {} : { batch: now.batch }),
        ...(now?.version === undefined ? {} : { version: now.version }),
        pending: version,
        workedMs: nowMs,
      };
    });
    if (begun === undefined) {
      if (stays === undefined) throw new GatewayError('resource_unknown', 'the file was removed before it was read');
      return stays;
    }
    if (left !== undefined) await this.deleteVersion(place, left);
    return begun;
  }

  /** How many chunks there are; undefined when it is no more ours to write them. */
  async #write(place: FilePlace, { document, size, version, group, text }: Write): Promise<number | undefined> {
    const { clock, pause, records, follow } = this.#deps;
    const partition = chunksOf(place.tenant, place.collection);
    const pageOf = pageFinder(document.pages);
    let batch: RecordChange[] = [];
    let units = 0;
    let count = 0;
    let told = clock.monotonic();
    let sliceEndMs = clock.monotonic() + SLICE_MS;
    const isOurs = async (): Promise<boolean> => {
      const now = await this.read(place);
      if (now?.pending !== version || now.status !== 'in_progress') return false;
      if (clock.monotonic() - told < TELL_EVERY_MS) return true;
      told = clock.monotonic();
      return (
        (await this.change(place, (file) => (file?.pending === version ? { ...file, workedMs: clock.now() } : undefined))) !== undefined
      );
    };
    for (const span of chunkText({ text, mediaType: document.mediaType, filename: document.filename }, size)) {
      const chunk = chunkBody(span, { index: count, text, filename: document.filename, page: pageOf(span.start) });
      batch.push({ id: chunkRecordId(group, count), group, kind: 'chunk', body: JSON.stringify(chunk) });
      units += chunk.t.length;
      count += 1;
      if (batch.length === BATCH || units >= BATCH_UNITS) {
        if (!(await isOurs())) return undefined;
        await records.apply(partition, batch);
        await follow(place);
        batch = [];
        units = 0;
      } else if (clock.monotonic() < sliceEndMs) continue;
      await pause();
      sliceEndMs = clock.monotonic() + SLICE_MS;
    }
    if (!(await isOurs())) return undefined;
    if (batch.length > 0) await records.apply(partition, batch);
    await follow(place);
    return count;
  }

  #complete(place: FilePlace, done: { version: string; chunks: number; bytes: number }): Promise<StoredFile | undefined> {
    const { version, chunks, bytes } = done;
    return this.change(place, (now) => {
      if (now === undefined || now.pending !== version || now.status !== 'in_progress') return undefined;
      const { pending: _pending, workedMs: _workedMs, error: _error, ...rest } = now;
      return { ...rest, status: 'completed', version, chunks, bytes };
    });
  }
}

export interface FilePlace {
  readonly tenant: string;
  readonly collection: string;
  readonly file: string;
}

interface Begin {
  readonly document: DocumentToIndex;
  readonly size: ChunkSize;
  readonly version: string;
}

interface Write extends Begin {
  readonly group: string;
  readonly text: string;
}

export function fileChange(file: string, stored: StoredFile | null): RecordChange {
  return { id: fileRecordId(file), group: '', kind: 'file', body: stored === null ? null : JSON.stringify(stored) };
}

export function isWorkedOn({ workedMs = 0 }: StoredFile, nowMs: number, leaseMs: number): boolean {
  return nowMs - workedMs < leaseMs;
}

function chunkBody(
  { start, end, headings, header }: ChunkSpan,
  { index, text, filename, page }: { index: number; text: string; filename: string; page: number | undefined },
): StoredChunk {
  return {
    i: index,
    s: start,
    e: end,
    ...(headings.length === 0 ? {} : { h: headings }),
    ...(header === undefined ? {} : { c: header.slice(0, HEADER_CHARS_MAX) }),
    ...(page === undefined ? {} : { p: page }),
    t: text.slice(start, end),
    f: filename,
  };
}

/** The page that a place is on; places are asked for in their order. */
function pageFinder(pages: readonly number[] | undefined): (at: number) => number | undefined {
  if (pages === undefined || pages.length === 0) return () => undefined;
  let page = 0;
  return (at) => {
    while (page < pages.length && (pages[page] ?? Number.POSITIVE_INFINITY) <= at) page += 1;
    return Math.max(1, page);
  };
}
