/*
 * A token bucket of `limit` tokens, refilled at `limit` per `windowMs`, kept as one number: the generic cell rate algorithm
 * (ITU-T I.371; the limiter of Linkerd, Stripe and Redis' redis-cell). The number is the theoretical arrival time, TAT: when
 * the bucket would be full again if nothing more were taken. A full bucket is a TAT in the past, so a bucket that was never
 * seen is simply 0, and forgetting an old bucket loses nothing.
 *
 * This file is pure. Times may be relative to anything, as long as one bucket always sees the same zero; keep the numbers
 * small (monotonic time, not the epoch), because a double has 0.24 µs of grain at today's epoch in milliseconds.
 */

export interface BucketRate {
  /** Tokens in a full bucket, and tokens gained per window; > 0. */
  readonly limit: number;
  /** Time for an empty bucket to fill, in milliseconds; > 0. */
  readonly windowMs: number;
}

export interface BucketDecision {
  readonly allowed: boolean;
  /** The state to keep. Unchanged when refused: a refusal costs nothing. */
  readonly tatMs: number;
  /** Whole tokens left after this decision. */
  readonly remaining: number;
  /** 0 when allowed; else until the same cost would be allowed; Infinity when the cost is over the limit. */
  readonly retryAfterMs: number;
  /** Until the bucket is full again. */
  readonly resetMs: number;
}

// Sums of `windowMs / limit` round. A hundredth of a token of slack keeps "60 a minute" at exactly 60, never 59 or 61.
const SLACK_TOKENS = 0.01;

/** Takes `cost` tokens (≥ 0; 0 only looks) from the bucket whose state is `tatMs`, or refuses. */
export function take(tatMs: number, nowMs: number, request: BucketRate & { readonly cost: number }): BucketDecision {
  const { limit, windowMs, cost } = request;
  const tokenMs = windowMs / limit;
  const usedMs = tatMs > nowMs ? tatMs - nowMs : 0;
  const wantedMs = usedMs + cost * tokenMs;
  if (wantedMs <= windowMs + SLACK_TOKENS * tokenMs) {
    return {
      allowed: true,
      tatMs: nowMs + wantedMs,
      remaining: tokensLeft(windowMs - wantedMs, tokenMs),
      retryAfterMs: 0,
      resetMs: wantedMs,
    };
  }
  return {
    allowed: false,
    tatMs,
    remaining: tokensLeft(windowMs - usedMs, tokenMs),
    retryAfterMs: cost > limit ? Infinity : wantedMs - windowMs,
    resetMs: usedMs,
  };
}

function tokensLeft(freeMs: number, tokenMs: number): number {
  const tokens = Math.floor(freeMs / tokenMs + SLACK_TOKENS);
  return tokens > 0 ? tokens : 0;
}
