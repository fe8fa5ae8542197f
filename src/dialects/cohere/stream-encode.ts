/* Our events as Cohere's. A piece of content begins with its first words, so that there are none without. Source: docs.cohere.com/v2/docs/streaming. */

import type { FinishReason } from '../../operations/chat.ts';
import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { writeCitation } from './citations.ts';
import { writeFinish } from './finish.ts';
import { writeProbability } from './reply-codec.ts';
import { writeUsage } from './usage.ts';

const EMPTY = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };

export class CohereStreamEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  #written = '';
  #id = '';
  #opening: PartOpening | undefined;
  /** What the open part has said so far, for the words that citations repeat. */
  #text = '';
  /** The open part has begun for the caller. */
  #isBegun = false;
  #contents = 0;
  #calls = 0;
  #citations = 0;
  #finish: FinishReason = 'other';
  #usage: Usage | undefined;

  constructor(facts: EncodeFacts) {
    this.#facts = facts;
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    this.#written = '';
    for (const event of events) this.#event(event);
    return this.#written === '' ? undefined : Buffer.from(this.#written);
  }

  #event(event: ChatEvent): void {
    switch (event.kind) {
      case 'start':
        this.#id = event.id ?? this.#facts.id;
        this.#usage = event.usage;
        this.#write('message-start', `"id":${JSON.stringify(this.#id)},"delta":${JSON.stringify({ message: EMPTY })}`);
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        this.#end();
        return;
      case 'finish':
        if (event.choice === 0) this.#finish = event.reason;
        break;
      case 'failure':
        break;
      default:
        // It was asked for one answer.
        if (event.choice === 0) this.#part(event);
    }
  }

  #write(type: string, rest: string): void {
    this.#written += `event: ${type}\ndata: {"type":"${type}"${rest === '' ? '' : `,${rest}`}}\n\n`;
  }

  #message(type: string, index: number, message: string): void {
    this.#write(type, `"index":${index},"delta":{"message":${message}}`);
  }

  #part(event: Exclude<ChatEvent, { kind: 'start' | 'usage' | 'end' | 'finish' | 'failure' }>): void {
    switch (event.kind) {
      case 'part':
        this.#opening = event.opening;
        this.#text = '';
        this.#isBegun = false;
        if (event.opening.kind === 'tool-call') this.#call(event.opening);
        return;
      case 'text':
        this.#say(event.text);
        return;
      case 'arguments':
        this.#arguments(this.#isCustom ? JSON.stringify(event.text).slice(1, -1) : event.text);
        return;
      case 'citation': {
        this.#begin();
        const citations = writeCitation(event.citation, this.#text, this.#contents);
        this.#message('citation-start', this.#citations, JSON.stringify({ citations }));
        this.#write('citation-end', `"index":${this.#citations}`);
        this.#citations += 1;
        return;
      }
      case 'log-probabilities':
        this.#begin();
        for (const row of event.tokens) {
          const logprobs = JSON.stringify(writeProbability(row));
          this.#write('content-delta', `"index":${this.#contents},"delta":{"message":{"content":{"text":""}}},"logprobs":${logprobs}`);
        }
        return;
      case 'part-end':
        this.#close();
        break;
      default:
        // Signatures and sounds have no place.
        break;
    }
  }

  get #isCustom(): boolean {
    return this.#opening?.kind === 'tool-call' && this.#opening.custom === true;
  }

  get #kind(): 'thinking' | 'text' {
    return this.#opening?.kind === 'reasoning' ? 'thinking' : 'text';
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const kind = this.#kind;
    this.#message('content-start', this.#contents, `{"content":{"type":"${kind}","${kind}":""}}`);
  }

  #say(text: string): void {
    this.#begin();
    this.#text += text;
    this.#message('content-delta', this.#contents, `{"content":{"${this.#kind}":${JSON.stringify(text)}}}`);
  }

  #call({ id, name }: PartOpening & { kind: 'tool-call' }): void {
    this.#isBegun = true;
    const call = { id, type: 'function', function: { name, arguments: '' } };
    this.#message('tool-call-start', this.#calls, JSON.stringify({ tool_calls: call }));
    // A tool that takes text is one whose only argument is that text.
    if (this.#isCustom) this.#arguments('{"input":"');
  }

  #arguments(text: string): void {
    this.#message('tool-call-delta', this.#calls, `{"tool_calls":{"function":{"arguments":${JSON.stringify(text)}}}}`);
  }

  #close(): void {
    if (!this.#isBegun) return;
    if (this.#opening?.kind === 'tool-call') {
      if (this.#isCustom) this.#arguments('"}');
      this.#write('tool-call-end', `"index":${this.#calls}`);
      this.#calls += 1;
    } else {
      this.#write('content-end', `"index":${this.#contents}`);
      this.#contents += 1;
    }
    this.#isBegun = false;
  }

  #end(): void {
    const delta = {
      finish_reason: writeFinish(this.#finish),
      ...(this.#usage === undefined ? {} : { usage: writeUsage(this.#usage) }),
    };
    this.#write('message-end', `"id":${JSON.stringify(this.#id)},"delta":${JSON.stringify(delta)}`);
    this.#written += 'data: [DONE]\n\n';
  }
}
