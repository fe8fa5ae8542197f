/*
 * From a question to the memories that may answer it.
 *
 *   question ─▶ words, time ─▶ candidates: by words ∪ by meaning ∪ by time ─▶ score ─▶ the best
 *
 *   score = (how well it fits + how well its time fits) × age and use × importance × whether it is still so
 *
 * What the parts are worth was measured: docs/decisions/0015-recall.md.
 */

import type { Clock } from '../../../base/clock.ts';
import type { DenseArm } from '../../embedding/dense-arm.ts';
import { knownHits } from '../../embedding/known-hits.ts';
import type { MemoryPartition, Recall, RecalledMemory, RecallRequest } from '../memory.ts';
import type { MemoryConfig } from '../memory-config.ts';
import type { MemoryView } from '../memory-view.ts';
import { acceptance } from './acceptance.ts';
import { askedRole } from './asked-role.ts';
import { candidates, withTimely } from './candidates.ts';
import { decaySetting } from './decay.ts';
import { newsFirst } from './news.ts';
import { recallQuery } from './recall-query.ts';
import { withoutEchoes } from './redundancy.ts';
import { byScore, type Judge, scored } from './score.ts';
import { withSuccession } from './succession.ts';
import { isInPastTense } from './time/historical.ts';
import { timeQuestion } from './time/time-question.ts';
import { TimeMatch } from './time-match.ts';

export interface RecallDeps {
  /** The partition's view, caught up with its log. */
  readonly view: (partition: MemoryPartition) => Promise<MemoryView>;
  /** Without one, words decide alone. */
  readonly dense?: DenseArm;
  readonly clock: Pick<Clock, 'now'>;
}

export type RecallMemories = (partition: MemoryPartition, request: RecallRequest) => Promise<Recall>;

/** Of these the best are chosen. Words alone need fewer: where they are fused with meanings, the shape of both lists is part of it. */
const POOL_MIN = { words: 12, fused: 60 };
const POOL_MAX = 1_000;

/** Rejects with `storage_unavailable` when the partition's log cannot be read. */
export function createRecall(config: Pick<MemoryConfig, 'decay' | 'half_life' | 'dense_share'>, deps: RecallDeps): RecallMemories {
  return async (partition, request) => {
    const nowMs = request.referenceMs ?? deps.clock.now();
    const query = recallQuery(request.query, request.previous);
    const question = timeQuestion(query.text, { nowMs });
    const pool = Math.min(POOL_MAX, Math.max(2 * request.limit, deps.dense === undefined ? POOL_MIN.words : POOL_MIN.fused));
    const [view, near] = await Promise.all([deps.view(partition), deps.dense?.search(partition, query.text, pool)]);
    const dense = near === undefined ? undefined : knownHits(near, view.memories);

    const time = new TimeMatch({ view, question, nowMs, session: request.session });
    const accept = acceptance(view, request, nowMs);
    const search = { index: view.index, query: { ...query, text: question.text }, dense, denseShare: config.dense_share, limit: pool };
    const byText = candidates({ ...search, accept });
    // What only its time tells apart from the rest may lie too deep in the list of all times.
    const inTime = time.isNamed ? candidates({ ...search, accept: (id) => time.isWithin(id) && (accept?.(id) ?? true) }) : [];
    const alone = time.isNamed && inTime.length < request.limit ? time.within(pool, accept) : [];
    const isPast = question.isHistorical || question.asOfMs !== undefined || (question.spans.length > 0 && isInPastTense(query.text));
    const hits = withSuccession(withTimely(byText, inTime, alone), { view, accept, isPast });
    time.among(hits);
    const decay = decaySetting(request.decay ?? config.decay, config.half_life);
    const judge: Judge = {
      time,
      question,
      role: askedRole(query.text),
      nowMs,
      decay,
      areSupersededEqual: request.superseded === true,
      view,
    };
    const memories = hits.flatMap((hit): RecalledMemory[] => {
      const memory = view.get(hit.id);
      return memory === undefined ? [] : [scored(hit, memory, judge)];
    });
    const isOrdered = question.isRecent || question.order !== undefined || question.sessions.length > 0;
    const isNow = !isPast && request.superseded !== true && !isOrdered;
    const distinct = withoutEchoes(memories.sort(byScore));
    const ranked = isNow ? newsFirst(view, distinct, query.text) : distinct;
    return { memories: ranked.slice(0, request.limit), leftOut: dense?.leftOut ?? [] };
  };
}
