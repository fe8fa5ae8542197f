/* The lexical index: units are found by posting lists, and ranked by what they say, what stands around them, and their group. */

import { firstPass } from './first-pass.ts';
import { gramScores } from './gram-windows.ts';
import { KNOBS } from './knobs.ts';
import type { LexicalHit, LexicalIndex, LexicalQuery, LexicalUnit } from './lexical-index.ts';
import { type Query, queryOf } from './query.ts';
import { TermWindows } from './term-windows.ts';
import { Top } from './top.ts';
import { UnitTable } from './unit-table.ts';
import { REACH } from './window-weights.ts';

/** Units that are looked at closely, at least; their neighbours come to them. */
const CANDIDATES_MIN = 100;
const CANDIDATES_PER_HIT = 6;
const GRAMS_MIN = 30;
const GRAMS_PER_HIT = 3;

const NO_WINDOW = new Int32Array();

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
  /** The units of its window. */
  readonly near: Int32Array;
  readonly score: number;
}

interface Candidate {
  readonly unit: number;
  readonly near: Int32Array;
  readonly own: number;
  readonly window: number;
  readonly group: number;
}

function search(table: UnitTable, query: LexicalQuery): LexicalHit[] {
  const wanted = queryOf(query.text, table);
  if (wanted.terms.length === 0) return [];
  const orderOf = (unit: number) => table.unitAt(unit)?.order ?? 0;
  const byScore = (left: Scored, right: Scored) => right.score - left.score || orderOf(left.unit) - orderOf(right.unit);

  const candidates = fused(candidatesOf(table, wanted, query)).sort(byScore);
  const best = candidates.slice(0, Math.max(GRAMS_MIN, query.limit * GRAMS_PER_HIT));
  const grams = gramScores(
    table,
    wanted.grams,
    best.map(({ near }) => near),
  );
  const most = grams.reduce((one, other) => Math.max(one, other), 0);
  return best
    .map(({ score, ...rest }, place) => ({ ...rest, score: score + KNOBS.grams.weight * shareOf(grams[place] ?? 0, most) }))
    .sort(byScore)
    .slice(0, query.limit)
    .map(({ unit, score }) => ({ id: table.unitAt(unit)?.id ?? '', score }));
}

/** Those that are good by their own words, and their neighbours, with all but the grams. */
function candidatesOf(table: UnitTable, wanted: Query, { limit, accept }: LexicalQuery): Candidate[] {
  const accepts = accept === undefined ? () => true : (unit: number) => accept(table.unitAt(unit)?.id ?? '');
  const top = new Top(Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT), accepts, (unit) => table.unitAt(unit)?.order ?? 0);
  const first = firstPass(table, wanted);
  try {
    first.offerTo(top);
    const units = [...withNeighbours(table, top.taken(), accepts)];
    const windows = units.map((unit) => table.groups.neighbours(unit, REACH));
    const scores = new TermWindows(table, wanted.terms, windows).scores();
    return units.map((unit, at) => {
      const group = first.groupScore(table.groups.groupOf.values[unit] ?? 0);
      return { unit, near: windows[at] ?? NO_WINDOW, own: first.ownScore(unit), window: scores[at] ?? 0, group };
    });
  } finally {
    first.end();
  }
}

/** A unit next to a good one may hold the answer, though it shares no word with the question. */
function withNeighbours(table: UnitTable, units: readonly number[], accepts: (unit: number) => boolean): Set<number> {
  const all = new Set(units);
  for (const unit of units) {
    for (const other of table.groups.neighbours(unit, REACH)) if (other >= 0 && !all.has(other) && accepts(other)) all.add(other);
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
  return candidates.map(({ unit, near, own, window, group }) => ({
    unit,
    near,
    score:
      KNOBS.own.weight * shareOf(own, mostOwn) +
      KNOBS.window.weight * shareOf(window, mostWindow) +
      KNOBS.group.weight * shareOf(group, mostGroup),
  }));
}

function shareOf(value: number, most: number): number {
  return most > 0 ? value / most : 0;
}
