/* The lexical index: units are found by posting lists, and ranked by what they say, what stands around them, and their group. */

import { firstPass } from './first-pass.ts';
import { KNOBS } from './knobs.ts';
import type { LexicalHit, LexicalIndex, LexicalQuery, LexicalUnit } from './lexical-index.ts';
import { queryOf } from './query.ts';
import { SecondPass } from './second-pass.ts';
import { Top } from './top.ts';
import { UnitTable } from './unit-table.ts';

/** Units that are looked at closely, at least; their neighbours come to them. */
const CANDIDATES_MIN = 200;
const CANDIDATES_PER_HIT = 3;

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

interface Candidate {
  readonly unit: number;
  readonly own: number;
  readonly window: number;
  readonly group: number;
  readonly grams: number;
}

function search(table: UnitTable, { text, limit, accept }: LexicalQuery): LexicalHit[] {
  const query = queryOf(text, table);
  if (query.terms.length === 0) return [];
  const idOf = (unit: number) => table.unitAt(unit)?.id ?? '';
  const accepts = accept === undefined ? () => true : (unit: number) => accept(idOf(unit));
  const orderOf = (unit: number) => table.unitAt(unit)?.order ?? 0;

  const top = new Top(Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT), accepts, orderOf);
  const first = firstPass(table, query, top);
  const second = new SecondPass(table, query);
  const candidates: Candidate[] = [];
  for (const unit of withNeighbours(first.units, second, accepts)) {
    const { terms, grams } = second.score(unit);
    const group = first.groupScore(table.groups.groupOf.values[unit] ?? 0);
    candidates.push({ unit, own: first.ownScore(unit), window: terms, group, grams });
  }
  first.end();

  return fused(candidates)
    .sort((left, right) => right.score - left.score || orderOf(left.unit) - orderOf(right.unit))
    .slice(0, limit)
    .map(({ unit, score }) => ({ id: idOf(unit), score }));
}

/** A unit next to a good one may hold the answer, though it shares no word with the question. */
function withNeighbours(units: readonly number[], second: SecondPass, accepts: (unit: number) => boolean): Set<number> {
  const all = new Set(units);
  for (const unit of units) {
    for (const other of second.near(unit)) if (other >= 0 && !all.has(other) && accepts(other)) all.add(other);
  }
  return all;
}

/** Each signal against the best one of this answer, by its weight. */
function fused(candidates: readonly Candidate[]): { unit: number; score: number }[] {
  const best = { own: 0, window: 0, group: 0, grams: 0 };
  for (const { own, window, group, grams } of candidates) {
    best.own = Math.max(best.own, own);
    best.window = Math.max(best.window, window);
    best.group = Math.max(best.group, group);
    best.grams = Math.max(best.grams, grams);
  }
  const shareOf = (value: number, most: number) => (most > 0 ? value / most : 0);
  return candidates.map(({ unit, own, window, group, grams }) => ({
    unit,
    score:
      KNOBS.own.weight * shareOf(own, best.own) +
      KNOBS.window.weight * shareOf(window, best.window) +
      KNOBS.group.weight * shareOf(group, best.group) +
      KNOBS.grams.weight * shareOf(grams, best.grams),
  }));
}
