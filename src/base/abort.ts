import type { Clock } from './clock.ts';

/*
 * Waiting that can be called off. `AbortSignal.any` and `AbortSignal.timeout` are not used: both keep their parent's listener
 * and timer until garbage collection finds them (Node and Bun have both had leaks there), and neither takes our Clock. What is
 * made here ends when it is disposed, so one long-lived signal may serve any number of short waits.
 */

/** What the listener of an abort is: a function, or an object, which spares a closure. */
export type AbortListener = (() => void) | { handleEvent(): void };

/**
 * The part of an AbortSignal that waiting needs. Every AbortSignal is one; inside a request it is an `Aborter`, because a platform signal
 * with its listener costs 0.7 µs and a finalizer, and a request makes several.
 */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  /** Called once, when it aborts; never when it has aborted already: ask `aborted` first. */
  addEventListener(type: 'abort', listener: AbortListener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** Aborts at most once, and tells its listeners in the order in which they came; each but once. A listener must not throw. */
export class Aborter implements Abortable {
  #listeners: (AbortListener | undefined)[] | undefined;
  #aborted = false;
  #reason: unknown;

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#aborted) return;
    if (this.#listeners === undefined) this.#listeners = [listener];
    else if (!this.#listeners.includes(listener)) this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const listeners = this.#listeners;
    const index = listeners?.indexOf(listener) ?? -1;
    if (listeners === undefined || index === -1) return;
    // While they are told, the others keep their places, and this one is not told any more.
    if (this.#aborted) listeners[index] = undefined;
    else listeners.splice(index, 1);
  }

  abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const listeners = this.#listeners;
    if (listeners === undefined) return;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener();
      else listener?.handleEvent();
    }
    this.#listeners = undefined;
  }
}

/** A platform signal that follows `signal`, for APIs that take no other. Dispose it when the API is done with it. */
export function platformSignal(signal: Abortable): { readonly signal: AbortSignal } & Disposable {
  if (signal instanceof AbortSignal) return { signal, ...NOTHING };
  const controller = new AbortController();
  const listener = onAbort(signal, () => controller.abort(signal.reason));
  return { signal: controller.signal, [Symbol.dispose]: () => listener[Symbol.dispose]() };
}

/** A signal that never aborts, for waits that their own deadline bounds: making one for each costs 0.5 µs and a finalizer. */
export const NEVER: AbortSignal = new AbortController().signal;

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

/** Runs `run` once when the signal aborts, at once if it already has. Disposing it before then forgets `run`. */
export function onAbort(signal: Abortable, run: () => void): Disposable {
  if (signal.aborted) {
    run();
    return NOTHING;
  }
  signal.addEventListener('abort', run, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', run) };
}

export interface Deadline extends Disposable {
  /** Aborts with the parent's reason when the parent does, with the deadline's own reason when time is up. */
  readonly signal: Abortable;
}

export interface DeadlineConfig {
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** Makes the abort reason; only called when time is up. */
  readonly reason: () => unknown;
}

/** A signal that also aborts after `deadlineMs`. Dispose it as soon as the wait is over: `using deadline = withDeadline(…)`. */
export function withDeadline(parent: Abortable, config: DeadlineConfig): Deadline {
  const signal = new Aborter();
  if (parent.aborted) {
    signal.abort(parent.reason);
    return { signal, ...NOTHING };
  }
  const timer = config.clock.after(config.deadlineMs, () => signal.abort(config.reason()));
  const listener = onAbort(parent, () => signal.abort(parent.reason));
  return {
    signal,
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
export function raceAbort<T>(promise: Promise<T>, signal: Abortable): Promise<T> {
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
