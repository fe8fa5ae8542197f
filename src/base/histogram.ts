/*
 * Histograms of fixed size with a bounded relative error. Bucket i holds the values in (γ^(i-1), γ^i], and answers with the
 * middle of it, so every quantile is within α = (γ-1)/(γ+1) = 2.5 % of a true one (DDSketch, Masson et al., VLDB 2019).
 * Values outside the range count as the nearest bound. 512 buckets of 4 bytes reach from
 * ten microseconds to two weeks when the unit is a millisecond. Histograms with the same buckets add up exactly, so those of several workers can be merged.
 */

const ALPHA = 0.025;
const GAMMA = (1 + ALPHA) / (1 - ALPHA);
const LOG_GAMMA = Math.log(GAMMA);
const VALUE_MIN = 0.01;
const BUCKETS = 512;
const INDEX_MIN = Math.ceil(Math.log(VALUE_MIN) / LOG_GAMMA);

/** What a histogram looks like between processes: only the buckets that are not empty. */
export interface HistogramJson {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  /** Pairs: index of the bucket, count in it. */
  readonly buckets: readonly (readonly [number, number])[];
}

export interface Histogram {
  /** Counts a value (≥ 0, in any one unit). Constant time. */
  record(value: number): void;
  /** The value below which a share `p` (0 to 1) of all values lies, within 2.5 %; 0 when empty. Never above `max`. */
  quantile(p: number): number;
  /** Adds all that another one counted. */
  merge(other: HistogramJson): void;
  clear(): void;
  toJSON(): HistogramJson;
  readonly count: number;
  readonly sum: number;
  readonly max: number;
}

export function createHistogram(): Histogram {
  const buckets = new Uint32Array(BUCKETS);
  let count = 0;
  let sum = 0;
  let max = 0;

  return {
    record(value) {
      const index = bucketOf(value);
      buckets[index] = (buckets[index] ?? 0) + 1;
      count += 1;
      sum += value;
      if (value > max) max = value;
    },
    quantile: (p) => quantileOf(buckets, { count, max }, p),
    merge(other) {
      for (const [index, added] of other.buckets) {
        if (index >= 0 && index < BUCKETS) buckets[index] = (buckets[index] ?? 0) + added;
      }
      count += other.count;
      sum += other.sum;
      max = Math.max(max, other.max);
    },
    clear() {
      buckets.fill(0);
      count = 0;
      sum = 0;
      max = 0;
    },
    toJSON: () => ({ count, sum, max, buckets: filled(buckets) }),
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
    get max() {
      return max;
    },
  };
}

export interface WindowedHistogram {
  /** Counts a value at `nowMs` of a monotonic clock. */
  record(value: number, nowMs: number): void;
  /** All that was recorded in the last `slots × slotMs` before `nowMs`, as a histogram of its own. */
  recent(nowMs: number): Histogram;
}

export interface WindowConfig {
  /** Slots of the window: more are smoother and cost 2 KB each. */
  readonly slots: number;
  readonly slotMs: number;
}

/** A histogram of recent values only: a ring of slots, of which the oldest is emptied and used again as time passes. */
export function createWindowedHistogram(config: WindowConfig): WindowedHistogram {
  const { slots, slotMs } = config;
  const ring = Array.from({ length: slots }, () => ({ histogram: createHistogram(), epoch: -1 }));

  return {
    record(value, nowMs) {
      const epoch = Math.floor(nowMs / slotMs);
      const slot = ring[epoch % slots];
      if (slot === undefined) return;
      if (slot.epoch !== epoch) {
        slot.histogram.clear();
        slot.epoch = epoch;
      }
      slot.histogram.record(value);
    },
    recent(nowMs) {
      const epoch = Math.floor(nowMs / slotMs);
      const total = createHistogram();
      for (const slot of ring) {
        if (slot.epoch > epoch - slots && slot.epoch <= epoch) total.merge(slot.histogram.toJSON());
      }
      return total;
    },
  };
}

function bucketOf(value: number): number {
  if (!(value > VALUE_MIN)) return 0;
  const index = Math.ceil(Math.log(value) / LOG_GAMMA) - INDEX_MIN;
  return index < BUCKETS ? index : BUCKETS - 1;
}

function quantileOf(buckets: Uint32Array, total: { count: number; max: number }, p: number): number {
  if (total.count === 0) return 0;
  const rank = Math.min(total.count, Math.max(1, Math.ceil(p * total.count)));
  let seen = 0;
  for (let index = 0; index < BUCKETS; index += 1) {
    seen += buckets[index] ?? 0;
    if (seen < rank) continue;
    const upper = GAMMA ** (index + INDEX_MIN);
    return Math.min(total.max, (2 * upper) / (1 + GAMMA));
  }
  return total.max;
}

function filled(buckets: Uint32Array): [number, number][] {
  const pairs: [number, number][] = [];
  buckets.forEach((count, index) => {
    if (count > 0) pairs.push([index, count]);
  });
  return pairs;
}
