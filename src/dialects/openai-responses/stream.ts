/*
 * Watches a stream of the Responses API, and lets it through byte for byte. Withheld are an error event, which is told in our words, and an event that is
 * no JSON. Of each event only its top level is looked at, which the check of its JSON finds anyway.
 * Source: platform.openai.com/docs/api-reference/responses-streaming.
 */

import { GatewayError } from '../../base/errors.ts';
import { type JsonScan, JsonScanError, memberJson, memberNumber, memberString, scanJson } from '../../base/json-scan.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { isRecord } from '../dialect-errors.ts';
import { Passage } from '../dialect-passage.ts';
import { errorEvent, failureOf, isServersFault } from './errors.ts';
import { readUsage } from './usage.ts';

/** The last event holds the whole answer, and the request's tools once more. */
export const EVENT_BYTES_MAX = 32 * 1_048_576;

const LIMITS = { depthMax: 256, nodesMax: 4_000_000, keyBytesMax: 65_536, membersMax: 1_024 };
const OBJECT_OPEN = 123;

/** Events without content: after them another target can still take over unseen. */
const PRELUDE: ReadonlySet<string> = new Set([
  'keepalive',
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
]);

const ENDS: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled']);

export class ResponsesStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  model: string | undefined;
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #sequenceNumber = -1;

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

  encodeError(error: GatewayError, correlationId: string): Uint8Array {
    return errorEvent(error, correlationId, this.#sequenceNumber + 1);
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.failure !== undefined) return;
    // Comments, blank lines, and the `[DONE]` that some servers send after the last event, pass as they came.
    if (span.dataStart !== -1 && bytes[span.dataStart] === OBJECT_OPEN) {
      if (!span.terminated) this.failure = interrupted('the upstream cut its stream inside an event');
      else this.#look(span.dataLines === 1 ? bytes.subarray(span.dataStart, span.dataEnd) : joinedData(bytes, span));
      if (this.failure !== undefined) return;
    } else if (span.dataStart !== -1 && bytes[span.dataStart] !== 91) {
      // What does not even begin as an event (a proxy's HTML, a stray line) holds nothing of the answer: it is left out.
      return;
    }
    this.#passage.pass(bytes, span.start, span.end);
  }

  #look(data: Uint8Array): void {
    const scan = scanEvent(data);
    if (scan === undefined) {
      // An event that is not JSON has lost a part of the answer: leaving it out would hide that.
      this.failure = interrupted('the upstream sent a malformed event');
      return;
    }
    this.#sequenceNumber = memberNumber(scan, 'sequence_number') ?? this.#sequenceNumber + 1;
    const type = memberString(scan, 'type') ?? '';
    if (type === 'error' || (type === '' && scan.get('error') !== undefined)) {
      // Its place is taken by our own event.
      this.#sequenceNumber -= 1;
      this.failure = inBand(failureOf(JSON.parse(decoder.decode(data))));
      return;
    }
    if (this.model === undefined || ENDS.has(type)) this.#response(scan, type);
    if (this.failure === undefined && !PRELUDE.has(type)) this.started = true;
  }

  /** Reads the response that the first events and the last one hold. */
  #response(scan: JsonScan, type: string): void {
    const response = memberJson(scan, 'response');
    if (!isRecord(response)) return;
    if (typeof response['model'] === 'string') this.model = response['model'];
    if (!ENDS.has(type)) return;
    if (type === 'response.failed' && !this.started) {
      const failure = failureOf(response);
      // Nothing has been said yet: somebody else may know better. What is the caller's own fault it reads as the vendor wrote it.
      if (isServersFault(failure)) {
        this.failure = failure;
        return;
      }
    }
    this.usage = readUsage(response['usage']) ?? this.usage;
    this.ended = true;
  }
}

/** Inside a stream, whatever it is, it interrupts it. */
function inBand(failure: GatewayError): GatewayError {
  return failure.code === 'upstream_credentials'
    ? failure
    : new GatewayError('upstream_stream_interrupted', failure.message, failure.options);
}

/** The event, when it is an object of JSON. */
function scanEvent(data: Uint8Array): JsonScan | undefined {
  try {
    return scanJson(data, LIMITS);
  } catch (cause) {
    if (cause instanceof JsonScanError) return undefined;
    throw cause;
  }
}

/** The standard lets a server spread one event over several `data` lines. */
function joinedData(bytes: Uint8Array, span: Readonly<SseSpan>): Uint8Array {
  return Buffer.from(parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

const decoder = new TextDecoder();
