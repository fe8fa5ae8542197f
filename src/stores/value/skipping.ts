import { type Abortable, raceAbort, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Guard, StoreFault } from '../guard.ts';
import type { ValueStore } from './value-store.ts';

export interface SkippingValueDeps {
  /** The store that may fail. Owned by this one from now on. */
  readonly primary: ValueStore;
  readonly guard: Guard;
  readonly clock: Clock;
  /** Called for every call that the primary did not answer, for metrics. */
  readonly onFault?: (fault: StoreFault) => void;
}

/** A large store is gone through in thousands of short commands: no deadline of a single call fits that. */
const DELETE_PREFIX_MS_MAX = 30_000;

/** How long after its failure a write may still come to be: it was sent, and lies before a server that has stopped for a moment. */
const LATE_MS = 500;

/** A cache whose failures only make things slower: a read is a miss, a write is dropped. Never an exception, never a wait beyond the guard's deadline. */
export function createSkippingValueStore(deps: SkippingValueDeps): ValueStore {
  const { primary, guard, clock, onFault } = deps;
  const skip = (fault: StoreFault): undefined => {
    onFault?.(fault);
  };
  const writes = new UnsettledWrites(clock);

  return {
    get(key, signal) {
      signal.throwIfAborted();
      return guard.run<Uint8Array | undefined>(() => primary.get(key, signal), skip);
    },
    set(key, bytes, options) {
      options.signal.throwIfAborted();
      return guard.run<void>(() => writes.watch(key, primary.set(key, bytes, options)), skip);
    },
    delete(key, signal) {
      signal.throwIfAborted();
      return guard.run<void>(() => primary.delete(key, signal), skip);
    },
    async deletePrefix(prefix, signal) {
      const deleted = await deletePrefix(primary, prefix, { signal, clock });
      // What was sent by a connection that was given up may arrive behind what another one deletes.
      if (!writes.has(prefix)) return deleted;
      await clock.sleep(LATE_MS, signal);
      return deleted + (await deletePrefix(primary, prefix, { signal, clock }));
    },
    [Symbol.asyncDispose]: () => primary[Symbol.asyncDispose](),
  };
}

async function deletePrefix(
  primary: ValueStore,
  prefix: string,
  { signal, clock }: { readonly signal: Abortable; readonly clock: Clock },
): Promise<number> {
  using deadline = withDeadline(signal, {
    deadlineMs: DELETE_PREFIX_MS_MAX,
    clock,
    reason: () => new Error(`it was not done after ${DELETE_PREFIX_MS_MAX} ms`),
  });
  try {
    return await raceAbort(primary.deletePrefix(prefix, deadline.signal), deadline.signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new GatewayError('storage_unavailable', 'the cache could not be searched for what is to be deleted', { cause });
  }
}

/** Keys of writes of which nobody knows yet whether they came to be: under way, or failed a moment ago. */
class UnsettledWrites {
  readonly #clock: Clock;
  /** By key: how many. */
  readonly #counts = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there is one under a key that begins so. */
  has(prefix: string): boolean {
    return this.#counts.keys().some((key) => key.startsWith(prefix));
  }

  watch(key: string, write: void | Promise<void>): void | Promise<void> {
    if (!(write instanceof Promise)) return;
    this.#count(key, 1);
    write.then(
      () => this.#count(key, -1),
      () => this.#clock.after(LATE_MS, () => this.#count(key, -1)),
    );
    return write;
  }

  #count(key: string, by: 1 | -1): void {
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
