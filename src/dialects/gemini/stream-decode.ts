/*
 * Client side: reads a stream of events into ours. Each is a response with what is new in each candidate; neighbouring texts are one part, and so are thoughts
 * up to their signature.
 *
 * There is no last word. A candidate may say STOP and then something more, so that word counts when the stream is over; what else ends an answer ends it at once.
 */

import { GatewayError } from '../../base/errors.ts';
import { createSseScanner, type SseSpan } from '../../base/sse.ts';
import type { ChatPart, Signature, TokenLogProbability } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { ChatStreamDecoder } from '../dialect-codec.ts';
import { answerCallId } from './calls.ts';
import { citationsWithin, nativeBeside, readCitations } from './citations.ts';
import { GEMINI } from './dialect-name.ts';
import { interrupted, toldError } from './errors.ts';
import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';
import { decodeFinish } from './finish.ts';
import { readLogProbabilities } from './log-probabilities.ts';
import { decodePart, type PartReader } from './part-decode.ts';
import { isBlocked, readTime } from './reply-codec.ts';
import { RESPONSE_BYTES_MAX } from './response-watch.ts';
import { responseOf } from './sse-meter.ts';
import { readUsage } from './usage.ts';

/** The API knows of eight answers; parts are some hundred at most. */
const CHOICES_MAX = 128;
const PARTS_MAX = 100_000;
/** Citations of a longer answer have no place. */
const TEXT_CHARS_MAX = 4 * 1_048_576;

interface Choice {
  readonly index: number;
  parts: number;
  open: { readonly part: number; readonly kind: 'text' | 'reasoning' | 'audio'; readonly media: string } | undefined;
  /** All texts so far, and where in them the open one begins. */
  text: string;
  textFrom: number;
  calls: number;
  /** What the response that is being read says beside its content. */
  beside: Fields | undefined;
  readonly cited: Set<string>;
  probabilities: readonly TokenLogProbability[] | undefined;
  natives: readonly ChatPart[];
  reason: string | undefined;
  isTold: boolean;
}

const decoder = new TextDecoder();

export class GeminiStreamDecoder implements ChatStreamDecoder {
  readonly #scanner = createSseScanner({ eventBytesMax: RESPONSE_BYTES_MAX });
  readonly #onEvent = (bytes: Uint8Array, span: Readonly<SseSpan>): void => this.#event(bytes, span);
  readonly #choices = new Map<number, Choice>();
  #events: ChatEvent[] = [];
  #id: string | undefined;
  #started = false;
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
    const choices = [...this.#choices.values()];
    if (!this.#over) {
      if (choices.length > 0 && choices.every(({ reason }) => reason !== undefined)) {
        for (const choice of choices) this.#finish(choice);
        this.#end();
      } else this.#fail(interrupted('the upstream ended its stream before the end of the answer'));
    }
    return this.#take();
  }

  #take(): readonly ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(bytes: Uint8Array, span: Readonly<SseSpan>): void {
    if (this.#over) return;
    const data = responseOf(bytes, span);
    if (data === undefined) return;
    if (!span.terminated && span.dataStart !== -1) {
      this.#fail(interrupted('the upstream cut its stream inside an event'));
      return;
    }
    try {
      const response = fieldsOf(JSON.parse(decoder.decode(data)));
      if (response !== undefined) this.#read(response);
    } catch (cause) {
      this.#fail(unreadable(cause));
    }
  }

