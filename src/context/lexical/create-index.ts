/* The lexical index: units are found by posting lists, and ranked by what they say, what stands around them, and their group. */

import { firstPass } from './first-pass.ts';
import { gramScores } from './gram-windows.ts';
import { KNOBS } from './knobs.ts';
import type { LexicalHit, LexicalIndex, LexicalQuery, LexicalUnit } from './lexical-index.ts';
import { type Query, queryOf } from './query.ts';
import { termScores } from './term-windows.ts';
import { Top } from './top.ts';
import { UnitTable } from './unit-table.ts';

/** Units that are looked at closely, at least; their neighbours come to them. */
const CANDIDATES_MIN = 24;
const CANDIDATES_PER_HIT = 3;
const GRAMS_MIN = 16;
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

interface Candidates {
  readonly units: readonly number[];
  /** By place of the unit. */
  readonly scores: Float64Array;
}

function search(table: UnitTable, query: LexicalQuery): LexicalHit[] {
  const wanted = queryOf(query.text, table);
  if (wanted.terms.length === 0) return [];
  const { units, scores } = candidatesOf(table, wanted, query);
  const top = new Top(Math.max(GRAMS_MIN, query.limit * GRAMS_PER_HIT), { orderOf: (unit) => orderOf(table, unit) });
  for (let at = 0; at < units.length; at += 1) top.offer(units[at]!, scores[at]!);
  const best = top.taken();
  const grams = gramScores(table, wanted.grams, table.groups.windowsOf(best.map(({ unit }) => unit)));
  const most = greatest(grams);
  return best
    .map(({ unit, score }, place) => ({ unit, score: score + KNOBS.grams.weight * shareOf(grams[place] ?? 0, most) }))
    .sort((left, right) => right.score - left.score || orderOf(table, left.unit) - orderOf(table, right.unit))
    .slice(0, query.limit)
    .map(({ unit, score }) => ({ id: table.unitAt(unit)?.id ?? '', score }));
}

/** Those that are good by their own words, and their neighbours, with all but the grams. */
function candidatesOf(table: UnitTable, wanted: Query, { limit, accept }: LexicalQuery): Candidates {
  const accepts = accept === undefined ? undefined : (unit: number) => accept(table.unitAt(unit)?.id ?? '');
  const top = new Top(Math.max(CANDIDATES_MIN, limit * CANDIDATES_PER_HIT), {
    orderOf: (unit) => orderOf(table, unit),
    ...(accepts === undefined ? {} : { accepts }),
  });
  const first = firstPass(table, wanted);
  try {
    first.offerTo(top);
    const units = withNeighbours(
      table,
      top.taken().map(({ unit }) => unit),
      accepts,
    );
    const groupOf = table.groups.groupOf.values;
    const own = new Float64Array(units.length);
    const group = new Float64Array(units.length);
    for (let at = 0; at < units.length; at += 1) {
      own[at] = first.ownScore(units[at]!);
      group[at] = first.groupScore(groupOf[units[at]!]!);
    }
    const window = termScores(table, wanted.terms, table.groups.windowsOf(units));
    return { units, scores: fused(own, window, group) };
  } finally {
    first.end();
  }
}

/** A unit next to a good one may hold the answer, though it shares no word with the question. */
function withNeighbours(table: UnitTable, units: readonly number[], accepts: ((unit: number) => boolean) | undefined): number[] {
  const all = new Set(units);
  for (const other of table.groups.windowsOf(units)) {
    if (other >= 0 && !all.has(other) && (accepts === undefined || accepts(other))) all.add(other);
  }
  return [...all];
}

/** Each signal against the best one of this answer, by its weight. */
function fused(own: Float64Array, window: Float64Array, group: Float64Array): Float64Array {
  const most = { own: greatest(own), window: greatest(window), group: greatest(group) };
  return own.map(
    (score, at) =>
      KNOBS.own.weight * shareOf(score, most.own) +
      KNOBS.window.weight * shareOf(window[at]!, most.window) +
      KNOBS.group.weight * shareOf(group[at]!, most.group),
  );
}

function orderOf(table: UnitTable, unit: number): number {
  return table.unitAt(unit)?.order ?? 0;
}

function greatest(values: Float64Array): number {
  let most = 0;
  for (let at = 0; at < values.length; at += 1) most = Math.max(most, values[at]!);
  return most;
}

function shareOf(value: number, most: number): number {
  return most > 0 ? value / most : 0;
}
