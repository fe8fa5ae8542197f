/* Our words as a stream of Ollama's lines, of a chat or a `generate`. A call is told when it is whole; its dialect has no pieces of one. */

import type { FinishReason } from '../../operations/chat.ts';
import type { ChatEvent } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { createdAt, writeEnd, writeProbabilities, writeWords } from './reply-codec.ts';
import { writeCall } from './tool-calls.ts';

export class OllamaStreamEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  #head: Record<string, unknown> = {};
  #written = '';
  #kind: 'text' | 'reasoning' | undefined;
  #call: { readonly id: string; readonly name: string; arguments: string } | undefined;
  #calls = 0;
  #finish: FinishReason = 'stop';
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
    // It knows of one answer only.
    if ('choice' in event && event.choice !== 0) return;
    switch (event.kind) {
      case 'start':
        this.#head = { model: event.model ?? this.#facts.model, created_at: createdAt(event.createdAtMs, this.#facts) };
        this.#usage = event.usage;
        return;
      case 'part': {
        const { opening } = event;
        this.#kind = opening.kind === 'text' || opening.kind === 'reasoning' ? opening.kind : undefined;
        this.#call = opening.kind === 'tool-call' ? { id: opening.id, name: opening.name, arguments: '' } : undefined;
        return;
      }
      case 'text':
        if (this.#kind === 'reasoning') this.#line({ content: '', thinking: event.text });
        else if (this.#kind === 'text') this.#line({ content: event.text });
        return;
      case 'arguments':
        if (this.#call !== undefined) this.#call.arguments += event.text;
        return;
      case 'log-probabilities':
        this.#line({ content: '' }, { logprobs: writeProbabilities(event.tokens) });
        return;
      case 'part-end':
        this.#endPart();
        return;
      case 'finish':
        this.#finish = event.reason;
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'end':
        this.#line({ content: '' }, writeEnd(this.#finish, this.#usage));
        break;
      default:
        break;
    }
  }

  #endPart(): void {
    if (this.#call !== undefined) {
      this.#line({ content: '', tool_calls: [writeCall(this.#call, this.#calls)] });
      this.#calls += 1;
    }
    this.#call = undefined;
    this.#kind = undefined;
  }

  #line(
    said: { content: string; thinking?: string; tool_calls?: unknown },
    more: Readonly<Record<string, unknown>> = { done: false },
  ): void {
    this.#written += `${JSON.stringify({ ...this.#head, ...writeWords(this.#facts.form, said), done: false, ...more })}\n`;
  }
}
