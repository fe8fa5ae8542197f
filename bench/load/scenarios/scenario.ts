/*
 * A scenario measures one or more rows of the table. It is one file: what it starts, what it offers as load, how the figure
 * is computed. All of them run through the same generator, upstream and paired rounds.
 */
import { measurePaired, type PeerRounds } from '../../measure/paired.ts';
import type { Spread } from '../../measure/statistics.ts';
import type { Peer, PeerDefinition, PeerSetup } from '../../peers/peer.ts';
import type { LoadGenerator, Upstream } from '../load-generator.ts';

/** `invalid`: it ran, and what it saw cannot be judged. `not yet`: the gateway has no such feature so far. */
export type Verdict = 'pass' | 'miss' | 'invalid' | 'not measured' | 'not yet';

export interface Row {
  readonly work: string;
  readonly target: string;
  readonly measured: string;
  readonly verdict: Verdict;
}

export interface ScenarioResult {
  readonly rows: readonly Row[];
  /** Lines for the reader: what each peer spent, what was odd. */
  readonly notes: readonly string[];
  /** Every round's figures, for the JSON file. */
  readonly raw: unknown;
}

export interface Bench {
  readonly load: LoadGenerator;
  readonly upstream: Upstream;
  /** What is measured against the peers: the gateway, or a stand-in. */
  readonly subject: PeerDefinition;
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  readonly quick: boolean;
  readonly scratch: string;
  setup(config: PeerSetup['config'], streams?: boolean): PeerSetup;
}

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  readonly rows: readonly Pick<Row, 'work' | 'target'>[];
  run(bench: Bench): Promise<ScenarioResult>;
}

export function judge(row: Pick<Row, 'work' | 'target'> | undefined, measured: string, passed: boolean): Row {
  if (row === undefined) throw new Error('a scenario judges a row that it does not declare');
  return { ...row, measured, verdict: passed ? 'pass' : 'miss' };
}

export function times(value: Spread): string {
  return `${value.median.toFixed(2)}× (${value.min.toFixed(2)}–${value.max.toFixed(2)})`;
}

/** Starts the peers that are installed, runs `work`, and stops them all whatever happens. */
export async function withPeers<T>(
  definitions: readonly PeerDefinition[],
  setup: PeerSetup,
  work: (peers: (Peer | undefined)[]) => Promise<T>,
): Promise<T> {
  const peers: (Peer | undefined)[] = [];
  try {
    for (const definition of definitions) {
      peers.push((await definition.version()) === undefined ? undefined : await definition.start(setup));
    }
    return await work(peers);
  } finally {
    for (const peer of peers) await peer?.stop();
  }
}

/** For a peer that a scenario cannot do without. Throws when it is not installed. */
export function needed(peer: Peer | undefined, name: string): Peer {
  if (peer === undefined) throw new Error(`${name} is not installed`);
  return peer;
}

const CONNECTIONS = 64;

/** Paired rounds of whole replies, 64 connections in a closed loop: what every figure per request is measured with. */
export function measureClosedLoop(
  bench: Bench,
  peers: readonly Peer[],
  load: { readonly request: (peer: Peer) => string; readonly bodyBytes: number },
): Promise<PeerRounds[]> {
  return measurePaired(bench.load, peers, {
    rounds: bench.rounds,
    warmUpMs: bench.warmUpMs,
    job: (peer) => ({
      kind: 'closed',
      port: peer.port,
      request: load.request(peer),
      connections: CONNECTIONS,
      durationMs: bench.roundMs,
      bodyBytes: load.bodyBytes,
    }),
  });
}
