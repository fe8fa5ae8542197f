/*
 * Server side: events of ours as a stream. Blocks are numbered as they are told. Why it ended is told with the usage, in one event, so it waits for the
 * end. A thought is opened when its first piece shows whether it has a text or is sealed.
 */

import type { FinishReason, Signature } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { isRecord } from '../dialect-errors.ts';
import { toolInput } from './block-encode.ts';
import { encodeCitation } from './citations.ts';
import { encodeFinish, stopDetails } from './finish.ts';
import { messageId } from './reply-codec.ts';
import { type Block, writeCallSignature, writeThought } from './thoughts.ts';
import { validToolId } from './tool-ids.ts';
import { writeUsage } from './usage.ts';

/** The part that is being told; there is one at a time. */
interface OpenPart {
  readonly opening: PartOpening;
  /** Number of its block; undefined: the block has not begun. */
  index: number | undefined;
  signature: Signature | undefined;
  /** Of a call that takes text instead of JSON: all of it, for it must be put into JSON. */
  plain: string;
}

export class AnthropicStreamEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  #out = '';
  #blocks = 0;
  #open: OpenPart | undefined;
  #hasCalls = false;
  #started = false;
  #usage: Usage | undefined;
  #finish: { readonly reason: FinishReason; readonly stopSequence?: string } = { reason: 'other' };

  constructor(facts: EncodeFacts) {
    this.#facts = facts;
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    for (const event of events) this.#event(event);
    if (this.#out === '') return undefined;
    const bytes = Buffer.from(this.#out);
    this.#out = '';
    return bytes;
  }

  #event(event: ChatEvent): void {
    // This dialect has one answer to a question.
    if ('choice' in event && event.choice !== 0) return;
    switch (event.kind) {
      case 'start':
        this.#usage = event.usage;
        this.#start(event.id, event.model);
        return;
      case 'part':
        this.#part(event.opening);
        return;
      case 'text':
        this.#text(event.text);
        return;
      case 'arguments':
        if (this.#open?.opening.kind === 'tool-call' && this.#open.opening.custom === true) this.#open.plain += event.text;
        else this.#delta('input_json_delta', 'partial_json', event.text);
        return;
      case 'signature':
        if (this.#open !== undefined) this.#open.signature = event.signature;
        return;
      case 'citation': {
        const citation = encodeCitation(event.citation);
        if (citation !== undefined)
          this.#write('content_block_delta', { index: this.#open?.index, delta: { type: 'citations_delta', citation } });
        return;
      }
      case 'part-end':
        this.#close();
        return;
      case 'finish':
        this.#finish = event;
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        this.#end();
        break;
      default:
        // Log probabilities and audio are beyond this dialect; a failure is told elsewhere.
        break;
    }
  }

  #start(id: string | undefined, model: string | undefined): void {
    if (this.#started) return;
    this.#started = true;
    this.#write('message_start', {
      message: {
        id: messageId(id, this.#facts),
        type: 'message',
        role: 'assistant',
        model: model ?? this.#facts.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        stop_details: null,
        usage: writeUsage(this.#usage),
      },
    });
  }

  #part(opening: PartOpening): void {
    this.#start(undefined, undefined);
    this.#close();
    const open: OpenPart = { opening, index: undefined, signature: undefined, plain: '' };
    this.#open = open;
    switch (opening.kind) {
      case 'text':
      case 'refusal':
        this.#begin(open, { type: 'text', text: '' });
        return;
      case 'tool-call': {
        this.#hasCalls = true;
        const id = validToolId(opening.id);
        if (opening.signature !== undefined) this.#whole(writeCallSignature(opening.signature, id));
        this.#begin(open, { type: 'tool_use', id, name: opening.name, input: {} });
        return;
      }
      case 'native':
        if (isRecord(opening.value)) this.#begin(open, opening.value);
        break;
      default:
        // A thought waits for its first piece; pictures and sound are beyond this dialect.
        break;
    }
  }

  #text(text: string): void {
    const open = this.#open;
    if (open?.opening.kind !== 'reasoning') {
      this.#delta('text_delta', 'text', text);
      return;
    }
    if (open.index === undefined) this.#begin(open, { type: 'thinking', thinking: '', signature: '' });
    this.#delta('thinking_delta', 'thinking', text);
  }

  #begin(open: OpenPart, block: Block): void {
    open.index = this.#blocks++;
    this.#write('content_block_start', { index: open.index, content_block: block });
  }

  /** A block that says all when it opens. */
  #whole(block: Block): void {
    const index = this.#blocks++;
    this.#write('content_block_start', { index, content_block: block });
    this.#write('content_block_stop', { index });
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    if (open.opening.kind === 'tool-call' && open.opening.custom === true)
      this.#delta('input_json_delta', 'partial_json', JSON.stringify(toolInput({ arguments: open.plain, custom: true })));
    this.#open = undefined;
    if (open.opening.kind === 'reasoning') this.#closeThought(open, open.opening);
    else if (open.index !== undefined) this.#write('content_block_stop', { index: open.index });
  }

  #closeThought({ index, signature }: OpenPart, { id, sealed }: PartOpening & { kind: 'reasoning' }): void {
    const more = {
      ...(signature === undefined ? {} : { signature }),
      ...(id === undefined ? {} : { id }),
      ...(sealed === undefined ? {} : { sealed }),
    };
    // Whether there was a text is all that the form of its signature depends on.
    const block = writeThought({ text: index === undefined ? '' : '…', ...more });
    if (index !== undefined) {
      this.#write('content_block_delta', { index, delta: { type: 'signature_delta', signature: block['signature'] } });
      this.#write('content_block_stop', { index });
      return;
    }
    if (block['type'] === 'redacted_thinking') {
      this.#whole(block);
      return;
    }
    const shut = this.#blocks++;
    this.#write('content_block_start', { index: shut, content_block: { type: 'thinking', thinking: '', signature: '' } });
    this.#write('content_block_delta', { index: shut, delta: { type: 'signature_delta', signature: block['signature'] } });
    this.#write('content_block_stop', { index: shut });
  }

  #end(): void {
    this.#start(undefined, undefined);
    this.#close();
    const reason = encodeFinish(this.#finish.reason, this.#hasCalls);
    this.#write('message_delta', {
      delta: { stop_reason: reason, stop_sequence: this.#finish.stopSequence ?? null, stop_details: stopDetails(reason) },
      usage: writeUsage(this.#usage),
    });
    this.#write('message_stop', {});
  }

  /** The pieces of an answer, which are nearly all of its events: one string and one JSON.stringify of the text. */
  #delta(type: string, name: string, text: string): void {
    const index = this.#open?.index;
    if (index === undefined) return;
    this.#out += `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{"type":"${type}","${name}":${JSON.stringify(text)}}}\n\n`;
  }

  #write(type: string, members: object): void {
    this.#out += `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
  }
}