  #read(response: Fields): void {
    if (response['error'] !== undefined && response['error'] !== null) {
      this.#fail(toldError('upstream_stream_interrupted', response));
      return;
    }
    this.#start(response);
    const usage = readUsage(response['usageMetadata']);
    for (const [place, candidate] of listOf(response['candidates']).entries()) this.#candidate(fieldsOf(candidate) ?? {}, place);
    if (usage !== undefined && !this.#over) this.#events.push({ kind: 'usage', usage });
    if (this.#choices.size > 0 || !isBlocked(response) || this.#over) return;
    this.#events.push({ kind: 'finish', choice: 0, reason: 'content-filter' });
    this.#end();
  }

  #start(response: Fields): void {
    if (this.#started) return;
    this.#started = true;
    this.#id = textOf(response['responseId']);
    const [model, createdAtMs] = [textOf(response['modelVersion']), readTime(response['createTime'])];
    this.#events.push({
      kind: 'start',
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(model === undefined ? {} : { model }),
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
    });
  }

  #candidate(candidate: Fields, place: number): void {
    const { index: given, finishReason } = candidate;
    const index = typeof given === 'number' ? given : place;
    if (!Number.isInteger(index) || index < 0 || index >= CHOICES_MAX)
      throw new GatewayError('upstream_reply_invalid', 'a candidate has no place');
    const choice = this.#choice(index);
    if (choice.isTold) return;
    choice.beside = candidate;
    const probabilities = readLogProbabilities(candidate['logprobsResult']);
    if (probabilities !== undefined) choice.probabilities = [...(choice.probabilities ?? []), ...probabilities];
    if (choice.open?.kind === 'text') this.#probabilities(choice);
    const reader: PartReader = {
      side: 'target',
      callId: (call) => call.id ?? answerCallId(`${this.#id ?? ''}#${index}`, String(choice.calls), call),
    };
    for (const part of listOf(fieldsOf(candidate['content'])?.['parts'])) {
      if (choice.parts >= PARTS_MAX) throw new GatewayError('upstream_reply_invalid', 'an answer has more parts than there are');
      for (const decoded of decodePart(part, 'parts', reader)) this.#part(choice, decoded, part);
    }
    this.#cite(choice);
    choice.beside = undefined;
    const natives = nativeBeside(candidate);
    if (natives.length > 0) choice.natives = natives;
    if (typeof finishReason !== 'string') return;
    choice.reason = finishReason;
    if (finishReason !== 'STOP' || choice.parts === 0) this.#finish(choice);
  }

  #choice(index: number): Choice {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = {
        index,
        parts: 0,
        open: undefined,
        text: '',
        textFrom: 0,
        calls: 0,
        beside: undefined,
        cited: new Set(),
        probabilities: undefined,
        natives: [],
        reason: undefined,
        isTold: false,
      };
      this.#choices.set(index, choice);
    }
    return choice;
  }

  /** `value`: the part as it stood. */
  #part(choice: Choice, part: ChatPart, value: unknown): void {
    switch (part.kind) {
      case 'text':
        this.#text(choice, part.text);
        return;
      case 'reasoning':
        this.#thought(choice, part);
        return;
      case 'tool-call': {
        const { id, name, signature } = part;
        choice.calls += 1;
        const of = this.#begin(choice, { kind: 'tool-call', id, name, ...(signature === undefined ? {} : { signature }) });
        if (part.arguments !== '') this.#events.push({ kind: 'arguments', text: part.arguments, ...of });
        this.#events.push({ kind: 'part-end', ...of });
        return;
      }
      case 'image':
        this.#whole(choice, { kind: 'image', source: part.source });
        return;
      case 'audio':
        if (part.source.kind === 'data') this.#audio(choice, part.source.media, part.source.base64);
        else this.#whole(choice, { kind: 'native', dialect: GEMINI, value });
        return;
      case 'native':
        this.#whole(choice, part);
        return;
      default:
        this.#whole(choice, { kind: 'native', dialect: GEMINI, value });
    }
  }

  #text(choice: Choice, text: string): void {
    const of = this.#continue(choice, { kind: 'text' });
    this.#events.push({ kind: 'text', text, ...of });
    if (choice.text.length < TEXT_CHARS_MAX) choice.text += text;
    this.#probabilities(choice);
  }

  #thought(choice: Choice, { text, signature, sealed }: ChatPart & { readonly kind: 'reasoning' }): void {
    if (sealed === true) {
      const of = this.#begin(choice, { kind: 'reasoning', sealed });
      this.#sign(of, signature);
      this.#events.push({ kind: 'part-end', ...of });
      return;
    }
    // An empty one tells nothing, but for its signature.
    if (text === '' && signature === undefined) return;
    const of = this.#continue(choice, { kind: 'reasoning' });
    if (text !== '') this.#events.push({ kind: 'text', text, ...of });
    this.#sign(of, signature);
    if (signature !== undefined) this.#close(choice);
  }

  #sign(of: { readonly choice: number; readonly part: number }, signature: Signature | undefined): void {
    if (signature !== undefined) this.#events.push({ kind: 'signature', signature, ...of });
  }

  #audio(choice: Choice, media: string, base64: string): void {
    if (choice.open?.media !== media) this.#close(choice);
    const of = this.#continue(choice, { kind: 'audio', media });
    this.#events.push({ kind: 'audio', base64, ...of });
  }

  /** Goes on with the open part where it is of this kind. */
  #continue(choice: Choice, opening: PartOpening & { readonly kind: 'text' | 'reasoning' | 'audio' }): { choice: number; part: number } {
    const { kind } = opening;
    if (choice.open?.kind === kind) return { choice: choice.index, part: choice.open.part };
    const of = this.#begin(choice, opening);
    choice.open = { part: of.part, kind, media: opening.kind === 'audio' ? opening.media : '' };
    choice.textFrom = choice.text.length;
    return of;
  }

  #begin(choice: Choice, opening: PartOpening): { choice: number; part: number } {
    this.#close(choice);
    const of = { choice: choice.index, part: choice.parts++ };
    this.#events.push({ kind: 'part', opening, ...of });
    return of;
  }

  #whole(choice: Choice, opening: PartOpening): void {
    const of = this.#begin(choice, opening);
    this.#events.push({ kind: 'part-end', ...of });
  }

  #close(choice: Choice): void {
    const { open, index } = choice;
    if (open === undefined) return;
    this.#cite(choice);
    this.#probabilities(choice);
    this.#events.push({ kind: 'part-end', choice: index, part: open.part });
    choice.open = undefined;
  }

  #probabilities(choice: Choice): void {
    const { probabilities: tokens, open, index } = choice;
    if (tokens === undefined || open === undefined) return;
    choice.probabilities = undefined;
    this.#events.push({ kind: 'log-probabilities', tokens, choice: index, part: open.part });
  }

  /** Sources come with the last response, and are told anew where they come before. */
  #cite({ beside, open, text, textFrom, cited, index }: Choice): void {
    if (open?.kind !== 'text' || beside === undefined || text.length >= TEXT_CHARS_MAX) return;
    for (const citation of citationsWithin(readCitations(beside, text), textFrom, text.length - textFrom)) {
      const key = JSON.stringify(citation);
      if (cited.has(key)) continue;
      cited.add(key);
      this.#events.push({ kind: 'citation', citation, choice: index, part: open.part });
    }
  }

  #finish(choice: Choice): void {
    if (choice.isTold) return;
    this.#close(choice);
    for (const part of choice.natives) if (part.kind === 'native') this.#whole(choice, part);
    choice.isTold = true;
    this.#events.push({ kind: 'finish', choice: choice.index, reason: decodeFinish(choice.reason, choice.calls > 0) });
  }

  #end(): void {
    this.#over = true;
    this.#events.push({ kind: 'end' });
  }

  #fail(error: GatewayError): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.push({ kind: 'failure', error });
  }
}

function unreadable(cause: unknown): GatewayError {
  return interrupted('the upstream sent a malformed response inside its stream', cause);
}
