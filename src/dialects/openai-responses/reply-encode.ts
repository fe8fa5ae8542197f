/* A whole answer as a response. */

import type { ChatPart, ChatReply, TokenLogProbability } from '../../operations/chat.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
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
} from './items.ts';
import { responseObject } from './response-object.ts';

/** The first of the choices: this API knows no others, and so asks for none. */
export function encodeReply(reply: ChatReply, facts: EncodeFacts): string {
  const ids = new AnswerIds(facts.id, reply.id);
  const [choice] = reply.choices;
  const output = new OutputWriter(ids);
  let tokens = choice?.logProbabilities ?? [];
  for (const part of choice?.parts ?? []) {
    output.part(part, tokens);
    if (part.kind === 'text') tokens = [];
  }
  const { model, createdAtMs, serviceTier, usage } = reply;
  return JSON.stringify(
    responseObject({ id: ids.response, model, createdAtMs, serviceTier }, facts, {
      kind: 'ended',
      finish: choice?.finish ?? 'stop',
      output: output.items(),
      usage,
    }),
  );
}

/** Texts and refusals that follow each other are one message; all else is an item of its own. */
class OutputWriter {
  readonly #ids: AnswerIds;
  readonly #items: unknown[] = [];
  #content: (TextContent | RefusalContent)[] = [];

  constructor(ids: AnswerIds) {
    this.#ids = ids;
  }

  items(): readonly unknown[] {
    this.#close();
    return this.#items;
  }

  part(part: ChatPart, tokens: readonly TokenLogProbability[]): void {
    switch (part.kind) {
      case 'text':
        this.#content.push(textContent(part.text, part.citations ?? [], tokens));
        return;
      case 'refusal':
        this.#content.push({ type: 'refusal', refusal: part.text });
        return;
      case 'reasoning':
        this.#item(reasoningItem(part.id ?? this.#ids.next('rs'), part.text, part.signature));
        return;
      case 'tool-call':
        this.#item(callSignatureItem(part.signature, this.#ids));
        this.#item(callItem(this.#ids.next(part.custom === true ? 'ctc' : 'fc'), 'completed', part));
        return;
      case 'image': {
        const item = imageItem(part, this.#ids.next('ig'));
        if (item === undefined) this.#content.push(textContent(imageLink(part), [], []));
        else this.#item(item);
        return;
      }
      case 'native':
        this.#item(part.value);
        return;
      default:
        throw new Error(`a part of kind '${part.kind}' has no place in an answer of this dialect`);
    }
  }

  #item(item: unknown): void {
    if (item === undefined) return;
    this.#close();
    this.#items.push(item);
  }

  #close(): void {
    if (this.#content.length === 0) return;
    this.#items.push(messageItem(this.#ids.next('msg'), 'completed', this.#content));
    this.#content = [];
  }
}
