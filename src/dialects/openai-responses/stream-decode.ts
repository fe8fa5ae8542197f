/*
 * Reads a stream of the Responses API. Each text, refusal, thought, call and image of it is a part; where a server leaves out the pieces, the whole item that
 * ends them is read instead. Source: platform.openai.com/docs/api-reference/responses-streaming.
 */

import { GatewayError } from '../../base/errors.ts';
import { createSseScanner, parseEvent, type SseSpan } from '../../base/sse.ts';
import type { ChatPart } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { readCitation } from './citations.ts';
import { failureOf } from './errors.ts';
import { argumentsOf, callId, nameOf, readFinish, readLogProbabilities, readOutput } from './output.ts';
import { frameOf } from './reply-decode.ts';
import { EVENT_BYTES_MAX } from './stream.ts';
import { readThought, SUMMARY_BREAK } from './thoughts.ts';
import { readUsage } from './usage.ts';

type Wire = Readonly<Record<string, unknown>>;

/** A part that is under way. */
interface OpenPart {
  readonly part: number;
  readonly kind: PartOpening['kind'];
  /** Whether any of it has been told. */
  told: boolean;
  /** The part of the summary that is being told. */
  summary: unknown;
}

export class ResponsesDecoder implements ChatStreamDecoder {
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  /** By the item's place, and that of the content in it where it has several. */
  readonly #open = new Map<string, OpenPart>();
  /** Places of items that have been told in full, or are on the way to it. */
  readonly #items = new Set<unknown>();
  #told: ChatEvent[] = [];
  #parts = 0;
  #calls = false;
  #refused = false;
  #begun = false;
  #over = false;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    if (this.#over) return [];
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      this.#fail(interrupted('an event of the upstream is too long', cause));
    }
    return this.#take();
  }

  finish(): readonly ChatEvent[] {
    if (!this.#over) this.#scanner.end(this.#onEvent);
    // There is no whole answer without its last event.
    if (!this.#over) this.#fail(interrupted('the upstream ended its stream before the answer was whole'));
    return this.#take();
  }

  #take(): readonly ChatEvent[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.#over || span.dataStart === -1 || bytes[span.dataStart] !== OBJECT_OPEN) return;
    if (!span.terminated) {
      this.#fail(interrupted('the upstream cut its stream inside an event'));
      return;
    }
    let event: unknown;
    try {
      const text =
        span.dataLines === 1
          ? decoder.decode(bytes.subarray(span.dataStart, span.dataEnd))
          : (parseEvent(bytes.subarray(span.start, span.end)).data ?? '');
      event = JSON.parse(text);
    } catch (cause) {
      this.#fail(interrupted('the upstream sent a malformed event', cause));
      return;
    }
    if (isRecord(event)) this.#read(event);
  }

  #read(event: Wire): void {
    switch (event['type']) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        this.#begin(event['response']);
        return;
      case 'response.output_item.added':
        this.#itemAdded(event);
        return;
      case 'response.output_item.done':
        this.#itemDone(event);
        return;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
        this.#end(event);
        return;
      case 'response.failed':
        this.#fail(asCut(failureOf(event['response'])));
        return;
      case 'error':
        this.#fail(asCut(failureOf(event)));
        return;
      default:
        this.#piece(event);
    }
  }

  /** What belongs to an item. */
  #piece(event: Wire): void {
    const { delta } = event;
    const text = typeof delta === 'string' ? delta : '';
    switch (event['type']) {
      case 'response.content_part.added':
        this.#contentAdded(event);
        return;
      case 'response.output_text.delta':
        this.#text(this.#content(event, { kind: 'text' }), text);
        this.#tokens(event);
        return;
      case 'response.refusal.delta':
        this.#refused = true;
        this.#text(this.#content(event, { kind: 'refusal' }), text);
        return;
      case 'response.output_text.annotation.added':
        for (const citation of readCitation(event['annotation']))
          this.#tell({ kind: 'citation', citation, ...this.#of(this.#content(event, { kind: 'text' })) });
        return;
      case 'response.content_part.done':
        this.#contentDone(event);
        return;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#arguments(this.#open.get(itemKey(event)), text);
        return;
      case 'response.reasoning_summary_text.delta':
        this.#thought(event, event['summary_index'], text);
        return;
      case 'response.reasoning_text.delta':
        // In one stretch, whatever its parts are.
        this.#thought(event, 'content', text);
        break;
      default:
    }
  }

  #begin(response: unknown): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#told.push({ kind: 'start', ...(isRecord(response) ? frameOf(response) : {}) });
  }

  #tell(event: ChatEvent): void {
    this.#begin(undefined);
    this.#told.push(event);
  }

  #of({ part }: OpenPart): { readonly choice: 0; readonly part: number } {
    return { choice: 0, part };
  }

  #opened(key: string, opening: PartOpening): OpenPart {
    const made: OpenPart = { part: this.#parts, kind: opening.kind, told: false, summary: undefined };
    this.#parts += 1;
    this.#open.set(key, made);
    this.#tell({ kind: 'part', opening, ...this.#of(made) });
    return made;
  }

  #close(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    this.#tell({ kind: 'part-end', ...this.#of(open) });
  }

  #text(open: OpenPart, text: string): void {
    if (text === '') return;
    open.told = true;
    this.#tell({ kind: 'text', text, ...this.#of(open) });
  }

  #arguments(open: OpenPart | undefined, text: string): void {
    if (text === '' || open?.kind !== 'tool-call') return;
    open.told = true;
    this.#tell({ kind: 'arguments', text, ...this.#of(open) });
  }

  /** The part of a message's content; opened here where the server did not announce it. */
  #content(event: Wire, opening: PartOpening): OpenPart {
    this.#items.add(event['output_index']);
    const key = contentKey(event);
    return this.#open.get(key) ?? this.#opened(key, opening);
  }

  #contentAdded(event: Wire): void {
    const { part } = event;
    if (!isRecord(part) || this.#open.has(contentKey(event))) return;
    if (part['type'] === 'output_text') this.#content(event, { kind: 'text' });
    if (part['type'] === 'refusal') {
      this.#refused = true;
      this.#content(event, { kind: 'refusal' });
    }
  }

  #contentDone(event: Wire): void {
    const key = contentKey(event);
    const open = this.#open.get(key);
    const { part } = event;
    if (open === undefined) return;
    const told = isRecord(part) ? (part['text'] ?? part['refusal']) : undefined;
    if (!open.told && typeof told === 'string') this.#text(open, told);
    if (isRecord(part) && !this.#toldTokens.has(open.part)) this.#tokens({ ...event, logprobs: part['logprobs'] });
    this.#close(key);
  }

  /** Parts whose log probabilities came with the pieces. */
  readonly #toldTokens = new Set<number>();

  #tokens(event: Wire): void {
    const tokens = readLogProbabilities(event['logprobs']);
    if (tokens.length === 0) return;
    const open = this.#content(event, { kind: 'text' });
    this.#toldTokens.add(open.part);
    this.#tell({ kind: 'log-probabilities', tokens, ...this.#of(open) });
  }

  #thought(event: Wire, summary: unknown, text: string): void {
    if (text === '') return;
    const key = itemKey(event);
    this.#items.add(event['output_index']);
    const open = this.#open.get(key) ?? this.#opened(key, { kind: 'reasoning' });
    if (open.kind !== 'reasoning') return;
    // A server that shows the thought and its summary tells the same twice: the first to come is taken.
    if (open.told && (open.summary === 'content') !== (summary === 'content')) return;
    if (open.told && open.summary !== summary) this.#text(open, SUMMARY_BREAK);
    open.summary = summary;
    this.#text(open, text);
  }

  #itemAdded(event: Wire): void {
    const { item } = event;
    if (!isRecord(item)) return;
    const { type } = item;
    if (type !== 'function_call' && type !== 'custom_tool_call') return;
    // A call that is over when it begins may be the server's own (Perplexity's search is): its end says what it is.
    if (item['status'] === 'completed') return;
    if (this.#items.has(event['output_index'])) return;
    this.#items.add(event['output_index']);
    this.#calls = true;
    const custom = type === 'custom_tool_call' ? { custom: true as const } : {};
    this.#opened(itemKey(event), { kind: 'tool-call', id: callId(item), name: nameOf(item), ...custom });
  }

  #itemDone(event: Wire): void {
    const { item } = event;
    if (!isRecord(item)) return;
    const key = itemKey(event);
    const open = this.#open.get(key);
    const isNew = !this.#items.has(event['output_index']);
    this.#items.add(event['output_index']);
    if (item['type'] === 'message') {
      for (const content of this.#open.keys()) if (content.startsWith(`${key}:`)) this.#close(content);
      if (isNew) this.#whole([item]);
    } else if (open === undefined) {
      if (isNew) this.#whole([item]);
    } else {
      if (open.kind === 'reasoning') this.#seal(open, item);
      else if (!open.told) this.#arguments(open, argumentsOf(item));
      this.#close(key);
    }
  }

  #seal(open: OpenPart, item: Wire): void {
    const { signature } = readThought(item, 'vendor');
    if (signature !== undefined) this.#tell({ kind: 'signature', signature, ...this.#of(open) });
  }

  /** Items that came in one piece. */
  #whole(items: readonly unknown[]): void {
    const { parts, logProbabilities } = readOutput(items);
    let tokens = logProbabilities;
    for (const part of parts) {
      this.#wholePart(part, tokens);
      if (part.kind === 'text') tokens = [];
    }
  }

  #wholePart(part: ChatPart, tokens: ReturnType<typeof readLogProbabilities>): void {
    const opening = openingOf(part);
    if (opening === undefined) return;
    if (part.kind === 'tool-call') this.#calls = true;
    if (part.kind === 'refusal') this.#refused = true;
    const open = this.#opened('whole', opening);
    if (part.kind === 'text' || part.kind === 'refusal' || part.kind === 'reasoning') this.#text(open, part.text);
    if (part.kind === 'text') {
      for (const citation of part.citations ?? []) this.#tell({ kind: 'citation', citation, ...this.#of(open) });
      if (tokens.length > 0) this.#tell({ kind: 'log-probabilities', tokens, ...this.#of(open) });
    }
    if (part.kind === 'tool-call') this.#arguments(open, part.arguments);
    if (part.kind === 'reasoning' && part.signature !== undefined)
      this.#tell({ kind: 'signature', signature: part.signature, ...this.#of(open) });
    this.#close('whole');
  }

  #end(event: Wire): void {
    const response = isRecord(event['response']) ? event['response'] : {};
    this.#begin(response);
    for (const key of this.#open.keys()) this.#close(key);
    const { output } = response;
    // A server that streams nothing but the end has said it all there.
    if (this.#items.size === 0 && Array.isArray(output)) this.#whole(output);
    const status = event['type'] === 'response.incomplete' ? 'incomplete' : response['status'];
    this.#tell({ kind: 'finish', choice: 0, reason: readFinish({ ...response, status }, { calls: this.#calls, refused: this.#refused }) });
    const usage = readUsage(response['usage']);
    if (usage !== undefined) this.#tell({ kind: 'usage', usage });
    this.#tell({ kind: 'end' });
    this.#over = true;
  }

  #fail(error: GatewayError): void {
    this.#over = true;
    this.#told.push({ kind: 'failure', error });
  }
}

