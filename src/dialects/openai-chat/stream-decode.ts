/*
 * A stream of chat completion chunks in our words, from OpenAI and from its kin: tool calls may be interleaved, say their id and name in every piece, or
 * have no index; the usage may stand in the last chunk with content, or in all; `[DONE]` may be missing after a finish.
 *
 * Text, thoughts and refusals follow each other: where one begins the other has ended. Calls stay open until their choice is finished, since any of them
 * may still go on.
 */

import { GatewayError } from '../../base/errors.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { ChatEvent } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { ChoiceDecoder } from './choice-decode.ts';
import { errorFields } from './errors.ts';
import { listOf } from './reply-decode.ts';
import { usageIn } from './usage.ts';

/** An image or a long tool argument may come as one event; more than this is no chunk of a stream. */
const EVENT_BYTES_MAX = 8 * 1_048_576;
/** More answers than any server gives at once. */
const CHOICES_MAX = 128;
const OBJECT_OPEN = 123;
const ARRAY_OPEN = 91;

export class OpenAiStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #choices = new Map<number, ChoiceDecoder>();
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #told: ChatEvent[] = [];
  #isStarted = false;
  #isOver = false;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    return this.#take(() => this.#scanner.push(chunk, this.#onEvent));
  }

  finish(): readonly ChatEvent[] {
    return this.#take(() => {
      this.#scanner.end(this.#onEvent);
      if (this.#isOver) return;
      // Without `[DONE]`, but after every other sign of an end: the answer is whole, and only the last line is missing.
      const choices = [...this.#choices.values()];
      if (choices.length === 0 || choices.some(({ isFinished }) => !isFinished)) throw interrupted('the upstream cut its stream');
      this.#end();
    });
  }

  #take(read: () => void): readonly ChatEvent[] {
    this.#told = [];
    if (this.#isOver) return this.#told;
    try {
      read();
    } catch (cause) {
      this.#isOver = true;
      const error = cause instanceof GatewayError ? cause : interrupted('the upstream sent a malformed event', cause);
      this.#told.push({ kind: 'failure', error });
    }
    return this.#told;
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.#isOver || span.dataStart === -1) return;
    const first = bytes[span.dataStart];
    if (first === ARRAY_OPEN) {
      this.#done();
      return;
    }
    // What does not even begin as a chunk (a proxy's HTML, a stray line) holds nothing of the answer.
    if (first !== OBJECT_OPEN) return;
    if (!span.terminated) throw interrupted('the upstream cut its stream inside an event');
    const data =
      span.dataLines === 1
        ? decoder.decode(bytes.subarray(span.dataStart, span.dataEnd))
        : (parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
    const chunk: unknown = JSON.parse(data);
    if (isRecord(chunk)) this.#chunk(chunk);
  }

  #chunk(chunk: Readonly<Record<string, unknown>>): void {
    const { error, id, model, created } = chunk;
    if (error !== undefined && error !== null) {
      const told = errorFields(chunk);
      throw new GatewayError('upstream_stream_interrupted', told?.message ?? 'the upstream reported an error inside its stream', {
        detail: { upstream: { type: told?.type ?? null, code: told?.code ?? null } },
      });
    }
    const choices = listOf(chunk['choices']);
    const counted = usageIn(chunk);
    // Azure begins with a chunk of filters, which says nothing of the answer.
    if (choices.length === 0 && counted === undefined) return;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#told.push({
        kind: 'start',
        ...(typeof id === 'string' && id !== '' ? { id } : {}),
        ...(typeof model === 'string' && model !== '' ? { model } : {}),
        ...(typeof created === 'number' && Number.isSafeInteger(created * 1_000) && created > 0 ? { createdAtMs: created * 1_000 } : {}),
      });
    }
    for (const choice of choices) if (isRecord(choice)) this.#choice(choice);
    if (counted !== undefined) this.#told.push({ kind: 'usage', usage: counted });
  }

  #choice(choice: Readonly<Record<string, unknown>>): void {
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    if (!Number.isSafeInteger(index) || index < 0 || index >= CHOICES_MAX) throw interrupted('the upstream numbers its answers oddly');
    let decoding = this.#choices.get(index);
    if (decoding === undefined) this.#choices.set(index, (decoding = new ChoiceDecoder(index)));
    decoding.take(choice, this.#told);
  }

  #done(): void {
    if (this.#choices.size === 0) throw interrupted('the upstream ended its stream without an answer');
    // The server says that it is done: that it has not said why changes nothing.
    for (const choice of this.#choices.values()) choice.finish('stop', this.#told);
    this.#end();
  }

  #end(): void {
    this.#told.push({ kind: 'end' });
    this.#isOver = true;
  }
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

const decoder = new TextDecoder('utf-8', { fatal: true });
