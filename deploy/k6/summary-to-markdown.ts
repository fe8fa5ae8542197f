/*
 * Turns k6's JSON summary into a page of Markdown: `node bin/gatehouse.mjs run deploy/k6/summary-to-markdown.ts baseline.json [report.md]`. Reads
 * both kinds: `--summary-export` (figures directly in each metric) and `handleSummary` (figures in `values`).
 */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

interface Target {
  readonly name: string;
  readonly met: boolean;
  readonly value: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Targets of the high-performance gateway's document, optimised goal. */
const RPS_MIN = 200;
const P95_MS_MAX = 140;
const ERRORS_MAX = 0.001;

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main([source, target]: readonly string[]): Promise<number> {
  if (source === undefined) {
    process.stderr.write('Usage: gatehouse run deploy/k6/summary-to-markdown.ts SUMMARY.json [REPORT.md]\n');
    return 2;
  }
  let page: string;
  try {
    page = summaryToMarkdown(await readFile(source, 'utf8'), { name: basename(source), atMs: Date.now() });
  } catch (error) {
    process.stderr.write(`${source}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
  if (target === undefined) process.stdout.write(page);
  else await writeFile(target, page);
  return 0;
}

/** Throws an Error that says what is missing when the text is no summary of k6. */
export function summaryToMarkdown(text: string, { name, atMs }: { readonly name: string; readonly atMs: number }): string {
  const summary: unknown = JSON.parse(text);
  const metrics = objectIn(summary, 'metrics');
  if (metrics === undefined) throw new Error('this is no summary of k6: it has no metrics');
  const figure = (metric: string, ...names: readonly string[]): number | undefined => figureIn(objectIn(metrics, metric), names);
  const count = figure('http_reqs', 'count');
  const rps = figure('http_reqs', 'rate');
  if (count === undefined || rps === undefined) throw new Error('this summary has no http_reqs: no request was made');
  // A rate of a rate metric is called `value` by --summary-export.
  const errors = figure('http_req_failed', 'rate', 'value') ?? 0;
  const refused = figure('refused', 'rate', 'value');
  const duration = (quantile: string) => figure('http_req_duration', quantile);
  const p95 = duration('p(95)');
  const rows: readonly (readonly [string, string])[] = [
    ['Requests', Math.round(count).toLocaleString('en-US')],
    ['Throughput (requests/s)', rps.toFixed(1)],
    ...(['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'] as const).flatMap((quantile) => {
      const value = duration(quantile);
      return value === undefined ? [] : [[`Latency, ${quantile} (ms)`, value.toFixed(2)] as const];
    }),
    ['Errors', percent(errors)],
    ...(refused === undefined ? [] : [['Refused (429, 503)', percent(refused)] as const]),
  ];
  const targets: Target[] = [
    { name: `Throughput ≥ ${RPS_MIN} requests/s`, met: rps >= RPS_MIN, value: rps.toFixed(1) },
    ...(p95 === undefined ? [] : [{ name: `p95 ≤ ${P95_MS_MAX} ms`, met: p95 <= P95_MS_MAX, value: `${p95.toFixed(2)} ms` }]),
    { name: `Errors < ${percent(ERRORS_MAX)}`, met: errors < ERRORS_MAX, value: percent(errors) },
  ];
  return [
    '# Load test (k6)',
    '',
    `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC, from \`${name.replaceAll('`', '')}\`.`,
    '',
    '| metric | value |',
    '|---|---:|',
    ...rows.map(([metric, value]) => `| ${metric} | ${value} |`),
    '',
    '| target | measured | |',
    '|---|---:|---|',
    ...targets.map(({ name: goal, met, value }) => `| ${goal} | ${value} | ${met ? 'met' : '**missed**'} |`),
    ...thresholdLines(metrics),
    '',
  ].join('\n');
}

/** What the script itself demanded, and whether it was so. In an export `true` means that a threshold was crossed, in `handleSummary` it is `ok`. */
function thresholdLines(metrics: Json): string[] {
  const lines = Object.entries(metrics).flatMap(([metric, value]) =>
    Object.entries(objectIn(value, 'thresholds') ?? {}).map(([threshold, outcome]) => {
      const failed = typeof outcome === 'boolean' ? outcome : objectIn({ outcome }, 'outcome')?.['ok'] === false;
      return `| \`${metric}\` ${threshold} | ${failed ? '**crossed**' : 'held'} |`;
    }),
  );
  return lines.length === 0 ? [] : ['', '| threshold of the script | |', '|---|---|', ...lines];
}

function figureIn(metric: Json | undefined, names: readonly string[]): number | undefined {
  const values = objectIn(metric, 'values') ?? metric;
  for (const name of names) {
    const value = values?.[name];
    if (typeof value === 'number' && Number.isFinite(value)) return value;
  }
  return undefined;
}

function objectIn(parent: unknown, name: string): Json | undefined {
  const value = typeof parent === 'object' && parent !== null ? (parent as Json)[name] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}
