/*
 * A latency histogram with a relative error of at most 1.6 %: 64 linear steps to each power of two, over 1 µs to about
 * 70 s. Recording is one shift and one add, so that it does not show in what it measures.
 */

const STEPS_LOG2 = 6;
const STEPS = 1 << STEPS_LOG2;
const OCTAVES = 27 - STEPS_LOG2;

export interface Quantiles {
  readonly count: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export class Histogram {
  private readonly counts = new Uint32Array(STEPS * (OCTAVES + 1));
  private count = 0;
  private maxUs = 0;

  record(us: number): void {
    const whole = Math.max(0, Math.round(us));
    if (whole > this.maxUs) this.maxUs = whole;
    const slot = slotOf(whole);
    this.counts[slot] = (this.counts[slot] ?? 0) + 1;
    this.count += 1;
  }

  /** The upper edge of the slot that holds the quantile, in µs; 0 when nothing was recorded. */
  quantile(fraction: number): number {
    if (this.count === 0) return 0;
    const rank = Math.max(1, Math.ceil(fraction * this.count));
    let seen = 0;
    for (let slot = 0; slot < this.counts.length; slot += 1) {
      seen += this.counts[slot] ?? 0;
      if (seen >= rank) return Math.min(this.maxUs, upperEdge(slot));
    }
    return this.maxUs;
  }

  quantiles(): Quantiles {
    return {
      count: this.count,
      p50Us: this.quantile(0.5),
      p90Us: this.quantile(0.9),
      p95Us: this.quantile(0.95),
      p99Us: this.quantile(0.99),
      p999Us: this.quantile(0.999),
      maxUs: this.maxUs,
    };
  }
}

function slotOf(us: number): number {
  if (us < STEPS * 2) return us;
  const shift = 31 - Math.clz32(us) - STEPS_LOG2;
  return Math.min(STEPS * (OCTAVES + 1) - 1, shift * STEPS + (us >>> shift));
}

function upperEdge(slot: number): number {
  if (slot < STEPS * 2) return slot;
  const shift = Math.floor(slot / STEPS) - 1;
  return ((slot - shift * STEPS + 1) << shift) - 1;
}
