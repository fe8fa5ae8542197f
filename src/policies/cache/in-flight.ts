import { type Abortable, raceAbort } from '../../base/abort.ts';

/** A place of a request that others may wait for. Disposed without an answer, those who wait are told to ask for themselves. */
export interface Place<T> extends Disposable {
  answer(value: T): void;
}

export interface InFlight<T> {
  /** The answer of whoever leads this key (undefined: it gave none); undefined itself when nobody does. Rejects when the signal aborts. */
  join(key: string, signal: Abortable): Promise<T | undefined> | undefined;
  /** Takes the lead. Call it only where `join` gave undefined, without waiting in between. */
  lead(key: string): Place<T>;
}

/** Requests under way, by key. Bounded by the number of exchanges under way. */
export function createInFlight<T>(): InFlight<T> {
  const leaders = new Map<string, Promise<T | undefined>>();
  return {
    join(key, signal) {
      const leader = leaders.get(key);
      return leader === undefined ? undefined : raceAbort(leader, signal);
    },
    lead(key) {
      const { promise, resolve } = Promise.withResolvers<T | undefined>();
      leaders.set(key, promise);
      return {
        answer: resolve,
        [Symbol.dispose]() {
          leaders.delete(key);
          resolve(undefined);
        },
      };
    },
  };
}
