/*
 * The beginning of a reply that may be one of three things, as its content type says: events, a file, or an answer in one piece. Up to the first event, the
 * first byte or the end of the answer another target can take over.
 */

import { GatewayError } from '../base/errors.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { StreamMeter } from '../dialects/dialect.ts';
import type { StreamStart } from './upstream.ts';

export interface PassRules {
  /** Whether a content type is that of events. */
  readonly events: RegExp;
  readonly createMeter: () => StreamMeter;
  /** Reads an answer in one piece; throws a GatewayError where it is none. */
  readonly check: (bytes: Uint8Array, headers: ReadableHeaders) => void;
  /** A reply that is neither events nor JSON is a file, which is handed on as it comes. */
  readonly mayBeFile: boolean;
  readonly wholeBytesMax: number;
}

export class PassStart implements StreamStart {
  readonly kind: 'events' | 'file' | 'whole';
  /** Of events alone. */
  readonly meter: StreamMeter | undefined;
  readonly passed: Uint8Array[] = [];
  readonly #rules: PassRules;
  readonly #headers: ReadableHeaders;
  #bytes = 0;

  constructor(rules: PassRules, headers: ReadableHeaders) {
    const contentType = headers.get('content-type') ?? '';
    this.#rules = rules;
    this.#headers = headers;
    if (rules.events.test(contentType)) this.kind = 'events';
    else this.kind = rules.mayBeFile && !/json|text\/html/i.test(contentType) ? 'file' : 'whole';
    this.meter = this.kind === 'events' ? rules.createMeter() : undefined;
  }

  push(chunk: Uint8Array): boolean {
    if (this.meter !== undefined) {
      const passed = this.meter.push(chunk);
      if (passed !== undefined) this.passed.push(passed);
      const { failure } = this.meter;
      if (failure !== undefined) throw new GatewayError('upstream_error', failure.message, failure.options);
      return this.meter.started || this.meter.ended;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#rules.wholeBytesMax) throw new GatewayError('upstream_reply_invalid', "the upstream's reply is too long");
    // A chunk is its reader's own until the next one is read.
    this.passed.push(this.kind === 'whole' ? Uint8Array.from(chunk) : chunk);
    return this.kind === 'file' && this.#bytes > 0;
  }

  end(): void {
    if (this.kind === 'whole') this.#rules.check(Buffer.concat(this.passed), this.#headers);
    else if (this.meter?.started !== true) throw new GatewayError('upstream_reply_invalid', 'the upstream ended its reply before it began');
  }
}
