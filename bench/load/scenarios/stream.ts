/*
 * A same-dialect stream whose usage is metered though the client did not ask for it, per event, against nginx without buffering.
 *
 * The judged load is 150 streams of 100 events, one event each 12.5 ms: about 12,000 events a second, one event to a socket
 * read, as model servers send them, and far from saturating anyone. Then, for information, 250 streams as fast as they will
 * go: there, events arrive several to a read, and a proxy is paid per read as much as per event.
 */
import { cpuOf, describe, measurePaired } from '../../measure/paired.ts';
import { ratios } from '../../measure/statistics.ts';
import { bareBunProxy } from '../../peers/bare-bun-peers.ts';
import { nginx } from '../../peers/nginx.ts';
import { chatStreamRequest } from '../../peers/peer.ts';
import { eventsOf, type StreamShape } from '../fixtures.ts';
import { judge, needed, type Scenario, times, withPeers } from './scenario.ts';

const NGINX_RATIO_MAX = 3;
/** Long against the interval, so that streams do not beat in step; short against a round. */
const RAMP_MS = 200;
const PACED = { shape: { contentEvents: 100, intervalMs: 12.5 }, streams: 150 };
const SATURATED = { shape: { contentEvents: 200, intervalMs: 1 }, streams: 250 };

export const stream: Scenario = {
  name: 'stream',
  rows: [{ work: 'same-dialect stream, usage metered', target: `≤ ${NGINX_RATIO_MAX}× nginx (proxy_buffering off) CPU per chunk` }],
  async run(bench) {
    return await withPeers([bench.subject, nginx, bareBunProxy], bench.setup('gateway', true), async (started) => {
      const peers = started.map((peer) => needed(peer, 'a peer of this scenario'));
      const measure = (load: { shape: StreamShape; streams: number }, rounds: number) =>
        measurePaired(bench.load, peers, {
          rounds,
          warmUpMs: bench.warmUpMs,
          job: (peer) => ({
            kind: 'streams',
            port: peer.port,
            request: chatStreamRequest(peer, load.shape),
            connections: load.streams,
            durationMs: bench.roundMs,
            events: eventsOf(load.shape),
            rampMs: RAMP_MS,
          }),
        });
      const meteredBefore = (await bench.upstream.count()).metered;
      const paced = await measure(PACED, bench.rounds);
      const saturated = await measure(SATURATED, Math.min(bench.rounds, 3));
      const metered = (await bench.upstream.count()).metered - meteredBefore;
      const [ours, limit] = paced;
      const [oursFull, limitFull] = saturated;
      if (ours === undefined || limit === undefined || oursFull === undefined || limitFull === undefined)
        throw new Error('nothing was measured');
      const ratio = ratios(cpuOf(ours), cpuOf(limit));
      return {
        rows: [judge(stream.rows[0], times(ratio), ratio.median <= NGINX_RATIO_MAX)],
        notes: [
          ...paced.map((rounds) => `paced, ${describe(rounds, 'chunk')}`),
          ...saturated.map((rounds) => `as fast as it goes, ${describe(rounds, 'chunk')}`),
          `as fast as it goes: ${times(ratios(cpuOf(oursFull), cpuOf(limitFull)))} nginx`,
          `the upstream was asked for the usage of ${metered} streams`,
        ],
        raw: { paced, saturated },
      };
    });
  },
};
