/* Memories as the API tells them: Mem0's names, and beside them what only we know. */

import type { Memory, MemoryEvent, MemoryPartition, RecalledMemory } from '../context/memory/memory.ts';
import { publicMemoryId } from '../context/memory/memory-id.ts';
import { expiryText, timeText } from '../context/memory/memory-times.ts';

export function memoryJson({ name: user }: MemoryPartition, memory: Memory): Record<string, unknown> {
  const { metadata, expiresMs, validToMs, supersededBy } = memory;
  return {
    id: publicMemoryId(user, memory.id),
    memory: memory.text,
    hash: memory.hash,
    metadata,
    user_id: user === '' ? null : user,
    agent_id: memory.agent ?? null,
    run_id: memory.run ?? null,
    app_id: typeof metadata['app_id'] === 'string' ? metadata['app_id'] : null,
    session_id: memory.session,
    kind: memory.kind,
    role: memory.role,
    actor_id: memory.speaker ?? null,
    created_at: timeText(memory.createdMs),
    updated_at: timeText(memory.updatedMs),
    event_at: timeText(memory.eventMs),
    valid_from: timeText(memory.validFromMs),
    valid_to: validToMs === undefined ? null : timeText(validToMs),
    supersedes: memory.supersedes.map((id) => publicMemoryId(user, id)),
    superseded_by: supersededBy === undefined ? null : publicMemoryId(user, supersededBy),
    expiration_date: expiresMs === undefined ? null : expiryText(expiresMs),
    immutable: memory.immutable === true,
  };
}

/** `explain`: what the score is made of. */
export function resultJson(
  partition: MemoryPartition,
  { memory, score, parts }: RecalledMemory,
  explain: boolean,
): Record<string, unknown> {
  return { ...memoryJson(partition, memory), score, ...(explain ? { score_details: parts } : {}) };
}

/** Only the members that are wanted; the id is always told. */
export function onlyFields(json: Record<string, unknown>, fields: readonly string[] | undefined): Record<string, unknown> {
  if (fields === undefined) return json;
  return Object.fromEntries(Object.entries(json).filter(([name]) => name === 'id' || fields.includes(name)));
}

/** What became of what was said. */
export function eventJson({ name: user }: MemoryPartition, event: MemoryEvent): Record<string, unknown> {
  const { id, memory, previous } = event;
  return { id: publicMemoryId(user, id), memory, event: event.event, ...(previous === undefined ? {} : { previous_memory: previous }) };
}

/** What a memory said before, in the order of time. */
export function historyJson({ name: user }: MemoryPartition, id: string, events: readonly MemoryEvent[]): Record<string, unknown>[] {
  const memoryId = publicMemoryId(user, id);
  return events.map((event, index) => ({
    id: `${memoryId}:${index}`,
    memory_id: memoryId,
    user_id: user === '' ? null : user,
    event: event.event,
    old_memory: event.previous ?? null,
    new_memory: event.event === 'DELETE' ? null : event.memory,
    is_deleted: event.event === 'DELETE',
    created_at: timeText(event.atMs),
    updated_at: timeText(event.atMs),
  }));
}
