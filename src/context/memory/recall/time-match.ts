/*
 * How well memories fit what a question says about time. Spans and conversations that are named are looked for as such; "the first", "the latest"
 * and "as of March" choose among what fits the question by its words, so they come after those.
 */

import type { FusedHit } from '../../embedding/fusion.ts';
import type { Memory } from '../memory.ts';
import type { MemoryView } from '../memory-view.ts';
import type { Accept } from './acceptance.ts';
import type { SessionPick } from './time/sessions.ts';
import { isLasting, isSoWithin, reachOf, timeFit } from './time/time-fit.ts';
import type { TimeQuestion } from './time/time-question.ts';

export interface TimeMatchConfig {
  readonly view: MemoryView;
  readonly question: TimeQuestion;
  readonly nowMs: number;
  /** The conversation in which it is asked: not one of those that were. */
  readonly session: string | undefined;
}

/** Who fits less well than this share of the best is not among "the first" or "the latest". */
const FITTING_SHARE = 0.5;
/** What each place later in the row of "the latest" costs. */
const PLACE_COST = 0.35;

/** What remains for those who are not in the row at all, yet in the time that is asked for. */
const OUT_OF_ROW = 0.3;

/** Who fits the times that are named less well is not among them. */
const WITHIN = 0.3;

export class TimeMatch {
  readonly #view: MemoryView;
  readonly #question: TimeQuestion;
  readonly #sessions: ReadonlySet<string>;
  readonly #places = new Map<string, number>();
  #within: ReadonlySet<string> | undefined;
  /** Outside of it no memory fits by its own time. */
  readonly #reach: { readonly fromMs: number; readonly toMs: number };

  constructor({ view, question, nowMs, session }: TimeMatchConfig) {
    this.#view = view;
    this.#question = question;
    this.#reach = reachOf(question.spans);
    this.#sessions = question.sessions.length === 0 ? NONE : pickedSessions({ view, question, nowMs, session });
  }

  /** Whether the question says anything about time. */
  get isAsked(): boolean {
    return this.#hasSpans || this.#isOrdered;
  }

  /** Whether times or conversations are named; else it only chooses among several, and a memory of another time may be what is meant. */
  get isNamed(): boolean {
    return this.#hasSpans || this.#question.asOfMs !== undefined;
  }

  get #hasSpans(): boolean {
    return this.#question.spans.length > 0 || this.#question.sessions.length > 0;
  }

  get #isOrdered(): boolean {
    return this.#question.order !== undefined || this.#question.asOfMs !== undefined;
  }

  /** Among these, the first and the latest are chosen. To be called before `fit`. */
  among(hits: readonly FusedHit[]): void {
    if (!this.#isOrdered) return;
    const possible = hits.filter(({ id, score }) => {
      const memory = this.#view.get(id);
      return memory !== undefined && score > 0 && this.#isBefore(memory) && this.#named(memory) > 0;
    });
    const best = possible[0]?.score ?? 0;
    const fitting = possible.flatMap(({ id, score }) => (score >= best * FITTING_SHARE ? (this.#view.get(id) ?? []) : []));
    const sign = this.#question.order === 'earliest' ? 1 : -1;
    fitting.sort((a, b) => sign * (a.eventMs - b.eventMs));
    // What was said in one conversation has one place.
    let place = -1;
    let session: string | undefined;
    for (const memory of fitting) {
      if (memory.session !== session) place += 1;
      session = memory.session;
      if (!this.#places.has(memory.id)) this.#places.set(memory.id, place);
    }
  }

  /** 0 to 1. */
  fit(memory: Memory): number {
    const named = this.#named(memory);
    if (!this.#isOrdered || this.#sessions.has(memory.session)) return named;
    if (!this.#isBefore(memory)) return 0;
    const { asOfMs } = this.#question;
    if (asOfMs !== undefined && memory.attribute !== undefined && !isSoWithin(memory, { fromMs: asOfMs, toMs: asOfMs + 1 })) return 0;
    const place = this.#places.get(memory.id);
    return place === undefined ? named * OUT_OF_ROW : named / (1 + PLACE_COST * place);
  }

  /** Whether a memory is of the times that are named, or nearly. */
  isWithin(id: string): boolean {
    this.#within ??= this.#findWithin();
    return this.#within.has(id);
  }

  /** One look at each memory's own time, and a closer one at those that tell of other times: few do. */
  #findWithin(): ReadonlySet<string> {
    const { fromMs, toMs } = this.#reach;
    const isEver = !this.#hasSpans;
    const within = new Set<string>();
    const add = (memory: Memory | undefined): void => {
      if (memory !== undefined && this.#isBefore(memory) && this.#named(memory) >= WITHIN) within.add(memory.id);
    };
    for (const memory of this.#view.memories.values()) {
      const isNear = memory.eventMs >= fromMs && memory.eventMs < toMs;
      if (isNear || isEver || isLasting(memory) || this.#sessions.has(memory.session)) add(memory);
    }
    for (const id of this.#view.mentioning) add(this.#view.get(id));
    return within;
  }

  #isBefore(memory: Memory): boolean {
    return Math.min(memory.eventMs, memory.validFromMs) <= (this.#question.asOfMs ?? Infinity);
  }

  /** Of the spans and conversations that are named; 1 where none is. */
  #named(memory: Memory): number {
    if (!this.#hasSpans) return 1;
    if (this.#sessions.has(memory.session)) return 1;
    return timeFit(memory, this.#view.mentioned(memory.id), this.#question.spans);
  }

  /**
   * Ids of what lies within the times that are named, whatever its words: at most so many. The best times first; of each conversation something
   * before more of any, and what the user said before what was answered.
   */
  within(limit: number, accept: Accept | undefined): string[] {
    const found: Placed[] = [];
    this.#within ??= this.#findWithin();
    for (const id of this.#within) {
      const memory = this.#view.get(id);
      if (memory !== undefined && (accept?.(id) ?? true)) found.push({ memory, fit: this.#named(memory), turn: 0 });
    }
    found.sort(
      (a, b) => b.fit - a.fit || b.memory.eventMs - a.memory.eventMs || byRole(a.memory, b.memory) || a.memory.turn - b.memory.turn,
    );
    const counts = new Map<string, number>();
    for (const placed of found) {
      placed.turn = counts.get(placed.memory.session) ?? 0;
      counts.set(placed.memory.session, placed.turn + 1);
    }
    // The sort keeps the order of equals.
    return found
      .sort((a, b) => b.fit - a.fit || a.turn - b.turn)
      .slice(0, limit)
      .map(({ memory }) => memory.id);
  }
}

interface Placed {
  readonly memory: Memory;
  readonly fit: number;
  /** How many of its conversation come before it. */
  turn: number;
}

function byRole(a: Memory, b: Memory): number {
  return (a.role === 'user' ? 0 : 1) - (b.role === 'user' ? 0 : 1);
}

const NONE: ReadonlySet<string> = new Set();

function pickedSessions({ view, question, nowMs, session }: TimeMatchConfig): ReadonlySet<string> {
  const past = view.sessions.filter((each) => each.session !== session && each.fromMs <= nowMs);
  return new Set(question.sessions.flatMap((pick) => picked(past, pick).map((each) => each.session)));
}

function picked<T>(sessions: readonly T[], { from, ordinal, count }: SessionPick): readonly T[] {
  const start = ordinal - 1;
  if (from === 'first') return sessions.slice(start, start + count);
  const end = sessions.length - start;
  return end <= 0 ? [] : sessions.slice(Math.max(0, end - count), end);
}
