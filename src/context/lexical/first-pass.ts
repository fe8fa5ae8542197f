/*
 * The first of two passes: goes through the posting lists, scores each unit by its own words and each group by all of its words, and
 * chooses which units the second pass looks at closely.
 */

import { KNOBS } from './knobs.ts';
import { float32Column, uint32Column } from './number-column.ts';
import { countsOf, countsTable, unitOf } from './posting-list.ts';
import { idfOf, type Query } from './query.ts';
import type { Top } from './top.ts';
import type { UnitTable } from './unit-table.ts';

/**
 * Postings looked at for one query. The rarest words come first, and the first of all always counts; a word that stands nearly everywhere decides nothing
 * about who is looked at closely, and is counted there in full.
 */
const POSTINGS_MAX = 15_000;

/** What the counts of a posting weigh among a unit's own words. */
const OWN = countsTable(({ stated, asked, about }) => stated + KNOBS.questionOwn * asked + KNOBS.own.about * about);

// Shared by all indexes of a thread: a search is one synchronous call. Between calls all are 0.
const ownScores = float32Column();
const groupScores = float32Column();
const groupWeights = float32Column();
const touchedUnits = uint32Column();
const touchedGroups = uint32Column();
const termGroups = uint32Column();

export interface FirstPass {
  offerTo(top: Top): void;
  /** By number of unit or of group; 0 where no word of the query is in it. */
  ownScore(unit: number): number;
  groupScore(group: number): number;
  /** Must be called once, and nothing after it. */
  end(): void;
}

export function firstPass(table: UnitTable, query: Query): FirstPass {
  const touched = scoreLists(table, query);
  return {
    offerTo: (top) => {
      const units = touchedUnits.values;
      const scores = ownScores.values;
      let { floor } = top;
      for (let at = 0; at < touched; at += 1) {
        const unit = units[at]!;
        const score = scores[unit]!;
        if (score < floor) continue;
        top.offer(unit, score);
        floor = top.floor;
      }
    },
    ownScore: (unit) => ownScores.values[unit] ?? 0,
    groupScore: (group) => groupScores.values[group] ?? 0,
    end: () => {
      for (let at = 0; at < touched; at += 1) ownScores.values[touchedUnits.values[at]!] = 0;
      groupScores.values.fill(0, 0, table.groups.count);
    },
  };
}

/** Returns how many units were touched. */
function scoreLists(table: UnitTable, { terms }: Query): number {
  const { groups } = table;
  for (const column of [ownScores, touchedUnits]) column.ensure(table.length);
  for (const column of [groupScores, groupWeights, touchedGroups, termGroups]) column.ensure(groups.count);
  const meanLength = table.ownTotal / Math.max(1, table.size);
  let touched = 0;
  let seen = 0;
  for (const { number, idf } of terms) {
    const list = table.postingsOf(number);
    if (list === undefined || (seen > 0 && seen + list.length > POSTINGS_MAX)) continue;
    seen += list.length;
    touched = scoreList({ table, entries: list.entries, length: list.length, idf, meanLength }, touched);
  }
  return touched;
}

interface ListAtHand {
  readonly table: UnitTable;
  readonly entries: Uint32Array;
  readonly length: number;
  readonly idf: number;
  readonly meanLength: number;
}

function scoreList({ table, entries, length, idf, meanLength }: ListAtHand, touchedBefore: number): number {
  const { k1, b } = KNOBS.own;
  const scores = ownScores.values;
  const units = touchedUnits.values;
  const weights = groupWeights.values;
  const seenGroups = termGroups.values;
  const lengths = table.ownLengths.values;
  const groupOf = table.groups.groupOf.values;
  const flat = k1 * (1 - b);
  const slope = (k1 * b) / Math.max(1, meanLength);
  const gain = idf * (k1 + 1);
  let touched = touchedBefore;
  let groupCount = 0;
  for (let at = 0; at < length; at += 1) {
    const entry = entries[at]!;
    const unit = unitOf(entry);
    const weight = OWN[countsOf(entry)]!;
    const before = scores[unit]!;
    if (before === 0) {
      units[touched] = unit;
      touched += 1;
    }
    scores[unit] = before + (gain * weight) / (weight + flat + slope * lengths[unit]!);
    const group = groupOf[unit]!;
    const gathered = weights[group]!;
    if (gathered === 0) {
      seenGroups[groupCount] = group;
      groupCount += 1;
    }
    weights[group] = gathered + weight;
  }
  scoreGroups(table, groupCount);
  return touched;
}

/** Adds what the term at hand gives to its groups, and clears what was gathered. */
function scoreGroups(table: UnitTable, count: number): void {
  const { k1, b } = KNOBS.group;
  const { groups } = table;
  const weights = groupWeights.values;
  const idf = idfOf(count, groups.size);
  const meanLength = Math.max(1, table.ownTotal / Math.max(1, groups.size));
  for (let at = 0; at < count; at += 1) {
    const group = termGroups.values[at]!;
    const weight = weights[group]!;
    const norm = k1 * (1 - b + (b * groups.lengthOf(group)) / meanLength);
    groupScores.values[group]! += (idf * (k1 + 1) * weight) / (weight + norm);
    weights[group] = 0;
  }
}
