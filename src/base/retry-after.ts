/** An hour and more is no advice that anyone waits for; beyond a day it is a mistake. */
const RETRY_AFTER_MAX_MS = 86_400_000;

/**
 * Milliseconds to wait, from `retry-after-ms` or `retry-after` (seconds; RFC 9110 §10.2.3), within 0 and a day; undefined when neither is
 * there or makes sense. A date needs `nowMs` (milliseconds since the epoch); without it dates are not read.
 */
export function parseRetryAfter(headers: Headers, nowMs?: number): number | undefined {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && /^\d+(\.\d+)?$/.test(exact)) return Math.min(Number(exact), RETRY_AFTER_MAX_MS);
  const given = headers.get('retry-after');
  if (given === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.min(Number(given) * 1_000, RETRY_AFTER_MAX_MS);
  const atMs = Date.parse(given);
  if (Number.isNaN(atMs) || nowMs === undefined) return undefined;
  return Math.min(Math.max(0, atMs - nowMs), RETRY_AFTER_MAX_MS);
}
