/*
 * Writes a stream of the Responses API.
 *
 *   response.created, response.in_progress
 *   ( response.output_item.added ─▶ its parts and pieces, each begun, filled and ended ─▶ response.output_item.done )*
 *   response.completed or response.incomplete, with the whole answer once more
 *
 * Numbers rise by one from 0. Texts and refusals that follow each other are the content of one message; all else is an item of its own.
 */

import type { GatewayError } from '../../base/errors.ts';
import type { Citation, FinishReason, Signature, TokenLogProbability } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { writeCitation } from './citations.ts';
import { errorEvent } from './errors.ts';
import { AnswerIds } from './ids.ts';
import {
  callItem,
  callSignatureItem,
  imageItem,
  imageLink,
  messageItem,
  type RefusalContent,
  reasoningItem,
  type TextContent,
  textContent,
  writeLogProbabilities,
} from './items.ts';
import { type ResponseFrame, responseObject } from './response-object.ts';
import { sealOf } from './thoughts.ts';

/** The part that is being told. What it says is kept, for its end repeats it. */
interface OpenPart {
  readonly opening: PartOpening;
  readonly id: string;
  text: string;
  signature: Signature | undefined;
  readonly citations: Citation[];
  tokens: readonly TokenLogProbability[];
  /** The item has been announced: a thought waits for its first words, since one that is sealed has none. */
  begun: boolean;
}

interface OpenMessage {
  readonly id: string;
  readonly content: (TextContent | RefusalContent)[];
}

