/*
 * Client side: reads a stream into events of ours. Blocks come one after the other, each is a part; what is no text, thought or call is told when it is
 * whole, since nobody could read half of one.
 */

import type { GatewayError } from '../../base/errors.ts';
import { createFrameScanner, type FrameSpan, frameHeaders } from '../../base/event-frames.ts';
import type { Signature } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { type Block, memberOf } from './block.ts';
import { isServerTool, native } from './block-decode.ts';
import { decodeCitation } from './citations.ts';
import { BEDROCK_CONVERSE } from './dialect-name.ts';
import { interrupted, toldException } from './errors.ts';
import { decodeFinish } from './finish.ts';
import { FRAME_BYTES_MAX } from './frames.ts';
import { mediaOf } from './media.ts';
import { readStopSequence } from './reply-codec.ts';
import { callOf } from './thoughts.ts';
import { readUsage } from './usage.ts';

/** Held until a block is whole: a native one, a picture, a signature. */
const HELD_CHARS_MAX = 32 * 1_048_576;
/** An answer has some hundred blocks; more is no answer. */
const BLOCKS_MAX = 100_000;

interface OpenBlock {
  readonly part: number;
  readonly kind: 'text' | 'reasoning' | 'tool-call' | 'held';
  /** A piece of it has been told. */
  told: boolean;
  /** Proof of a thought. */
  signature: string;
  /** What is told when it is whole: its beginning and its pieces, each under its kind. */
  readonly held: { readonly start: Block; readonly deltas: Block[] } | undefined;
}

const decoder = new TextDecoder();

export class BedrockStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createFrameScanner({ frameBytesMax: FRAME_BYTES_MAX });
  readonly #onFrame = (bytes: Uint8Array, span: Readonly<FrameSpan>): void => this.#frame(bytes, span);
  readonly #open = new Map<unknown, OpenBlock>();
  readonly #callSignatures = new Map<string, Signature>();
  #events: ChatEvent[] = [];
  #parts = 0;
  #heldChars = 0;
  #started = false;
  #finished = false;
  /** `end` or `failure` has been told. */
  #over = false;

  push(chunk: Uint8Array): readonly ChatEvent[] {
    try {
      this.#scanner.push(chunk, this.#onFrame);
    } catch (cause) {
      this.#fail(interrupted('the upstream sent a malformed frame', cause));
    }
    return this.#take();
  }

  finish(): readonly ChatEvent[] {
    if (!this.#over) {
      if (this.#finished && this.#scanner.pendingBytes === 0) this.#end();
      else this.#fail(interrupted('the upstream ended its stream before the end of the answer'));
    }
    return this.#take();
  }

  #take(): readonly ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #frame(bytes: Uint8Array, span: Readonly<FrameSpan>): void {
    if (this.#over) return;
    const headers = frameHeaders(bytes, span);
    const payload = bytes.subarray(span.payloadStart, span.payloadEnd);
    if (headers.get(':message-type') !== 'event') {
      this.#fail(toldException(headers, payload));
      return;
    }
    const event: unknown = JSON.parse(decoder.decode(payload));
    if (isRecord(event)) this.#read(headers.get(':event-type'), event);
  }

  #read(type: string | undefined, event: Block): void {
    const index = event['contentBlockIndex'];
    switch (type) {
      case 'messageStart':
        this.#start();
        return;
      case 'contentBlockStart':
        if (isRecord(event['start'])) this.#begin(index, event['start']);
        return;
      case 'contentBlockDelta':
        if (isRecord(event['delta'])) this.#delta(index, event['delta']);
        return;
      case 'contentBlockStop':
        this.#close(index);
        return;
      case 'messageStop':
        this.#stop(event);
        return;
      case 'metadata': {
        const usage = readUsage(event['usage']);
        if (usage !== undefined && this.#started) this.#tell({ kind: 'usage', usage });
        if (this.#finished) this.#end();
        break;
      }
      default:
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#tell({ kind: 'start' });
  }

  #begin(index: unknown, start: Block): void {
    const [kind, value] = memberOf(start) ?? [];
    if (kind === 'toolUse' && isRecord(value) && !isServerTool(value)) {
      const id = typeof value['toolUseId'] === 'string' ? value['toolUseId'] : '';
      const name = typeof value['name'] === 'string' ? value['name'] : '';
      const signature = this.#callSignatures.get(id);
      this.#openBlock(index, { kind: 'tool-call', id, name, ...(signature === undefined ? {} : { signature }) });
    } else if (kind !== undefined) this.#hold(index, start);
  }

  #openBlock(index: unknown, opening: PartOpening): OpenBlock | undefined {
    const block = this.#add(index, opening.kind as OpenBlock['kind'], undefined);
    if (block !== undefined) this.#tell({ kind: 'part', choice: 0, part: block.part, opening });
    return block;
  }

  #hold(index: unknown, start: Block): OpenBlock | undefined {
    return this.#add(index, 'held', { start, deltas: [] });
  }

  #add(index: unknown, kind: OpenBlock['kind'], held: OpenBlock['held']): OpenBlock | undefined {
    if (this.#finished) return undefined;
    this.#start();
    if (this.#open.has(index)) this.#close(index);
    if (this.#parts >= BLOCKS_MAX) {
      this.#fail(interrupted('the upstream sends more blocks than an answer has'));
      return undefined;
    }
    const block: OpenBlock = { part: this.#parts++, kind, told: false, signature: '', held };
    this.#open.set(index, block);
    return block;
  }

  #delta(index: unknown, delta: Block): void {
    const [kind, value] = memberOf(delta) ?? [];
    const open = this.#open.get(index);
    if (open?.held !== undefined) {
      this.#keep(JSON.stringify(delta).length);
      open.held.deltas.push(delta);
      return;
    }
    switch (kind) {
      case 'text':
        this.#text(this.#of(index, open, { kind: 'text' }), value);
        return;
      case 'citation': {
        const citation = decodeCitation(value);
        const block = this.#of(index, open, { kind: 'text' });
        if (citation !== undefined && block !== undefined) this.#tell({ kind: 'citation', choice: 0, part: block.part, citation });
        return;
      }
      case 'reasoningContent':
        if (isRecord(value)) this.#thought(index, open, value);
        return;
      case 'toolUse': {
        const text = isRecord(value) ? value['input'] : undefined;
        if (open?.kind !== 'tool-call' || typeof text !== 'string' || text === '') return;
        open.told = true;
        this.#tell({ kind: 'arguments', choice: 0, part: open.part, text });
        break;
      }
      case undefined:
        break;
      default: {
        const held = this.#hold(index, {});
        this.#keep(JSON.stringify(delta).length);
        held?.held?.deltas.push(delta);
      }
    }
  }

  /** The block that the piece belongs to; texts and thoughts begin with their first. */
  #of(index: unknown, open: OpenBlock | undefined, opening: PartOpening): OpenBlock | undefined {
    return open?.kind === opening.kind ? open : this.#openBlock(index, opening);
  }

  #thought(index: unknown, open: OpenBlock | undefined, content: Block): void {
    const { text, signature, redactedContent: hidden } = content;
    if (typeof hidden === 'string') {
      const call = callOf(hidden);
      if (call !== undefined && open === undefined) {
        // It belongs to the call that follows, and is no part by itself.
        if (this.#callSignatures.size < BLOCKS_MAX) this.#callSignatures.set(call, { dialect: BEDROCK_CONVERSE, value: hidden });
        return;
      }
      const block = this.#of(index, open, { kind: 'reasoning', sealed: true });
      if (block !== undefined) block.signature = joined(block.signature, hidden);
      this.#keep(hidden.length);
      return;
    }
    const block = this.#of(index, open, { kind: 'reasoning' });
    this.#text(block, text);
    if (block === undefined || typeof signature !== 'string') return;
    this.#keep(signature.length);
    block.signature += signature;
  }

  #text(block: OpenBlock | undefined, text: unknown): void {
    if (block === undefined || typeof text !== 'string' || text === '') return;
    this.#tell({ kind: 'text', choice: 0, part: block.part, text });
  }

  #keep(chars: number): void {
    this.#heldChars += chars;
    if (this.#heldChars > HELD_CHARS_MAX) this.#fail(interrupted('a block of the upstream is too long'));
  }

  #close(index: unknown): void {
    const block = this.#open.get(index);
    if (block === undefined) return;
    this.#open.delete(index);
    const { part, held, kind, signature } = block;
    if (held !== undefined) this.#tell({ kind: 'part', choice: 0, part, opening: heldOpening(held) });
    // A call without arguments has no pieces.
    else if (kind === 'tool-call' && !block.told) this.#tell({ kind: 'arguments', choice: 0, part, text: '{}' });
    else if (signature !== '')
      this.#tell({ kind: 'signature', choice: 0, part, signature: { dialect: BEDROCK_CONVERSE, value: signature } });
    this.#tell({ kind: 'part-end', choice: 0, part });
  }

  #stop(event: Block): void {
    if (this.#finished) return;
    this.#start();
    for (const index of this.#open.keys()) this.#close(index);
    this.#finished = true;
    const stopSequence = readStopSequence(event);
    this.#tell({
      kind: 'finish',
      choice: 0,
      reason: decodeFinish(event['stopReason']),
      ...(stopSequence === undefined ? {} : { stopSequence }),
    });
  }

  #end(): void {
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

