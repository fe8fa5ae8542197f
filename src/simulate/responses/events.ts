/** The stream of a response: every event is numbered, every item and part is announced, filled and closed. */
import type { Script } from '../delivery.ts';
import type { Faults } from '../faults.ts';
import { logprobsOf } from '../logprobs.ts';
import { NamedEvents, namedEvent } from '../named-events.ts';
import { SSE_HEADERS } from '../openai-shapes.ts';
import type { OutputScript } from './output.ts';
import type { ContentPart, MessageItem, NumberedEvent, OutputItem, ResponseEvent, ResponseObject } from './shapes.ts';

/** All that a stream needs to know of an answer. */
export interface StreamedResponse {
  readonly started: ResponseObject;
  readonly finished: ResponseObject;
  readonly failed: ResponseObject;
  readonly scripts: readonly OutputScript[];
  readonly seed: number;
  readonly obfuscate: boolean;
  readonly topLogprobs: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export function responseScript(response: StreamedResponse, faults: Faults): Script {
  const stream = new ResponseStream(response, faults);
  stream.frame({ type: 'response.created', response: response.started });
  stream.frame({ type: 'response.in_progress', response: response.started });
  stream.opened();
  for (const [index, script] of response.scripts.entries()) itemEvents(stream, script, index);
  const { finished } = response;
  const type = finished.incomplete_details === null ? 'response.completed' : 'response.incomplete';
  const closing = faults.noDone ? '' : stream.word({ type, response: finished });
  return {
    headers: { ...SSE_HEADERS, ...response.headers },
    seed: response.seed,
    opening: stream.events.opening,
    tokenCount: stream.events.tokenCount,
    event: (index) => stream.events.event(index),
    closing: stream.events.rest + closing,
    malformed: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"delta":"bro\n\n',
    failure: failureEvents(stream, response.failed, faults),
    huge: (contentBytes) => stream.hugeEvent(contentBytes),
  };
}

function failureEvents(stream: ResponseStream, failed: ResponseObject, faults: Faults): string {
  const number = stream.numberAfter(faults.errorAfter ?? 0);
  const { code, message } = failed.error ?? { code: 'server_error', message: '' };
  const error: NumberedEvent = { type: 'error', error: { type: code, code, message, param: null }, sequence_number: number };
  const end: NumberedEvent = { type: 'response.failed', response: failed, sequence_number: number + 1 };
  return namedEvent(error) + namedEvent(end);
}

/** Random letters that hide the length of a token from who listens in. */
const OBFUSCATION = 'q7ZtR2mXw9LbK4vN';

class ResponseStream {
  readonly events = new NamedEvents<NumberedEvent>();
  readonly #response: StreamedResponse;
  readonly #numbers: number[] = [];
  readonly #reserves: boolean;
  #opening = 0;
  #number = 0;

  constructor(response: StreamedResponse, faults: Faults) {
    this.#response = response;
    this.#reserves = faults.hugeEvent !== undefined;
  }

  opened(): void {
    this.events.opened();
    this.#opening = this.#number;
  }

