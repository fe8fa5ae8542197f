/* What became of one memory: edits by callers, and what came in its place. */

import type { RecordChange } from '../../stores/record/record-store.ts';
import type { Memory, MemoryChange, MemoryEvent } from './memory.ts';
import { changeOf, historyChange } from './memory-record.ts';
import { cleanText, hashOf } from './memory-text.ts';
import { checkChange } from './remember-limits.ts';

interface Edit {
  readonly memory: Memory;
  readonly changes: readonly RecordChange[];
}

/** Nothing is written where nothing changes. */
export function edited(
  before: Memory,
  change: MemoryChange,
  past: { readonly history: readonly MemoryEvent[]; readonly nowMs: number },
): Edit {
  checkChange(change);
  const text = change.text === undefined ? before.text : cleanText(change.text);
  const { expiresMs: _expires, value: _value, ends: _ends, ...rest } = before;
  const isOther = text !== before.text;
  const expiresMs = change.expiresMs === undefined ? before.expiresMs : (change.expiresMs ?? undefined);
  const memory: Memory = {
    ...rest,
    text,
    hash: hashOf(text),
    metadata: change.metadata ?? before.metadata,
    updatedMs: past.nowMs,
    ...(expiresMs === undefined ? {} : { expiresMs }),
    // They were read out of the words that are no longer there.
    ...(isOther || before.value === undefined ? {} : { value: before.value }),
    ...(isOther || before.ends === undefined ? {} : { ends: before.ends }),
  };
  if (Bun.deepEquals({ ...memory, updatedMs: 0 }, { ...before, updatedMs: 0 })) return { memory: before, changes: [] };
  const event: MemoryEvent = { id: before.id, event: 'UPDATE', memory: text, previous: before.text, atMs: past.nowMs };
  return { memory, changes: [changeOf(memory), ...(isOther ? [historyChange(memory, [...past.history, event])] : [])] };
}

/** Its story in the order of time; `edits` are what is written of it, the rest follows from the memories. */
export function eventsOf(memory: Memory, edits: readonly MemoryEvent[], find: (id: string) => Memory | undefined): MemoryEvent[] {
  const { id, createdMs } = memory;
  const first = edits[0]?.previous ?? memory.text;
  const replaced = memory.supersedes.map((each) => find(each)?.text).find((text) => text !== undefined);
  const events: MemoryEvent[] = [
    { id, event: 'ADD', memory: first, ...(replaced === undefined ? {} : { previous: replaced }), atMs: createdMs },
  ];
  events.push(...edits);
  const next = memory.supersededBy === undefined ? undefined : find(memory.supersededBy);
  if (next !== undefined)
    events.push({ id, event: 'UPDATE', memory: next.text, previous: memory.text, atMs: memory.validToMs ?? next.createdMs });
  return events;
}
