/* One of the answers of a stream of chat completion chunks. */

import { GatewayError } from '../../base/errors.ts';
import type { ChatPart, Signature } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import { createCallId } from '../dialect-call-id.ts';
import { isRecord } from '../dialect-errors.ts';
import { listOf, readCitations, readFinish, readImages, readProbabilities, stopSequenceOf } from './reply-decode.ts';
import { type Detail, listedThought, plainThought, readDetails, readToolSignature } from './thoughts.ts';

type Json = Readonly<Record<string, unknown>>;

/** The part that is being told, where it is no call. */
interface Current {
  readonly kind: 'text' | 'reasoning' | 'refusal' | 'audio';
  readonly part: number;
  /** Characters of the answer's text that came before it. */
  readonly offset: number;
  /** Of a thought: what it said so far, and OpenRouter's number of it. */
  thought: string;
  detail: number | undefined;
  /** A signature came, or the whole of it was repeated: what follows is another thought. */
  isComplete: boolean;
}

interface Call {
  readonly part: number;
  readonly id: string | undefined;
}

/** A call whose name has not come yet. */
interface Unnamed {
  id: string | undefined;
  written: string;
}

/** More calls than any model makes at once. */
const CALLS_MAX = 1_024;

export class ChoiceDecoder {
  isFinished = false;
  readonly #choice: number;
  readonly #kinds: ChatPart['kind'][] = [];
  readonly #calls = new Map<number, Call>();
  readonly #unnamed = new Map<number, Unnamed>();
  #current: Current | undefined;
  #textLength = 0;
  #lastCall = -1;

  constructor(choice: number) {
    this.#choice = choice;
  }

