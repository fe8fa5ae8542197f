/*
 * All that is kept, from one place to another. What is at the destination and did not come from here is never touched; what came from here is brought up to
 * date. So it can be run while the gateway goes on writing, be interrupted, and be run again, until both are the same.
 */

import type { RecordArchive } from '../record/record-archive.ts';
import type { Partition, PartitionSummary } from '../record/record-store.ts';
import type { VendorObjectKey } from '../vendor-object/vendor-object-store.ts';
import { markerAt, movePartition, type Route, standingOf, tip } from './move-partition.ts';
import type { Place } from './place.ts';

export interface MigrateReport {
  /** What is at the source. */
  readonly source: Totals;
  /** What of it is at the destination now. */
  readonly there: Totals;
  /** Partitions that were left alone, for they hold something else there. */
  readonly taken: readonly Partition[];
  /** Partitions that were moved from here, and have been erased here since. They are erased at the destination where that was asked for. */
  readonly absent: readonly Partition[];
}

export interface Totals {
  readonly partitions: number;
  readonly records: number;
  readonly documents: number;
  readonly vendorObjects: number;
}

/** Told what is done of all, in things. */
export type OnMoved = (done: number, total: number, what: string) => void;

const PARTITIONS_PAGE = 1_000;
const DOCUMENTS_PAGE = 500;
const OBJECTS_PAGE = 1_000;

/** What would be moved, and what would be left alone; nothing is written. `to`: undefined where there is nothing yet. */
export async function planMigration(from: Place, to: Place | undefined): Promise<Pick<MigrateReport, 'source' | 'taken'>> {
  const taken: Partition[] = [];
  if (to !== undefined) {
    for await (const partition of partitionsOf(from.records))
      if ((await standingOf(keyOf(partition), routeOf(from, to))).kind === 'taken') taken.push(keyOf(partition));
  }
  return { source: await totalsOf(from), taken };
}

export interface MigrateOptions {
  /** Erase at the destination what was moved from here and has been erased here since. */
  readonly eraseAbsent: boolean;
}

export async function migrate(
  from: Place,
  to: Place,
  { eraseAbsent, onMoved }: MigrateOptions & { readonly onMoved: OnMoved },
): Promise<MigrateReport> {
  const { records, documents, vendorObjects } = await totalsOf(from);
  const total = records + documents + vendorObjects;
  let done = 0;
  const taken: Partition[] = [];
  for await (const summary of partitionsOf(from.records)) {
    const partition = keyOf(summary);
    let arrivedNow = 0;
    const where = await movePartition(partition, routeOf(from, to), (count) => onMoved(done + (arrivedNow += count), total, 'records'));
    if (where.kind === 'taken') taken.push(partition);
    // With what was there from a run before.
    done += summary.records;
    onMoved(done, total, 'records');
  }
  const absent = await absentOf(from, to);
  if (eraseAbsent) for (const partition of absent) await to.records.erase(partition);
  const moved = (what: string) => (count: number) => onMoved((done += count), total, what);
  await moveDocuments(from, to, moved('documents'));
  await moveVendorObjects(from, to, moved('vendor objects'));
  return { source: await totalsOf(from), there: await arrived(from, to, taken), taken, absent };
}

/** What was moved from here, has been erased here since, and was not written to at the destination. */
async function absentOf(from: Place, to: Place): Promise<Partition[]> {
  const absent: Partition[] = [];
  for await (const summary of partitionsOf(to.records)) {
    const partition = keyOf(summary);
    if ((await tip(from.records, partition)).generation !== '') continue;
    const marker = await markerAt(to.records, partition);
    if (marker?.place === from.id && marker.head === summary.head) absent.push(partition);
  }
  return absent;
}

function routeOf(from: Place, to: Place): Route {
  return { from: from.records, to: to.records, place: from.id };
}

async function moveDocuments(from: Place, to: Place, onMoved: (count: number) => void): Promise<void> {
  for await (const ids of documentIds(from)) {
    const present = new Set(await to.documents.present(ids));
    for (const id of ids) {
      const document = present.has(id) ? undefined : await from.documents.read(id);
      if (document !== undefined) await to.documents.load(document);
      onMoved(1);
    }
  }
}

async function* documentIds({ documents }: Place): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    const ids = await documents.ids(after, DOCUMENTS_PAGE);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield ids;
    after = last;
  }
}

async function moveVendorObjects(from: Place, to: Place, onMoved: (count: number) => void): Promise<number> {
  let there = 0;
  let after: VendorObjectKey | undefined;
  for (;;) {
    const objects = await from.vendorObjects.page(after, OBJECTS_PAGE);
    after = objects.at(-1);
    if (after === undefined) return there;
    there += await to.vendorObjects.load(objects);
    onMoved(objects.length);
  }
}

/** What of the source is at the destination, counted there: partitions that are the same in head and records, ids of documents, keys of objects. */
async function arrived(from: Place, to: Place, taken: readonly Partition[]): Promise<Totals> {
  const foreign = new Set(taken.map((partition) => JSON.stringify(partition)));
  const there = new Map<string, PartitionSummary>();
  for await (const summary of partitionsOf(to.records)) there.set(JSON.stringify(keyOf(summary)), summary);
  let partitions = 0;
  let records = 0;
  for await (const summary of partitionsOf(from.records)) {
    const key = JSON.stringify(keyOf(summary));
    const found = foreign.has(key) ? undefined : there.get(key);
    if (found === undefined || found.head !== summary.head || found.records !== summary.records) continue;
    partitions += 1;
    records += found.records;
  }
  let documents = 0;
  for await (const ids of documentIds(from)) documents += (await to.documents.present(ids)).length;
  return { partitions, records, documents, vendorObjects: await moveVendorObjects(from, to, () => {}) };
}

async function totalsOf(place: Place): Promise<Totals> {
  let partitions = 0;
  let records = 0;
  for await (const summary of partitionsOf(place.records)) {
    partitions += 1;
    records += summary.records;
  }
  return { partitions, records, documents: await place.documents.count(), vendorObjects: await place.vendorObjects.countAll() };
}

async function* partitionsOf(records: RecordArchive): AsyncGenerator<PartitionSummary> {
  let after: Partition | undefined;
  for (;;) {
    const page = await records.partitions({ limit: PARTITIONS_PAGE, ...(after === undefined ? {} : { after }) });
    yield* page;
    after = page.at(-1);
    if (after === undefined || page.length < PARTITIONS_PAGE) return;
  }
}

function keyOf({ tenant, kind, name }: Partition): Partition {
  return { tenant, kind, name };
}
