import { RedisClient } from 'bun';
import { backoffMs } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';

/*
 * The one owner of the connection to Redis, shared by every store that uses it. One is enough: commands of concurrent requests
 * are sent together and answered in order.
 *
 *   dialling ──PONG──▶ up ──connection lost, or recycle()──▶ dialling ◀──delay over── waiting
 *       └──refused, silent for connectTimeoutMs, bad password──────────────────────────▲
 *
 * Bun's client could reconnect by itself, but gives up for good when a handshake goes unanswered (a stopped server accepts
 * connections), and could queue commands while it is down, which turns an outage into a pile of late work. Both are off: each
 * dial is a new client, `client` is undefined while there is none, and the guard in front decides what to do without. A dial counts only
 * once PING is answered, because a database index that does not exist or a server that is still loading shows no earlier.
 */

export interface RedisConfig {
  /** `redis://[user:password@]host:port[/database]`, or `rediss://` for TLS, whose certificate is checked (NODE_EXTRA_CA_CERTS
   * names a private authority). Holds a secret: never log it. */
  readonly url: string;
  /** For the whole of a dial: TCP, TLS, login, PING. */
  readonly connectTimeoutMs: number;
  /** Longest wait between two dials; the first retry comes within 100 ms. */
  readonly redialMsMax: number;
}

export interface RedisConnectionDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called when the connection comes up, and when it goes down or a dial fails, with a reason that holds no secret. */
  readonly onChange?: (isUp: boolean, reason: string) => void;
}

export interface RedisConnection extends AsyncDisposable {
  /** The live client; throws `RedisDownError` while there is none. Never waits. */
  client(): RedisClient;
  readonly isUp: boolean;
  /** Resolves with whether the dial under way succeeds: for starting up, which should wait a moment rather than begin with failures. */
  dialled(): Promise<boolean>;
  /** Drops a connection that no longer answers, with all that waits on it, and dials anew. */
  recycle(): void;
}

export class RedisDownError extends Error {
  override readonly name = 'RedisDownError';
}

const REDIAL_BASE_MS = 100;

type Dial =
  | { readonly kind: 'dialling' | 'up'; readonly client: RedisClient }
  | { readonly kind: 'waiting'; readonly timer: Disposable }
  | { readonly kind: 'closed' };

/** Dials at once, and again whenever the connection is lost, until it is disposed. */
export function createRedisConnection(config: RedisConfig, deps: RedisConnectionDeps): RedisConnection {
  const { clock, random, onChange } = deps;
  let dial: Dial = { kind: 'closed' };
  let attempts = 0;
  let outcome = Promise.withResolvers<boolean>();

  const start = (): void => {
    const client = newClient(config);
    dial = { kind: 'dialling', client };
    // Closing rejects whatever waits on the client, so the dial ends whichever step hangs.
    const timer = clock.after(config.connectTimeoutMs, () => client.close());
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- a RedisClient is no EventTarget
    client.onclose = (error) => lost(client, error);
    client
      .connect()
      .then(() => client.ping())
      .then(() => {
        if (dial.kind !== 'dialling' || dial.client !== client) return;
        dial = { kind: 'up', client };
        attempts = 0;
        outcome.resolve(true);
        onChange?.(true, 'connected');
      })
      .catch((error: unknown) => lost(client, error))
      .finally(() => timer[Symbol.dispose]());
  };

  const lost = (client: RedisClient, error: unknown): void => {
    if ((dial.kind !== 'dialling' && dial.kind !== 'up') || dial.client !== client) return;
    attempts += 1;
    const delayMs = backoffMs(attempts, random(), { baseMs: REDIAL_BASE_MS, capMs: config.redialMsMax });
    dial = { kind: 'waiting', timer: clock.after(delayMs, redial) };
    client.close();
    outcome.resolve(false);
    onChange?.(false, error instanceof Error ? error.message : 'connection lost');
  };

  const redial = (): void => {
    outcome = Promise.withResolvers();
    start();
  };

  start();
  return {
    client() {
      if (dial.kind === 'up') return dial.client;
      throw new RedisDownError('there is no connection to Redis');
    },
    get isUp() {
      return dial.kind === 'up';
    },
    dialled: () => outcome.promise,
    recycle() {
      // A dial under way is as new as can be, and bounded; while waiting the next one is due soon.
      if (dial.kind !== 'up') return;
      const { client } = dial;
      redial();
      client.close();
      onChange?.(false, 'dropped, because it did not answer');
    },
    async [Symbol.asyncDispose]() {
      const last = dial;
      dial = { kind: 'closed' };
      outcome.resolve(false);
      if (last.kind === 'waiting') last.timer[Symbol.dispose]();
      if (last.kind === 'dialling' || last.kind === 'up') last.client.close();
    },
  };
}

function newClient(config: RedisConfig): RedisClient {
  return new RedisClient(config.url, {
    connectionTimeout: config.connectTimeoutMs,
    autoReconnect: false,
    enableOfflineQueue: false,
  });
}
