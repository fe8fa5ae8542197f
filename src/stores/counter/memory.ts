import type { Abortable } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { createLru } from '../../base/lru.ts';
import { type BucketDecision, take } from '../../base/token-bucket.ts';
import type { Bucket, CounterAddition, CounterStore, CounterTotal, TakeResult } from './counter-store.ts';

/*
 * Counters in this process. Everything is synchronous, so every call is atomic by itself.
 *
 * Past `keysMax` keys the one that was not used for the longest time is forgotten. For a bucket that means full again, which is
 * what most of the long unused ones are anyway.
 */

export interface MemoryCounterConfig {
  /** Keys of buckets, and again as many of counters. About 200 bytes each. */
  readonly keysMax: number;
}

export interface MemoryCounterStore extends CounterStore {
  take(buckets: readonly Bucket[], signal: Abortable): TakeResult;
  add(addition: CounterAddition, signal: Abortable): CounterTotal;
  peek(key: string, signal: Abortable): CounterTotal;
}

interface BucketState {
  tatMs: number;
}

interface Counter {
  total: number;
  endsMs: number;
}

export function createMemoryCounterStore(config: MemoryCounterConfig, deps: { readonly clock: Clock }): MemoryCounterStore {
  const { clock } = deps;
  const limits = { bytesMax: Infinity, entriesMax: config.keysMax };
  const tats = createLru<BucketState>(limits);
  const counters = createLru<Counter>(limits);

  return {
    take(buckets, signal) {
      signal.throwIfAborted();
      const nowMs = clock.monotonic();
      const states: (BucketState | undefined)[] = [];
      const decisions: BucketDecision[] = [];
      let allowed = true;
      for (const { key, limit, windowMs, cost = 1 } of buckets) {
        const state = tats.get(key);
        const decision = take(state?.tatMs ?? 0, nowMs, { limit, windowMs, cost });
        states.push(state);
        decisions.push(decision);
        if (!decision.allowed) allowed = false;
      }
      for (let index = 0; index < buckets.length; index += 1) {
        const bucket = buckets[index];
        const decision = decisions[index];
        if (bucket === undefined || decision === undefined) continue;
        const state = states[index];
        if (!allowed) decisions[index] = uncharged(bucket, decision, nowMs);
        else if (state !== undefined) state.tatMs = decision.tatMs;
        else if (bucket.cost !== 0) tats.set(bucket.key, { tatMs: decision.tatMs }, 1);
      }
      return { allowed, buckets: decisions };
    },
    add({ key, amount, windowMs }, signal) {
      signal.throwIfAborted();
      const nowMs = clock.monotonic();
      let counter = counters.get(key);
      if (counter === undefined || counter.endsMs <= nowMs) {
        counter = { total: 0, endsMs: nowMs + windowMs };
        counters.set(key, counter, 1);
      }
      counter.total += amount;
      return { total: counter.total, resetsInMs: counter.endsMs - nowMs };
    },
    peek(key, signal) {
      signal.throwIfAborted();
      const nowMs = clock.monotonic();
      const counter = counters.get(key);
      if (counter === undefined || counter.endsMs <= nowMs) return { total: 0, resetsInMs: 0 };
      return { total: counter.total, resetsInMs: counter.endsMs - nowMs };
    },
    async [Symbol.asyncDispose]() {
      tats.clear();
      counters.clear();
    },
  };
}

/** A bucket that would have allowed it, as it stands: another one refused, so nothing was taken from it. */
function uncharged(bucket: Bucket, decision: BucketDecision, nowMs: number): BucketDecision {
  if (!decision.allowed) return decision;
  const { limit, windowMs, cost = 1 } = bucket;
  return take(decision.tatMs - (cost * windowMs) / limit, nowMs, { limit, windowMs, cost: 0 });
}
