interface EventuallyOptions {
  /** Said when it never comes true. */
  readonly what?: string;
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Asks until the answer is neither false, undefined nor null, and returns it. For what happens in another process, where there is
 * nothing to wait on. Throws after `timeoutMs` (default 5 s), with the last error if `check` threw.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined | null>> {
  const { what = 'the condition', timeoutMs = 5_000, intervalMs = 10 } = options;
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await check();
      lastError = undefined;
      if (answer !== false && answer !== undefined && answer !== null) return answer as Exclude<T, false | undefined | null>;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadlineMs) throw new Error(`${what} did not come true within ${timeoutMs} ms`, { cause: lastError });
    await Bun.sleep(intervalMs);
  }
}
