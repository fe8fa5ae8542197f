/*
 * The port for what processes of one installation tell each other: short texts, for whoever hears them now. Drivers: memory.ts, redis.ts.
 * Every driver passes conformance.ts.
 *
 * What holds for every driver:
 *   - a message is a hint: it comes at most once, and may be lost. Those of one sender come in the order in which they were sent;
 *   - nobody hears himself;
 *   - installations with different prefixes do not meet;
 *   - everything is bounded: what cannot be sent at once is dropped, as is what is longer than MESSAGE_BYTES_MAX.
 */

export interface Broadcast extends AsyncDisposable {
  /** Tells all others. Never waits and never throws. */
  publish(message: string): void;
  /** Replaces whoever listened before. */
  listen(listener: BroadcastListener): void;
}

export interface BroadcastListener {
  /** A message of another process. Must not throw. */
  onMessage(message: string): void;
  /** From now on the others are heard, for the first time or again: what they said before was missed. Must not throw. */
  onJoin(): void;
}

export const MESSAGE_BYTES_MAX = 4_096;
