/* The files of collections, as their records tell of them: announced, worked on, ready, failed; by pages, and in batches. */

import type { Clock } from '../../base/clock.ts';
import type { RecordChange, RecordStore } from '../../stores/record/record-store.ts';
import type { PartitionViews } from '../views/partition-views.ts';
import { type FilePlace, fileChange, type Ingestion, isWorkedOn } from './ingestion.ts';
import type { AnnouncedFile, Attributes, Chunk, CollectionFile, FileBatch, FileQuery, ListPage, UnfinishedFile } from './knowledge.ts';
import {
  batchRecordId,
  chunkJson,
  chunkRecordId,
  chunksOf,
  fileJson,
  filesOf,
  parseBody,
  type StoredBatch,
  type StoredChunk,
  type StoredFile,
  versionGroup,
} from './knowledge-records.ts';
import { countFiles, type FilesView, type SeenFile } from './knowledge-views.ts';
import { pageOf } from './list-page.ts';

export interface CollectionFilesDeps {
  readonly records: RecordStore;
  readonly views: PartitionViews<FilesView>;
  readonly ingestion: Ingestion;
  readonly clock: Clock;
}

const PARTITIONS = 500;
/** What nobody has worked on for so long is anybody's. */
const LEASE_MS = 20_000;

export class CollectionFiles {
  readonly #deps: CollectionFilesDeps;

  constructor(deps: CollectionFilesDeps) {
    this.#deps = deps;
  }

  async announce(
    tenant: string,
    collection: string,
    { files, batch }: { readonly files: readonly Required<AnnouncedFile>[]; readonly batch?: string },
  ): Promise<readonly CollectionFile[]> {
    const nowMs = this.#deps.clock.now();
    const { files: known } = await this.#views.at(filesOf(tenant, collection));
    const stored = new Map(
      files.map(({ id, filename, attributes, owner, chunking }): [string, StoredFile] => {
        const { version, pending, bytes = 0, chunks = 0 } = known.get(id)?.stored ?? {};
        const file: StoredFile = {
          filename,
          createdMs: nowMs,
          status: 'in_progress',
          bytes,
          chunks,
          attributes,
          ...chunking,
          owner,
          ...(batch === undefined ? {} : { batch }),
          ...(version === undefined ? {} : { version }),
          ...(pending === undefined ? {} : { pending }),
          workedMs: nowMs,
        };
        return [id, file];
      }),
    );
    const changes = Array.from(stored, ([id, file]) => fileChange(id, file));
    if (batch !== undefined) changes.unshift(batchChange(batch, { createdMs: nowMs, cancelled: false, files: [...stored.keys()] }));
    await this.#views.apply(filesOf(tenant, collection), changes);
    return Array.from(stored, ([id, file]) => fileJson(id, file));
  }

  async fail(
    tenant: string,
    collection: string,
    { file, error }: { readonly file: string; readonly error: NonNullable<CollectionFile['error']> },
  ): Promise<void> {
    await this.#end({ tenant, collection, file }, { status: 'failed', error });
  }

