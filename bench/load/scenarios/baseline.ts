/*
 * The baseline load test of the high-performance gateway (its `tests/load/k6_baseline.js`), at ten times what its own run reached:
 * POST /infer/python at a constant rate through the gateway and straight to the service in turn, after a warm-up. Then its other goal: how many
 * of its repeatable GETs a cache answers, asked for by Zipf's law and counted by the gateway itself (`/api/metrics`).
 */
import type { Quantiles } from '../../measure/histogram.ts';
import { measureOnce } from '../../measure/paired.ts';
import { differences, type Spread, spread } from '../../measure/statistics.ts';
import { direct } from '../../peers/direct.ts';
import { inferRequest, itemRequest, type Peer } from '../../peers/peer.ts';
import { SERVICE_REPLY } from '../fixtures.ts';
import type { OpenJob } from '../jobs.ts';
import { type Bench, judge, needed, type Scenario, type ScenarioResult, withPeers } from './scenario.ts';

/** Its snapshot: about 1,950 requests a second, p95 1.92 ms. */
const SNAPSHOT_PER_SECOND = 1_950;
const PER_SECOND = 10 * SNAPSHOT_PER_SECOND;
/** As in its script, the warm-up offers a third. */
const WARM_UP_PER_SECOND = PER_SECOND / 3;
/** A rate is met when this share of it was: the last requests of a round end after it. */
const MET = 0.99;
const P95_ADDED_US_MAX = 2_000;
const HIT_RATIO_MIN = 0.8;
const GETS_PER_SECOND = 2_000;
const KEYS = { count: 1_000, exponent: 1 } as const;

export const baseline: Scenario = {
  name: 'baseline',
  rows: [
    { work: 'k6 baseline, POST /infer/python', target: `≥ ${PER_SECOND} requests/s on one core, no errors` },
    { work: 'k6 baseline, added p95', target: `< ${P95_ADDED_US_MAX / 1_000} ms over direct` },
    { work: 'repeatable GETs answered from the cache', target: `≥ ${HIT_RATIO_MIN * 100} %` },
  ],
  async run(bench) {
    return await withPeers([bench.subject], bench.setup('gateway-baseline'), async (started) => {
      const subject = needed(started[0], bench.subject.name);
      const inference = await measureInference(bench, subject);
      const cached = await measureCache(bench, subject);
      return { rows: [...inference.rows, ...cached.rows], notes: [...inference.notes, ...cached.notes], raw: [inference.raw, cached.raw] };
    });
  },
};

async function measureInference(bench: Bench, subject: Peer): Promise<ScenarioResult> {
  const base = direct(bench.upstream.port);
  const job = (peer: Peer): OpenJob => ({
    kind: 'open',
    port: peer.port,
    request: inferRequest(peer),
    connections: 200,
    durationMs: bench.roundMs,
    bodyBytes: SERVICE_REPLY.length,
    perSecond: PER_SECOND,
  });
  await bench.load.run({ ...job(subject), perSecond: WARM_UP_PER_SECOND, durationMs: bench.warmUpMs });
  const ours: Quantiles[] = [];
  const straight: Quantiles[] = [];
  const rates: number[] = [];
  let coreShare = 0;
  let othersShare = 0;
  for (let round = 0; round < bench.rounds; round += 1) {
    straight.push((await measureOnce(bench.load, base, job(base))).result.latency);
    const measured = await measureOnce(bench.load, subject, job(subject));
    ours.push(measured.result.latency);
    rates.push(measured.unitsPerSecond);
    coreShare += measured.coreShare / bench.rounds;
    othersShare += measured.othersShare / bench.rounds;
  }
  const rate = spread(rates);
  const added = differences(
    ours.map(({ p95Us }) => p95Us),
    straight.map(({ p95Us }) => p95Us),
  );
  return {
    rows: [
      judge(baseline.rows[0], `${perSecond(rate)}, no errors`, rate.median >= PER_SECOND * MET),
      judge(baseline.rows[1], milliseconds(added), added.median < P95_ADDED_US_MAX),
    ],
    notes: [
      `offered ${PER_SECOND} requests/s, ten times the snapshot of ${SNAPSHOT_PER_SECOND}; p95 through the gateway ${milliseconds(spread(ours.map(({ p95Us }) => p95Us)))}, p99 ${milliseconds(spread(ours.map(({ p99Us }) => p99Us)))}`,
      `${subject.name} used ${percent(coreShare)} of its core, other processes ${percent(othersShare)}`,
    ],
    raw: { ours, direct: straight, rates },
  };
}

interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
}

async function measureCache(bench: Bench, subject: Peer): Promise<ScenarioResult> {
  const job: OpenJob = {
    kind: 'open',
    port: subject.port,
    request: itemRequest(subject),
    connections: 64,
    durationMs: bench.warmUpMs,
    bodyBytes: SERVICE_REPLY.length,
    perSecond: GETS_PER_SECOND,
    keys: KEYS,
  };
  await bench.load.run(job);
  const [before, answeredBefore] = [await cacheCounts(subject), (await bench.upstream.count()).answered];
  const measured = await measureOnce(bench.load, subject, { ...job, durationMs: bench.roundMs * bench.rounds });
  const [after, answeredAfter] = [await cacheCounts(subject), (await bench.upstream.count()).answered];
  const [hits, misses] = [after.hits - before.hits, after.misses - before.misses];
  const ratio = hits / (hits + misses);
  const row = judge(baseline.rows[2], `${percent(ratio)} of ${hits + misses}`, ratio >= HIT_RATIO_MIN);
  const notes = [
    `${GETS_PER_SECOND} GETs a second over ${KEYS.count} keys by Zipf's law, kept for 5 s; ${answeredAfter - answeredBefore} reached the service`,
  ];
  // What the gateway says of itself must agree with what the service saw and with what was asked.
  const isTrue = answeredAfter - answeredBefore === misses && hits + misses === measured.units;
  return { rows: [isTrue ? row : { ...row, verdict: 'invalid' }], notes, raw: { before, after, units: measured.units } };
}

async function cacheCounts({ port }: Peer): Promise<CacheCounts> {
  const reply = await fetch(`http://127.0.0.1:${port}/api/metrics`);
  return ((await reply.json()) as { cache: CacheCounts }).cache;
}

function perSecond({ median, min, max }: Spread): string {
  return `${Math.round(median)} requests/s (${Math.round(min)}–${Math.round(max)})`;
}

function milliseconds({ median, min, max }: Spread): string {
  return `${(median / 1_000).toFixed(2)} ms (${(min / 1_000).toFixed(2)}–${(max / 1_000).toFixed(2)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
