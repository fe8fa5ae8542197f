import type { Balancer } from './balancer.ts';

/** The one with the fewest requests under way; a random one of those when there are several, so that idle endpoints share. */
export function createLeastLoaded(random: () => number): Balancer {
  return {
    pick(endpoints) {
      let [best] = endpoints;
      let equals = 1;
      for (let index = 1; index < endpoints.length; index += 1) {
        const endpoint = endpoints[index] ?? best;
        if (endpoint.inFlight > best.inFlight) continue;
        if (endpoint.inFlight < best.inFlight) {
          best = endpoint;
          equals = 1;
        } else {
          // Reservoir sampling: the n-th of equals replaces the choice once in n times.
          equals += 1;
          if (random() * equals < 1) best = endpoint;
        }
      }
      return best;
    },
  };
}
