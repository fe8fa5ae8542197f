import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { summaryToMarkdown } from '../../deploy/k6/summary-to-markdown.ts';
import { ROOT } from '../harness/process.ts';

/** As `k6 run --summary-export` writes it (k6 0.5x), from a run of the baseline. */
const EXPORT = {
  root_group: { name: '', path: '', id: 'd41d8cd98f00b204e9800998ecf8427e', groups: {}, checks: {} },
  metrics: {
    checks: { passes: 19_501, fails: 0, value: 1 },
    http_req_duration: {
      avg: 1.02,
      min: 0.41,
      med: 0.93,
      max: 31.5,
      'p(90)': 1.41,
      'p(95)': 1.92,
      'p(99)': 2.6,
      thresholds: { 'p(95)<140': false, 'p(99)<400': false },
    },
    http_req_failed: { passes: 0, fails: 19_501, value: 0, thresholds: { 'rate<0.001': false } },
    http_reqs: { count: 19_501, rate: 1_950.1 },
  },
};
/** The same as `handleSummary` is given it. */
const HANDLED = {
  metrics: Object.fromEntries(
    Object.entries(EXPORT.metrics).map(([name, metric]) => {
      const { thresholds, ...values } = metric as Record<string, unknown> & { thresholds?: Record<string, boolean> };
      const judged = Object.fromEntries(Object.entries(thresholds ?? {}).map(([text, crossed]) => [text, { ok: !crossed }]));
      const renamed = name === 'http_req_failed' ? { ...values, rate: values['value'] } : values;
      return [name, { type: 'x', contains: 'x', values: renamed, ...(thresholds === undefined ? {} : { thresholds: judged }) }];
    }),
  ),
};
const AT = { name: 'baseline.json', atMs: Date.UTC(2026, 10, 21, 14, 5) };

describe('the page of a k6 summary', () => {
  const page = summaryToMarkdown(JSON.stringify(EXPORT), AT);

  test('has the figures, the targets and the thresholds', () => {
    expect(page).toBe(`# Load test (k6)

2026-11-21 14:05 UTC, from \`baseline.json\`.

| metric | value |
|---|---:|
| Requests | 19,501 |
| Throughput (requests/s) | 1950.1 |
| Latency, avg (ms) | 1.02 |
| Latency, med (ms) | 0.93 |
| Latency, p(90) (ms) | 1.41 |
| Latency, p(95) (ms) | 1.92 |
| Latency, p(99) (ms) | 2.60 |
| Latency, max (ms) | 31.50 |
| Errors | 0.000 % |

| target | measured | |
|---|---:|---|
| Throughput ≥ 200 requests/s | 1950.1 | met |
| p95 ≤ 140 ms | 1.92 ms | met |
| Errors < 0.100 % | 0.000 % | met |

| threshold of the script | |
|---|---|
| \`http_req_duration\` p(95)<140 | held |
| \`http_req_duration\` p(99)<400 | held |
| \`http_req_failed\` rate<0.001 | held |
`);
  });

  test('is the same for both kinds of summary', () => expect(summaryToMarkdown(JSON.stringify(HANDLED), AT)).toBe(page));

  test('says what was missed', () => {
    const slow = structuredClone(EXPORT);
    slow.metrics.http_req_duration['p(95)'] = 180;
    slow.metrics.http_req_duration.thresholds['p(95)<140'] = true;
    slow.metrics.http_req_failed.value = 0.02;
    slow.metrics.http_reqs.rate = 120;
    const said = summaryToMarkdown(JSON.stringify(slow), AT);
    for (const line of [
      '| Throughput ≥ 200 requests/s | 120.0 | **missed** |',
      '| p95 ≤ 140 ms | 180.00 ms | **missed** |',
      '| Errors < 0.100 % | 2.000 % | **missed** |',
      '| `http_req_duration` p(95)<140 | **crossed** |',
    ])
      expect(said).toContain(line);
  });

  test('tells of refusals where the script counted them', () => {
    const burst = { metrics: { ...EXPORT.metrics, refused: { passes: 10, fails: 30, value: 0.25 } } };
    expect(summaryToMarkdown(JSON.stringify(burst), AT)).toContain('| Refused (429, 503) | 25.000 % |');
  });

  for (const text of ['', '[]', 'null', '{}', '{"metrics":[]}', '{"metrics":{}}', '{"metrics":{"http_reqs":{"count":"many","rate":null}}}'])
    test(`what is no summary is refused: ${JSON.stringify(text)}`, () => expect(() => summaryToMarkdown(text, AT)).toThrow());
});

test('the program writes the page, and ends with 1 or 2 where there is none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-k6-'));
  try {
    const [source, target] = [join(folder, 'baseline.json'), join(folder, 'report.md')];
    await writeFile(source, JSON.stringify(EXPORT));
    const run = (...args: string[]) =>
      Bun.spawnSync([process.execPath, join(ROOT, 'deploy/k6/summary-to-markdown.ts'), ...args], { stdout: 'pipe', stderr: 'pipe' });
    expect(run(source).stdout.toString()).toContain('| Requests | 19,501 |');
    expect(run(source, target).exitCode).toBe(0);
    expect(await Bun.file(target).text()).toContain('# Load test (k6)');
    await writeFile(source, '{"metrics"');
    expect([run(source).exitCode, run(join(folder, 'none')).exitCode, run().exitCode]).toEqual([1, 1, 2]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('the scripts are JavaScript that k6 can load, and ask for our paths', async () => {
  for (const name of ['baseline.js', 'burst.js']) {
    const text = await Bun.file(join(ROOT, 'deploy/k6', name)).text();
    const { imports, exports } = new Bun.Transpiler({ loader: 'js' }).scan(text);
    expect(exports.toSorted()).toEqual(['default', 'options']);
    // k6 brings these, and no others.
    for (const { path } of imports) expect(['k6', 'k6/http', 'k6/metrics']).toContain(path);
    expect(text).toContain('/infer/python');
  }
});
