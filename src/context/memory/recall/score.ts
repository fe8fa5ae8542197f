/* What a memory is worth as an answer, of what its words, its meaning and its time are worth. */

import type { FusedHit } from '../../embedding/fusion.ts';
import type { Memory, RecalledMemory } from '../memory.ts';
import type { Role } from './asked-role.ts';
import { type DecaySetting, decayFactor, importanceFactor } from './decay.ts';
import { MONTH_MS } from './time/calendar.ts';
import { isSoWithin } from './time/time-fit.ts';
import type { TimeQuestion } from './time/time-question.ts';
import type { TimeMatch } from './time-match.ts';

export interface Judge {
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
/** What is so, where what was is asked for. */
const CURRENT_FACTOR = 0.8;
/** `weight`: what it is worth beside the words that the time fits; `other`: what remains of the words where it does not. */
const NAMED_TIME = { weight: Number(process.env.TW ?? 0.5), other: Number(process.env.TO ?? 0.5) };
const LOOSE_TIME = { weight: Number(process.env.LW ?? 0.3), other: Number(process.env.LO ?? 0.8) };
/** What the other one said, where the question is about the words of one. */
const OTHER_ROLE_FACTOR = 0.9;
/** "Lately". */
const RECENT: DecaySetting = { floor: 0.6, halfLifeMs: MONTH_MS };

/** Every part of it in `parts`; the score is 0 to 1. */
export function scored({ score, lexical, dense }: FusedHit, memory: Memory, judge: Judge): RecalledMemory {
  const current = stillSo(memory, judge);
  const importance = importanceFactor(memory);
  const role = judge.role === undefined || judge.role === memory.role ? 1 : OTHER_ROLE_FACTOR;
  if (!judge.time.isAsked) {
    const age = ageFactor(memory, judge);
    return {
      memory,
      score: Math.min(1, score * age * importance * role * current),
      parts: { lexical, dense, age, importance, role, current },
    };
  }
  // Who names a time has said how old the answer is.
  const time = judge.time.fit(memory);
  const { weight, other } = judge.time.isLoose ? LOOSE_TIME : NAMED_TIME;
  const sum = (score * (other + (1 - other) * time) + weight * time) / (1 + weight);
  return {
    memory,
    score: Math.min(1, sum * importance * role * current),
    parts: { lexical, dense, time, age: 1, importance, role, current },
  };
}

function ageFactor(memory: Memory, { question, nowMs, decay }: Judge): number {
  if (question.isRecent) return decayFactor(memory, nowMs, RECENT);
  return question.isHistorical ? 1 : decayFactor(memory, nowMs, decay);
}

/** The order depends on nothing but what is there: of two that are worth the same, the later one, then the order in which they were said. */
export function byScore(a: RecalledMemory, b: RecalledMemory): number {
  return b.score - a.score || b.memory.eventMs - a.memory.eventMs || a.memory.turn - b.memory.turn || (a.memory.id < b.memory.id ? -1 : 1);
}

export function isSuperseded(memory: Memory, atMs: number): boolean {
  return memory.validToMs === undefined ? memory.supersededBy !== undefined : memory.validToMs <= atMs;
}

function stillSo(memory: Memory, { question, nowMs, areSupersededEqual }: Judge): number {
  if (areSupersededEqual) return 1;
  const { asOfMs, spans } = question;
  if (asOfMs !== undefined)
    return isSoWithin(memory, { fromMs: asOfMs, toMs: asOfMs + 1 }) || memory.kind === 'turn' ? 1 : SUPERSEDED_FACTOR;
  const isGone = isSuperseded(memory, nowMs);
  if (question.isHistorical) return isGone ? 1 : CURRENT_FACTOR;
  if (!isGone) return 1;
  return spans.some((span) => isSoWithin(memory, span)) ? 1 : SUPERSEDED_FACTOR;
}
