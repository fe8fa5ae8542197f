/*
 * Paired, interleaved rounds: every peer is warmed up, then measured in turn, round after round, in alternating
 * order (A B, B A, …), so that neither a drift of the machine nor the place in the round favours one of them.
 */
import type { Job, JobResult } from '../load/jobs.ts';
import type { LoadGenerator } from '../load/load-generator.ts';
import type { Peer } from '../peers/peer.ts';
import { SUBJECT_CORE } from './children.ts';
import { cpuBetweenUs, readCoreUs, readCpu } from './process-usage.ts';
import { spread } from './statistics.ts';

export interface Measurement {
  /** CPU that the peer's processes spent per reply, or per event of a stream. */
  readonly cpuUsPerUnit: number;
  readonly units: number;
  readonly unitsPerSecond: number;
  /** Share of its core that the peer used; near 1 it was saturated. */
  readonly coreShare: number;
  /** Share of that core that other processes took: what is not ours makes a figure unsteady. */
  readonly othersShare: number;
  readonly result: JobResult;
}

export interface PeerRounds {
  readonly peer: string;
  readonly rounds: readonly Measurement[];
  /** Rounds that were measured and not used, because other processes disturbed them more than those that were. */
  readonly setAside: number;
}

export interface PairedOptions {
  /** Rounds that are used. */
  readonly rounds: number;
  readonly warmUpMs: number;
  /** The job for one peer; `durationMs` is of a round. */
  readonly job: (peer: Peer) => Job;
}

/** A round is disturbed when others took more of the core than this from any of its peers. */
const OTHERS_SHARE_MAX = 0.1;

/** At most this many rounds are measured for each that is used. */
const ROUNDS_FACTOR_MAX = 2;

/**
 * Measures until there are enough undisturbed rounds, or twice as many as asked for; then the least disturbed are used. They
 * are chosen whole, and by what other processes did, never by what the peers did.
 *
 * Throws when a round had errors: a ratio of anything but whole, right answers says nothing.
 */
export async function measurePaired(load: LoadGenerator, peers: readonly Peer[], options: PairedOptions): Promise<PeerRounds[]> {
  for (const peer of peers) check(peer, await load.run({ ...options.job(peer), durationMs: options.warmUpMs }));
  const rounds: (readonly Measurement[])[] = [];
  let undisturbed = 0;
  while (undisturbed < options.rounds && rounds.length < options.rounds * ROUNDS_FACTOR_MAX) {
    const round = await measureRound(load, rounds.length % 2 === 0 ? peers : peers.toReversed(), options);
    rounds.push(rounds.length % 2 === 0 ? round : round.toReversed());
    if (disturbance(round) <= OTHERS_SHARE_MAX) undisturbed += 1;
  }
  const used = rounds.toSorted((left, right) => disturbance(left) - disturbance(right)).slice(0, options.rounds);
  return peers.map((peer, index) => ({
    peer: peer.name,
    rounds: used.flatMap((round) => round[index] ?? []),
    setAside: rounds.length - used.length,
  }));
}

/** One measurement of each peer, in the order given. */
async function measureRound(load: LoadGenerator, peers: readonly Peer[], options: PairedOptions): Promise<Measurement[]> {
  const round = [];
  for (const peer of peers) round.push(await measureOnce(load, peer, options.job(peer)));
  return round;
}

function disturbance(round: readonly Measurement[]): number {
  return Math.max(...round.map(({ othersShare }) => othersShare));
}

export async function measureOnce(load: LoadGenerator, peer: Peer, job: Job): Promise<Measurement> {
  const coreBeforeUs = readCoreUs(SUBJECT_CORE);
  const before = readCpu(peer.pid);
  const result = await load.run(job);
  const cpuUs = cpuBetweenUs(before, readCpu(peer.pid));
  const coreUs = readCoreUs(SUBJECT_CORE) - coreBeforeUs;
  check(peer, result);
  const units = job.kind === 'streams' ? result.events : result.completed;
  return {
    cpuUsPerUnit: cpuUs / units,
    units,
    unitsPerSecond: (units / result.wallMs) * 1_000,
    coreShare: cpuUs / 1_000 / result.wallMs,
    othersShare: Math.max(0, coreUs - cpuUs) / 1_000 / result.wallMs,
    result,
  };
}

export function cpuOf(rounds: PeerRounds): number[] {
  return rounds.rounds.map((round) => round.cpuUsPerUnit);
}

/** One line for the report: what the peer spent, how fast, how full its core was, and how much of it others had. */
export function describe(rounds: PeerRounds, unit: string): string {
  const cpu = spread(cpuOf(rounds));
  const rate = spread(rounds.rounds.map((round) => round.unitsPerSecond));
  const share = percent(rounds.rounds.map((round) => round.coreShare));
  const others = percent(rounds.rounds.map((round) => round.othersShare));
  return [
    `${rounds.peer}: ${cpu.median.toFixed(1)} µs CPU per ${unit} (${cpu.min.toFixed(1)}–${cpu.max.toFixed(1)})`,
    `${Math.round(rate.median)} ${unit}s/s`,
    `core ${share} busy with it, ${others} with others`,
    ...(rounds.setAside > 0 ? [`${rounds.setAside} disturbed rounds set aside`] : []),
  ].join(', ');
}

function percent(shares: readonly number[]): string {
  return `${(spread(shares).median * 100).toFixed(0)} %`;
}

function check(peer: Peer, result: JobResult): void {
  if (result.errors > 0 || result.completed === 0) {
    throw new Error(`${peer.name}: ${result.errors} errors beside ${result.completed} good replies: ${result.errorSamples.join('; ')}`);
  }
}
