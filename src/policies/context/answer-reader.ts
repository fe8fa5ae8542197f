/* The text of an answer, read out of what goes to the caller: whole, or event by event as it passes. Not a byte is changed, and what is kept is bounded. */

import type { ChatCodec, ChatStreamDecoder } from '../../dialects/dialect-codec.ts';
import type { ChatPart, FinishReason } from '../../operations/chat.ts';
import type { ChatEvent } from '../../operations/chat-events.ts';
import { TURN_CHARS_MAX } from './said.ts';

/** An answer that ended so is over: nothing is to come of it. One that calls tools goes on, and one that was withheld is none. */
const OVER: ReadonlySet<FinishReason> = new Set(['stop', 'stop-sequence', 'length', 'context-length', 'other']);

/** Undefined where it is no answer that is over, or has no words. Never throws: what cannot be read is not remembered. */
export function readWhole(bytes: Uint8Array, codec: ChatCodec): string | undefined {
  try {
    const [choice] = codec.decodeReply(bytes).choices;
    if (choice === undefined || !OVER.has(choice.finish)) return undefined;
    return choice.parts.map(textOf).join('');
  } catch {
    return undefined;
  }
}

function textOf(part: ChatPart): string {
  return part.kind === 'text' ? part.text : '';
}

/** Reads one stream; not reusable. */
export class AnswerReader {
  readonly #decoder: ChatStreamDecoder;
  /** The parts of the first answer that are text. */
  readonly #texts = new Set<number>();
  #text = '';
  #isOver = false;
  #isWhole = false;

  constructor(codec: ChatCodec) {
    this.#decoder = codec.createDecoder();
  }

  /** The whole text, once the answer has ended as one that is over; undefined before, and for any other. */
  get answer(): string | undefined {
    return this.#isOver && this.#isWhole ? this.#text : undefined;
  }

  push(chunk: Uint8Array): void {
    for (const event of this.#decoder.push(chunk)) this.#take(event);
  }

  /** The stream ended cleanly. */
  finish(): void {
    for (const event of this.#decoder.finish()) this.#take(event);
  }

  #take(event: ChatEvent): void {
    if (event.kind === 'end') this.#isWhole = true;
    else if (event.kind === 'finish' && event.choice === 0) this.#isOver = OVER.has(event.reason);
    else if (event.kind === 'part' && event.choice === 0 && event.opening.kind === 'text') this.#texts.add(event.part);
    else if (event.kind === 'text' && event.choice === 0 && this.#texts.has(event.part) && this.#text.length <= TURN_CHARS_MAX)
      this.#text += event.text;
  }
}
