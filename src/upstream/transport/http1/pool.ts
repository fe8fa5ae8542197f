/*
 * The connections of one upstream address: those that are idle, and how to get another. The one that was used last is used next, so that
 * what is not needed ages; it is closed after `keepAliveMs`.
 */

import type { Abortable } from '../../../base/abort.ts';
import type { Clock } from '../../../base/clock.ts';
import { fromFetchError, TransportError } from '../transport-error.ts';
import { Connection, SOCKET_HANDLERS } from './connection.ts';

export interface PoolOptions {
  readonly port: number;
  /** 0: none is kept. */
  readonly keepAliveMs: number;
  readonly idleMax: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

export class ConnectionPool implements Disposable {
  readonly #options: PoolOptions;
  readonly #idle: Connection[] = [];
  #sweep: Disposable | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** One that is open and idle, if any: its upstream may have closed it all the same. */
  take(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined || !connection.closed) return connection;
    }
  }

  /** A new one. Rejects with a TransportError (`refused`, `dns`, `timeout`), or the signal's reason. */
  connect(hostname: string, signal: Abortable): Promise<Connection> {
    const { clock, port, connectTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      let waiting = true;
      const settle = (): boolean => {
        const first = waiting;
        waiting = false;
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', onAbort);
        return first;
      };
      const onAbort = (): void => {
        if (settle()) reject(signal.reason);
      };
      const timer = clock.after(connectTimeoutMs, () => {
        if (settle()) reject(new TransportError('timeout', `no connection within ${connectTimeoutMs} ms`));
      });
      signal.addEventListener('abort', onAbort);
      const connection = new Connection({ onIdle: this.#onIdle, onClosed: this.#onClosed });
      Bun.connect({ hostname, port, socket: SOCKET_HANDLERS, data: connection }).then(
        (socket) => {
          // Too late for whoever waited; Bun cannot call a connect off.
          if (!settle()) {
            socket.terminate();
            return;
          }
          connection.attach(socket);
          resolve(connection);
        },
        (error: unknown) => {
          if (settle()) reject(fromFetchError(error));
        },
      );
    });
  }

  /** Closes those that are idle, and from now on each as soon as it is. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#sweep?.[Symbol.dispose]();
    for (const connection of this.#idle.splice(0)) connection.destroy(undefined);
  }

  readonly #onIdle = (connection: Connection): void => {
    const { keepAliveMs, idleMax, clock } = this.#options;
    if (this.#closed || keepAliveMs === 0 || this.#idle.length >= idleMax) {
      connection.destroy(undefined);
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
    while (this.#idle[0] !== undefined && nowMs - this.#idle[0].idleSinceMs >= keepAliveMs) this.#idle[0].destroy(undefined);
    const oldest = this.#idle[0];
    if (oldest !== undefined) this.#sweep = clock.after(oldest.idleSinceMs + keepAliveMs - nowMs, this.#age);
  };
}
