/*
 * Client side: reads a stream into events of ours. Blocks come one after the other, each is a part; native ones are told when they are whole, since
 * nobody could read half of one.
 */

import { GatewayError } from '../../base/errors.ts';
import { createSseScanner, type SseSpan } from '../../base/sse.ts';
import type { Signature } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { isToolset, native } from './block-decode.ts';
import { decodeCitation } from './citations.ts';
import { ANTHROPIC_MESSAGES } from './dialect-name.ts';
import { toldError } from './errors.ts';
import { decodeFinish } from './finish.ts';
import { EVENT_BYTES_MAX, eventData, interrupted } from './stream.ts';
import { type Block, callOf, ownSignature } from './thoughts.ts';
import { laterUsage, readUsage } from './usage.ts';

/** A native block and its pieces are held until it is whole. */
const NATIVE_CHARS_MAX = 16 * 1_048_576;
/** An answer has some hundred blocks; more is no answer. */
const BLOCKS_MAX = 100_000;

interface OpenBlock {
  /** Of a native block it is not known before it is whole: parts are numbered as they are told. */
  readonly part: number;
  readonly kind: PartOpening['kind'];
  /** Of a call: its input as it stood in the opening, for servers that give it whole. */
  readonly input?: unknown;
  /** A piece of it has been told. */
  told: boolean;
  /** Of a native block: what it is so far, and the text of its input. */
  readonly value?: Record<string, unknown>;
  inputText: string;
}

const decoder = new TextDecoder();

