/*
 * Calls between two threads, in both directions: each side serves methods by name, and calls those of the other. Answers come in any order.
 *
 * A call has a deadline on the side that makes it, and carries it: what comes too late to a busy side is not begun. When it runs out, or the
 * caller's signal aborts, the other side is told. Errors of the gateway's catalogue keep their code and their words.
 */

import type { Abortable } from '../../base/abort.ts';
import { asError } from '../../base/as-error.ts';
import type { Clock } from '../../base/clock.ts';
import { ERRORS, type ErrorCode, GatewayError } from '../../base/errors.ts';

export interface LinkPort {
  post(message: LinkMessage): void;
}

export type LinkMessage =
  | {
      readonly kind: 'call';
      readonly number: number;
      readonly method: string;
      readonly given: readonly unknown[];
      readonly untilMs: number;
    }
  | { readonly kind: 'cancel'; readonly number: number }
  | { readonly kind: 'value'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly number: number; readonly error: ToldError };

interface ToldError {
  /** Of the catalogue; undefined for a defect. */
  readonly code: string | undefined;
  readonly message: string;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** What one side does when it is asked. `signal` aborts when nobody waits for the answer any more. */
export type Serve = (method: string, given: readonly unknown[], signal: AbortSignal) => unknown;

export interface LinkConfig {
  /** Who is on the other side, for messages. */
  readonly what: string;
  /** Calls under way at once; more are refused. */
  readonly callsMax: number;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly serve: Serve;
  /** A defect on the other side, in words for the log. */
  readonly onFault: (message: string) => void;
}

export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: Abortable;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Disposed when the answer is there: the deadline, and the ear for the caller's signal. */
  readonly deadline: Disposable;
  readonly forget: () => void;
}

export class Link {
  readonly #config: LinkConfig;
  readonly #deps: LinkDeps;
  readonly #port: LinkPort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #serving = new Map<number, AbortController>();
  #number = 0;

  constructor(config: LinkConfig, port: LinkPort, deps: LinkDeps) {
    this.#config = config;
    this.#port = port;
    this.#deps = deps;
  }

  /** Calls of this side that are under way. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Rejects with a GatewayError: the other side's own, or `storage_unavailable`. */
  call<T>(method: string, given: readonly unknown[], { timeoutMs, signal }: CallOptions): Promise<T> {
    const { what, callsMax } = this.#config;
    const { clock } = this.#deps;
    if (this.#waiting.size >= callsMax) return Promise.reject(unavailable(`${what} is asked too much at once`));
    if (signal?.aborted === true) return Promise.reject(unavailable(`${what} is not waited for any more`));
    const number = this.#number++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const giveUp = (reason: string): void => {
      if (this.#settle(number) === undefined) return;
      this.#port.post({ kind: 'cancel', number });
      reject(unavailable(reason));
    };
    const leave = (): void => giveUp(`${what} is not waited for any more`);
    signal?.addEventListener('abort', leave, { once: true });
    const deadline = clock.after(timeoutMs, () => giveUp(`${what} did not answer within ${timeoutMs} ms`));
    this.#waiting.set(number, { resolve, reject, deadline, forget: () => signal?.removeEventListener('abort', leave) });
    try {
      this.#port.post({ kind: 'call', number, method, given, untilMs: clock.now() + timeoutMs });
    } catch (error) {
      // What cannot be cloned never left.
      this.#settle(number);
      reject(asError(error));
    }
    return promise as Promise<T>;
  }

  /** What came from the other side. */
  take(message: LinkMessage): void {
    switch (message.kind) {
      case 'call':
        this.#serve(message).catch((error: unknown) => this.#deps.onFault(`an answer could not be sent: ${String(error)}`));
        return;
      case 'cancel':
        this.#serving.get(message.number)?.abort();
        return;
      case 'value':
        this.#settle(message.number)?.resolve(message.value);
        return;
      case 'error':
        this.#settle(message.number)?.reject(this.#told(message.error));
    }
  }

  /** The other side is gone: nobody waits for it any longer. */
  lose(reason: string): void {
    for (const number of this.#waiting.keys()) this.#settle(number)?.reject(unavailable(reason));
    for (const serving of this.#serving.values()) serving.abort();
  }

  #settle(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    waiting?.deadline[Symbol.dispose]();
    waiting?.forget();
    return waiting;
  }

  async #serve({ number, method, given, untilMs }: Extract<LinkMessage, { kind: 'call' }>): Promise<void> {
    if (this.#deps.clock.now() > untilMs) return;
    const controller = new AbortController();
    this.#serving.set(number, controller);
    try {
      const value = await this.#deps.serve(method, given, controller.signal);
      this.#port.post({ kind: 'value', number, value });
    } catch (error) {
      this.#port.post({ kind: 'error', number, error: toldOf(error) });
    } finally {
      this.#serving.delete(number);
    }
  }

  #told({ code, message, param, retryAfterMs }: ToldError): GatewayError {
    if (code === undefined || !Object.hasOwn(ERRORS, code)) {
      this.#deps.onFault(message);
      return unavailable(`${this.#config.what} failed`);
    }
    return new GatewayError(code as ErrorCode, message, {
      ...(param === undefined ? {} : { param }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }
}

function toldOf(error: unknown): ToldError {
  if (!(error instanceof GatewayError))
    return { code: undefined, message: asError(error).stack ?? String(error), param: undefined, retryAfterMs: undefined };
  const { param, retryAfterMs } = error.options;
  return { code: error.code, message: error.message, param: param ?? undefined, retryAfterMs };
}

function unavailable(message: string): GatewayError {
  return new GatewayError('storage_unavailable', message, { retryAfterMs: 1_000 });
}