  frame(event: ResponseEvent): void {
    this.events.frame(this.#numbered(event));
  }

  /** An event in words, apart from the others. */
  word(event: ResponseEvent): string {
    return namedEvent(this.#numbered(event));
  }

  token(event: ResponseEvent & { obfuscation?: string }): void {
    const letters = OBFUSCATION.slice(0, 1 + ((this.#number * 7) % OBFUSCATION.length));
    this.#numbers.push(this.#number);
    this.events.token(this.#numbered(this.#response.obfuscate ? { ...event, obfuscation: letters } : event));
    // The huge event comes after the first token, and has a number too.
    if (this.#reserves && this.#numbers.length === 1) this.#number += 1;
  }

  logprobs(token: string) {
    return this.#response.topLogprobs === undefined ? [] : logprobsOf([token], this.#response.topLogprobs);
  }

  /** The number of what comes after so many tokens. */
  numberAfter(tokens: number): number {
    const last = this.#numbers[Math.min(tokens, this.#numbers.length) - 1];
    return last === undefined ? this.#opening : last + 1;
  }

  /** In the item that the first token belongs to. Arguments are made long by white space, and stay what they are. */
  hugeEvent(contentBytes: number): string {
    const { scripts } = this.#response;
    const found = scripts.findIndex(({ tokens }) => tokens.length > 0);
    const item = scripts[found]?.item;
    const place = { item_id: item?.id ?? '', output_index: Math.max(0, found) };
    const event: NumberedEvent = { ...hugeDelta(item?.type, contentBytes, place), sequence_number: this.numberAfter(1) };
    return namedEvent(event);
  }

  #numbered(event: ResponseEvent): NumberedEvent {
    const numbered = { ...event, sequence_number: this.#number };
    this.#number += 1;
    return numbered;
  }
}

function hugeDelta(type: OutputItem['type'] | undefined, contentBytes: number, place: ItemPlace): ResponseEvent {
  const delta = 'x'.repeat(contentBytes);
  switch (type) {
    case 'reasoning':
      return { type: 'response.reasoning_summary_text.delta', ...place, summary_index: 0, delta };
    case 'function_call':
      return { type: 'response.function_call_arguments.delta', ...place, delta: ' '.repeat(contentBytes) };
    case 'custom_tool_call':
      return { type: 'response.custom_tool_call_input.delta', ...place, delta };
    case 'message':
    case undefined:
      return { type: 'response.output_text.delta', ...place, content_index: 0, delta, logprobs: [] };
  }
}

function itemEvents(stream: ResponseStream, { item, tokens }: OutputScript, index: number): void {
  stream.frame({ type: 'response.output_item.added', output_index: index, item: begun(item) });
  const place = { item_id: item.id, output_index: index };
  switch (item.type) {
    case 'reasoning':
      summaryEvents(stream, tokens, place);
      break;
    case 'message':
      for (const [position, part] of item.content.entries()) partEvents(stream, { part, tokens }, { ...place, content_index: position });
      break;
    case 'function_call':
      for (const delta of tokens) stream.token({ type: 'response.function_call_arguments.delta', ...place, delta });
      stream.frame({ type: 'response.function_call_arguments.done', ...place, arguments: item.arguments });
      break;
    case 'custom_tool_call':
      for (const delta of tokens) stream.token({ type: 'response.custom_tool_call_input.delta', ...place, delta });
      stream.frame({ type: 'response.custom_tool_call_input.done', ...place, input: item.input });
      break;
  }
  stream.frame({ type: 'response.output_item.done', output_index: index, item });
}

/** An item as it is announced. */
function begun(item: OutputItem): OutputItem {
  switch (item.type) {
    case 'reasoning':
      return { ...item, summary: [] };
    case 'message':
      return { ...item, status: 'in_progress', content: [] } satisfies MessageItem;
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' };
    case 'custom_tool_call':
      return { ...item, status: 'in_progress', input: '' };
  }
}

interface ItemPlace {
  readonly item_id: string;
  readonly output_index: number;
}

function summaryEvents(stream: ResponseStream, tokens: readonly string[], item: ItemPlace): void {
  if (tokens.length === 0) return;
  const place = { ...item, summary_index: 0 };
  const text = tokens.join('');
  stream.frame({ type: 'response.reasoning_summary_part.added', ...place, part: { type: 'summary_text', text: '' } });
  for (const delta of tokens) stream.token({ type: 'response.reasoning_summary_text.delta', ...place, delta });
  stream.frame({ type: 'response.reasoning_summary_text.done', ...place, text });
  stream.frame({ type: 'response.reasoning_summary_part.done', ...place, part: { type: 'summary_text', text } });
}

interface PartScript {
  readonly part: ContentPart;
  readonly tokens: readonly string[];
}

function partEvents(stream: ResponseStream, { part, tokens }: PartScript, place: ItemPlace & { readonly content_index: number }): void {
  if (part.type === 'refusal') {
    stream.frame({ type: 'response.content_part.added', ...place, part: { ...part, refusal: '' } });
    for (const delta of tokens) stream.token({ type: 'response.refusal.delta', ...place, delta });
    stream.frame({ type: 'response.refusal.done', ...place, refusal: part.refusal });
  } else {
    stream.frame({ type: 'response.content_part.added', ...place, part: { ...part, logprobs: [], text: '' } });
    for (const delta of tokens) stream.token({ type: 'response.output_text.delta', ...place, delta, logprobs: stream.logprobs(delta) });
    stream.frame({ type: 'response.output_text.done', ...place, text: part.text, logprobs: part.logprobs });
  }
  stream.frame({ type: 'response.content_part.done', ...place, part });
}
