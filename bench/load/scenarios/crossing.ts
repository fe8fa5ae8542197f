/*
 * A stream that crosses from one dialect to another, both ways, against nginx that passes the target's stream as it is: Anthropic's client before a server
 * of OpenAI's API, and the reverse. The load is that of the scenario `stream`: one event to a socket read, far from saturating anyone. Chunks are the
 * caller's events; there are as many as the target's, but for two or three at the ends.
 */
import { cpuOf, describe, measurePaired } from '../../measure/paired.ts';
import { ratios } from '../../measure/statistics.ts';
import { nginx } from '../../peers/nginx.ts';
import { chatStreamRequest, crossedStreamRequest, messagesStreamRequest, type Peer } from '../../peers/peer.ts';
import { anthropicEventsOf, crossedAnthropicEventsOf, eventsOf, type StreamShape } from '../fixtures.ts';
import { type Bench, judge, needed, type Row, type Scenario, times, withPeers } from './scenario.ts';

const NGINX_RATIO_MAX = 6;
const TARGET = `≤ ${NGINX_RATIO_MAX}× nginx (proxy_buffering off) CPU per chunk`;
const RAMP_MS = 200;
const SHAPE: StreamShape = { contentEvents: 100, intervalMs: 12.5 };
const STREAMS = 100;

interface Asking {
  readonly request: (peer: Peer, shape: StreamShape) => string;
  readonly events: (shape: StreamShape) => number;
}

interface Way {
  readonly row: Pick<Row, 'work' | 'target'>;
  readonly ours: Asking;
  readonly limit: Asking;
}

const WAYS: readonly Way[] = [
  {
    row: { work: 'cross-dialect stream, Anthropic caller, OpenAI-chat target', target: TARGET },
    ours: { request: messagesStreamRequest, events: crossedAnthropicEventsOf },
    limit: { request: chatStreamRequest, events: eventsOf },
  },
  {
    row: { work: 'cross-dialect stream, OpenAI-chat caller, Anthropic target', target: TARGET },
    ours: { request: crossedStreamRequest, events: eventsOf },
    limit: { request: messagesStreamRequest, events: anthropicEventsOf },
  },
];

export const crossing: Scenario = {
  name: 'crossing',
  rows: WAYS.map(({ row }) => row),
  async run(bench) {
    return await withPeers([bench.subject, nginx], bench.setup('gateway', true), async (started) => {
      const peers = started.map((peer) => needed(peer, 'a peer of this scenario'));
      const results = [];
      for (const way of WAYS) results.push(await measureWay(bench, peers, way));
      return {
        rows: results.map(({ row }) => row),
        notes: results.flatMap(({ notes }) => notes),
        raw: results.map(({ raw }) => raw),
      };
    });
  },
};

async function measureWay(bench: Bench, peers: readonly Peer[], { row, ours, limit }: Way) {
  const raw = await measurePaired(bench.load, peers, {
    rounds: bench.rounds,
    warmUpMs: bench.warmUpMs,
    job: (peer) => {
      const asking = peer.name === nginx.name ? limit : ours;
      return {
        kind: 'streams',
        port: peer.port,
        request: asking.request(peer, SHAPE),
        connections: STREAMS,
        durationMs: bench.roundMs,
        events: asking.events(SHAPE),
        rampMs: RAMP_MS,
      };
    },
  });
  const [measured, bound] = raw;
  if (measured === undefined || bound === undefined) throw new Error('nothing was measured');
  const ratio = ratios(cpuOf(measured), cpuOf(bound));
  return {
    row: judge(row, times(ratio), ratio.median <= NGINX_RATIO_MAX),
    notes: raw.map((rounds) => `${row.work}: ${describe(rounds, 'chunk')}`),
    raw,
  };
}
