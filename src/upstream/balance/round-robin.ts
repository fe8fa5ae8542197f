import type { Balancer } from './balancer.ts';

/** Each in turn. Where some were left out, the turn goes on among the others. */
export function createRoundRobin(): Balancer {
  let turn = 0;
  return {
    pick(endpoints) {
      const chosen = endpoints[turn % endpoints.length] ?? endpoints[0];
      turn = (turn + 1) % Number.MAX_SAFE_INTEGER;
      return chosen;
    },
  };
}
