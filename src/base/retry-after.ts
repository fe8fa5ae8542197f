/** An hour and more is no advice that anyone waits for; beyond a day it is a mistake. */

import type { ReadableHeaders } from './readable-headers.ts';

const RETRY_AFTER_MAX_MS = 86_400_000;

/**
 * Milliseconds to wait, from `retry-after-ms` or `retry-after` (seconds or a date; RFC 9110 §10.2.3), within 0 and a day; undefined when neither
 * is there or makes sense. A date is read against the reply's own `Date`, so that clocks need not agree; without that it is not read.
 */
export function parseRetryAfter(headers: ReadableHeaders): number | undefined {
  const exact = headers.get('retry-after-ms');
  if (exact !== null && /^\d+(\.\d+)?$/.test(exact)) return Math.min(Number(exact), RETRY_AFTER_MAX_MS);
  const given = headers.get('retry-after');
  if (given === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(given)) return Math.min(Number(given) * 1_000, RETRY_AFTER_MAX_MS);
  const waitMs = Date.parse(given) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), RETRY_AFTER_MAX_MS);
}
