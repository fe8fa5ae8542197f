/* Deletes what has expired, and what is older than is kept. Hidden it was before: this is for good. */

import type { Clock } from '../../base/clock.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import { MEMORY_KINDS, type Memory, type MemoryPartition } from './memory.ts';

export interface SweepConfig {
  /** Milliseconds. */
  readonly retention?: number | undefined;
}

export interface SweepDeps {
  readonly records: RecordStore;
  readonly clock: Pick<Clock, 'now'>;
  readonly pause: () => Promise<void>;
  /** Resolves with how many memories there were. */
  readonly remove: (partition: MemoryPartition, ids: readonly string[]) => Promise<number>;
}

interface Swept {
  /** Up to which number the log was read, and with which retention. */
  readonly head: number;
  readonly retention: number | null;
  /** When the next of what was read is due; null: never. */
  readonly dueMs: number | null;
}

const KINDS: ReadonlySet<string> = new Set(MEMORY_KINDS);
const NOTE = 'swept';
const PAGE = 1_000;

export function createSweep(config: SweepConfig, deps: SweepDeps): () => Promise<number> {
  return async () => {
    let removed = 0;
    let after: Partition | undefined;
    for (;;) {
      const page = await deps.records.heads({ limit: 100, ...(after === undefined ? {} : { after }) });
      for (const { tenant, kind, name, head } of page) {
        if (kind === 'memory') removed += await sweepOne({ tenant, kind, name }, head);
      }
      after = page.at(-1);
      if (after === undefined) return removed;
      await deps.pause();
    }
  };

  /** Reads the log only where something new is in it, or something is due. */
  async function sweepOne(partition: MemoryPartition, head: number): Promise<number> {
    const nowMs = deps.clock.now();
    const retention = config.retention ?? null;
    const swept = parse(await deps.records.note(partition, NOTE));
    const isKnown = swept !== undefined && swept.head === head && swept.retention === retention;
    if (isKnown && (swept.dueMs === null || swept.dueMs > nowMs)) return 0;
    const { due, dueMs } = await read(partition, nowMs);
    const removed = due.length === 0 ? 0 : await deps.remove(partition, due);
    // What was deleted moved the head: the next sweep reads once more, and then not again.
    const note: Swept = { head, retention, dueMs };
    if (due.length === 0) await deps.records.setNote(partition, NOTE, JSON.stringify(note));
    return removed;
  }

  async function read(partition: MemoryPartition, nowMs: number): Promise<{ due: string[]; dueMs: number | null }> {
    const due: string[] = [];
    let dueMs = Infinity;
    let seq = 0;
    for (;;) {
      const { records, head } = await deps.records.changes(partition, seq, PAGE);
      for (const { id, kind, body } of records) {
        if (body === null || !KINDS.has(kind)) continue;
        const memory = JSON.parse(body) as Partial<Memory>;
        const byAge = config.retention === undefined ? Infinity : (memory.createdMs ?? nowMs) + config.retention;
        const at = Math.min(memory.expiresMs ?? Infinity, byAge);
        if (at <= nowMs) due.push(id);
        else dueMs = Math.min(dueMs, at);
      }
      seq = records.at(-1)?.seq ?? seq;
      if (records.length === 0 || seq >= head) return { due, dueMs: Number.isFinite(dueMs) ? dueMs : null };
      await deps.pause();
    }
  }
}

function parse(note: string | undefined): Swept | undefined {
  return note === undefined ? undefined : (JSON.parse(note) as Swept);
}
