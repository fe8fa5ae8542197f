/* How far a mean may be off: drawn anew from its own samples, with a fixed seed, so that two runs say the same. */

export interface Interval {
  readonly mean: number;
  /** Between these lie 95 of 100 means of drawn samples. */
  readonly low: number;
  readonly high: number;
}

const DRAWS = 2_000;
const SEED = 0x9e3779b9;

/** NaN throughout when there are no samples. */
export function bootstrap(samples: readonly number[]): Interval {
  const count = samples.length;
  const random = randomOf(SEED);
  const means = Float64Array.from({ length: DRAWS }, () => {
    let sum = 0;
    for (let drawn = 0; drawn < count; drawn += 1) sum += samples[Math.floor(random() * count)] ?? 0;
    return sum / count;
  }).sort();
  const at = (share: number) => means[Math.round(share * (DRAWS - 1))] ?? Number.NaN;
  return { mean: samples.reduce((sum, sample) => sum + sample, 0) / count, low: at(0.025), high: at(0.975) };
}

/** Numbers from 0 to below 1 (mulberry32): quick, and the same for a seed everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
