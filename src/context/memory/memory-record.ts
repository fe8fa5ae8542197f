/*
 * How memories lie in the log: one record each, whose kind is the memory's and whose group is its session. Beside them, of the same group:
 *
 *   `history`  what a memory said before it was edited, under `h:` and its id; gone with it
 *   `touches`  when it was last used, under `u:` and its id: a use does not change the memory, which would be indexed and embedded anew
 */

import type { RecordChange, StoredRecord } from '../../stores/record/record-store.ts';
import type { Memory, MemoryEvent } from './memory.ts';

export const TOUCHES_KIND = 'touches';
export const TOUCHES_MAX = 20;
const EVENTS_MAX = 100;
const HISTORY_CHARS_MAX = 400_000;

export function changeOf(memory: Memory): RecordChange {
  return { id: memory.id, group: memory.session, kind: memory.kind, body: JSON.stringify(memory) };
}

/** What is written so that nothing of a memory stays. */
export function deletionsOf({ id, session, kind }: Memory): RecordChange[] {
  return [
    { id, group: session, kind, body: null },
    { id: historyId(id), group: session, kind: 'history', body: null },
    { id: touchesId(id), group: session, kind: TOUCHES_KIND, body: null },
  ];
}

export function historyId(id: string): string {
  return `h:${id}`;
}

function touchesId(id: string): string {
  return `u:${id}`;
}

/** The newest events, as many as a record may hold. */
export function historyChange(memory: Memory, events: readonly MemoryEvent[]): RecordChange {
  const kept: MemoryEvent[] = [];
  let chars = 0;
  for (const event of events.toReversed()) {
    chars += event.memory.length + (event.previous?.length ?? 0) + 100;
    if (kept.length === EVENTS_MAX || (kept.length > 0 && chars > HISTORY_CHARS_MAX)) break;
    kept.unshift(event);
  }
  return { id: historyId(memory.id), group: memory.session, kind: 'history', body: JSON.stringify({ events: kept }) };
}

export function historyOf(record: StoredRecord | undefined): MemoryEvent[] {
  if (record === undefined || record.body === null) return [];
  const { events } = JSON.parse(record.body) as { readonly events?: MemoryEvent[] };
  return events ?? [];
}

export function touchesChange(memory: Memory, touchesMs: readonly number[]): RecordChange {
  const body = JSON.stringify({ touchesMs: touchesMs.slice(-TOUCHES_MAX) });
  return { id: touchesId(memory.id), group: memory.session, kind: TOUCHES_KIND, body };
}

/** Whose touches a record tells, and when they were; undefined for records of other kinds. */
export function touchesOf({ id, kind, body }: StoredRecord): { readonly id: string; readonly touchesMs: readonly number[] } | undefined {
  if (kind !== TOUCHES_KIND || !id.startsWith('u:')) return undefined;
  const { touchesMs } = JSON.parse(body ?? '{}') as { readonly touchesMs?: readonly number[] };
  return { id: id.slice(2), touchesMs: (touchesMs ?? []).filter(Number.isFinite) };
}
