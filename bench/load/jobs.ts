/*
 * What the load generator can be asked for, and what it answers. Orchestrator and generator exchange these as JSON lines.
 * Every reply is checked (status, length of the body or number of events and the end of the stream); what fails is an error.
 */
import type { Quantiles } from '../measure/histogram.ts';

interface JobBase {
  readonly port: number;
  /** A whole HTTP/1.1 request, head and body. */
  readonly request: string;
  readonly connections: number;
  readonly durationMs: number;
}

/** Each connection sends its next request when the answer to the last one is in. */
export interface ClosedJob extends JobBase {
  readonly kind: 'closed';
  /** Bytes of every reply's body; left out, any length will do. */
  readonly bodyBytes?: number;
  /** Any status from 200 to 599 counts as an answer: for /health, which is 503 when something it probes is down. */
  readonly anyStatus?: boolean;
}

/** Requests start at a constant rate, whatever became of the ones before; latency counts from the intended start. */
export interface OpenJob extends JobBase {
  readonly kind: 'open';
  readonly perSecond: number;
  readonly bodyBytes?: number;
  readonly anyStatus?: boolean;
  /** `{key}` in the request is a number from 1 to `count`, each as often as Zipf's law with this exponent says: few are asked for often. */
  readonly keys?: { readonly count: number; readonly exponent: number };
}

/** Each connection holds one stream at a time and opens the next when it has ended, until the time is up. */
export interface StreamsJob extends JobBase {
  readonly kind: 'streams';
  readonly events: number;
  /** Connections open over this long, so that streams do not beat in step. */
  readonly rampMs: number;
}

export type Job = ClosedJob | OpenJob | StreamsJob;

export interface JobResult {
  /** Replies, or streams, that were complete and as expected. */
  readonly completed: number;
  /** Events of complete streams. */
  readonly events: number;
  readonly errors: number;
  /** What the first few errors were. */
  readonly errorSamples: readonly string[];
  readonly wallMs: number;
  /** Time to the whole reply, or to a stream's first event. */
  readonly latency: Quantiles;
}

/** `open` tells that every stream of a streams job has had its first event. */
export type LoadMessage =
  | { readonly kind: 'open' }
  | { readonly kind: 'result'; readonly result: JobResult }
  | { readonly kind: 'failed'; readonly message: string };
