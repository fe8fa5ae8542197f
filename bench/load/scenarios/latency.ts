/*
 * What the gateway adds to an answer's time when it is half busy: its capacity is measured first, then half of it is offered at a
 * constant rate, to the gateway and straight to the upstream in turn. Latency counts from the moment at which a request should
 * have started, so a stall is not hidden by the requests that it kept from starting.
 */
import type { Quantiles } from '../../measure/histogram.ts';
import { measureOnce } from '../../measure/paired.ts';
import { differences, type Spread } from '../../measure/statistics.ts';
import { direct } from '../../peers/direct.ts';
import { chatRequest, type Peer } from '../../peers/peer.ts';
import { CHAT_REPLY } from '../fixtures.ts';
import type { OpenJob } from '../jobs.ts';
import { type Bench, judge, needed, type Scenario, withPeers } from './scenario.ts';

const P50_ADDED_US_MAX = 200;
const P99_ADDED_US_MAX = 1_000;

export const latency: Scenario = {
  name: 'latency',
  rows: [
    { work: 'added latency at 50 % load, p50', target: '≤ 0.2 ms over direct' },
    { work: 'added latency at 50 % load, p99', target: '≤ 1 ms over direct' },
  ],
  async run(bench) {
    return await withPeers([bench.subject], bench.setup('gateway'), async (started) => {
      const subject = needed(started[0], bench.subject.name);
      const base = direct(bench.upstream.port);
      const perSecond = Math.round((await capacity(bench, subject)) / 2);
      const ours: Quantiles[] = [];
      const straight: Quantiles[] = [];
      let othersShare = 0;
      await bench.load.run({ ...openJob(bench, subject, perSecond), durationMs: bench.warmUpMs });
      for (let round = 0; round < bench.rounds; round += 1) {
        straight.push((await measureOnce(bench.load, base, openJob(bench, base, perSecond))).result.latency);
        const measured = await measureOnce(bench.load, subject, openJob(bench, subject, perSecond));
        ours.push(measured.result.latency);
        othersShare += measured.othersShare / bench.rounds;
      }
      const p50 = differences(
        ours.map((quantiles) => quantiles.p50Us),
        straight.map((quantiles) => quantiles.p50Us),
      );
      const p99 = differences(
        ours.map((quantiles) => quantiles.p99Us),
        straight.map((quantiles) => quantiles.p99Us),
      );
      return {
        rows: [
          judge(latency.rows[0], milliseconds(p50), p50.median <= P50_ADDED_US_MAX),
          judge(latency.rows[1], milliseconds(p99), p99.median <= P99_ADDED_US_MAX),
        ],
        notes: [
          `offered ${perSecond} requests/s, half of what ${subject.name} managed in a closed loop`,
          `other processes took ${(othersShare * 100).toFixed(0)} % of its core`,
        ],
        raw: { perSecond, ours, direct: straight },
      };
    });
  },
};

async function capacity(bench: Bench, peer: Peer): Promise<number> {
  const job = { kind: 'closed', port: peer.port, request: chatRequest(peer), connections: 64, bodyBytes: CHAT_REPLY.length } as const;
  await bench.load.run({ ...job, durationMs: bench.warmUpMs });
  return (await measureOnce(bench.load, peer, { ...job, durationMs: bench.roundMs })).unitsPerSecond;
}

function openJob(bench: Bench, peer: Peer, perSecond: number): OpenJob {
  return {
    kind: 'open',
    port: peer.port,
    request: chatRequest(peer),
    connections: 64,
    durationMs: bench.roundMs,
    bodyBytes: CHAT_REPLY.length,
    perSecond,
  };
}

function milliseconds({ median, min, max }: Spread): string {
  return `${(median / 1_000).toFixed(3)} ms (${(min / 1_000).toFixed(3)}–${(max / 1_000).toFixed(3)})`;
}
