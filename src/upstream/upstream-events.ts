import type { AttemptRecord } from '../pipeline/facts.ts';

/** What the upstream layer tells telemetry. Called synchronously on the path of requests: must be cheap and must not throw. */
export interface UpstreamEvents {
  /** A connection was found for a request over plain http: an idle one, or a new one. */
  onConnection(kind: 'new' | 'reused'): void;
  /** An attempt ended; for an open body, when it was handed over. */
  onAttempt(group: string, record: AttemptRecord): void;
  /** The same candidate is about to be asked again, because of this error. */
  onRetry(group: string, reason: string): void;
  /** The next candidate is about to be asked, because of this error. */
  onFallback(from: string, to: string, reason: string): void;
  /** `from` and `to` are `closed`, `open` or `half-open`. */
  onBreakerChange(name: string, from: string, to: string): void;
  /** An active check changed an endpoint's health. */
  onHealthChange(name: string, healthy: boolean): void;
}
