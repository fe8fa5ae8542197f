/* Whether a memory may be found at all: its kind, whom and what it belongs to, and whether it has expired. */

import type { RecallRequest } from '../memory.ts';
import { passesFilter } from '../memory-condition.ts';
import type { MemoryView } from '../memory-view.ts';
import { isSuperseded } from './score.ts';

type Asked = Pick<RecallRequest, 'kinds' | 'filter' | 'superseded' | 'expired' | 'session' | 'knownFrom'>;

export type Accept = (id: string) => boolean;

/** Undefined where every memory may be: then nothing is asked of each that shares a word with the question. */
export function acceptance(view: MemoryView, request: Asked, nowMs: number): Accept | undefined {
  const { filter, superseded, expired } = request;
  const known = knownTurns(view, request);
  const isAny = filter === undefined && request.kinds === undefined && superseded !== false && known.size === 0;
  if (isAny && (expired === true || !view.hasExpiring)) return undefined;
  const kinds = request.kinds === undefined ? undefined : new Set(request.kinds);
  return (id) => {
    const memory = view.get(id);
    if (memory === undefined || known.has(id)) return false;
    if (kinds !== undefined && !kinds.has(memory.kind)) return false;
    if (expired !== true && (memory.expiresMs ?? Infinity) <= nowMs) return false;
    if (superseded === false && isSuperseded(memory, nowMs)) return false;
    return passesFilter(memory, filter);
  };
}

const NONE: ReadonlySet<string> = new Set();

function knownTurns(view: MemoryView, { session, knownFrom }: Asked): ReadonlySet<string> {
  if (session === undefined || knownFrom === undefined) return NONE;
  const turns = view.turnsOf(session);
  return knownFrom === 0 ? turns : new Set([...turns].filter((id) => (view.get(id)?.turn ?? 0) >= knownFrom));
}