export class ResponsesEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  #ids: AnswerIds;
  #frame: ResponseFrame;
  readonly #output: unknown[] = [];
  #message: OpenMessage | undefined;
  #part: OpenPart | undefined;
  #finish: FinishReason = 'stop';
  #usage: Usage | undefined;
  #sequenceNumber = 0;
  #begun = false;
  #text = '';

  constructor(facts: EncodeFacts) {
    this.#facts = facts;
    this.#ids = new AnswerIds(facts.id, undefined);
    this.#frame = { id: this.#ids.response, model: undefined, createdAtMs: undefined };
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    for (const event of events) this.#event(event);
    if (this.#text === '') return undefined;
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    return bytes;
  }

  encodeError(error: GatewayError, correlationId: string): Uint8Array {
    return errorEvent(error, correlationId, this.#sequenceNumber++);
  }

  #event(event: ChatEvent): void {
    switch (event.kind) {
      case 'start':
        this.#start(event);
        return;
      case 'part':
        this.#open(event.opening);
        return;
      case 'text':
      case 'arguments':
        this.#piece(event.text);
        return;
      case 'signature':
        if (this.#part !== undefined) this.#part.signature = event.signature;
        return;
      case 'citation':
        this.#cite(event.citation);
        return;
      case 'log-probabilities':
        if (this.#part !== undefined) this.#part.tokens = [...this.#part.tokens, ...event.tokens];
        return;
      case 'part-end':
        this.#close();
        return;
      case 'finish':
        // This API knows one answer; the others were not asked for.
        if (event.choice === 0) this.#finish = event.reason;
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        this.#end();
        break;
      default:
    }
  }

  #write(type: string, fields: object): void {
    this.#text += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequenceNumber, ...fields })}\n\n`;
    this.#sequenceNumber += 1;
  }

  #start({ id, model, createdAtMs, usage }: ChatEvent & { kind: 'start' }): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#ids = new AnswerIds(this.#facts.id, id);
    this.#frame = { id: this.#ids.response, model, createdAtMs };
    this.#usage = usage;
    const response = responseObject(this.#frame, this.#facts, { kind: 'in-progress' });
    this.#write('response.created', { response });
    this.#write('response.in_progress', { response });
  }

  #open(opening: PartOpening): void {
    const isContent = opening.kind === 'text' || opening.kind === 'refusal';
    if (!isContent) this.#closeMessage();
    const part: OpenPart = {
      opening,
      id: isContent ? this.#openMessage().id : this.#itemId(opening),
      text: '',
      signature: undefined,
      citations: [],
      tokens: [],
      begun: false,
    };
    this.#part = part;
    if (opening.kind === 'text') this.#content(part, 'added', textContent('', [], []));
    else if (opening.kind === 'refusal') this.#content(part, 'added', { type: 'refusal', refusal: '' });
    else if (opening.kind === 'tool-call') {
      const carrier = callSignatureItem(opening.signature, this.#ids);
      if (carrier !== undefined) this.#wholeItem(carrier);
      this.#addItem(callItem(part.id, 'in_progress', { ...opening, arguments: '' }));
    }
  }

  #itemId(opening: PartOpening): string {
    if (opening.kind === 'reasoning') return opening.id ?? this.#ids.next('rs');
    if (opening.kind === 'tool-call') return this.#ids.next(opening.custom === true ? 'ctc' : 'fc');
    return this.#ids.next('ig');
  }

  #openMessage(): OpenMessage {
    if (this.#message === undefined) {
      this.#message = { id: this.#ids.next('msg'), content: [] };
      this.#addItem(messageItem(this.#message.id, 'in_progress', []));
    }
    return this.#message;
  }

  #closeMessage(): void {
    if (this.#message === undefined) return;
    const { id, content } = this.#message;
    this.#message = undefined;
    this.#endItem(messageItem(id, 'completed', content));
  }

  #addItem(item: unknown): void {
    this.#write('response.output_item.added', { output_index: this.#output.length, item });
  }

  #endItem(item: unknown): void {
    this.#write('response.output_item.done', { output_index: this.#output.length, item });
    this.#output.push(item);
  }

  #wholeItem(item: unknown): void {
    this.#addItem(item);
    this.#endItem(item);
  }

  /** Where the part stands. */
  #place({ id }: OpenPart): { item_id: string; output_index: number; content_index: number } {
    return { item_id: id, output_index: this.#output.length, content_index: this.#message?.content.length ?? 0 };
  }

  #content(part: OpenPart, what: 'added' | 'done', content: TextContent | RefusalContent): void {
    this.#write(`response.content_part.${what}`, { ...this.#place(part), part: content });
  }

  #piece(text: string): void {
    const part = this.#part;
    if (part === undefined) return;
    part.text += text;
    switch (part.opening.kind) {
      case 'text':
        this.#write('response.output_text.delta', { ...this.#place(part), delta: text, logprobs: [] });
        return;
      case 'refusal':
        this.#write('response.refusal.delta', { ...this.#place(part), delta: text });
        return;
      case 'reasoning':
        this.#beginThought(part);
        this.#write('response.reasoning_summary_text.delta', { ...this.#summaryPlace(part), delta: text });
        return;
      case 'tool-call':
        this.#write(`response.${callEvents(part.opening)}.delta`, { item_id: part.id, output_index: this.#output.length, delta: text });
        break;
      default:
    }
  }

  #summaryPlace({ id }: OpenPart): object {
    return { item_id: id, output_index: this.#output.length, summary_index: 0 };
  }

  #beginThought(part: OpenPart): void {
    if (part.begun) return;
    part.begun = true;
    this.#addItem({ id: part.id, type: 'reasoning', summary: [] });
    this.#write('response.reasoning_summary_part.added', { ...this.#summaryPlace(part), part: { type: 'summary_text', text: '' } });
  }

  #cite(citation: Citation): void {
    const part = this.#part;
    if (part?.opening.kind !== 'text') return;
    this.#write('response.output_text.annotation.added', {
      ...this.#place(part),
      annotation_index: part.citations.length,
      annotation: writeCitation(citation, part.text),
    });
    part.citations.push(citation);
  }

  #close(): void {
    const part = this.#part;
    if (part === undefined) return;
    this.#part = undefined;
    const { opening, id, text } = part;
    switch (opening.kind) {
      case 'text': {
        const content = textContent(text, part.citations, part.tokens);
        this.#write('response.output_text.done', { ...this.#place(part), text, logprobs: writeLogProbabilities(part.tokens) });
        this.#content(part, 'done', content);
        this.#message?.content.push(content);
        return;
      }
      case 'refusal': {
        const content: RefusalContent = { type: 'refusal', refusal: text };
        this.#write('response.refusal.done', { ...this.#place(part), refusal: text });
        this.#content(part, 'done', content);
        this.#message?.content.push(content);
        return;
      }
      case 'reasoning':
        this.#closeThought(part);
        return;
      case 'tool-call': {
        const words = opening.custom === true ? { input: text } : { arguments: text };
        this.#write(`response.${callEvents(opening)}.done`, { item_id: id, output_index: this.#output.length, ...words });
        this.#endItem(callItem(id, 'completed', { ...opening, arguments: text }));
        return;
      }
      case 'image': {
        const item = imageItem(opening, id);
        if (item !== undefined) this.#wholeItem(item);
        else this.#link(imageLink(opening));
        return;
      }
      case 'native':
        this.#wholeItem(opening.value);
        break;
      default:
    }
  }

  #closeThought(part: OpenPart): void {
    const { id, text, signature } = part;
    if (!part.begun) {
      // Nothing of it was shown: it is told in one piece, under the vendor's id where it has one.
      this.#wholeItem(reasoningItem(id, text, signature));
      return;
    }
    const told = { type: 'summary_text', text };
    this.#write('response.reasoning_summary_text.done', { ...this.#summaryPlace(part), text });
    this.#write('response.reasoning_summary_part.done', { ...this.#summaryPlace(part), part: told });
    const { encrypted_content: sealed } = sealOf(signature);
    this.#endItem({ id, type: 'reasoning', summary: [told], ...(sealed === undefined ? {} : { encrypted_content: sealed }) });
  }

  /** A text of its own. */
  #link(text: string): void {
    this.#open({ kind: 'text' });
    this.#piece(text);
    this.#close();
  }

  #end(): void {
    this.#closeMessage();
    const state = { kind: 'ended', finish: this.#finish, output: this.#output, usage: this.#usage } as const;
    const response = responseObject(this.#frame, this.#facts, state);
    this.#write(response['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed', { response });
  }
}

function callEvents({ custom }: { readonly custom?: true }): string {
  return custom === true ? 'custom_tool_call_input' : 'function_call_arguments';
}
