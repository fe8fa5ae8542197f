/*
 * A stream of Cohere's events in our words. A text stays open when its content has ended, until the next part begins: its citations may come after it.
 */

import { GatewayError } from '../../base/errors.ts';
import { createSseScanner, type SseSpan } from '../../base/sse.ts';
import type { ChatEvent } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { countOf } from '../dialect-embed.ts';
import { isRecord } from '../dialect-errors.ts';
import { readCitation } from './citations.ts';
import { toldError } from './errors.ts';
import { isFailure, readFinish } from './finish.ts';
import { argumentsOf, listOf, readCall, readProbability } from './reply-codec.ts';
import { EVENT_BYTES_MAX, eventData, interrupted } from './stream.ts';
import { readUsage } from './usage.ts';

type Json = Readonly<Record<string, unknown>>;

const OBJECT_OPEN = 123;
const decoder = new TextDecoder();

interface OpenPart {
  readonly part: number;
  readonly kind: 'text' | 'reasoning';
  /** Its place among the pieces of content; undefined: it is the plan. */
  readonly content: number | undefined;
}

export class CohereStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  #told: ChatEvent[] = [];
  #isStarted = false;
  #isOver = false;
  #parts = 0;
  #open: OpenPart | undefined;
  /** Parts of calls that go on, by their place among the calls. */
  readonly #calls = new Map<number, number>();
  #hasCalls = false;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    this.#told = [];
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      this.#fail(interrupted('an event of the upstream is too long', cause));
    }
    return this.#told;
  }

  finish(): readonly ChatEvent[] {
    this.#told = [];
    this.#scanner.end(this.#onEvent);
    if (!this.#isOver) this.#fail(interrupted('the upstream ended its stream before the end of the answer'));
    return this.#told;
  }

  #fail(error: GatewayError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#told.push({ kind: 'failure', error });
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.#isOver || span.dataStart === -1 || bytes[span.dataStart] !== OBJECT_OPEN) return;
    if (!span.terminated) {
      this.#fail(interrupted('the upstream cut its stream inside an event'));
      return;
    }
    try {
      const event: unknown = JSON.parse(decoder.decode(eventData(bytes, span)));
      if (isRecord(event)) this.#read(event);
    } catch (cause) {
      this.#fail(cause instanceof GatewayError ? cause : interrupted('the upstream sent a malformed event', cause));
    }
  }

  #read(event: Json): void {
    const delta = isRecord(event['delta']) ? event['delta'] : {};
    const message = isRecord(delta['message']) ? delta['message'] : {};
    const index = countOf(event['index']) ?? 0;
    if (event['type'] === undefined) throw toldError('upstream_stream_interrupted', event['message']);
    this.#start(event['type'] === 'message-start' ? event['id'] : undefined);
    switch (event['type']) {
      case 'content-start':
      case 'content-delta':
        this.#content(index, message['content'], event);
        return;
      case 'content-end':
        if (this.#open?.kind === 'reasoning') this.#close();
        return;
      case 'tool-plan-delta':
        this.#text({ kind: 'text', content: undefined }, message['tool_plan']);
        return;
      case 'tool-call-start':
        this.#call(index, message['tool_calls']);
        return;
      case 'tool-call-delta':
        this.#arguments(index, argumentsOf(oneOf(message['tool_calls'])));
        return;
      case 'tool-call-end':
        this.#closeCall(index);
        return;
      case 'citation-start':
        for (const citation of Array.isArray(message['citations']) ? listOf(message['citations']) : [message['citations']])
          this.#cite(citation);
        return;
      case 'message-end':
        this.#end(delta);
        break;
      default:
        // Events that do not exist yet.
        break;
    }
  }

  /** The first event begins the answer, whichever it is. */
  #start(id: unknown): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#told.push({ kind: 'start', ...(typeof id === 'string' && id !== '' ? { id } : {}) });
  }

  #content(index: number, content: unknown, event: Json): void {
    // Content that begins is a part of its own, though it be of the same kind as the last.
    if (event['type'] === 'content-start') this.#close();
    if (!isRecord(content)) return;
    const kind = typeof content['thinking'] === 'string' ? 'reasoning' : 'text';
    const tokens = readProbability(event['logprobs']);
    const of = { kind, content: index } as const;
    this.#text(of, content[kind === 'text' ? 'text' : 'thinking']);
    if (tokens.length > 0 && kind === 'text')
      this.#told.push({ kind: 'log-probabilities', tokens, choice: 0, part: this.#opened(of).part });
  }

  #text(of: Omit<OpenPart, 'part'>, text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    this.#told.push({ kind: 'text', text, choice: 0, part: this.#opened(of).part });
  }

  /** The open part, when it is the one that is meant, or else a new one. */
  #opened(of: Omit<OpenPart, 'part'>): OpenPart {
    if (this.#open !== undefined && this.#open.kind === of.kind && this.#open.content === of.content) return this.#open;
    this.#close();
    this.#open = { ...of, part: this.#parts++ };
    this.#told.push({ kind: 'part', opening: { kind: of.kind }, choice: 0, part: this.#open.part });
    return this.#open;
  }

  #close(): void {
    if (this.#open !== undefined) this.#told.push({ kind: 'part-end', choice: 0, part: this.#open.part });
    this.#open = undefined;
  }

  #call(index: number, given: unknown): void {
    const call = oneOf(given);
    const opening = readCall(call);
    this.#close();
    this.#closeCall(index);
    this.#hasCalls = true;
    const part = this.#parts++;
    this.#calls.set(index, part);
    this.#told.push({ kind: 'part', opening, choice: 0, part });
    this.#arguments(index, argumentsOf(call));
  }

  #arguments(index: number, text: string): void {
    const part = this.#calls.get(index);
    if (part !== undefined && text !== '') this.#told.push({ kind: 'arguments', text, choice: 0, part });
  }

  #closeCall(index: number): void {
    const part = this.#calls.get(index);
    if (part === undefined) return;
    this.#calls.delete(index);
    this.#told.push({ kind: 'part-end', choice: 0, part });
  }

  /** Of a text that another part has followed it is too late to be told. */
  #cite(value: unknown): void {
    for (const { content, citation } of readCitation(value)) {
      const open = this.#open;
      if (open?.kind !== 'text' || (content !== undefined && content !== open.content)) continue;
      this.#told.push({ kind: 'citation', citation, choice: 0, part: open.part });
    }
  }

  #end(delta: Json): void {
    const { finish_reason: reason } = delta;
    if (isFailure(reason)) throw toldError('upstream_stream_interrupted', delta['error']);
    this.#close();
    for (const index of this.#calls.keys()) this.#closeCall(index);
    this.#told.push({ kind: 'finish', choice: 0, reason: readFinish(reason, this.#hasCalls) });
    const usage = readUsage(delta['usage']);
    if (usage !== undefined) this.#told.push({ kind: 'usage', usage });
    this.#told.push({ kind: 'end' });
    this.#isOver = true;
  }
}

/** A call stands alone; in a list of one at some hosts. */
function oneOf(given: unknown): unknown {
  return Array.isArray(given) ? (given as readonly unknown[])[0] : given;
}
