/*
 * From a question to the memories that may answer it.
 *
 *   question ─▶ words, time ─▶ candidates: by words ∪ by meaning ∪ by time ─▶ score ─▶ the best
 *
 *   score = (how well it fits + how well its time fits) × age and use × importance × whether it is still so
 */

import type { Clock } from '../../../base/clock.ts';
import type { DenseArm } from '../../embedding/dense-arm.ts';
import type { Memory, MemoryPartition, Recall, RecalledMemory, RecallRequest } from '../memory.ts';
import { passesFilter } from '../memory-condition.ts';
import type { MemoryConfig } from '../memory-config.ts';
import type { MemoryView } from '../memory-view.ts';
import { candidates } from './candidates.ts';
import { decayFactor, decaySetting, importanceFactor } from './decay.ts';
import { recallQuery } from './recall-query.ts';

export interface RecallDeps {
  /** The partition's view, caught up with its log. */
  readonly view: (partition: MemoryPartition) => Promise<MemoryView>;
  /** Without one, words decide alone. */
  readonly dense?: DenseArm;
  readonly clock: Pick<Clock, 'now'>;
}

export type RecallMemories = (partition: MemoryPartition, request: RecallRequest) => Promise<Recall>;

/** What is no longer so, where nobody asked for what was. */
const SUPERSEDED_FACTOR = 0.5;

/** Rejects with `storage_unavailable` when the partition's log cannot be read. */
export function createRecall(config: Pick<MemoryConfig, 'decay' | 'half_life' | 'dense_share'>, deps: RecallDeps): RecallMemories {
  return async (partition, request) => {
    const query = recallQuery(request.query, request.previous);
    const pool = Math.min(1_000, Math.max(4 * request.limit, 60));
    const [view, dense] = await Promise.all([deps.view(partition), deps.dense?.search(partition, query.text, pool)]);
    const nowMs = request.referenceMs ?? deps.clock.now();
    const decay = decaySetting(request.decay ?? config.decay, config.half_life);
    const accept = acceptance(view, request, nowMs);
    const found = candidates({ index: view.index, query, dense, denseShare: config.dense_share, limit: pool, accept });
    const memories = found.flatMap(({ id, score, lexical, dense: meaning }): RecalledMemory[] => {
      const memory = view.get(id);
      if (memory === undefined) return [];
      const age = decayFactor(memory, nowMs, decay);
      const importance = importanceFactor(memory);
      const current = isSuperseded(memory, nowMs) && request.superseded !== true ? SUPERSEDED_FACTOR : 1;
      const parts = { lexical, dense: meaning, age, importance, current };
      return [{ memory, score: Math.min(1, score * age * importance * current), parts }];
    });
    return { memories: memories.sort(byScore).slice(0, request.limit), leftOut: dense?.leftOut ?? [] };
  };
}

function acceptance(view: MemoryView, request: RecallRequest, nowMs: number): (id: string) => boolean {
  const kinds = request.kinds === undefined ? undefined : new Set(request.kinds);
  return (id) => {
    const memory = view.get(id);
    if (memory === undefined) return false;
    if (kinds !== undefined && !kinds.has(memory.kind)) return false;
    if (request.expired !== true && (memory.expiresMs ?? Infinity) <= nowMs) return false;
    if (request.superseded === false && isSuperseded(memory, nowMs)) return false;
    return passesFilter(memory, request.filter);
  };
}

function isSuperseded(memory: Memory, atMs: number): boolean {
  return memory.validToMs === undefined ? memory.supersededBy !== undefined : memory.validToMs <= atMs;
}

/** The order depends on nothing but what is there: of two that fit as well, the later one, then by name. */
function byScore(a: RecalledMemory, b: RecalledMemory): number {
  return b.score - a.score || b.memory.eventMs - a.memory.eventMs || (a.memory.id < b.memory.id ? -1 : 1);
}
