import type { Clock } from './clock.ts';

/*
 * Waiting that can be called off. `AbortSignal.any` and `AbortSignal.timeout` are not used: both keep their parent's listener
 * and timer until garbage collection finds them (Node and Bun have both had leaks there), and neither takes our Clock. What is
 * made here ends when it is disposed, so one long-lived signal may serve any number of short waits.
 */

/** A signal that never aborts, for waits that their own deadline bounds: making one for each costs 0.5 µs and a finalizer. */
export const NEVER: AbortSignal = new AbortController().signal;

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Runs `run` once when the signal aborts, at once if it already has. Disposing it before then forgets `run`. */
export function onAbort(signal: AbortSignal, run: () => void): Disposable {
  if (signal.aborted) {
    run();
    return NOTHING;
  }
  signal.addEventListener('abort', run, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', run) };
}

export interface Deadline extends Disposable {
  /** Aborts with the parent's reason when the parent does, with the deadline's own reason when time is up. */
  readonly signal: AbortSignal;
}

export interface DeadlineConfig {
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Makes the abort reason; only called when time is up. */
  readonly reason: () => unknown;
}

/** A signal that also aborts after `deadlineMs`. Dispose it as soon as the wait is over: `using deadline = withDeadline(…)`. */
export function withDeadline(parent: AbortSignal, config: DeadlineConfig): Deadline {
  const controller = new AbortController();
  if (parent.aborted) {
    controller.abort(parent.reason);
    return { signal: controller.signal, ...NOTHING };
  }
  const timer = config.clock.after(config.deadlineMs, () => controller.abort(config.reason()));
  const listener = onAbort(parent, () => controller.abort(parent.reason));
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      timer[Symbol.dispose]();
      listener[Symbol.dispose]();
    },
  };
}

/**
 * The promise's outcome, or a rejection with the signal's reason if that comes first. The promise itself goes on: its later
 * outcome, also a rejection, is dropped.
 */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const listener = onAbort(signal, () => reject(signal.reason));
    promise.then(
      (value) => {
        listener[Symbol.dispose]();
        resolve(value);
      },
      (error: unknown) => {
        listener[Symbol.dispose]();
        reject(error);
      },
    );
  });
}
