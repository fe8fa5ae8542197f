import { describe, expect, test } from 'bun:test';
import type { Balancer } from './balancer.ts';
import { createLeastLoaded } from './least-loaded.ts';
import { createPeakEwmaBalancer } from './peak-ewma.ts';
import { createRoundRobin } from './round-robin.ts';

interface Fake {
  readonly name: string;
  readonly inFlight: number;
  latencyMs(): number;
}

const endpoint = (name: string, inFlight = 0, latency = 0): Fake => ({ name, inFlight, latencyMs: () => latency });

/** The same numbers in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function share(balancer: Balancer, endpoints: readonly [Fake, ...Fake[]]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < 3_000; index += 1) {
    const { name } = balancer.pick(endpoints, 0);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe('round robin', () => {
  test('takes each in turn', () => {
    expect(share(createRoundRobin(), [endpoint('a'), endpoint('b', 9), endpoint('c', 0, 900)])).toEqual({ a: 1_000, b: 1_000, c: 1_000 });
  });
});

describe('least loaded', () => {
  test('takes the one with the fewest requests', () => {
    expect(share(createLeastLoaded(seeded(1)), [endpoint('a', 2), endpoint('b', 1), endpoint('c', 3)])).toEqual({ b: 3_000 });
  });

  test('shares among equals', () => {
    const counts = share(createLeastLoaded(seeded(2)), [endpoint('a', 5), endpoint('b', 1), endpoint('c', 1), endpoint('d', 1)]);
    expect(Object.keys(counts).sort()).toEqual(['b', 'c', 'd']);
    for (const count of Object.values(counts)) expect(count).toBeWithin(900, 1_100);
  });
});

describe('peak EWMA', () => {
  test('shares among equals', () => {
    for (const count of Object.values(share(createPeakEwmaBalancer(seeded(3)), [endpoint('a'), endpoint('b'), endpoint('c')]))) {
      expect(count).toBeWithin(900, 1_100);
    }
  });

  test('never takes the slowest of three, and the fastest most', () => {
    const counts = share(createPeakEwmaBalancer(seeded(4)), [endpoint('fast', 0, 10), endpoint('middle', 0, 20), endpoint('slow', 0, 400)]);
    expect(counts.slow).toBeUndefined();
    expect(counts.fast).toBeWithin(1_900, 2_100);
  });

  test('weighs latency against load', () => {
    expect(share(createPeakEwmaBalancer(seeded(5)), [endpoint('fast but busy', 9, 10), endpoint('slow but idle', 0, 60)])).toEqual({
      'slow but idle': 3_000,
    });
  });
});
