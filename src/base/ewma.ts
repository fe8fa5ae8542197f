/*
 * Peak-sensitive moving average of a latency, after Finagle's `Peak EWMA` balancer: a value above the average replaces it at
 * once, a value below pulls it down by e^(-elapsed/tau). So a backend that turns slow is avoided after one slow answer, and
 * trusted again only as time passes. Unobserved, it decays towards zero, which earns a quiet backend a new try.
 */

export interface PeakEwma {
  /** Takes in a measurement (≥ 0, any unit) made at `nowMs` of a monotonic clock. */
  observe(value: number, nowMs: number): void;
  /** The average as it stands at `nowMs`. */
  value(nowMs: number): number;
}

export interface PeakEwmaConfig {
  /** Time constant: after `tauMs` without a measurement 37 % is left. Finagle's default is 10 s. */
  readonly tauMs: number;
  /** What to assume before the first measurement; 0 invites traffic at once. */
  readonly initial?: number;
}

export function createPeakEwma(config: PeakEwmaConfig): PeakEwma {
  const { tauMs, initial = 0 } = config;
  let average = initial;
  let seenMs: number | undefined;

  const weightAt = (nowMs: number): number => {
    const elapsedMs = seenMs === undefined ? 0 : nowMs - seenMs;
    return elapsedMs > 0 ? Math.exp(-elapsedMs / tauMs) : 1;
  };

  return {
    observe(value, nowMs) {
      const weight = weightAt(nowMs);
      // The first measurement replaces the assumption, whichever is larger.
      average = seenMs === undefined || value > average ? value : average * weight + value * (1 - weight);
      if (seenMs === undefined || nowMs > seenMs) seenMs = nowMs;
    },
    value: (nowMs) => average * weightAt(nowMs),
  };
}
