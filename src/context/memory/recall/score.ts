/* What a memory is worth as an answer, of what its words, its meaning and its time are worth. */

import type { FusedHit } from '../../embedding/fusion.ts';
import type { Memory, RecalledMemory } from '../memory.ts';
import type { MemoryView } from '../memory-view.ts';
import type { Role } from './asked-role.ts';
import { type DecaySetting, decayFactor, importanceFactor } from './decay.ts';
import { MONTH_MS } from './time/calendar.ts';
import { isSoWithin } from './time/time-fit.ts';
import type { TimeQuestion } from './time/time-question.ts';
import type { TimeMatch } from './time-match.ts';

export interface Judge {
  readonly view: MemoryView;
  readonly time: TimeMatch;
  readonly question: TimeQuestion;
  /** Whose words it is about. */
  readonly role: Role | undefined;
  readonly nowMs: number;
  readonly decay: DecaySetting;
  /** Asked for: what is no longer so counts as much as what is. */
  readonly areSupersededEqual: boolean;
}

/** What is no longer so, where nobody asked for what was. */
const SUPERSEDED_FACTOR = 0.5;
/** How much of that a turn loses from which such facts were drawn. */
const FORMER_TURN_LOSS = 0.2;
/** What is so, where what was is asked for. */
const CURRENT_FACTOR = 0.8;
/** `weight`: what it is worth beside the words that the time fits; `other`: what remains of the words where it does not. */
const NAMED_TIME = { weight: 0.5, other: 0.5 };
const LOOSE_TIME = { weight: 0.3, other: 0.8 };
/** What the other one said, where the question is about the words of one. */
const OTHER_ROLE_FACTOR = 0.9;
/** Who fits less well than this share of the best loses nothing by age, where decay is for the best. */
const AGELESS = 0.8;
/** "Lately". */
const RECENT: DecaySetting = { floor: 0.6, halfLifeMs: MONTH_MS, isForBest: false };

/** Every part of it in `parts`; the score is 0 to 1. */
export function scored({ score, lexical, dense }: FusedHit, memory: Memory, judge: Judge): RecalledMemory {
  const current = stillSo(memory, judge);
  const importance = importanceFactor(memory);
  const role = judge.role === undefined || judge.role === memory.role ? 1 : OTHER_ROLE_FACTOR;
  if (!judge.time.isAsked) {
    const age = ageFactor(memory, score, judge);
    return {
      memory,
      score: Math.min(1, score * age * importance * role * current),
      parts: { lexical, dense, age, importance, role, current },
    };
  }
  // Who names a time has said how old the answer is.
  const time = judge.time.fit(memory);
  const { weight, other } = judge.time.isNamed ? NAMED_TIME : LOOSE_TIME;
  const sum = (score * (other + (1 - other) * time) + weight * time) / (1 + weight);
  return {
    memory,
    score: Math.min(1, sum * importance * role * current),
    parts: { lexical, dense, time, age: 1, importance, role, current },
  };
}

function ageFactor(memory: Memory, words: number, { question, nowMs, decay }: Judge): number {
  if (question.isRecent) return decayFactor(memory, nowMs, RECENT);
  if (question.isHistorical) return 1;
  const lost = 1 - decayFactor(memory, nowMs, decay);
  return 1 - lost * (decay.isForBest ? nearBest(words) : 1);
}

/** 1 for who fits as well as the best, 0 for who fits no better than four fifths of that. */
function nearBest(words: number): number {
  return Math.min(1, Math.max(0, (words - AGELESS) / (1 - AGELESS)));
}

/** The order depends on nothing but what is there: of two that are worth the same, the later one, then the order in which they were said. */
export function byScore(a: RecalledMemory, b: RecalledMemory): number {
  return b.score - a.score || b.memory.eventMs - a.memory.eventMs || a.memory.turn - b.memory.turn || (a.memory.id < b.memory.id ? -1 : 1);
}

export function isSuperseded(memory: Memory, atMs: number): boolean {
  return memory.validToMs === undefined ? memory.supersededBy !== undefined : memory.validToMs <= atMs;
}

function stillSo(memory: Memory, judge: Judge): number {
  if (judge.areSupersededEqual) return 1;
  if (memory.kind !== 'turn') return factStillSo(memory, judge);
  // What was drawn from it is no longer so; yet a turn says more than that, and what came in its place stands before it already (succession.ts).
  let worth = 0;
  let count = 0;
  for (const id of judge.view.drawnFrom(memory.id)) {
    const fact = judge.view.get(id);
    if (fact === undefined) continue;
    worth += factStillSo(fact, judge);
    count += 1;
  }
  return count === 0 ? 1 : 1 - FORMER_TURN_LOSS * (1 - worth / count);
}

function factStillSo(memory: Memory, { question, nowMs }: Judge): number {
  const { asOfMs, spans } = question;
  if (asOfMs !== undefined) return isSoWithin(memory, { fromMs: asOfMs, toMs: asOfMs + 1 }) ? 1 : SUPERSEDED_FACTOR;
  const isGone = isSuperseded(memory, nowMs);
  if (question.isHistorical) return isGone ? 1 : CURRENT_FACTOR;
  if (!isGone) return 1;
  return spans.some((span) => isSoWithin(memory, span)) ? 1 : SUPERSEDED_FACTOR;
}
