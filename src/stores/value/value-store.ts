import type { Abortable } from '../../base/abort.ts';

/*
 * The port for bytes that may be forgotten: caches. Drivers: memory.ts, redis.ts. Every driver passes conformance.ts.
 *
 * What holds for every driver: a value is whole or absent, never part of one or another key's; it is absent from `ttlMs` after it
 * was set, at the latest; it may be absent sooner, at any time. A driver in this process answers with a value, a remote one with a
 * promise. Rejects with the signal's reason when it had aborted before the call; once begun, a call is bounded by its deadline (guard.ts).
 */

export interface ValueStore extends AsyncDisposable {
  /** The bytes, which the caller must not change, or `undefined`. */
  get(key: string, signal: Abortable): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Keeps the bytes as they are: do not change them afterwards. */
  set(key: string, bytes: Uint8Array, options: ValueSetOptions): void | Promise<void>;
  delete(key: string, signal: Abortable): void | Promise<void>;
  /**
   * Deletes what was set before the call under a key that begins with `prefix`, which is not empty; what is set meanwhile may stay. Resolves with how
   * many there were. A cache may skip a read, but who asks for this must know: rejects with `storage_unavailable` when it could not be done.
   */
  deletePrefix(prefix: string, signal: Abortable): Promise<number>;
}

export interface ValueSetOptions {
  /** How long the bytes may be answered, in milliseconds; not stored at all unless > 0. */
  readonly ttlMs: number;
  readonly signal: Abortable;
}
