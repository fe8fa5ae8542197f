import { NEVER } from '../../base/abort.ts';
import type { Guard, StoreFault } from '../guard.ts';
import type { Bucket, CounterStore, CounterTotal } from './counter-store.ts';
import type { MemoryCounterStore } from './memory.ts';

export interface FallbackCounterDeps {
  /** The shared store. */
  readonly primary: CounterStore;
  /** Decides while the primary does not: the memory driver. Owned by this store from now on, as is the primary. */
  readonly local: MemoryCounterStore;
  readonly guard: Guard;
  /** How many replicas share the primary, as last known; ≥ 1. Each then allows its part of a limit. */
  readonly replicas: () => number;
  /** Called for every call that the primary did not answer, for metrics. */
  readonly onFault?: (fault: StoreFault) => void;
}

/**
 * Limits that hold on without their store: never an exception, never a wait beyond the guard's deadline. While the primary is away
 * each replica allows limit ÷ replicas, at least 1, so all together allow about the limit; what was taken before is forgotten, so
 * right after the switch up to one bucket more may pass.
 */
export function createFallbackCounterStore(deps: FallbackCounterDeps): CounterStore {
  const { primary, local, guard, replicas, onFault } = deps;

  return {
    take(buckets, signal) {
      signal.throwIfAborted();
      return guard.run(
        () => primary.take(buckets, signal),
        (fault) => {
          onFault?.(fault);
          return local.take(shares(buckets, replicas()), NEVER);
        },
      );
    },
    add(addition, signal) {
      signal.throwIfAborted();
      return guard.run(
        () => primary.add(addition, signal),
        (fault) => {
          onFault?.(fault);
          return estimate(local.add(addition, NEVER), replicas());
        },
      );
    },
    peek(key, signal) {
      signal.throwIfAborted();
      return guard.run(
        () => primary.peek(key, signal),
        (fault) => {
          onFault?.(fault);
          return estimate(local.peek(key, NEVER), replicas());
        },
      );
    },
    async [Symbol.asyncDispose]() {
      await primary[Symbol.asyncDispose]();
      await local[Symbol.asyncDispose]();
    },
  };
}

// The local driver only looks whether the signal has aborted, and a caller who is gone by now may still be counted.

function shares(buckets: readonly Bucket[], replicas: number): readonly Bucket[] {
  if (replicas <= 1) return buckets;
  return buckets.map((bucket) => ({ ...bucket, limit: Math.max(1, bucket.limit / replicas) }));
}

/** The others count as much as we do, as far as we know. */
function estimate(counted: CounterTotal, replicas: number): CounterTotal {
  return { ...counted, total: counted.total * Math.max(1, replicas) };
}
