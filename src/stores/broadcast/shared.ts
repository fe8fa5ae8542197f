import type { Broadcast, BroadcastListener } from './broadcast.ts';

/** One broadcast for several who listen: each hears all that others say, and knows its own. `listen` adds a listener. The broadcast stays its owner's. */
export function shareBroadcast(broadcast: Broadcast): Pick<Broadcast, 'publish' | 'listen'> {
  const listeners: BroadcastListener[] = [];
  let hasJoined = false;
  broadcast.listen({
    onMessage: (message) => {
      for (const listener of listeners) listener.onMessage(message);
    },
    onJoin: () => {
      hasJoined = true;
      for (const listener of listeners) listener.onJoin();
    },
  });
  return {
    publish: (message) => broadcast.publish(message),
    listen(listener) {
      listeners.push(listener);
      if (hasJoined) listener.onJoin();
    },
  };
}
