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

/** A cache whose failures only make things slower: a read is a miss, a write is dropped. Never an exception, never a wait beyond the guard's deadline. */
export function createSkippingValueStore(deps: SkippingValueDeps): ValueStore {
  const { primary, guard, clock, onFault } = deps;
  const skip = (fault: StoreFault): undefined => {
    onFault?.(fault);
  };

  return {
    get(key, signal) {
      signal.throwIfAborted();
      return guard.run<Uint8Array | undefined>(() => primary.get(key, signal), skip);
    },
    set(key, bytes, options) {
      options.signal.throwIfAborted();
      return guard.run<void>(() => primary.set(key, bytes, options), skip);
    },
    delete(key, signal) {
      signal.throwIfAborted();
      return guard.run<void>(() => primary.delete(key, signal), skip);
    },
    deletePrefix: (prefix, signal) => deletePrefix(primary, prefix, { signal, clock }),
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
