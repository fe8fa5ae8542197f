/*
 * A strict reader of Prometheus' text format 0.0.4, for tests: it refuses what a scraper would refuse, and what `promtool check
 * metrics` would complain of.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ParsedMetric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABELS = `\\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*",?)*)\\}`;
const SAMPLE = new RegExp(`^(${NAME})(?:${LABELS})? (NaN|[+-]Inf|[-+0-9.eE]+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"/g;

/** The metrics of an exposition; throws at the first thing that is wrong. */
export function parseExposition(text: string): ParsedMetric[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no line feed');
  const metrics: { name: string; type: string; help: string; samples: Sample[] }[] = [];
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP (\S+) (.+)$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    const current = metrics.at(-1);
    if (help !== null) {
      if (metrics.some(({ name }) => name === help[1])) throw new Error(`${help[1]} comes twice`);
      metrics.push({ name: help[1] ?? '', help: help[2] ?? '', type: '', samples: [] });
    } else if (type !== null) {
      if (current?.name !== type[1] || current?.type !== '') throw new Error(`TYPE does not follow HELP: ${line}`);
      current.type = type[2] ?? '';
    } else {
      if (current === undefined) throw new Error(`a sample before its HELP: ${line}`);
      current.samples.push(parseSample(line));
    }
  }
  for (const metric of metrics) check(metric);
  return metrics;
}

function parseSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of (match[2] ?? '').matchAll(LABEL)) {
    if (name in labels) throw new Error(`a label twice: ${line}`);
    labels[name] = value.replaceAll(/\\([\\n"])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  const value = match[3] === '+Inf' ? Infinity : match[3] === '-Inf' ? -Infinity : Number(match[3]);
  return { name: match[1] ?? '', labels, value };
}

function check(metric: ParsedMetric): void {
  const { name, type, samples } = metric;
  if (type === '') throw new Error(`${name} has no TYPE`);
  if (type === 'counter' && !name.endsWith('_total')) throw new Error(`${name}: a counter ends in _total`);
  const seen = new Set<string>();
  for (const sample of samples) {
    const allowed = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    if (!allowed.includes(sample.name)) throw new Error(`${sample.name} stands under ${name}`);
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${name}: a counter is not negative`);
    const key = JSON.stringify([sample.name, sorted(sample.labels)]);
    if (seen.has(key)) throw new Error(`a series twice: ${key}`);
    seen.add(key);
  }
  if (type === 'histogram') checkHistogram(metric);
}

function checkHistogram({ name, samples }: ParsedMetric): void {
  const bySeries = Map.groupBy(samples, ({ labels }) => JSON.stringify(sorted({ ...labels, le: '' })));
  for (const series of bySeries.values()) {
    const buckets = series.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])));
    const values = buckets.map(({ value }) => value);
    const ascending = (list: readonly number[]) => list.every((value, index) => index === 0 || value >= (list[index - 1] ?? 0));
    if (bounds.at(-1) !== Infinity || !ascending(bounds) || !ascending(values))
      throw new Error(`${name}: buckets are not cumulative up to +Inf`);
    const count = series.find((sample) => sample.name === `${name}_count`)?.value;
    if (count !== values.at(-1) || !series.some((sample) => sample.name === `${name}_sum`))
      throw new Error(`${name}: count and buckets disagree`);
  }
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
