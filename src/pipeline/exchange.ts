/*
 * One request and its reply, and all we know of it. It is made by the edge, carried through every policy, and ended once:
 * after the last byte of the reply, or when it became clear that there will be none.
 */

import type { Abortable } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/errors.ts';
import type { Fact } from './fact.ts';
import type { RouteInfo } from './route.ts';

/**
 * How it ended. `complete`: the whole reply went out, whatever its status. `client_closed`: the caller left before the end.
 * `cut`: a reply had begun and could not be finished (the caller was told in band, where the dialect allows).
 */
export interface Outcome {
  readonly kind: 'complete' | 'client_closed' | 'cut';
  /** Status that was sent, or 499 when the caller left before one was. */
  readonly status: number;
  /** The error behind an error reply or a cut, when there was one. */
  readonly error?: ErrorCode;
  /** Bytes of the body that were handed to the socket. */
  readonly bytesSent: number;
}

export interface ExchangeOptions {
  /** Correlation id: the caller's when it is well formed, else ours. */
  readonly id: string;
  readonly route: RouteInfo;
  /** Aborts when the caller is gone, or when a drain runs out of patience. */
  readonly signal: Abortable;
  /** The caller's address, after the trusted proxies were peeled off. */
  readonly address: string;
  readonly clock: Clock;
}

export class Exchange {
  readonly id: string;
  readonly route: RouteInfo;
  readonly address: string;
  readonly clock: Clock;
  /** Monotonic milliseconds. */
  readonly startedAtMs: number;
  /** Headers that the reply will carry whatever it turns out to be; lower-case names. */
  readonly replyHeaders: Record<string, string> = {};
  /** Where a layer changes a stream on its way: bytes that it has given out so far. They count, whatever the stream's own end says. */
  bytesGiven: number | undefined;

  readonly #options: ExchangeOptions;
  readonly #facts: unknown[] = [];
  readonly #listeners: ((outcome: Outcome) => void)[] = [];
  #outcome: Outcome | undefined;

  constructor(options: ExchangeOptions) {
    this.id = options.id;
    this.route = options.route;
    this.#options = options;
    this.address = options.address;
    this.clock = options.clock;
    this.startedAtMs = options.clock.monotonic();
  }

  /** Aborts when the caller is gone, or when a drain runs out of patience. Asked for when needed: the edge makes it only then. */
  get signal(): Abortable {
    return this.#options.signal;
  }

  /** The fact, which the stack's check proved to be written by now; throws when it is not. */
  get<T>(fact: Fact<T>): T {
    const value = this.#facts[fact.slot];
    if (value === undefined) throw new Error(`fact '${fact.name}' is read before it is written`);
    return value as T;
  }

  /** The fact, or undefined where nobody wrote it on this route. */
  peek<T>(fact: Fact<T>): T | undefined {
    return this.#facts[fact.slot] as T | undefined;
  }

  /** Writes a fact; a second time is a defect and throws. */
  set<T>(fact: Fact<T>, value: T): void {
    if (this.#facts[fact.slot] !== undefined) throw new Error(`fact '${fact.name}' is written twice`);
    this.#facts[fact.slot] = value;
  }

  /** Runs `listener` when the exchange ends, or at once if it has ended. Exactly once either way. Must not throw. */
  onEnd(listener: (outcome: Outcome) => void): void {
    if (this.#outcome === undefined) this.#listeners.push(listener);
    else listener(this.#outcome);
  }

  /** How it ended; undefined while it goes on. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** Ends the exchange, once: a second call does nothing. Listeners run innermost (last added) first. */
  end(given: Outcome): void {
    if (this.#outcome !== undefined) return;
    const outcome = this.bytesGiven === undefined ? given : { ...given, bytesSent: this.bytesGiven };
    this.#outcome = outcome;
    for (let index = this.#listeners.length - 1; index >= 0; index--) this.#listeners[index]?.(outcome);
  }
}
