export interface BackoffConfig {
  /** Longest wait before the first retry, in milliseconds. */
  readonly baseMs: number;
  /** Longest wait before any retry, in milliseconds. */
  readonly capMs: number;
}

/**
 * Wait before retry number `attempt` (1 is the first), in milliseconds: evenly random in [0, min(capMs, baseMs × 2^(attempt-1))).
 * "Full jitter" of AWS' "Exponential Backoff and Jitter": of the known schemes it has the fewest calls in competition.
 * `random` is in [0, 1).
 */
export function backoffMs(attempt: number, random: number, config: BackoffConfig): number {
  return random * Math.min(config.capMs, config.baseMs * 2 ** Math.max(0, attempt - 1));
}
