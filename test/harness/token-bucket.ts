/*
 * What "exactly the limit" means for a token bucket, as a caller can see it. A bucket of `limit` tokens is full after a quiet window, and
 * gains one every `windowMs / limit`. Whoever asks so often that it is always empty is let in `limit` times at once and then once for each
 * token gained: after a time T it is `limit + floor(T · limit / windowMs)`, no more and no less. T passes between the first and the last
 * decision, which a caller can only bound: from its first answer to its last question at least, from its first question to its last
 * answer at most.
 */
export interface Rate {
  readonly limit: number;
  readonly windowMs: number;
}

export interface Burst {
  readonly statuses: readonly number[];
  readonly admitted: number;
  /** No less and no more could have been let in. The last question must have been refused, or the least says nothing. */
  readonly least: number;
  readonly most: number;
}

/** Asks with `lanes` at a time until `durationMs` are over (at least once each), and then until one is refused. */
export async function burst(
  rate: Rate,
  { lanes, durationMs, ask }: { lanes: number; durationMs: number; ask: () => Promise<number> },
): Promise<Burst> {
  const statuses: number[] = [];
  const startMs = performance.now();
  let firstAnswerMs = Infinity;
  const one = async () => {
    const status = await ask();
    firstAnswerMs = Math.min(firstAnswerMs, performance.now());
    statuses.push(status);
    return status;
  };
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      do await one();
      while (performance.now() - startMs < durationMs);
    }),
  );
  let lastAskedMs: number;
  do lastAskedMs = performance.now();
  while ((await one()) === 200);
  const gained = (ms: number) => Math.floor((ms * rate.limit) / rate.windowMs + 0.01);
  return {
    statuses,
    admitted: statuses.filter((status) => status === 200).length,
    least: rate.limit + gained(lastAskedMs - firstAnswerMs),
    most: rate.limit + gained(performance.now() - startMs),
  };
}