/** Pieces of a sealed thought are base64 of their own. */
function joined(before: string, piece: string): string {
  if (before === '') return piece;
  return Buffer.concat([Buffer.from(before, 'base64'), Buffer.from(piece, 'base64')]).toString('base64');
}

/** A picture, a call of a tool of the vendor's, or something that we do not know, as it would stand in a whole answer. */
function heldOpening({ start, deltas }: { readonly start: Block; readonly deltas: readonly Block[] }): PartOpening {
  const [kind, begun] = memberOf(start) ?? memberOf(deltas[0]) ?? [];
  if (kind === undefined) return native({});
  const pieces = deltas.flatMap((delta) => (delta[kind] === undefined ? [] : [delta[kind]]));
  const head = isRecord(begun) && memberOf(start) !== undefined ? begun : {};
  if (kind === 'image') {
    const sources = pieces.flatMap((piece) => (isRecord(piece) && isRecord(piece['source']) ? [piece['source']['bytes']] : []));
    const bytes = sources.flatMap((source) => (typeof source === 'string' ? [source] : []));
    if (bytes.length > 0)
      return { kind: 'image', source: { kind: 'data', media: mediaOf('image', head['format']), base64: bytes.reduce(joined, '') } };
  }
  if (kind === 'toolUse') {
    const text = pieces.map((piece) => (isRecord(piece) && typeof piece['input'] === 'string' ? piece['input'] : '')).join('');
    return native({ toolUse: { ...head, input: inputOf(text) } });
  }
  if (kind === 'toolResult') return native({ toolResult: { ...head, content: pieces.flat() } });
  const [only] = pieces;
  return native({ [kind]: pieces.length === 1 ? only : pieces });
}

/** Cut JSON stays the text that it is. */
function inputOf(text: string): unknown {
  try {
    return text === '' ? {} : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}
