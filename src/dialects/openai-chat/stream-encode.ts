/*
 * Our words as a stream of chat completion chunks. Each answer begins with a chunk that says the role and ends with one that says why; the usage comes in a
 * chunk of its own where it was asked for, and `[DONE]` last.
 * Sources: platform.openai.com/docs/api-reference/chat/streaming; what openai-node and the AI SDK's `openai-compatible` accept.
 */

import type { ChatEvent, PartOpening } from '../../operations/chat-events.ts';
import type { Usage } from '../../operations/usage.ts';
import type { ChatStreamEncoder, EncodeFacts } from '../dialect-codec.ts';
import { FUNCTIONS_FORM, replyId, writeCitation, writeFinish, writeImage, writeProbabilities } from './reply-encode.ts';
import { writeDetail, writeToolSignature } from './thoughts.ts';
import { writeUsage } from './usage.ts';

type OfPart = Exclude<ChatEvent, { kind: 'start' | 'finish' | 'usage' | 'end' | 'failure' }>;
type Json = Record<string, unknown>;

/** What is known of one answer while it is told. */
interface ChoiceState {
  opening: PartOpening | undefined;
  calls: number;
  images: number;
  thoughts: number;
  /** Of the thought that is being told, or was told last and has no signature: told again in full where that is needed. */
  thought: string;
  isThoughtOpen: boolean;
  textLength: number;
  partOffset: number;
  isRefused: boolean;
}

const DONE = 'data: [DONE]\n\n';

export class OpenAiStreamEncoder implements ChatStreamEncoder {
  readonly #facts: EncodeFacts;
  readonly #isOlder: boolean;
  readonly #choices = new Map<number, ChoiceState>();
  #head = '';
  readonly #tail: string;
  #usage: Usage | undefined;
  #written = '';

  constructor(facts: EncodeFacts) {
    this.#facts = facts;
    this.#isOlder = facts.form === FUNCTIONS_FORM;
    this.#tail = facts.usageWanted ? ',"usage":null}\n\n' : '}\n\n';
  }

  encode(events: readonly ChatEvent[]): Uint8Array | undefined {
    this.#written = '';
    for (const event of events) this.#event(event);
    return this.#written === '' ? undefined : Buffer.from(this.#written);
  }

  #event(event: ChatEvent): void {
    switch (event.kind) {
      case 'start':
        this.#start(event);
        return;
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'finish': {
        const { isRefused } = this.#choice(event.choice);
        const finish = writeFinish(event.reason, { isOlder: this.#isOlder, isRefused });
        const stopped = event.stopSequence === undefined ? '' : `,"stop_reason":${JSON.stringify(event.stopSequence)}`;
        this.#chunk(event.choice, '{}', `"logprobs":null,"finish_reason":"${finish}"${stopped}`);
        return;
      }
      case 'end':
        this.#end();
        return;
      default:
        if (event.kind !== 'failure') this.#part(event, this.#choice(event.choice));
    }
  }

  #start({ id, model, createdAtMs, usage }: ChatEvent & { kind: 'start' }): void {
    const head = {
      id: id ?? replyId(this.#facts),
      object: 'chat.completion.chunk',
      created: Math.floor((createdAtMs ?? this.#facts.nowMs) / 1_000),
      model: model ?? this.#facts.model,
    };
    this.#head = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`;
    this.#usage = usage;
  }

  #end(): void {
    if (this.#facts.usageWanted && this.#usage !== undefined)
      this.#written += `${this.#head}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`;
    this.#written += DONE;
  }

  #chunk(choice: number, delta: string, end = '"logprobs":null,"finish_reason":null'): void {
    this.#written += `${this.#head}{"index":${choice},"delta":${delta},${end}}]${this.#tail}`;
  }

  #delta(choice: number, delta: Json): void {
    this.#chunk(choice, JSON.stringify(delta));
  }

  /** The first that is told of an answer is who speaks. */
  #choice(index: number): ChoiceState {
    let state = this.#choices.get(index);
    if (state === undefined) {
      state = {
        opening: undefined,
        calls: 0,
        images: 0,
        thoughts: 0,
        thought: '',
        isThoughtOpen: false,
        textLength: 0,
        partOffset: 0,
        isRefused: false,
      };
      this.#choices.set(index, state);
      this.#chunk(index, '{"role":"assistant","content":""}');
    }
    return state;
  }

