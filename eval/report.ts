/* What the evaluation prints and keeps: the table, and of which commit. */

import { bootstrap, type Interval } from './measure/bootstrap.ts';
import type { EvalSet, Figure } from './sets/eval-set.ts';

export type Verdict = 'met' | 'missed' | '';

export interface Row {
  readonly set: string;
  readonly what: string;
  readonly count: number;
  readonly interval: Interval;
  readonly bar: string;
  readonly verdict: Verdict;
}

export interface Report {
  readonly rows: readonly Row[];
  /** Sets that were not run, and what is missing. */
  readonly skipped: readonly string[];
  readonly seconds: number;
}

/** A figure held against its bar. No samples miss any bar. */
export function rowOf(set: EvalSet, { what, samples, atLeast, atMost }: Figure): Row {
  const interval = bootstrap(samples);
  const { mean } = interval;
  const bars = [...(atLeast === undefined ? [] : [`≥ ${told(atLeast)}`]), ...(atMost === undefined ? [] : [`≤ ${told(atMost)}`])];
  const isMet = (atLeast === undefined || mean >= atLeast) && (atMost === undefined || mean <= atMost);
  const verdict = bars.length === 0 ? '' : isMet ? 'met' : 'missed';
  return { set: set.name, what, count: samples.length, interval, bar: bars.join(', '), verdict };
}

/** The report as Markdown, which reads well in a terminal too. */
export function markdown({ rows, skipped, seconds }: Report): string {
  const table = columns([
    ['set', 'figure', 'samples', 'mean', '95 % interval', 'bar', 'verdict'],
    ...rows.map(({ set, what, count, interval, bar, verdict }) => {
      const { mean, low, high } = interval;
      return [set, what, String(count), told(mean), `${told(low)} – ${told(high)}`, bar, verdict];
    }),
  ]);
  const judged = rows.filter(({ verdict }) => verdict !== '');
  const met = judged.filter(({ verdict }) => verdict === 'met');
  return [
    ...table,
    '',
    ...skipped.map((line) => `Skipped: ${line}`),
    `${met.length} of ${judged.length} bars met, in ${seconds.toFixed(1)} s.`,
    '',
  ].join('\n');
}

function told(value: number): string {
  return value.toFixed(4);
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return [lines[0] ?? '', `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.slice(1)];
}
