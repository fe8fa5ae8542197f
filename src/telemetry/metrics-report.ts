/*
 * The metrics of one process, as they are sent to another, and those of several processes as if they were one. Counters and histograms add
 * up exactly, as do gauges of what is there several times; of a state (`across` in the metric's row) the greatest or the least is shown.
 */

import { z } from 'zod';
import { Buckets, type Family, type MetricRegistry, type Series } from './metric-registry.ts';
import { METRICS, type MetricName, type MetricRow } from './metric-table.ts';
import type { RecentReport } from './recent.ts';

const labels = z.array(z.string());
const figures = z.union([z.object({ labels, value: z.number() }), z.object({ labels, counts: z.array(z.number()), sum: z.number() })]);
export type Figures = z.infer<typeof figures>;

const recentSchema: z.ZodType<RecentReport> = z.object({
  windowSeconds: z.number(),
  requests: z.number(),
  errors: z.number(),
  latency: z.object({ count: z.number(), sum: z.number(), max: z.number(), buckets: z.array(z.tuple([z.number(), z.number()])) }),
});

/** What one process counted, as JSON. */
export const metricsReportSchema = z.object({
  metrics: z.record(z.string(), z.array(figures)),
  recent: recentSchema,
  breakers: z.array(z.object({ name: z.string(), state: z.enum(['closed', 'half-open', 'open']) })),
  uptimeMs: z.number(),
});
export type MetricsReport = z.infer<typeof metricsReportSchema>;

/** What one sees of metrics, of one process or of several. */
export type MetricsView = Pick<MetricRegistry, 'families' | 'total'>;

export function figuresOf(families: readonly Family[]): MetricsReport['metrics'] {
  return Object.fromEntries(families.map(({ name, series }) => [name, series.map(figuresIn)]));
}

function figuresIn(series: Series): Figures {
  const told = [...series.labels];
  if ('cell' in series) return { labels: told, value: series.cell.value };
  return { labels: told, counts: [...series.buckets.counts], sum: series.buckets.sum };
}

/** Several reports as one. What is no metric of ours is left out. */
export function mergedView(reports: readonly Pick<MetricsReport, 'metrics'>[]): MetricsView {
  const families = (Object.keys(METRICS) as MetricName[]).map((name): Family => {
    const row: MetricRow = METRICS[name];
    const merged = new Map<string, Series>();
    for (const { metrics } of reports) for (const one of metrics[name] ?? []) add(merged, row, one);
    return { name, row, series: [...merged.values()] };
  });
  return {
    families: () => families,
    total(name, position, value) {
      let sum = 0;
      for (const series of families.find((family) => family.name === name)?.series ?? []) {
        if (position !== undefined && series.labels[position] !== value) continue;
        if ('cell' in series) sum += series.cell.value;
      }
      return sum;
    },
  };
}

function add(merged: Map<string, Series>, row: MetricRow, one: Figures): void {
  const key = one.labels.join('\u0000');
  const known = merged.get(key) ?? empty(row, one.labels);
  if ('cell' in known && 'value' in one) known.cell.value = combine(row, known.cell.value, one.value);
  else if ('buckets' in known && 'counts' in one && one.counts.length === known.buckets.counts.length) {
    for (const [index, count] of one.counts.entries()) known.buckets.counts[index] = (known.buckets.counts[index] ?? 0) + count;
    known.buckets.sum += one.sum;
  } else return;
  merged.set(key, known);
}

function empty(row: MetricRow, given: readonly string[]): Series {
  if (row.type === 'histogram') return { labels: given, buckets: new Buckets(row.buckets ?? []) };
  return { labels: given, cell: { value: row.across === 'least' ? Infinity : 0 } };
}

function combine(row: MetricRow, sum: number, value: number): number {
  if (row.across === 'greatest') return Math.max(sum, value);
  return row.across === 'least' ? Math.min(sum, value) : sum + value;
}

/**
 * What remains of processes that have ended: what they counted, in one report. Their gauges ended with them. Without this, a sum would fall
 * when a worker is replaced, and who computes rates would take that for a restart, and count everything again.
 */
export function departed(reports: readonly MetricsReport[]): MetricsReport {
  const counted = mergedView(reports).families();
  const nothing = { count: 0, sum: 0, max: 0, buckets: [] };
  return {
    metrics: figuresOf(counted.filter(({ row }) => row.type !== 'gauge')),
    recent: { windowSeconds: 0, requests: 0, errors: 0, latency: nothing },
    breakers: [],
    uptimeMs: 0,
  };
}
