import type { RecordStore } from '../../stores/record/record-store.ts';
import { chunksOf, readableChunk } from './knowledge-records.ts';
import type { Search, SearchedCollection } from './search.ts';

/** Searches before the first that counts, and how long their questions are. */
const REHEARSALS = 5;
const REHEARSED_CHARS = 100;

export interface RehearsalDeps {
  readonly search: Search;
  readonly records: Pick<RecordStore, 'changes'>;
  /** Waited for between two searches. */
  readonly giveWay: () => Promise<void>;
}

/** A first search takes several times as long as the second: it is had here, by words alone, for nobody's model is asked without a caller. */
export async function rehearse(collection: SearchedCollection, { search, records, giveWay }: RehearsalDeps): Promise<void> {
  const { id, tenant } = collection;
  const page = await records.changes(chunksOf(tenant, id), 0, REHEARSALS);
  for (const record of page.records) {
    const chunk = record.kind === 'chunk' && record.body !== null ? readableChunk(record) : undefined;
    if (chunk === undefined) continue;
    const queries = [chunk.t.slice(0, REHEARSED_CHARS)];
    await search.run([collection], { queries, collections: [id], limit: 3, denseShare: 0, rerank: false });
    await giveWay();
  }
}
