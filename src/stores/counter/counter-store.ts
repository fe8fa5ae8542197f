import type { Abortable } from '../../base/abort.ts';

/*
 * The port for what is counted against a limit. Drivers: memory.ts, redis.ts. Every driver passes conformance.ts.
 *
 * Two kinds of counting. Buckets (`take`) refill steadily and bound a rate: see base/token-bucket.ts. Counters (`add`, `peek`)
 * sum amounts over a window that opens with the first amount, and bound a total. A bucket and a counter of the same key do not meet.
 *
 * What holds for every driver:
 *   - each call is atomic: no other call sees or makes half of it;
 *   - `take` is all or nothing: when one bucket refuses, none is charged;
 *   - state is bounded: the memory driver by a number of keys, Redis by a time to live on every key.
 */

/** One token bucket and what to take from it. */
export interface Bucket {
  /** Unique within one `take`. Up to the last colon it names the owner, whose buckets are kept together: `rate:key:abc:minute`. */
  readonly key: string;
  /** Tokens in a full bucket, gained evenly over `windowMs`; > 0. */
  readonly limit: number;
  readonly windowMs: number;
  /** Tokens to take; 1 by default, 0 only looks. */
  readonly cost?: number;
}

export interface BucketResult {
  /** Whole tokens left. */
  readonly remaining: number;
  /** Until the bucket is full again, in milliseconds. */
  readonly resetMs: number;
  /** 0 unless this bucket refused; Infinity when the cost is over the limit and waiting never helps. */
  readonly retryAfterMs: number;
}

export interface TakeResult {
  readonly allowed: boolean;
  /** In the order of the request. */
  readonly buckets: readonly BucketResult[];
}

export interface CounterTotal {
  readonly total: number;
  /** Until the window closes and the total is 0 again, in milliseconds; 0 when none is open. */
  readonly resetsInMs: number;
}

/**
 * A driver in this process answers with a value, a remote one with a promise: ask `instanceof Promise` before waiting.
 * Rejects with the signal's reason when it had aborted before the call; once begun, a call is bounded by its deadline (guard.ts).
 */
export interface CounterStore extends AsyncDisposable {
  /** Takes from all buckets, or from none. */
  take(buckets: readonly Bucket[], signal: Abortable): TakeResult | Promise<TakeResult>;
  /** Adds `amount` (whole) and returns the new total. The first amount opens a window of `windowMs`. */
  add(addition: CounterAddition, signal: Abortable): CounterTotal | Promise<CounterTotal>;
  /** The total of the open window, if there is one. */
  peek(key: string, signal: Abortable): CounterTotal | Promise<CounterTotal>;
}

export interface CounterAddition {
  readonly key: string;
  /** A whole number; negative gives back. */
  readonly amount: number;
  readonly windowMs: number;
}
