/*
 * Where counts live: one cell per combination of label values, found once and then added to directly, so that counting costs a
 * few nanoseconds in the path of a request. Why not prom-client: docs/decisions/0004.
 *
 * Invariant: no metric has more than `seriesMax` cells of its own; the rest is counted in the cell whose labels are all `other`.
 */

import { METRICS, type MetricName, type MetricRow } from './metric-table.ts';

/** What any combination of labels over the bound is counted under. */
export const OTHER = 'other';

/** A counter's or gauge's value. Add to it directly. */
export interface Cell {
  value: number;
}

/** A histogram's counts. */
export class Buckets {
  readonly bounds: readonly number[];
  /** One per bound, and one for all above; not cumulative. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? 0)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

/** One combination of label values and what was counted under it. */
export type Series = { readonly labels: readonly string[] } & ({ readonly cell: Cell } | { readonly buckets: Buckets });

/** A metric as it is shown. */
export interface Family {
  readonly name: string;
  readonly row: MetricRow;
  readonly series: readonly Series[];
}

/** Values that are read when somebody looks: pairs of label values and value. */
export type Source = () => Iterable<readonly [labels: readonly string[], value: number]>;

export interface MetricRegistry {
  /** The cell of a counter or gauge; the same one for the same labels. */
  cell(name: MetricName, ...labels: readonly string[]): Cell;
  /** The buckets of a histogram; the same ones for the same labels. */
  buckets(name: MetricName, ...labels: readonly string[]): Buckets;
  /** Reads a counter or gauge from its owner when somebody looks. */
  source(name: MetricName, read: Source): void;
  /** Everything, in the order of the table. */
  families(): Family[];
  /** The sum of a counter over all its labels, or over those whose label at `position` is `value`. */
  total(name: MetricName, position?: number, value?: string): number;
}

export function createMetricRegistry(seriesMax: number): MetricRegistry {
  const stored = new Map<MetricName, Map<string, Series>>();
  const sources = new Map<MetricName, Source>();

  const seriesOf = (name: MetricName, labels: readonly string[]): Series => {
    const row: MetricRow = METRICS[name];
    if (labels.length !== row.labels.length) throw new Error(`metric ${name} has the labels ${row.labels.join(', ')}`);
    let known = stored.get(name);
    if (known === undefined) {
      known = new Map();
      stored.set(name, known);
    }
    const key = labels.join('\u0000');
    const found = known.get(key);
    if (found !== undefined) return found;
    // One place is kept for `other`.
    const kept = known.size < seriesMax - 1 ? labels : labels.map(() => OTHER);
    const keptKey = kept.join('\u0000');
    const series = known.get(keptKey) ?? makeSeries(row, kept);
    known.set(keptKey, series);
    return series;
  };
  const seriesIn = (name: MetricName): Series[] => {
    const read = sources.get(name);
    if (read === undefined) return [...(stored.get(name)?.values() ?? [])];
    return Array.from(read(), ([labels, value]) => ({ labels, cell: { value } })).slice(0, seriesMax);
  };

  return {
    cell(name, ...labels) {
      const series = seriesOf(name, labels);
      if (!('cell' in series)) throw new Error(`metric ${name} is a histogram`);
      return series.cell;
    },
    buckets(name, ...labels) {
      const series = seriesOf(name, labels);
      if (!('buckets' in series)) throw new Error(`metric ${name} is no histogram`);
      return series.buckets;
    },
    source(name, read) {
      sources.set(name, read);
    },
    families: () =>
      (Object.keys(METRICS) as MetricName[]).map((name) => ({ name, row: METRICS[name], series: seriesIn(COUNTED_AS[name] ?? name) })),
    total(name, position, value) {
      let sum = 0;
      for (const series of seriesIn(name)) {
        if (position !== undefined && series.labels[position] !== value) continue;
        if ('cell' in series) sum += series.cell.value;
      }
      return sum;
    },
  };
}

/** Two older gateways have different names for one thing. It is counted once and shown twice. */
const COUNTED_AS: Partial<Record<MetricName, MetricName>> = {
  gateway_requests_total: 'http_requests_total',
  gateway_request_duration_seconds: 'http_request_duration_seconds',
};

function makeSeries(row: MetricRow, labels: readonly string[]): Series {
  return row.type === 'histogram' ? { labels, buckets: new Buckets(row.buckets ?? []) } : { labels, cell: { value: 0 } };
}
