import type { Guard, StoreFault } from '../guard.ts';
import type { ValueStore } from './value-store.ts';

export interface SkippingValueDeps {
  /** The store that may fail. Owned by this one from now on. */
  readonly primary: ValueStore;
  readonly guard: Guard;
  /** Called for every call that the primary did not answer, for metrics. */
  readonly onFault?: (fault: StoreFault) => void;
}

/** A cache whose failures only make things slower: a read is a miss, a write is dropped. Never an exception, never a wait beyond the guard's deadline. */
export function createSkippingValueStore(deps: SkippingValueDeps): ValueStore {
  const { primary, guard, onFault } = deps;
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
    [Symbol.asyncDispose]: () => primary[Symbol.asyncDispose](),
  };
}
