import { openSync } from 'node:fs';
import { systemClock } from '../../../src/base/system-clock.ts';
import { type AccessRecord, accessJson, quoted } from '../../../src/telemetry/access-line.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createFileOutput } from '../../../src/telemetry/log-output.ts';
import { createMetricRegistry } from '../../../src/telemetry/metric-registry.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { readProcess } from '../../../src/telemetry/process-reading.ts';
import { redactText } from '../../../src/telemetry/redaction.ts';
import { createTimestamps } from '../../../src/telemetry/timestamp.ts';
import { beginTrace, createTraceIds } from '../../../src/telemetry/trace.ts';

/*
 * What telemetry costs a request. Targets: ≤ 1.5 µs for its line in the access log, ≤ 1 µs for all metrics.
 * Run: node bin/gatehouse.mjs run bench/micro/telemetry/request.ts
 */

const ROUNDS = 200_000;
/** Written to, so that nothing measured can be left out as unused. */
let kept = 0;

function measure(name: string, run: (round: number) => number): void {
  let best = Infinity;
  for (let repeat = 0; repeat < 5; repeat += 1) {
    const start = performance.now();
    for (let round = 0; round < ROUNDS; round += 1) kept += run(round);
    best = Math.min(best, ((performance.now() - start) * 1e6) / ROUNDS);
  }
  process.stdout.write(`${name.padEnd(44)} ${best.toFixed(0).padStart(6)} ns\n`);
}

/** Ids and paths that differ, as those of real requests do. */
const ids = Array.from({ length: 1_024 }, () => crypto.randomUUID());
const paths = Array.from({ length: 1_024 }, (_, index) => `/api/v1/recommendations/users/${index}/items`);
const traceIds = createTraceIds(crypto.getRandomValues(new Uint32Array(4)));
const traces = Array.from({ length: 1_024 }, () => traceIds.traceId());

function record(round: number): AccessRecord {
  const index = round & 1_023;
  return {
    nowMs: 1_767_225_600_000 + (round >> 4),
    correlationId: ids[index] ?? '',
    traceId: traces[index],
    method: 'POST',
    path: paths[index] ?? '',
    status: 200,
    durationMs: round / 77,
    route: '/v1/chat/completions',
    address: '192.0.2.7',
    outcome: 'complete',
    bytesSent: 1_000 + index,
    principal: 'key:dev',
    tenant: 'default',
    provider: 'openai',
    target: 'openai/gpt-4o-mini',
    model: 'gpt-4o-mini-2024-07-18',
    attempts: 1,
    firstTokenMs: round / 99,
    cache: 'miss',
    queueMs: undefined,
    inputTokens: index,
    outputTokens: index * 2,
    error: undefined,
  };
}

const timestamp = createTimestamps();
measure('timestamp', (round) => timestamp(1_767_225_600_000 + (round >> 4)).length);
measure('quoted string', (round) => quoted(paths[round & 1_023] ?? '').length);
measure('redaction of a path', (round) => redactText(paths[round & 1_023] ?? '').length);
measure('redaction of a correlation id', (round) => redactText(ids[round & 1_023] ?? '').length);
measure('access line, as text', (round) => accessJson(record(round), '2026-01-01T00:00:00.000Z').length);

const log = createLog(
  { level: 'info', format: 'json', access: true },
  { output: createFileOutput(openSync('/dev/null', 'w'), systemClock), clock: systemClock, terminal: false },
);
for (let repeat = 0; repeat < 5; repeat += 1) {
  const cpu = process.cpuUsage();
  for (let round = 0; round < ROUNDS; round += 1) {
    log.access(record(round));
    if ((round & 255) === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await log.flush(1_000);
  const { user, system } = process.cpuUsage(cpu);
  if (repeat === 4)
    process.stdout.write(
      `${'access line, written (CPU, all threads)'.padEnd(44)} ${(((user + system) * 1_000) / ROUNDS).toFixed(0).padStart(6)} ns, dropped ${log.dropped}\n`,
    );
}

using metrics = createMetrics({ series_max: 2_000 }, { clock: systemClock, version: '0', droppedLogLines: () => 0, readProcess });
metrics.allowNames({ models: ['gpt-4o-mini'], targets: ['openai/gpt-4o-mini'] });
const endpoint = metrics.endpoint('/v1/chat/completions', true);
measure('metrics of a request', (round) => {
  endpoint.ended('POST', { status: 200, durationMs: round / 77, nowMs: round / 10, error: undefined, cut: false });
  return 1;
});
measure('metrics of a model request, all of them', (round) => {
  endpoint.ended('POST', { status: 200, durationMs: round / 77, nowMs: round / 10, error: undefined, cut: false });
  metrics.cacheResult('miss');
  metrics.attempt('openai/gpt-4o-mini', 'ok');
  metrics.tokens('gpt-4o-mini', { inputTokens: round, outputTokens: round });
  metrics.firstToken('gpt-4o-mini', round / 99);
  return 1;
});
measure('metrics of a refused request', (round) => {
  endpoint.ended('POST', { status: 429, durationMs: 0.2, nowMs: round / 10, error: 'rate_limited', cut: false });
  metrics.rateLimited('tier:standard');
  return 1;
});
const registry = createMetricRegistry(2_000);
measure('a cell found by its labels', (round) => (registry.cell('rate_limit_exceeded_total', 'tier:standard').value += round & 1));

const bare = new Headers({ accept: '*/*' });
const traced = new Headers({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' });
measure('trace id', () => traceIds.traceId().charCodeAt(0));
measure('beginning a trace', () => beginTrace(bare, traceIds, 1).traceId.charCodeAt(0));
measure('going on with a trace', () => beginTrace(traced, traceIds, 1).traceId.charCodeAt(0));
process.stdout.write(`(${kept})\n`);