export class AnthropicStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createSseScanner({ eventBytesMax: EVENT_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  readonly #open = new Map<unknown, OpenBlock>();
  #events: ChatEvent[] = [];
  readonly #callSignatures = new Map<string, Signature>();
  #parts = 0;
  #started = false;
  #finished = false;
  #usage: Usage | undefined;
  /** `end` or `failure` has been told. */
  #over = false;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    try {
      this.#scanner.push(chunk, this.#onEvent);
    } catch (cause) {
      this.#fail(cause instanceof GatewayError ? interrupted('an event of the upstream is too long', cause) : unreadable(cause));
    }
    return this.#take();
  }

  finish(): readonly ChatEvent[] {
    try {
      this.#scanner.end(this.#onEvent);
    } catch (cause) {
      this.#fail(unreadable(cause));
    }
    if (!this.#over) {
      if (this.#finished) this.#end();
      else this.#fail(interrupted('the upstream ended its stream before the end of the answer'));
    }
    return this.#take();
  }

  #take(): readonly ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.#over || span.dataStart === -1) return;
    const data = eventData(bytes, span);
    // What does not even begin as an event holds nothing of the answer.
    if (data[0] !== 123 /* { */) return;
    if (!span.terminated) {
      this.#fail(interrupted('the upstream cut its stream inside an event'));
      return;
    }
    let event: unknown;
    try {
      event = JSON.parse(decoder.decode(data));
    } catch (cause) {
      this.#fail(unreadable(cause));
      return;
    }
    if (isRecord(event)) this.#read(event);
  }

  #read(event: Block): void {
    switch (event['type']) {
      case 'message_start':
        this.#start(isRecord(event['message']) ? event['message'] : {});
        return;
      case 'content_block_start':
        this.#begin(event['index'], event['content_block']);
        return;
      case 'content_block_delta':
        if (isRecord(event['delta'])) this.#delta(event['index'], event['delta']);
        return;
      case 'content_block_stop':
        this.#close(event['index']);
        return;
      case 'message_delta':
        this.#messageDelta(event);
        return;
      case 'message_stop':
        this.#end();
        return;
      case 'error':
        this.#fail(toldError('upstream_stream_interrupted', event));
        return;
      default:
        if (event['type'] === undefined && isRecord(event['error'])) this.#fail(toldError('upstream_stream_interrupted', event));
    }
  }

  #start({ id, model, usage }: Block): void {
    if (this.#started) return;
    this.#started = true;
    this.#usage = readUsage(usage);
    this.#events.push({
      kind: 'start',
      ...(typeof id === 'string' ? { id } : {}),
      ...(typeof model === 'string' ? { model } : {}),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    });
  }

  #begin(index: unknown, content: unknown): void {
    if (!isRecord(content) || this.#finished) return;
    this.#start({});
    if (this.#open.has(index)) this.#close(index);
    if (this.#parts + this.#open.size >= BLOCKS_MAX) {
      this.#fail(interrupted('the upstream sends more blocks than an answer has'));
      return;
    }
    const call = content['type'] === 'redacted_thinking' ? callOf(content['data']) : undefined;
    if (call !== undefined) {
      // It belongs to the call that follows, and is no part by itself.
      if (this.#callSignatures.size < BLOCKS_MAX)
        this.#callSignatures.set(call, { dialect: ANTHROPIC_MESSAGES, value: String(content['data']) });
      return;
    }
    const opening = this.#signed(openingOf(content));
    const block: OpenBlock = {
      part: opening === undefined ? -1 : this.#parts++,
      kind: opening?.kind ?? 'native',
      ...(opening === undefined ? { value: { ...content } } : { input: content['input'] }),
      told: false,
      inputText: '',
    };
    this.#open.set(index, block);
    if (opening === undefined) return;
    this.#tell({ kind: 'part', choice: 0, part: block.part, opening });
    this.#text(block, opening.kind === 'text' ? content['text'] : opening.kind === 'reasoning' ? content['thinking'] : undefined);
    this.#signature(block, content['type'] === 'redacted_thinking' ? content['data'] : content['signature']);
    if (Array.isArray(content['citations'])) for (const citation of content['citations']) this.#citation(block, citation);
  }

  #signed(opening: PartOpening | undefined): PartOpening | undefined {
    const signature = opening?.kind === 'tool-call' ? this.#callSignatures.get(opening.id) : undefined;
    return opening?.kind === 'tool-call' && signature !== undefined ? { ...opening, signature } : opening;
  }

  #delta(index: unknown, delta: Block): void {
    const block = this.#open.get(index);
    if (block === undefined) return;
    if (block.value !== undefined) {
      this.#nativeDelta(block, block.value, delta);
      return;
    }
    switch (delta['type']) {
      case 'text_delta':
        this.#text(block, delta['text']);
        return;
      case 'thinking_delta':
        this.#text(block, delta['thinking']);
        return;
      case 'signature_delta':
        this.#signature(block, delta['signature']);
        return;
      case 'input_json_delta': {
        const { partial_json: text } = delta;
        if (block.kind !== 'tool-call' || typeof text !== 'string' || text === '') return;
        block.told = true;
        this.#tell({ kind: 'arguments', choice: 0, part: block.part, text });
        return;
      }
      case 'citations_delta':
        this.#citation(block, delta['citation']);
        break;
      default:
        break;
    }
  }

  #text({ kind, part }: OpenBlock, text: unknown): void {
    if (typeof text !== 'string' || text === '' || (kind !== 'text' && kind !== 'reasoning')) return;
    this.#tell({ kind: 'text', choice: 0, part, text });
  }

  #signature({ kind, part }: OpenBlock, value: unknown): void {
    const signature = ownSignature(value);
    if (signature !== undefined && kind === 'reasoning') this.#tell({ kind: 'signature', choice: 0, part, signature });
  }

  #citation({ kind, part }: OpenBlock, value: unknown): void {
    const citation = decodeCitation(value);
    if (citation !== undefined && kind === 'text') this.#tell({ kind: 'citation', choice: 0, part, citation });
  }

  /** Texts of a native block grow, and everything else is what was said last: so do all blocks that there are. */
  #nativeDelta(block: OpenBlock, value: Record<string, unknown>, { type: _type, ...delta }: Block): void {
    for (const name of Object.keys(delta)) {
      const piece = delta[name];
      const before = value[name];
      if (name === 'partial_json' && typeof piece === 'string') block.inputText += piece;
      else value[name] = typeof piece === 'string' && typeof before === 'string' ? before + piece : piece;
      const held = name === 'partial_json' ? block.inputText : value[name];
      if (typeof held === 'string' && held.length > NATIVE_CHARS_MAX) this.#fail(interrupted('a block of the upstream is too long'));
    }
  }

  #close(index: unknown): void {
    const block = this.#open.get(index);
    if (block === undefined) return;
    this.#open.delete(index);
    const part = block.value === undefined ? block.part : this.#parts++;
    if (block.value !== undefined) {
      this.#tell({ kind: 'part', choice: 0, part, opening: native(withInput(block.value, block.inputText)) });
    } else if (block.kind === 'tool-call' && !block.told) {
      // A call without arguments has no pieces; some servers say them all at once.
      this.#tell({ kind: 'arguments', choice: 0, part, text: JSON.stringify(block.input ?? {}) });
    }
    this.#tell({ kind: 'part-end', choice: 0, part });
  }

  #messageDelta(event: Block): void {
    this.#usage = laterUsage(this.#usage, readUsage(event['usage']));
    const delta = isRecord(event['delta']) ? event['delta'] : {};
    const { stop_reason: reason, stop_sequence: stopSequence } = delta;
    if (typeof reason !== 'string' || this.#finished) return;
    this.#start({});
    for (const index of this.#open.keys()) this.#close(index);
    this.#finished = true;
    this.#tell({ kind: 'finish', choice: 0, reason: decodeFinish(reason), ...(typeof stopSequence === 'string' ? { stopSequence } : {}) });
  }

  #end(): void {
    if (!this.#finished) {
      this.#fail(interrupted('the upstream ended its answer without saying why'));
      return;
    }
    if (this.#usage !== undefined) this.#tell({ kind: 'usage', usage: this.#usage });
    this.#tell({ kind: 'end' });
    this.#over = true;
  }

  #tell(event: ChatEvent): void {
    if (!this.#over) this.#events.push(event);
  }

  #fail(error: GatewayError): void {
    this.#tell({ kind: 'failure', error });
    this.#over = true;
  }
}

/** Undefined: the block is native. */
function openingOf(content: Block): PartOpening | undefined {
  switch (content['type']) {
    case 'text':
      return { kind: 'text' };
    case 'thinking':
      return { kind: 'reasoning' };
    case 'redacted_thinking':
      return { kind: 'reasoning', sealed: true };
    case 'tool_use':
      if (isToolset(content)) return undefined;
      return { kind: 'tool-call', id: textOf(content['id']), name: textOf(content['name']) };
    default:
      return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The input of a tool of the vendor's came in pieces; cut JSON stays the text that it is. */
function withInput(value: Record<string, unknown>, text: string): unknown {
  if (text === '') return value;
  try {
    return { ...value, input: JSON.parse(text) as unknown };
  } catch {
    return { ...value, input: text };
  }
}

function unreadable(cause: unknown): GatewayError {
  return interrupted('the upstream sent a malformed event', cause);
}