  take(choice: Json, told: ChatEvent[]): void {
    // What comes after the end of an answer is none of it.
    if (this.isFinished) return;
    const { delta, finish_reason: reason } = choice;
    if (isRecord(delta)) this.#delta(delta, told);
    const tokens = readProbabilities(choice['logprobs']);
    // Some servers tell those of thoughts, too.
    if (tokens.length > 0) told.push({ kind: 'log-probabilities', tokens, ...this.#of((this.#current ?? this.#open('text', told)).part) });
    if (typeof reason === 'string' && reason !== '') this.finish(reason, told, stopSequenceOf(choice));
  }

  finish(reason: string, told: ChatEvent[], stopSequence?: unknown): void {
    if (this.isFinished) return;
    this.#close(told);
    if (this.#unnamed.size > 0) throw new GatewayError('upstream_stream_interrupted', 'the upstream calls a tool without its name');
    for (const { part } of this.#calls.values()) told.push({ kind: 'part-end', ...this.#of(part) });
    const finish = readFinish(reason, this.#kinds);
    const isStopped = finish === 'stop' && typeof stopSequence === 'string';
    told.push({
      kind: 'finish',
      choice: this.#choice,
      reason: isStopped ? 'stop-sequence' : finish,
      ...(isStopped ? { stopSequence } : {}),
    });
    this.isFinished = true;
  }

  #delta(delta: Json, told: ChatEvent[]): void {
    this.#thoughts(delta, told);
    const { content, refusal, audio } = delta;
    if (typeof content === 'string') this.#say('text', content, told);
    else for (const part of listOf(content)) if (isRecord(part)) this.#listed(part, told);
    if (typeof refusal === 'string') this.#say('refusal', refusal, told);
    for (const citation of readCitations(delta['annotations'], this.#current?.kind === 'text' ? this.#current.offset : this.#textLength))
      told.push({ kind: 'citation', citation, ...this.#of(this.#open('text', told).part) });
    for (const image of readImages(delta['images'])) if (image.kind === 'image') this.#whole(image, told);
    if (isRecord(audio)) this.#audio(audio, told);
    for (const [position, call] of listOf(delta['tool_calls']).entries()) if (isRecord(call)) this.#call(call, position, told);
    const older = delta['function_call'];
    if (isRecord(older)) this.#call({ function: older, index: 0 }, 0, told);
  }

  #of(part: number): { readonly choice: number; readonly part: number } {
    return { choice: this.#choice, part };
  }

  #begin(opening: PartOpening, told: ChatEvent[]): number {
    const part = this.#kinds.length;
    this.#kinds.push(opening.kind);
    told.push({ kind: 'part', opening, ...this.#of(part) });
    return part;
  }

  /** The open part of that kind; one is begun where there is none. */
  #open(kind: Current['kind'], told: ChatEvent[], opening: PartOpening = kind === 'audio' ? AUDIO : { kind }): Current {
    if (this.#current?.kind === kind && !this.#current.isComplete) return this.#current;
    this.#close(told);
    const part = this.#begin(opening, told);
    this.#current = { kind, part, offset: this.#textLength, thought: '', detail: undefined, isComplete: false };
    return this.#current;
  }

  #close(told: ChatEvent[]): void {
    if (this.#current !== undefined) told.push({ kind: 'part-end', ...this.#of(this.#current.part) });
    this.#current = undefined;
  }

  #say(kind: 'text' | 'refusal' | 'reasoning', text: string, told: ChatEvent[]): void {
    if (text === '') return;
    const current = this.#open(kind, told);
    if (kind === 'text') this.#textLength += text.length;
    if (kind === 'reasoning') current.thought += text;
    told.push({ kind: 'text', text, ...this.#of(current.part) });
  }

  /** A part of content that is a list. */
  #listed(part: Json, told: ChatEvent[]): void {
    if (typeof part['text'] === 'string') this.#say('text', part['text'], told);
    this.#say('reasoning', listedThought(part), told);
  }

  /** The plain text and the details tell the same twice; of both, the text counts where it is there, and signatures always. */
  #thoughts(delta: Json, told: ChatEvent[]): void {
    const plain = plainThought(delta);
    const details = readDetails(delta['reasoning_details']);
    const [only] = details;
    if (plain !== '') {
      if (details.length === 1 && only?.index !== undefined) this.#turnTo(only.index, told);
      this.#say('reasoning', plain, told);
    }
    for (const detail of details) this.#detail(detail, plain !== '', told);
  }

  /** Another number is another thought. */
  #turnTo(index: number, told: ChatEvent[]): Current {
    const { detail } = this.#open('reasoning', told);
    if (detail !== undefined && detail !== index) this.#close(told);
    const current = this.#open('reasoning', told);
    current.detail = index;
    return current;
  }

  #detail({ text, signature, sealed, id, index }: Detail, isTold: boolean, told: ChatEvent[]): void {
    if (sealed === true) {
      this.#close(told);
      const part = this.#begin({ kind: 'reasoning', sealed: true, ...(id === undefined ? {} : { id }) }, told);
      if (signature !== undefined) told.push({ kind: 'signature', signature, ...this.#of(part) });
      told.push({ kind: 'part-end', ...this.#of(part) });
      return;
    }
    const current = index === undefined ? this.#open('reasoning', told) : this.#turnTo(index, told);
    // At its end the whole thought may be told again, with its signature or to part it from the next one.
    const isRepeated = text !== '' && text === current.thought && !isTold;
    if (text !== '' && !isTold && !isRepeated) this.#say('reasoning', text, told);
    if (signature !== undefined) told.push({ kind: 'signature', signature, ...this.#of(current.part) });
    if (signature !== undefined || isRepeated) current.isComplete = true;
  }

  /** A part that comes in one piece. */
  #whole(opening: PartOpening, told: ChatEvent[]): void {
    this.#close(told);
    told.push({ kind: 'part-end', ...this.#of(this.#begin(opening, told)) });
  }

  #audio({ data, transcript, id }: Json, told: ChatEvent[]): void {
    const isSaid = typeof transcript === 'string' && transcript !== '';
    const isHeard = typeof data === 'string' && data !== '';
    if (!isSaid && !isHeard) return;
    const { part } = this.#open('audio', told, typeof id === 'string' ? { ...AUDIO, id } : AUDIO);
    if (isSaid) told.push({ kind: 'text', text: transcript, ...this.#of(part) });
    if (isHeard) told.push({ kind: 'audio', base64: data, ...this.#of(part) });
  }

  #call(call: Json, position: number, told: ChatEvent[]): void {
    const isCustom = isRecord(call['custom']);
    const named = isCustom ? call['custom'] : call['function'];
    const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : undefined;
    const name = isRecord(named) && typeof named['name'] === 'string' && named['name'] !== '' ? named['name'] : undefined;
    const index = this.#place(call['index'], { id, name, position });
    const signature = readToolSignature(call['extra_content']);
    const given = isRecord(named) ? (isCustom ? named['input'] : named['arguments']) : undefined;
    const written = typeof given === 'string' ? given : isRecord(given) ? JSON.stringify(given) : '';
    this.#lastCall = index;
    const known = this.#calls.get(index);
    if (known !== undefined) this.#goOn(known, { written, signature }, told);
    else if (name !== undefined) this.#beginCall(index, { id, name, isCustom, signature, written }, told);
    else this.#await(index, id, written);
  }

  /** Which of the calls a piece belongs to. Some servers number none, and some give every call the number 0 and an id of its own. */
  #place(given: unknown, { id, name, position }: { id: string | undefined; name: string | undefined; position: number }): number {
    const byId = id === undefined ? undefined : [...this.#calls].find(([, call]) => call.id === id)?.[0];
    if (byId !== undefined) return byId;
    const isNumbered = typeof given === 'number' && Number.isSafeInteger(given) && given >= 0;
    const asked = isNumbered
      ? given
      : id === undefined && name === undefined && this.#lastCall >= 0
        ? this.#lastCall + position
        : this.#next();
    const known = this.#calls.get(asked);
    const isOther = known !== undefined && id !== undefined && known.id !== undefined && known.id !== id && name !== undefined;
    return isOther ? this.#next() : asked;
  }

  #next(): number {
    return Math.max(-1, ...this.#calls.keys(), ...this.#unnamed.keys()) + 1;
  }

  #goOn({ part }: Call, { written, signature }: { written: string; signature: Signature | undefined }, told: ChatEvent[]): void {
    if (written !== '') told.push({ kind: 'arguments', text: written, ...this.#of(part) });
    if (signature !== undefined) told.push({ kind: 'signature', signature, ...this.#of(part) });
  }

  #beginCall(
    index: number,
    call: { id: string | undefined; name: string; isCustom: boolean; signature: Signature | undefined; written: string },
    told: ChatEvent[],
  ): void {
    if (this.#calls.size >= CALLS_MAX) throw new GatewayError('upstream_stream_interrupted', 'the upstream calls more tools than can be');
    this.#close(told);
    const before = this.#unnamed.get(index);
    this.#unnamed.delete(index);
    const id = call.id ?? before?.id;
    const opening: PartOpening = {
      kind: 'tool-call',
      id: id ?? createCallId(),
      name: call.name,
      ...(call.isCustom ? { custom: true } : {}),
      ...(call.signature === undefined ? {} : { signature: call.signature }),
    };
    const part = this.#begin(opening, told);
    this.#calls.set(index, { part, id });
    const written = (before?.written ?? '') + call.written;
    if (written !== '') told.push({ kind: 'arguments', text: written, ...this.#of(part) });
  }

  #await(index: number, id: string | undefined, written: string): void {
    const waiting = this.#unnamed.get(index) ?? { id, written: '' };
    waiting.id ??= id;
    waiting.written += written;
    this.#unnamed.set(index, waiting);
    if (this.#unnamed.size > CALLS_MAX) throw new GatewayError('upstream_stream_interrupted', 'the upstream calls more tools than can be');
  }
}

/** What a stream's `pcm16` is; the chunks themselves don't say. */
const AUDIO: PartOpening & { kind: 'audio' } = { kind: 'audio', media: 'audio/pcm' };
