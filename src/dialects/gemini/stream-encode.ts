/*
 * Server side: writes a stream of responses, as events or as one array. All that is told at once goes into one response, each candidate with its parts. Calls come
 * whole; the last response says why each candidate ended, and what was used.
 */

import type { GatewayError } from '../../base/errors.ts';
import type { FinishReason, Signature, TokenLogProbability } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { ARRAY_PING, arrayError } from './array-meter.ts';
import { writeArguments } from './calls.ts';
import { GroundingWriter, isBeside } from './citations.ts';
import { errorJson } from './errors.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { encodeFinish } from './finish.ts';
import { writeLogProbabilities } from './log-probabilities.ts';
import { writeMedia } from './media.ts';
import { writeOwnSignature, writeThought } from './thoughts.ts';
import { writeUsage } from './usage.ts';

interface OpenPart {
  readonly part: number;
  readonly opening: PartOpening;
  /** Of a call, its arguments so far; of a text, what was said; of sound, what is said in it. */
  text: string;
  signature: Signature | undefined;
}

interface Choice {
  open: OpenPart | undefined;
  /** What the next response tells. */
  parts: Record<string, unknown>[];
  /** The part that the last of them belongs to. */
  lastPart: number | undefined;
  probabilities: TokenLogProbability[];
  readonly grounding: GroundingWriter;
  beside: Fields;
  hasContent: boolean;
  finish: FinishReason | undefined;
}

export class GeminiStreamEncoder implements ChatStreamEncoder {
  readonly ping?: Uint8Array;
  readonly encodeError?: (error: GatewayError, correlationId: string) => Uint8Array;
  readonly #isArray: boolean;
  readonly #choices = new Map<number, Choice>();
  #model: string;
  #id: string;
  #usage: Usage | undefined;
  #isBegun = false;

  constructor({ form, model, id }: EncodeFacts) {
    this.#model = model;
    this.#id = id;
    this.#isArray = form === 'array';
    if (!this.#isArray) return;
    this.ping = ARRAY_PING;
    this.encodeError = (error, correlationId) => arrayError(this.#isBegun, errorJson(error, correlationId));
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    let isOver = false;
    for (const event of events) {
      if (event.kind === 'end') isOver = true;
      else this.#take(event);
    }
    const json = [this.#told(), isOver ? this.#closing() : ''].filter((response) => response !== '');
    if (json.length === 0) return undefined;
    const text = json.map((response) => this.#framed(response)).join('');
    return Buffer.from(isOver && this.#isArray ? `${text}]` : text);
  }

  #framed(json: string): string {
    const before = this.#isBegun ? ',\r\n' : '[';
    this.#isBegun = true;
    return this.#isArray ? before + json : `data: ${json}\r\n\r\n`;
  }

  #take(event: ChatEvent): void {
    switch (event.kind) {
      case 'start':
        this.#model = event.model ?? this.#model;
        this.#id = event.id ?? this.#id;
        this.#usage = event.usage ?? this.#usage;
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'finish':
        this.#choice(event.choice).finish = event.reason;
        return;
      case 'part':
        this.#begin(this.#choice(event.choice), event.part, event.opening);
        break;
      case 'end':
      case 'failure':
        break;
      default:
        this.#ofPart(this.#choice(event.choice), event);
    }
  }

  #choice(index: number): Choice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = {
        open: undefined,
        parts: [],
        lastPart: undefined,
        probabilities: [],
        grounding: new GroundingWriter(),
        beside: {},
        hasContent: false,
        finish: undefined,
      };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  #begin(choice: Choice, part: number, opening: PartOpening): void {
    choice.open = { part, opening, text: '', signature: opening.kind === 'tool-call' ? opening.signature : undefined };
    choice.lastPart = undefined;
    if (opening.kind === 'image') choice.parts.push({ ...writeMedia(opening) });
    if (opening.kind !== 'native') return;
    if (isBeside(opening.value)) choice.beside = { ...choice.beside, ...opening.value };
    else choice.parts.push({ ...fieldsOf(opening.value) });
  }

  #ofPart(choice: Choice, event: ChatEvent & { readonly part: number; readonly choice: number }): void {
    const { open } = choice;
    if (open === undefined) return;
    switch (event.kind) {
      case 'text':
        this.#text(choice, open, event.text);
        return;
      case 'arguments':
        open.text += event.text;
        return;
      case 'signature':
        open.signature = event.signature;
        return;
      case 'citation':
        choice.grounding.cite(event.citation, open.text);
        return;
      case 'log-probabilities':
        choice.probabilities.push(...event.tokens);
        return;
      case 'audio':
        if (open.opening.kind === 'audio') choice.parts.push({ inlineData: { mimeType: open.opening.media, data: event.base64 } });
        return;
      case 'part-end':
        this.#close(choice, open);
        break;
      default:
        break;
    }
  }

  #text(choice: Choice, open: OpenPart, text: string): void {
    const { kind } = open.opening;
    if (kind !== 'reasoning') open.text += text;
    // What is said in a sound is told behind it: between its pieces it would part them.
    if (kind === 'audio') return;
    const last = choice.parts.at(-1);
    if (choice.lastPart === open.part && last !== undefined) last['text'] = String(last['text']) + text;
    else choice.parts.push({ text, ...(kind === 'reasoning' ? { thought: true } : {}) });
    choice.lastPart = open.part;
  }

  #close(choice: Choice, { opening, text, signature }: OpenPart): void {
    choice.open = undefined;
    choice.lastPart = undefined;
    switch (opening.kind) {
      case 'text':
      case 'refusal':
        choice.grounding.add({ text });
        return;
      case 'audio':
        if (text !== '') choice.parts.push({ text });
        return;
      case 'reasoning': {
        const { id, sealed } = opening;
        if (signature === undefined && id === undefined) return;
        choice.parts.push({
          ...writeThought({
            text: '',
            ...(signature === undefined ? {} : { signature }),
            ...(sealed === undefined ? {} : { sealed }),
            ...(id === undefined ? {} : { id }),
          }),
        });
        return;
      }
      case 'tool-call':
        choice.parts.push({
          functionCall: { id: opening.id, name: opening.name, args: writeArguments(text, opening.custom) },
          ...writeOwnSignature(signature),
        });
        break;
      default:
        break;
    }
  }

  /** What is new, as a response; empty where nothing is. */
  #told(): string {
    const candidates: Fields[] = [];
    for (const [index, choice] of this.#choices) {
      const { parts, probabilities } = choice;
      if (parts.length === 0 && probabilities.length === 0) continue;
      candidates.push({
        ...(parts.length === 0 ? {} : { content: { parts, role: 'model' } }),
        index,
        ...writeLogProbabilities(probabilities),
      });
      choice.hasContent ||= parts.length > 0;
      choice.parts = [];
      choice.probabilities = [];
      choice.lastPart = undefined;
    }
    return candidates.length === 0 ? '' : JSON.stringify({ candidates, ...this.#frame() });
  }

  #closing(): string {
    const candidates = [...this.#choices].map(([index, { hasContent, grounding, beside, finish = 'other' }]) => ({
      // As the vendor closes an answer: clients add up texts without looking whether there is one.
      ...(hasContent ? { content: { parts: [{ text: '' }], role: 'model' } } : {}),
      finishReason: encodeFinish(finish),
      index,
      ...grounding.told,
      ...beside,
    }));
    return JSON.stringify({ candidates, ...writeUsage(this.#usage), ...this.#frame() });
  }

  #frame(): Fields {
    return { modelVersion: this.#model, responseId: this.#id };
  }
}
