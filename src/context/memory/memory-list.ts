/* Memories by pages, newest first. */

import { GatewayError } from '../../base/errors.ts';
import type { Memory, MemoryEngine, MemoryFilter, MemoryPage } from './memory.ts';
import type { MemoryView } from './memory-view.ts';

export type ListQuery = Parameters<MemoryEngine['list']>[1];

export function listPage(view: MemoryView, query: ListQuery, nowMs: number): MemoryPage {
  const kinds = query.kinds === undefined ? undefined : new Set(query.kinds);
  const after = query.after === undefined ? undefined : placeOf(query.after);
  const found = [...view.memories.values()].filter((memory) => {
    if (kinds === undefined ? memory.kind === 'turn' : !kinds.has(memory.kind)) return false;
    if (query.expired !== true && (memory.expiresMs ?? Infinity) <= nowMs) return false;
    if (query.filter !== undefined && !fits(memory, query.filter)) return false;
    return after === undefined || byNewest(after, memory) < 0;
  });
  found.sort(byNewest);
  const memories = found.slice(0, query.limit);
  const last = memories.at(-1);
  return { memories, ...(last === undefined || found.length <= query.limit ? {} : { next: `${last.createdMs}.${last.turn}.${last.id}` }) };
}

/** Whether a memory is of the agent, run and session, and has the metadata, that the filter names. */
export function fits(memory: Memory, filter: MemoryFilter): boolean {
  if (filter.agent !== undefined && memory.agent !== filter.agent) return false;
  if (filter.run !== undefined && memory.run !== filter.run) return false;
  if (filter.session !== undefined && memory.session !== filter.session) return false;
  return Object.entries(filter.metadata ?? {}).every(([name, value]) => Bun.deepEquals(memory.metadata[name], value, true));
}

type Place = Pick<Memory, 'createdMs' | 'turn' | 'id'>;

function byNewest(a: Place, b: Place): number {
  return b.createdMs - a.createdMs || b.turn - a.turn || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function placeOf(after: string): Place {
  const [, createdMs, turn, id] = /^(\d{1,16})\.(\d{1,16})\.(.+)$/s.exec(after) ?? [];
  if (createdMs === undefined || id === undefined)
    throw new GatewayError('request_invalid', 'the place to go on from is none that a page gave');
  return { createdMs: Number(createdMs), turn: Number(turn), id };
}
