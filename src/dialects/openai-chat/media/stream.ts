/*
 * Watches the streams of pictures in the making, of speech and of texts of recordings, and lets them through byte for byte.
 *
 * An event says its type in its JSON. The last one of a picture, a speech or a text has the usage; where several pictures were asked for, each has one. Servers
 * that are not OpenAI's stream texts as chunks of a chat, which end with `[DONE]`.
 * Source: platform.openai.com/docs/api-reference (images-streaming, audio/speech-audio-done-event, audio/transcript-text-done-event).
 */

import { GatewayError } from '../../../base/errors.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../../base/sse.ts';
import type { Operation } from '../../../operations/operation.ts';
import type { Usage } from '../../../operations/usage.ts';
import type { StreamMeter } from '../../dialect.ts';
import { isRecord } from '../../dialect-errors.ts';
import { Passage } from '../../dialect-passage.ts';
import { errorFields } from '../errors.ts';
import { withPictures } from './reply.ts';
import { addUsage, readMediaUsage } from './usage.ts';

/** A picture of four thousand pixels an edge, in base64. */
const EVENT_BYTES_MAX = 64 * 1_048_576;
/** A piece of sound or a partial picture is long, and says nothing that matters here: its type is at one of its ends. */
const SEARCHED_BYTES = 512;
const TERMINAL: ReadonlySet<string> = new Set([
  'image_generation.completed',
  'image_edit.completed',
  'speech.audio.done',
  'transcript.text.done',
]);
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;

export class MediaStreamMeter implements StreamMeter {
  started = false;
  failure: GatewayError | undefined;
  model: string | undefined;

  readonly #operation: Pick<Operation, 'kind' | 'results'>;
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #passage = new Passage();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #usage: Usage | undefined;
  #completed = 0;
  #isDone = false;

  constructor(operation: Pick<Operation, 'kind' | 'results'>) {
    this.#operation = operation;
  }

  get ended(): boolean {
    return this.#isDone || this.#completed >= (this.#operation.results ?? 1);
  }

  get usage(): Usage | undefined {
    return this.#completed === 0 ? this.#usage : withPictures(this.#usage, { ...this.#operation, results: this.#completed });
  }

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
    return { whole: this.failure === undefined && this.ended, rest: this.#passage.take(undefined) };
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.failure !== undefined) return;
    if (span.dataStart !== -1 && bytes[span.dataStart] === OPEN_BRACKET) this.#isDone = true;
    else if (span.dataStart !== -1 && !this.#look(bytes, span)) return;
    this.#passage.pass(bytes, span.start, span.end);
  }

  /** False for what must be withheld. */
  #look(bytes: Uint8Array, span: Readonly<SseSpan>): boolean {
    if (bytes[span.dataStart] !== OPEN_BRACE) return false;
    if (!span.terminated) {
      this.failure = interrupted('the upstream cut its stream inside an event');
      return false;
    }
    this.started = true;
    if (isLongPiece(bytes, span)) return true;
    const event = parsed(bytes, span);
    if (event === undefined) {
      this.failure = interrupted('the upstream sent a malformed event');
      return false;
    }
    const { type, error, model } = event;
    if (typeof model === 'string') this.model ??= model;
    if (type === 'error' || (error !== undefined && error !== null)) {
      const told = errorFields(isRecord(error) || typeof error === 'string' ? event : { error: event });
      this.failure = interrupted(told?.message ?? 'the upstream reported an error inside its stream');
      return false;
    }
    if (typeof type === 'string' && TERMINAL.has(type)) this.#completed += 1;
    const usage = readMediaUsage(event['usage']);
    if (usage !== undefined) this.#usage = this.#usage === undefined ? usage : addUsage(this.#usage, usage);
    return true;
  }
}

/** Whether it is an event that only brings a piece. JSON is not checked there: the piece is the client's to read, and megabytes long. */
function isLongPiece(bytes: Uint8Array, { dataStart, dataEnd }: Readonly<SseSpan>): boolean {
  if (dataEnd - dataStart < 4 * SEARCHED_BYTES) return false;
  const ends = Buffer.concat([bytes.subarray(dataStart, dataStart + SEARCHED_BYTES), bytes.subarray(dataEnd - SEARCHED_BYTES, dataEnd)]);
  return /"type"\s*:\s*"(?:image_\w+\.partial_image|speech\.audio\.delta)"/.test(ends.toString('latin1'));
}

function parsed(bytes: Uint8Array, span: Readonly<SseSpan>): Record<string, unknown> | undefined {
  const text =
    span.dataLines === 1
      ? new TextDecoder().decode(bytes.subarray(span.dataStart, span.dataEnd))
      : (parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}
