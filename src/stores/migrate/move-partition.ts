/*
 * One partition from one store of records to another: its records with their numbers, and its notes but for those on vectors. A note at the destination
 * says what it came from and how far it is, and is written with each page: whatever interrupts it, the next run goes on there.
 *
 *   nothing there ─────────────────────────────────▶ all of it
 *   moved from here, untouched since ──────────────▶ what came later
 *   moved from what was here before an erasure ────▶ erased, and all of it
 *   anything else (written to since, never moved, moved from another place) ─▶ left alone, and told
 */

import { z } from 'zod';
import { MOVED_NOTE, type RecordArchive } from '../record/record-archive.ts';
import type { Partition, StoredRecord } from '../record/record-store.ts';

const markerSchema = z.object({
  /** The place that it was moved from, and the generation that it had there. */
  place: z.string(),
  from: z.string(),
  /** The number up to which it was, which is its own head as long as nobody else writes there. */
  head: z.int(),
});
export type Marker = z.output<typeof markerSchema>;

export type Standing =
  /** After which number of the source to go on. */
  | { readonly kind: 'open'; readonly after: number; readonly erases: boolean }
  | { readonly kind: 'taken'; readonly why: 'written since' | 'never moved' | 'moved from elsewhere' };

/** What a partition is moved between. */
export interface Route {
  readonly from: RecordArchive;
  readonly to: RecordArchive;
  /** The id of the place that it is moved from. */
  readonly place: string;
}

const PAGE = 10_000;
const VECTORS = 'vectors';

/** How the destination stands to a partition of this generation. Pure. */
export function standing(
  here: { readonly place: string; readonly generation: string },
  there: { readonly generation: string; readonly head: number },
  marker: Marker | undefined,
): Standing {
  if (there.generation === '') return { kind: 'open', after: 0, erases: false };
  if (marker === undefined) return { kind: 'taken', why: 'never moved' };
  if (marker.place !== here.place) return { kind: 'taken', why: 'moved from elsewhere' };
  if (marker.head !== there.head) return { kind: 'taken', why: 'written since' };
  return marker.from === here.generation ? { kind: 'open', after: marker.head, erases: false } : { kind: 'open', after: 0, erases: true };
}

export async function standingOf(partition: Partition, { from, to, place }: Route): Promise<Standing> {
  const [{ generation }, there, marker] = await Promise.all([tip(from, partition), tip(to, partition), markerAt(to, partition)]);
  return standing({ place, generation }, there, marker);
}

export async function markerAt(store: RecordArchive, partition: Partition): Promise<Marker | undefined> {
  const note = await store.note(partition, MOVED_NOTE);
  if (note === undefined) return undefined;
  try {
    return markerSchema.safeParse(JSON.parse(note)).data;
  } catch {
    return undefined;
  }
}

/** Generation and head, without records. */
export async function tip(store: RecordArchive, partition: Partition): Promise<{ readonly generation: string; readonly head: number }> {
  return store.changes(partition, Number.MAX_SAFE_INTEGER, 1);
}

/** Resolves with where it stands: 'taken' where nothing was done. `onRecords` is told how many have arrived, page by page. */
export async function movePartition(partition: Partition, route: Route, onRecords: (count: number) => void): Promise<Standing> {
  for (;;) {
    const { generation } = await tip(route.from, partition);
    const where = await standingOf(partition, route);
    if (where.kind === 'taken' || generation === '') return where;
    if (where.erases) await route.to.erase(partition);
    if (await movePages(partition, { ...route, generation, after: where.after }, onRecords)) return where;
    // It was erased while it was read: what there is now is another one.
  }
}

interface Pages extends Route {
  readonly generation: string;
  readonly after: number;
}

/** False: the source is of another generation by now. */
async function movePages(partition: Partition, pages: Pages, onRecords: (count: number) => void): Promise<boolean> {
  const { from, to, place, generation } = pages;
  let last = pages.after;
  for (;;) {
    const page = await from.changes(partition, last, PAGE);
    if (page.generation !== generation) return false;
    const head = page.records.at(-1)?.seq ?? last;
    const isLast = head >= page.head;
    const marker: Marker = { place, from: generation, head };
    const notes = { ...(isLast ? movable(await from.notes(partition)) : {}), [MOVED_NOTE]: JSON.stringify(marker) };
    await to.load(partition, { records: page.records, head, notes });
    onRecords(count(page.records));
    if (isLast) return true;
    last = head;
  }
}

function movable(notes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(notes).filter(([name]) => name !== MOVED_NOTE && !name.startsWith(VECTORS)));
}

function count(records: readonly StoredRecord[]): number {
  return records.filter(({ body }) => body !== null).length;
}