function openingOf(part: ChatPart): PartOpening | undefined {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return { kind: part.kind };
    case 'reasoning':
      return {
        kind: 'reasoning',
        ...(part.id === undefined ? {} : { id: part.id }),
        ...(part.sealed === undefined ? {} : { sealed: true }),
      };
    case 'tool-call':
      return { kind: 'tool-call', id: part.id, name: part.name, ...(part.custom === undefined ? {} : { custom: true }) };
    case 'image':
      return { kind: 'image', source: part.source };
    case 'native':
      return part;
    default:
      return undefined;
  }
}

function itemKey({ output_index: index }: Wire): string {
  return String(index);
}

function contentKey(event: Wire): string {
  return `${itemKey(event)}:${String(event['content_index'])}`;
}

/** Inside a stream, an error of the caller's making is one all the same; all others cut it. */
function asCut(error: GatewayError): GatewayError {
  return error.row.source === 'client' || error.code === 'upstream_credentials'
    ? error
    : new GatewayError('upstream_stream_interrupted', error.message, error.options);
}

function interrupted(message: string, cause?: unknown): GatewayError {
  return new GatewayError('upstream_stream_interrupted', message, { cause });
}

const OBJECT_OPEN = 123;
const decoder = new TextDecoder('utf-8', { fatal: true });
