/** Requests without a pause, for tests of what happens meanwhile. */

export interface LoadResult {
  readonly requests: number;
  /** What was wrong with each that was not as it should be. */
  readonly failures: readonly string[];
  /** Of each, from the start to the last byte, in milliseconds, ascending. */
  readonly latenciesMs: readonly number[];
}

export interface Load {
  /** Lets what is under way finish. */
  stop(): Promise<LoadResult>;
}

/**
 * Sends one request after the other on each of `lanes` lanes until it is stopped. `send` resolves to what was wrong with the reply, or
 * undefined; when it rejects, that is a failure too.
 */
export function startLoad(lanes: number, send: () => Promise<string | undefined>): Load {
  const failures: string[] = [];
  const latenciesMs: number[] = [];
  let running = true;
  const lane = async () => {
    while (running) {
      const startMs = performance.now();
      const failure = await send().catch((error: unknown) => String(error));
      latenciesMs.push(performance.now() - startMs);
      if (failure !== undefined) failures.push(failure);
    }
  };
  const all = Array.from({ length: lanes }, lane);
  return {
    async stop() {
      running = false;
      await Promise.all(all);
      return { requests: latenciesMs.length, failures, latenciesMs: latenciesMs.toSorted((a, b) => a - b) };
    },
  };
}
