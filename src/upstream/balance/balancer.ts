/** Chooses among interchangeable endpoints. Drivers: round-robin.ts, least-loaded.ts, peak-ewma.ts. */
export interface Balancer {
  /** `endpoints` are all fit to be asked, at least one. `nowMs` is of the monotonic clock. */
  pick<E extends Loaded>(endpoints: readonly [E, ...E[]], nowMs: number): E;
}

/** What a balancer may know of an endpoint. */
export interface Loaded {
  /** Requests under way. */
  readonly inFlight: number;
  /** Recent latency in milliseconds, peak-sensitive. */
  latencyMs(nowMs: number): number;
}
