import type { Balancer, Loaded } from './balancer.ts';

/** Latency is counted as at least this, so that load decides among endpoints that are all fast, or unknown. */
const LATENCY_MIN_MS = 1;

/**
 * The better of two random ones, by latency × (requests under way + 1). Two choices are enough to avoid the slow (Mitzenmacher 2001), and
 * unlike "the best of all" they don't send everybody to the same one. Cost after Finagle's Peak EWMA.
 */
export function createPeakEwmaBalancer(random: () => number): Balancer {
  return {
    pick(endpoints, nowMs) {
      const count = endpoints.length;
      if (count === 1) return endpoints[0];
      const first = Math.floor(random() * count);
      const skip = Math.floor(random() * (count - 1));
      const a = endpoints[first] ?? endpoints[0];
      const b = endpoints[skip >= first ? skip + 1 : skip] ?? endpoints[0];
      return costOf(b, nowMs) < costOf(a, nowMs) ? b : a;
    },
  };
}

function costOf(endpoint: Loaded, nowMs: number): number {
  return Math.max(LATENCY_MIN_MS, endpoint.latencyMs(nowMs)) * (endpoint.inFlight + 1);
}
