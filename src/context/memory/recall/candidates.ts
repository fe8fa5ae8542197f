/* Which memories may be what is asked for, with how well they fit by words and by meaning. */

import type { DenseAnswer } from '../../embedding/dense-arm.ts';
import { type FusedHit, fuse, type Scored } from '../../embedding/fusion.ts';
import type { LexicalIndex } from '../../lexical/lexical-index.ts';
import type { Accept } from './acceptance.ts';
import type { RecallQuery } from './recall-query.ts';

export interface CandidateSearch {
  readonly index: LexicalIndex;
  readonly query: RecallQuery;
  readonly dense: DenseAnswer | undefined;
  readonly denseShare: number;
  readonly limit: number;
  /** Undefined: all. */
  readonly accept: Accept | undefined;
}

/** Best first; scores 0 to 1. */
export function candidates(search: CandidateSearch): FusedHit[] {
  const { dense, denseShare, accept } = search;
  const hits = dense?.hits.filter(({ id }) => accept?.(id) ?? true) ?? [];
  return fuse(withFloor(byWords(search), zeroFloor), withFloor(hits, meaningFloor), denseShare).filter(({ id }) => id !== FLOOR);
}

/** What its time alone is worth at most, as if it were words: it keeps the order in which such are found. */
const ALONE_MAX = 0.05;

/**
 * The hits of all times, with those of the times that are named: `inTime` by words and meaning, `alone` (ids) by their time alone. Best first.
 * Hits of a list of their own are measured by its best: who is not in the longer list is worth no more than the last one there.
 */
export function withTimely(all: readonly FusedHit[], inTime: readonly FusedHit[], alone: readonly string[]): FusedHit[] {
  const hits = new Map(all.map((hit) => [hit.id, hit]));
  const most = all.at(-1)?.score ?? 1;
  for (const hit of inTime) if (!hits.has(hit.id)) hits.set(hit.id, { ...hit, score: Math.min(hit.score, most) });
  for (const [place, id] of alone.entries()) {
    if (!hits.has(id)) hits.set(id, { id, score: (ALONE_MAX * (alone.length - place)) / alone.length, lexical: 0, dense: 0 });
  }
  return [...hits.values()].sort((a, b) => b.score - a.score);
}

/** The question's own hits, and those of the turn that it leans on: each as a share of its best, weighted, added. */
function byWords({ index, query, limit, accept }: CandidateSearch): Scored[] {
  const rest = { limit, ...(accept === undefined ? {} : { accept }) };
  const hits = index.search({ text: query.text, ...rest });
  if (query.previous === undefined) return hits;
  const scores = new Map<string, number>();
  add(scores, hits, 1);
  add(scores, index.search({ text: query.previous.text, ...rest }), query.previous.weight);
  return Array.from(scores, ([id, score]) => ({ id, score }));
}

function add(scores: Map<string, number>, hits: readonly Scored[], weight: number): void {
  const best = hits[0]?.score ?? 1;
  for (const { id, score } of hits) scores.set(id, (scores.get(id) ?? 0) + (weight * score) / best);
}

/** No memory's id. */
const FLOOR = '';

/** A list is stretched from its last hit to its first: of two that are nearly as good, the second must not become 0. So it gets a last one that is. */
function withFloor(hits: readonly Scored[], floorOf: (hits: readonly Scored[]) => number): readonly Scored[] {
  return hits.length === 0 ? hits : [...hits, { id: FLOOR, score: floorOf(hits) }];
}

/** What shares no word. */
function zeroFloor(): number {
  return 0;
}

/** Cosines that differ by less than this are not told apart by more than that share. */
const COSINE_RANGE_MIN = 0.25;

function meaningFloor(hits: readonly Scored[]): number {
  let best = -Infinity;
  let last = Infinity;
  for (const { score } of hits) {
    best = Math.max(best, score);
    last = Math.min(last, score);
  }
  return Math.min(last, best - COSINE_RANGE_MIN);
}
