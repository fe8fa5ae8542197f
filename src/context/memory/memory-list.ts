/* Memories by pages, newest first. */

import { GatewayError } from '../../base/errors.ts';
import type { Memory, MemoryEngine, MemoryPage } from './memory.ts';
import { passesFilter } from './memory-condition.ts';
import type { MemoryView } from './memory-view.ts';

export type ListQuery = Parameters<MemoryEngine['list']>[1];

export function listPage(view: MemoryView, query: ListQuery, nowMs: number): MemoryPage {
  const kinds = query.kinds === undefined ? undefined : new Set(query.kinds);
  const after = query.after === undefined ? undefined : placeOf(query.after);
  let total = 0;
  const found = among(view, query).filter((memory) => {
    if (kinds === undefined ? memory.kind === 'turn' : !kinds.has(memory.kind)) return false;
    if (query.expired !== true && (memory.expiresMs ?? Infinity) <= nowMs) return false;
    if (!passesFilter(memory, query.filter)) return false;
    total += 1;
    return after === undefined || byNewest(after, memory) < 0;
  });
  found.sort(byNewest);
  const memories = found.slice(0, query.limit);
  const last = memories.at(-1);
  return {
    memories,
    ...(query.count === true ? { total } : {}),
    ...(last === undefined || found.length <= query.limit ? {} : { next: `${last.createdMs}.${last.turn}.${last.id}` }),
  };
}

/** Every memory that may be meant: of a session's turns alone, these. */
function among(view: MemoryView, { kinds, filter }: ListQuery): Memory[] {
  const isOfTurns = kinds?.every((kind) => kind === 'turn') === true;
  if (!isOfTurns || filter?.session === undefined) return [...view.memories.values()];
  return [...view.turnsOf(filter.session)].flatMap((id) => view.get(id) ?? []);
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