  #part(event: OfPart, state: ChoiceState): void {
    const { choice } = event;
    switch (event.kind) {
      case 'part':
        this.#open(event, state);
        return;
      case 'text':
        this.#text(choice, event.text, state);
        return;
      case 'arguments':
        this.#arguments(choice, event.text, state);
        return;
      case 'signature':
        this.#signature(event, state);
        return;
      case 'citation': {
        const length = state.textLength - state.partOffset;
        const annotations = writeCitation(event.citation, state.partOffset, length);
        if (annotations.length > 0) this.#delta(choice, { annotations });
        return;
      }
      case 'log-probabilities':
        this.#chunk(choice, '{"content":""}', `"logprobs":${JSON.stringify(writeProbabilities(event.tokens))},"finish_reason":null`);
        return;
      case 'audio':
        this.#delta(choice, { audio: { data: event.base64 } });
        return;
      default:
        if (state.opening?.kind === 'reasoning') state.thoughts += 1;
        state.opening = undefined;
    }
  }

  #open({ choice, opening }: OfPart & { kind: 'part' }, state: ChoiceState): void {
    const isThought = opening.kind === 'reasoning';
    // Two thoughts without a signature between them would be read as one.
    if (isThought && state.isThoughtOpen && state.thought !== '')
      this.#delta(choice, { reasoning_details: [writeDetail({ text: state.thought }, state.thoughts - 1)] });
    state.opening = opening;
    state.thought = '';
    state.isThoughtOpen = isThought;
    state.partOffset = state.textLength;
    state.isRefused ||= opening.kind === 'refusal';
    if (opening.kind === 'tool-call') this.#call(choice, opening, state);
    else if (opening.kind === 'image') {
      this.#delta(choice, { images: [writeImage(opening.source, state.images)] });
      state.images += 1;
    }
  }

  #call(choice: number, opening: PartOpening & { kind: 'tool-call' }, state: ChoiceState): void {
    const { id, name, custom, signature } = opening;
    const index = state.calls;
    state.calls += 1;
    if (this.#isOlder) {
      if (index === 0) this.#delta(choice, { function_call: { name, arguments: '' } });
      return;
    }
    const called =
      custom === true ? { type: 'custom', custom: { name, input: '' } } : { type: 'function', function: { name, arguments: '' } };
    this.#delta(choice, { tool_calls: [{ index, id, ...called, ...writeToolSignature(signature) }] });
  }

  #text(choice: number, text: string, state: ChoiceState): void {
    const written = JSON.stringify(text);
    switch (state.opening?.kind) {
      case 'reasoning':
        state.thought += text;
        this.#chunk(choice, `{"reasoning_content":${written}}`);
        return;
      case 'refusal':
        this.#chunk(choice, `{"refusal":${written}}`);
        return;
      case 'audio':
        this.#chunk(choice, `{"audio":{"transcript":${written}}}`);
        return;
      default:
        state.textLength += text.length;
        this.#chunk(choice, `{"content":${written}}`);
    }
  }

  #arguments(choice: number, text: string, { opening, calls }: ChoiceState): void {
    const index = calls - 1;
    const written = JSON.stringify(text);
    if (this.#isOlder) {
      if (index === 0) this.#chunk(choice, `{"function_call":{"arguments":${written}}}`);
      return;
    }
    const isCustom = opening?.kind === 'tool-call' && opening.custom === true;
    const piece = isCustom ? `"type":"custom","custom":{"input":${written}}` : `"function":{"arguments":${written}}`;
    this.#chunk(choice, `{"tool_calls":[{"index":${index},${piece}}]}`);
  }

  #signature({ choice, signature }: OfPart & { kind: 'signature' }, state: ChoiceState): void {
    const { opening } = state;
    if (opening?.kind === 'tool-call') {
      if (!this.#isOlder) this.#delta(choice, { tool_calls: [{ index: state.calls - 1, ...writeToolSignature(signature) }] });
      return;
    }
    if (opening?.kind !== 'reasoning') return;
    const { id, sealed } = opening;
    const detail = { text: state.thought, signature, ...(id === undefined ? {} : { id }), ...(sealed === undefined ? {} : { sealed }) };
    this.#delta(choice, { reasoning_details: [writeDetail(detail, state.thoughts)] });
    state.isThoughtOpen = false;
  }
}
