/*
 * Watches a stream of Cohere's events, and lets it through byte for byte.
 *
 *   message-start ─▶ ( content-* | tool-plan-delta | tool-call-* | citation-* )* ─▶ message-end ─▶ [DONE]
 *
 * Every event is checked to be JSON; only the last is parsed, and its name tells it. What does not go through is an end that says that the answer failed, which
 * is told in our words, and what is no JSON at all. Source: docs.cohere.com/v2/docs/streaming.
 */

import { GatewayError } from '../../base/errors.ts';
import { type JsonScan, JsonScanError, memberJson, memberString, scanJson } from '../../base/json-scan.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { isRecord } from '../dialect-errors.ts';
import { Passage } from '../dialect-passage.ts';
import { toldError } from './errors.ts';
import { isFailure } from './finish.ts';
import { readUsage } from './usage.ts';

/** A citation with its source may be long; more than this is no event of a stream. */
export const EVENT_BYTES_MAX = 8 * 1_048_576;
const OBJECT_OPEN = 123;
const EVENT_LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };

export class CohereStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  readonly model = undefined;

  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);

  push(chunk: Uint8Array): Uint8Array | undefined {
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      throw interrupted('an event of the upstream is too long', cause);
    }
    return this.#passage.take(chunk);
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    this.#scanner.end(this.#onEvent);
    return { whole: this.ended, rest: this.#passage.take(undefined) };
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.failure !== undefined) return;
    const isObject = span.dataStart !== -1 && bytes[span.dataStart] === OBJECT_OPEN;
    // Comments and `[DONE]` pass; what begins as nothing that an event could be is left out.
    if (!isObject) {
      if (span.dataStart === -1 || bytes[span.dataStart] === ARRAY_OPEN) this.#passage.pass(bytes, span.start, span.end);
      return;
    }
    if (span.terminated) this.#look(eventData(bytes, span));
    else this.failure = interrupted('the upstream cut its stream inside an event');
    if (this.failure === undefined) this.#passage.pass(bytes, span.start, span.end);
  }

  #look(data: Uint8Array): void {
    let event: JsonScan;
    try {
      event = scanJson(data, EVENT_LIMITS);
    } catch (cause) {
      if (!(cause instanceof JsonScanError)) throw cause;
      this.failure = interrupted('the upstream sent a malformed event', cause);
      return;
    }
    switch (memberString(event, 'type')) {
      case 'message-start':
        return;
      case 'message-end':
        this.#end(memberJson(event, 'delta'));
        return;
      case undefined:
        // Proxies in front of the API tell their own failures without its frame.
        this.failure = toldError('upstream_stream_interrupted', memberString(event, 'message'));
        return;
      default:
        this.started = true;
    }
  }

  #end(delta: unknown): void {
    if (isRecord(delta) && isFailure(delta['finish_reason'])) {
      this.failure = toldError('upstream_stream_interrupted', delta['error']);
      return;
    }
    if (isRecord(delta)) this.usage = readUsage(delta['usage']);
    this.started = true;
    this.ended = true;
  }
}

const ARRAY_OPEN = 91;

/** The data of an event in one piece: the standard lets a server spread it over several lines. */
export function eventData(bytes: Uint8Array, span: Readonly<SseSpan>): Uint8Array {
  if (span.dataLines === 1) return bytes.subarray(span.dataStart, span.dataEnd);
  return Buffer.from(parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
}

export function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
