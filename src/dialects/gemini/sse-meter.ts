/*
 * Watches a stream of events (`?alt=sse`), each of which is a response, and lets it through byte for byte. There is no terminal event: an answer is whole when
 * each candidate has said why it ends. What does not go through is an error, which is told in our words, and what is no JSON at all.
 *
 * An error may come without `data:`, as it stands in a plain reply. Source: @google/genai and google-genai, which look for it there.
 */

import type { GatewayError } from '../../base/errors.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { Passage } from '../dialect-passage.ts';
import { encodeStreamError, interrupted } from './errors.ts';
import { RESPONSE_BYTES_MAX, ResponseWatch } from './response-watch.ts';

const CR = 13;
const LINE_FEED = Buffer.from('\n');
const SPACE = 32;
const OBJECT_OPEN = 123;

export class GeminiSseMeter implements StreamMeter {
  readonly #watch: ResponseWatch;
  readonly #scanner = createSseScanner({ eventBytesMax: RESPONSE_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);

  /** A stream that was cut within a CRLF ends in half of one, which clients do not take for the end of a line. */
  #lastByte: number | undefined;

  constructor(wanted: number) {
    this.#watch = new ResponseWatch(wanted);
  }

  get started(): boolean {
    return this.#watch.started;
  }
  get ended(): boolean {
    return this.#watch.ended;
  }
  get failure(): GatewayError | undefined {
    return this.#watch.failure;
  }
  get usage(): Usage | undefined {
    return this.#watch.usage;
  }
  get model(): string | undefined {
    return this.#watch.model;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      throw interrupted('an event of the upstream is too long', cause);
    }
    return this.#sent(this.#passage.take(chunk));
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    this.#scanner.end(this.#onEvent);
    return { whole: this.ended && this.failure === undefined, rest: this.#sent(this.#passage.take(undefined)) };
  }

  encodeError(error: GatewayError, correlationId: string): Uint8Array {
    const told = encodeStreamError(error, correlationId);
    return this.#lastByte === CR ? Buffer.concat([LINE_FEED, told]) : told;
  }

  #sent(bytes: Uint8Array | undefined): Uint8Array | undefined {
    this.#lastByte = bytes?.at(-1) ?? this.#lastByte;
    return bytes;
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    const watch = this.#watch;
    if (watch.failure !== undefined) return;
    const { start, end } = span;
    const data = responseOf(bytes, span);
    if (data === undefined) {
      if (span.dataStart === -1 && isQuiet(bytes, span)) this.#passage.pass(bytes, start, end);
      return;
    }
    if (!span.terminated && span.dataStart !== -1) {
      watch.failure = interrupted('the upstream cut its stream inside an event');
      return;
    }
    watch.look(data);
    // Without `data:` nothing but an error is meant for anybody.
    if (watch.failure === undefined && span.dataStart !== -1) this.#passage.pass(bytes, start, end);
  }
}

/** The JSON of an event, or of an error that is none; undefined for what does not even begin as an object. */
export function responseOf(bytes: Uint8Array, span: Readonly<SseSpan>): Uint8Array | undefined {
  const { start, end, dataStart, dataEnd, dataLines } = span;
  if (dataStart !== -1) {
    const data = dataLines === 1 ? bytes.subarray(dataStart, dataEnd) : Buffer.from(parseEvent(bytes.subarray(start, end)).data ?? '');
    return firstOf(data) === OBJECT_OPEN ? data : undefined;
  }
  const block = bytes.subarray(start, end);
  return firstOf(block) === OBJECT_OPEN && ERROR.test(Buffer.from(block.subarray(0, 200)).toString()) ? block : undefined;
}

const ERROR = /^\s*\{\s*"error"\s*:/;

/** Comments and blank lines; what else has no data holds nothing of the answer (a proxy's page, a stray line). */
function isQuiet(bytes: Uint8Array, { start, end }: Readonly<SseSpan>): boolean {
  const first = firstOf(bytes.subarray(start, end));
  return first === undefined || first === COLON;
}

const COLON = 58;

/** The first byte that is no white space. */
function firstOf(bytes: Uint8Array): number | undefined {
  for (const byte of bytes) if (byte > SPACE) return byte;
  return undefined;
}
