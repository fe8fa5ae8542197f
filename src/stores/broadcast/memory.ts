import { type Broadcast, type BroadcastListener, MESSAGE_BYTES_MAX } from './broadcast.ts';

/** Who is within hearing: the members of one process. */
export type BroadcastHub = Set<BroadcastListener>;

/** Broadcast among those who share a hub; alone in it, one talks to nobody. */
export function createMemoryBroadcast(hub: BroadcastHub): Broadcast {
  let own: BroadcastListener | undefined;
  let isClosed = false;
  const leave = (): void => {
    if (own !== undefined) hub.delete(own);
    own = undefined;
  };
  return {
    publish(message) {
      if (isClosed || Buffer.byteLength(message) > MESSAGE_BYTES_MAX) return;
      // Later, as from any other process: whoever publishes is not called back while it does.
      const others = [...hub].filter((listener) => listener !== own);
      queueMicrotask(() => {
        for (const listener of others) if (hub.has(listener)) listener.onMessage(message);
      });
    },
    listen(listener) {
      if (isClosed) return;
      leave();
      own = listener;
      hub.add(listener);
      queueMicrotask(() => {
        if (own === listener) listener.onJoin();
      });
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      leave();
    },
  };
}
