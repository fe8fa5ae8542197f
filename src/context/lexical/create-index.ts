/* The lexical index: units are found by posting lists, and ranked by what they say, what stands around them, and their group. */

import { firstPass } from './first-pass.ts';
import { KNOBS } from './knobs.ts';
import type { LexicalHit, LexicalIndex, LexicalQuery, LexicalUnit } from './lexical-index.ts';
import { type Query, queryOf } from './query.ts';
import { Top } from './top.ts';
import { UnitTable } from './unit-table.ts';
import { gramFeature, termFeature } from './window-features.ts';
import { REACH, WindowScorer } from './window-scorer.ts';

/** Units that are looked at closely, at least; their neighbours come to them. */
const CANDIDATES_MIN = 100;
const CANDIDATES_PER_HIT = 3;
const GRAMS_MIN = 40;
const GRAMS_PER_HIT = 3;

export function createLexicalIndex(): LexicalIndex {
  const table = new UnitTable();
  return {
    get size() {
      return table.size;
    },
    get bytes() {
      return table.bytes;
    },
    put: (unit: LexicalUnit) => table.put(unit),
    remove: (id: string) => table.remove(id),
    search: (query: LexicalQuery) => search(table, query),
  };
}

interface Scored {
  readonly unit: number;
  readonly score: number;
}

interface Candidate {
  readonly unit: number;
  readonly own: number;
  readonly window: number;
  readonly group: number;
}

// Their memory is shared by all indexes of a thread: a search is one synchronous call.
const termScorer = new WindowScorer(termFeature);
const gramScorer = new WindowScorer(gramFeature);
const near = new Int32Array(2 * REACH + 1);

function search(table: UnitTable, query: LexicalQuery): LexicalHit[] {
  const wanted = queryOf(query.text, table);
  if (wanted.terms.length === 0) return [];
  termScorer.begin(table, wanted.terms);
  gramScorer.begin(table, wanted.grams);
  try {
    return ranked(table, candidatesOf(table, wanted, query), query.limit);
  } finally {
    termScorer.end();
    gramScorer.end();
  }
}

/** Those that are good by their own words, and their neighbours, with what is quickly told of them. */
function candidatesOf(table: UnitTable, wanted: Query, { limit, accept }: LexicalQuery): Candidate[] {
  const accepts = accept === undefined ? () => true : (unit: number) => accept(table.unitAt(unit)?.id ?? '');
  const top = new Top(Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT), accepts, (unit) => table.unitAt(unit)?.order ?? 0);
  const first = firstPass(table, wanted);
  try {
    first.offerTo(top);
    return Array.from(withNeighbours(table, top.taken(), accepts), (unit) => {
      table.groups.neighbours(unit, REACH, near);
      const group = first.groupScore(table.groups.groupOf.values[unit] ?? 0);
      return { unit, own: first.ownScore(unit), window: termScorer.score(unit, near), group };
    });
  } finally {
    first.end();
  }
}

/** Best first. Grams are compared for the best few hundred alone: they cost the most, and move nothing from far below. */
function ranked(table: UnitTable, candidates: readonly Candidate[], limit: number): LexicalHit[] {
  const orderOf = (unit: number) => table.unitAt(unit)?.order ?? 0;
  const byScore = (left: Scored, right: Scored) => right.score - left.score || orderOf(left.unit) - orderOf(right.unit);
  const best = fused(candidates)
    .sort(byScore)
    .slice(0, Math.max(GRAMS_MIN, limit * GRAMS_PER_HIT));
  const grams = best.map(({ unit }) => {
    table.groups.neighbours(unit, REACH, near);
    return gramScorer.score(unit, near);
  });
  const most = Math.max(...grams);
  return best
    .map(({ unit, score }, place) => ({ unit, score: score + KNOBS.grams.weight * shareOf(grams[place] ?? 0, most) }))
    .sort(byScore)
    .slice(0, limit)
    .map(({ unit, score }) => ({ id: table.unitAt(unit)?.id ?? '', score }));
}

/** A unit next to a good one may hold the answer, though it shares no word with the question. */
function withNeighbours(table: UnitTable, units: readonly number[], accepts: (unit: number) => boolean): Set<number> {
  const all = new Set(units);
  for (const unit of units) {
    table.groups.neighbours(unit, REACH, near);
    for (const other of near) if (other >= 0 && !all.has(other) && accepts(other)) all.add(other);
  }
  return all;
}

/** Each signal against the best one of this answer, by its weight. */
function fused(candidates: readonly Candidate[]): Scored[] {
  let mostOwn = 0;
  let mostWindow = 0;
  let mostGroup = 0;
  for (const { own, window, group } of candidates) {
    mostOwn = Math.max(mostOwn, own);
    mostWindow = Math.max(mostWindow, window);
    mostGroup = Math.max(mostGroup, group);
  }
  return candidates.map(({ unit, own, window, group }) => ({
    unit,
    score:
      KNOBS.own.weight * shareOf(own, mostOwn) +
      KNOBS.window.weight * shareOf(window, mostWindow) +
      KNOBS.group.weight * shareOf(group, mostGroup),
  }));
}

function shareOf(value: number, most: number): number {
  return most > 0 ? value / most : 0;
}
