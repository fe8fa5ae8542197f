/*
 * Sends finished spans to a collector, in batches, off the path of requests. Our own and not OpenTelemetry's SDK: why is in
 * docs/decisions/0004.
 *
 * Invariants: one request is under way at most; the queue holds `queueMax` spans at most, further ones are dropped and counted;
 * every request has a deadline. A batch that the collector refuses for now (429, 502, 503, 504, or no answer) is kept for the
 * next try, as OTLP asks; anything else is final.
 */

import { platformSignal, withDeadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from './logger.ts';
import { encodeOtlp, type Resource, type Span } from './otlp.ts';
import type { TracesConfig } from './telemetry-config.ts';

export interface SpanExporter {
  /** Takes a finished span; never waits, never throws. */
  export(span: Span): void;
  /** Sends what is queued, for `timeoutMs` at most, and stops. */
  close(timeoutMs: number): Promise<void>;
  readonly counts: { readonly exported: number; readonly dropped: number; readonly failed: number };
}

export interface SpanExporterDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly resource: Resource;
}

const BATCH_MAX = 512;
const QUEUE_MAX = 8_192;
const LINGER_MS = 2_000;
const TIMEOUT_MS = 10_000;
const BACKOFF_MS = 5_000;
const TRIES_MAX = 3;
const RETRYABLE = new Set([429, 502, 503, 504]);

type Sent = 'ok' | 'later' | 'never';

/** Undefined where no collector is configured: then no span is ever built. */
export function createSpanExporter(config: TracesConfig, deps: SpanExporterDeps): SpanExporter | undefined {
  return config.otlp_endpoint === undefined
    ? undefined
    : new OtlpExporter({ url: tracesUrl(config.otlp_endpoint), headers: config.headers }, deps);
}

interface Collector {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

class OtlpExporter implements SpanExporter {
  readonly counts = { exported: 0, dropped: 0, failed: 0 };
  readonly #collector: Collector;
  readonly #deps: SpanExporterDeps;
  readonly #closing = new AbortController();
  #queue: Span[] = [];
  #timer: Disposable | undefined;
  #sending: Promise<void> | undefined;
  #healthy = true;

  constructor(collector: Collector, deps: SpanExporterDeps) {
    this.#collector = { url: collector.url, headers: { ...collector.headers, 'content-type': 'application/json' } };
    this.#deps = deps;
  }

  export(span: Span): void {
    if (this.#queue.length >= QUEUE_MAX || this.#closing.signal.aborted) {
      this.counts.dropped += 1;
      return;
    }
    this.#queue.push(span);
    if (this.#sending !== undefined) return;
    if (this.#queue.length >= BATCH_MAX) this.#start();
    else this.#timer ??= this.#deps.clock.after(LINGER_MS, () => this.#start());
  }

  async close(timeoutMs: number): Promise<void> {
    using _patience = this.#deps.clock.after(timeoutMs, () => this.#closing.abort(STOPPED));
    while (this.#sending !== undefined || (this.#queue.length > 0 && !this.#closing.signal.aborted)) {
      this.#start();
      await this.#sending;
    }
    this.#closing.abort(STOPPED);
    this.#timer?.[Symbol.dispose]();
    this.counts.dropped += this.#queue.length;
    this.#queue = [];
  }

  #start(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closing.signal.aborted) {
      const batch = this.#queue.slice(0, BATCH_MAX);
      this.#queue = this.#queue.slice(BATCH_MAX);
      await this.#sendBatch(batch);
    }
  }

  async #sendBatch(batch: readonly Span[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const sent = await this.#send(batch);
      if (sent === 'ok') {
        this.counts.exported += batch.length;
        return;
      }
      if (sent === 'never' || tries >= TRIES_MAX || this.#closing.signal.aborted) break;
      // The wait is cut short when the gateway stops; then the batch is given up.
      await this.#deps.clock.sleep(BACKOFF_MS * tries, this.#closing.signal).catch(() => undefined);
    }
    this.counts.failed += batch.length;
  }

  async #send(batch: readonly Span[]): Promise<Sent> {
    const { clock, resource } = this.#deps;
    const reason = () => new Error(`the collector did not answer within ${TIMEOUT_MS} ms`);
    using deadline = withDeadline(this.#closing.signal, { deadlineMs: TIMEOUT_MS, clock, reason });
    using platform = platformSignal(deadline.signal);
    const { url, headers } = this.#collector;
    try {
      const body = encodeOtlp(batch, resource);
      const response = await this.#deps.fetch(url, { method: 'POST', headers, body, signal: platform.signal, redirect: 'manual' });
      await response.arrayBuffer();
      return this.#tell(response.ok ? 'ok' : RETRYABLE.has(response.status) ? 'later' : 'never', `status ${response.status}`);
    } catch (error) {
      return this.#tell('later', error);
    }
  }

  /** Says once that the collector fails, and once that it is back: not once per batch. */
  #tell(sent: Sent, why: unknown): Sent {
    const healthy = sent === 'ok';
    if (this.#healthy === healthy) return sent;
    this.#healthy = healthy;
    if (healthy) this.#deps.logger.info('The trace collector takes spans again');
    else this.#deps.logger.warn('The trace collector does not take spans', { reason: why });
    return sent;
  }
}

const STOPPED = new Error('the gateway stops');

/** A base URL gets the standard path; one with a path of its own is taken as it is. */
function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/v1/traces';
  return url.href;
}