  async takeUnfinished(limit: number): Promise<readonly UnfinishedFile[]> {
    const { records, clock } = this.#deps;
    const taken: UnfinishedFile[] = [];
    let after: { tenant: string; kind: 'collections' | 'memory' | 'knowledge'; name: string } | undefined;
    for (;;) {
      const page = await records.heads({ ...(after === undefined ? {} : { after }), limit: PARTITIONS });
      for (const { tenant, kind, name } of page) {
        if (kind !== 'collections' || name === '') continue;
        const { files } = await this.#views.at(filesOf(tenant, name));
        for (const { id, stored } of files.values()) {
          if (stored.status !== 'in_progress' || isWorkedOn(stored, clock.now(), LEASE_MS)) continue;
          const mine = await this.#ingestion.change({ tenant, collection: name, file: id }, (now) =>
            now?.status === 'in_progress' && !isWorkedOn(now, clock.now(), LEASE_MS) ? { ...now, workedMs: clock.now() } : undefined,
          );
          if (mine !== undefined) taken.push({ tenant, collection: name, file: fileJson(id, mine) });
          if (taken.length >= limit) return taken;
        }
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PARTITIONS) return taken;
      after = last;
    }
  }

  async findFiles(tenant: string, collection: string, ids: readonly string[]): Promise<readonly CollectionFile[]> {
    const { files } = await this.#views.at(filesOf(tenant, collection));
    return ids.flatMap((id) => {
      const seen = files.get(id);
      return seen === undefined ? [] : [fileJson(id, seen.stored)];
    });
  }

  async file(tenant: string, collection: string, id: string): Promise<CollectionFile | undefined> {
    const { files } = await this.#views.at(filesOf(tenant, collection));
    const seen = files.get(id);
    return seen === undefined ? undefined : fileJson(id, seen.stored);
  }

  async files(tenant: string, collection: string, query: FileQuery): Promise<ListPage<CollectionFile>> {
    const view = await this.#views.at(filesOf(tenant, collection));
    const { status, batch } = query;
    const accept = ({ stored }: SeenFile): boolean =>
      (status === undefined || stored.status === status) && (batch === undefined || stored.batch === batch);
    const { items, hasMore } = pageOf(view.ordered, { query, accept });
    return { items: items.map(({ id, stored }) => fileJson(id, stored)), hasMore };
  }

  async batch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined> {
    const view = await this.#views.at(filesOf(tenant, collection));
    const stored = view.batches.get(id);
    if (stored === undefined) return undefined;
    const files = stored.files.flatMap((file) => {
      const seen = view.files.get(file);
      return seen?.stored.batch === id ? [seen] : [];
    });
    return { id, createdMs: stored.createdMs, cancelled: stored.cancelled, files: countFiles(files) };
  }

  async cancelBatch(tenant: string, collection: string, id: string): Promise<FileBatch | undefined> {
    const view = await this.#views.at(filesOf(tenant, collection));
    const stored = view.batches.get(id);
    if (stored === undefined) return undefined;
    await this.#views.apply(filesOf(tenant, collection), [batchChange(id, { ...stored, cancelled: true })]);
    for (const file of stored.files) {
      if (view.files.get(file)?.stored.status === 'in_progress')
        await this.#end({ tenant, collection, file }, { status: 'cancelled', batch: id });
    }
    return this.batch(tenant, collection, id);
  }

  async setAttributes(
    tenant: string,
    collection: string,
    { file, attributes }: { readonly file: string; readonly attributes: Attributes },
  ): Promise<CollectionFile | undefined> {
    const changed = await this.#ingestion.change({ tenant, collection, file }, (now) =>
      now === undefined ? undefined : { ...now, attributes },
    );
    return changed === undefined ? undefined : fileJson(file, changed);
  }

  async chunks(
    tenant: string,
    collection: string,
    { file, from, limit }: { readonly file: string; readonly from: number; readonly limit: number },
  ): Promise<readonly Chunk[]> {
    const stored = await this.#ingestion.read({ tenant, collection, file });
    if (stored?.version === undefined) return [];
    const group = versionGroup(file, stored.version);
    const ids = Array.from({ length: Math.max(0, Math.min(limit, stored.chunks - from)) }, (_, at) => chunkRecordId(group, from + at));
    const records = await this.#deps.records.get(chunksOf(tenant, collection), ids);
    return records
      .map((record) => chunkJson({ id: record.id, collection, file, stored }, parseBody(record) as StoredChunk))
      .toSorted((a, b) => a.index - b.index);
  }

  async #end(place: FilePlace, end: { status: 'failed' | 'cancelled'; error?: StoredFile['error']; batch?: string }): Promise<void> {
    const { batch, status, error } = end;
    let left: readonly (string | undefined)[] = [];
    const ended = await this.#ingestion.change(place, (now) => {
      if (now?.status !== 'in_progress' || (batch !== undefined && now.batch !== batch)) return undefined;
      const { version, pending, ...rest } = now;
      left = [version, pending];
      return { ...rest, status, chunks: 0, bytes: 0, ...(error === undefined ? {} : { error }) };
    });
    if (ended === undefined) return;
    for (const version of left) if (version !== undefined) await this.#ingestion.deleteVersion(place, version);
  }

  get #views(): PartitionViews<FilesView> {
    return this.#deps.views;
  }

  get #ingestion(): Ingestion {
    return this.#deps.ingestion;
  }
}

function batchChange(id: string, batch: StoredBatch): RecordChange {
  return { id: batchRecordId(id), group: '', kind: 'batch', body: JSON.stringify(batch) };
}
