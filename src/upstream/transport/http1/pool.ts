/*
 * The connections of one upstream address: those that are idle, and how to get another. The one that was used last is used next, so that
 * what is not needed ages; it is closed after `keepAliveMs`.
 */

import type { Abortable } from '../../../base/abort.ts';
import type { Clock } from '../../../base/clock.ts';
import type { GatewayError } from '../../../base/errors.ts';
import { fromFetchError, provesNotSent, TransportError } from '../transport-error.ts';
import { Connection, SOCKET_HANDLERS } from './connection.ts';

export interface PoolOptions {
  readonly port: number;
  /** 0: none is kept. */
  readonly keepAliveMs: number;
  readonly idleMax: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Called for every request that a connection is found for. */
  readonly onConnection: (kind: ConnectionKind) => void;
}

export type ConnectionKind = 'new' | 'reused';

/** Attempts that nobody waits for any more: the system goes on for two minutes, and each holds a socket. */
const ABANDONED_MAX = 256;

export class ConnectionPool implements Disposable {
  readonly #options: PoolOptions;
  readonly #idle: Connection[] = [];
  #sweep: Disposable | undefined;
  #abandoned = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** One to this name or address that is open and idle, if any: its upstream may have closed it all the same. */
  take(hostname: string): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return undefined;
      if (connection.hostname === hostname) {
        this.#options.onConnection('reused');
        return connection;
      }
      // The upstream has another address now.
      connection.close();
    }
  }

  /**
   * A new one. Rejects with a TransportError that proves that nothing was sent (`refused`, `dns`, `timeout`), or the signal's reason. Bun cannot
   * call a connect off: one that nobody waits for any more is idle when it comes about, and there are never more than ABANDONED_MAX on the way.
   */
  connect(hostname: string, signal: Abortable): Promise<Connection> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#abandoned >= ABANDONED_MAX)
      return Promise.reject(new TransportError('timeout', 'too many connections to it do not come about'));
    return new Promise((resolve, reject) => {
      const { clock, port, connectTimeoutMs } = this.#options;
      let waiting = true;
      const settle = (): boolean => {
        const first = waiting;
        waiting = false;
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', onAbort);
        return first;
      };
      const abandon = (reason: unknown): void => {
        if (!settle()) return;
        this.#abandoned += 1;
        reject(reason);
      };
      const onAbort = (): void => abandon(signal.reason);
      const timer = clock.after(connectTimeoutMs, () =>
        abandon(new TransportError('timeout', `no connection within ${connectTimeoutMs} ms`)),
      );
      signal.addEventListener('abort', onAbort);
      const connection = new Connection({ hostname, onIdle: this.#onIdle, onClosed: this.#onClosed });
      Bun.connect({ hostname, port, socket: SOCKET_HANDLERS, data: connection }).then(
        () => {
          if (settle()) {
            this.#options.onConnection('new');
            resolve(connection);
            return;
          }
          this.#abandoned -= 1;
          if (!connection.closed) this.#onIdle(connection);
        },
        (error: unknown) => {
          if (settle()) reject(asNotConnected(error));
          else this.#abandoned -= 1;
        },
      );
    });
  }

  /** Closes those that are idle, and from now on each as soon as it is. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#sweep?.[Symbol.dispose]();
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  readonly #onIdle = (connection: Connection): void => {
    const { keepAliveMs, idleMax, clock } = this.#options;
    if (this.#closed || keepAliveMs === 0 || this.#idle.length >= idleMax) {
      connection.close();
      return;
    }
    connection.idleSinceMs = clock.monotonic();
    this.#idle.push(connection);
    this.#sweep ??= clock.after(keepAliveMs, this.#age);
  };

  readonly #onClosed = (connection: Connection): void => {
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  };

  /** The oldest come first. */
  readonly #age = (): void => {
    const { keepAliveMs, clock } = this.#options;
    this.#sweep = undefined;
    const nowMs = clock.monotonic();
    while (this.#idle[0] !== undefined && nowMs - this.#idle[0].idleSinceMs >= keepAliveMs) this.#idle[0].close();
    const oldest = this.#idle[0];
    if (oldest !== undefined) this.#sweep = clock.after(oldest.idleSinceMs + keepAliveMs - nowMs, this.#age);
  };
}

/** Whatever it is that failed: without a connection nothing was sent. */
function asNotConnected(error: unknown): GatewayError {
  const known = fromFetchError(error);
  if (provesNotSent(known)) return known;
  return new TransportError('refused', 'the connection failed', { cause: error });
}
