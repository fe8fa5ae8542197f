/*
 * Watches a stream of Anthropic's events, and lets it through byte for byte.
 *
 *   message_start ─▶ ( content_block_start ─▶ content_block_delta* ─▶ content_block_stop )* ─▶ message_delta ─▶ message_stop
 *
 * Every event is checked to be JSON; only those that say something about the answer as a whole are parsed, and their names tell which: of a long answer,
 * four. Pings, comments and events that do not exist yet pass. What does not go through is an error event, which is told in our words, and what
 * is no JSON at all.
 *
 * Source: platform.claude.com/docs/en/build-with-claude/streaming; @anthropic-ai/sdk's Stream.fromSSEResponse (what clients accept).
 */

import { GatewayError } from '../../base/errors.ts';
import { JsonScanError, scanJson } from '../../base/json-scan.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { isRecord } from '../dialect-errors.ts';
import { Passage } from '../dialect-passage.ts';
import { toldError } from './errors.ts';
import { laterUsage, readUsage } from './usage.ts';

/** A file that a tool made, or a long search result, comes as one event; more than this is no event of a stream. */
export const EVENT_BYTES_MAX = 8 * 1_048_576;

const DELTA = Buffer.from('content_block_delta');
const MESSAGE_STOP = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');
const OBJECT_OPEN = 123;

export class AnthropicStreamMeter implements StreamMeter {
  started = false;
  ended = false;
  failure: GatewayError | undefined;
  usage: Usage | undefined;
  model: string | undefined;

  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  /** The answer has said why it ends: all that may be missing is `message_stop`. */
  #finished = false;

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
    const rest = this.#passage.take(undefined);
    if (this.ended) return { whole: true, rest };
    if (this.failure !== undefined || !this.#finished) return { whole: false, rest };
    return { whole: true, rest: rest === undefined ? MESSAGE_STOP : Buffer.concat([rest, MESSAGE_STOP]) };
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.failure !== undefined) return;
    if (span.dataStart === -1) {
      this.#passage.pass(bytes, span.start, span.end);
      return;
    }
    // What does not even begin as an event (a proxy's HTML, a stray line) holds nothing of the answer: it is left out.
    if (bytes[span.dataStart] !== OBJECT_OPEN) return;
    if (!span.terminated) this.failure = interrupted('the upstream cut its stream inside an event');
    else this.#look(bytes, span);
    if (this.failure === undefined) this.#passage.pass(bytes, span.start, span.end);
  }

  #look(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    const data = eventData(bytes, span);
    this.failure = checkJson(data);
    if (this.failure !== undefined) return;
    if (isNamed(bytes, span, DELTA)) {
      this.started = true;
      return;
    }
    const event: unknown = JSON.parse(decoder.decode(data));
    if (isRecord(event)) this.#read(event);
  }

  #read(event: Readonly<Record<string, unknown>>): void {
    switch (event['type']) {
      case 'message_start': {
        const message = isRecord(event['message']) ? event['message'] : {};
        if (typeof message['model'] === 'string') this.model ??= message['model'];
        this.usage = laterUsage(this.usage, readUsage(message['usage']));
        return;
      }
      // A thought that is not shown is a block without a delta for as long as it takes: whoever opens one is at work.
      case 'content_block_start':
      case 'content_block_delta':
        this.started = true;
        return;
      case 'message_delta':
        this.started = true;
        this.usage = laterUsage(this.usage, readUsage(event['usage']));
        this.#finished = isRecord(event['delta']) && typeof event['delta']['stop_reason'] === 'string';
        return;
      case 'message_stop':
        this.ended = true;
        return;
      case 'error':
        this.failure = toldError('upstream_stream_interrupted', event);
        return;
      default:
        // Proxies in front of the API tell their own failures without the vendor's frame.
        if (event['type'] === undefined && isRecord(event['error'])) this.failure = toldError('upstream_stream_interrupted', event);
    }
  }
}

/** The data of an event in one piece: the standard lets a server spread it over several lines. */
export function eventData(bytes: Uint8Array, span: Readonly<SseSpan>): Uint8Array {
  if (span.dataLines === 1) return bytes.subarray(span.dataStart, span.dataEnd);
  return Buffer.from(parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
}

function isNamed(bytes: Uint8Array, { nameStart, nameEnd }: Readonly<SseSpan>, name: Uint8Array): boolean {
  if (nameEnd - nameStart !== name.length) return false;
  for (let index = 0; index < name.length; index += 1) if (bytes[nameStart + index] !== name[index]) return false;
  return true;
}

// As for requests, less what only a caller could mean ill: a result of a search is deep and wide.
const EVENT_LIMITS = { depthMax: 64, nodesMax: 1_000_000, keyBytesMax: 65_536, membersMax: 1_024 };

function checkJson(data: Uint8Array): GatewayError | undefined {
  try {
    scanJson(data, EVENT_LIMITS);
    return undefined;
  } catch (cause) {
    if (cause instanceof JsonScanError) return interrupted('the upstream sent a malformed event', cause);
    throw cause;
  }
}

export function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

const decoder = new TextDecoder();
