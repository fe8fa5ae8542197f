/*
 * `/health` while some of what it probes answers, some refuses and some hangs: it must answer from the last probe's result.
 * 200 questions a second, at a constant rate.
 */
import { spread } from '../../measure/statistics.ts';
import { judge, needed, type Scenario, withPeers } from './scenario.ts';

const P99_MS_MAX = 5;
const LATEST_MS_MAX = 100;
const FIRST_PROBES_MS = 2_000;

export const health: Scenario = {
  name: 'health',
  rows: [
    { work: '/health with all probes, p99', target: `< ${P99_MS_MAX} ms` },
    { work: '/health with all probes, latest', target: `≤ ${LATEST_MS_MAX} ms` },
  ],
  async run(bench) {
    return await withPeers([bench.subject], bench.setup('gateway-health'), async (started) => {
      const subject = needed(started[0], bench.subject.name);
      const job = {
        kind: 'open',
        port: subject.port,
        request: `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${subject.port}\r\nAccept: application/json\r\n\r\n`,
        connections: 8,
        perSecond: 200,
        durationMs: bench.roundMs,
        anyStatus: true,
      } as const;
      // The first questions may meet probes that are still out: they count for the latest answer, as any other.
      const rounds = [await bench.load.run({ ...job, durationMs: FIRST_PROBES_MS })];
      for (let round = 0; round < bench.rounds; round += 1) rounds.push(await bench.load.run(job));
      const errors = rounds.flatMap(({ errorSamples }) => errorSamples);
      if (errors.length > 0) throw new Error(errors.join('; '));
      const p99 = spread(rounds.slice(1).map(({ latency }) => latency.p99Us / 1_000));
      const latestMs = Math.max(...rounds.map(({ latency }) => latency.maxUs / 1_000));
      return {
        rows: [
          judge(health.rows[0], `${p99.median.toFixed(2)} ms (${p99.min.toFixed(2)}–${p99.max.toFixed(2)})`, p99.median < P99_MS_MAX),
          judge(health.rows[1], `${latestMs.toFixed(1)} ms`, latestMs <= LATEST_MS_MAX),
        ],
        notes: [],
        raw: rounds,
      };
    });
  },
};
