/*
 * What happened in the last minute, for `/api/metrics`: requests and errors by second, and latencies. Fixed size.
 */

import { createHistogram, createWindowedHistogram, type HistogramJson } from '../base/histogram.ts';

const SECONDS = 60;

export interface Recent {
  /** Counts one request that ended at `nowMs` of a monotonic clock. */
  record(nowMs: number, durationMs: number, failed: boolean): void;
  report(nowMs: number): RecentReport;
}

/** What happened in the last minute, such that several add up. */
export interface RecentReport {
  readonly windowSeconds: number;
  readonly requests: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly latency: HistogramJson;
}

export interface RecentReading {
  readonly windowSeconds: number;
  readonly requests: number;
  readonly errors: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly averageMs: number;
  readonly maxMs: number;
}

/** `startMs` is the monotonic time of the start: a rate in the first minute is over what has passed of it. */
export function createRecent(startMs: number): Recent {
  const seconds = new Float64Array(SECONDS).fill(-1);
  const requests = new Float64Array(SECONDS);
  const errors = new Float64Array(SECONDS);
  const latency = createWindowedHistogram({ slots: 12, slotMs: 5_000 });

  return {
    record(nowMs, durationMs, failed) {
      const second = Math.floor(nowMs / 1_000);
      const slot = second % SECONDS;
      if (seconds[slot] !== second) {
        seconds[slot] = second;
        requests[slot] = 0;
        errors[slot] = 0;
      }
      requests[slot] = (requests[slot] ?? 0) + 1;
      if (failed) errors[slot] = (errors[slot] ?? 0) + 1;
      latency.record(durationMs, nowMs);
    },
    report(nowMs) {
      const now = Math.floor(nowMs / 1_000);
      let requestsTotal = 0;
      let errorsTotal = 0;
      seconds.forEach((second, slot) => {
        if (second < 0 || second <= now - SECONDS) return;
        requestsTotal += requests[slot] ?? 0;
        errorsTotal += errors[slot] ?? 0;
      });
      const windowSeconds = Math.min(SECONDS, Math.max(1, (nowMs - startMs) / 1_000));
      return { windowSeconds, requests: requestsTotal, errors: errorsTotal, latency: latency.recent(nowMs).toJSON() };
    },
  };
}

/** The reports of one process, or of several that share the work, as figures. */
export function readRecent(reports: readonly RecentReport[]): RecentReading {
  const histogram = createHistogram();
  let windowSeconds = 1;
  let requests = 0;
  let errors = 0;
  for (const report of reports) {
    histogram.merge(report.latency);
    windowSeconds = Math.max(windowSeconds, report.windowSeconds);
    requests += report.requests;
    errors += report.errors;
  }
  return {
    windowSeconds,
    requests,
    errors,
    requestsPerSecond: requests / windowSeconds,
    p50Ms: histogram.quantile(0.5),
    p95Ms: histogram.quantile(0.95),
    p99Ms: histogram.quantile(0.99),
    averageMs: histogram.count === 0 ? 0 : histogram.sum / histogram.count,
    maxMs: histogram.max,
  };
}
