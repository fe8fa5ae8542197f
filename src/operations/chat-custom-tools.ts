/*
 * Custom tools take text instead of JSON. A target that has no such tools is given a function with one argument, `input`, and what it writes there is the text:
 *
 *   tools     {custom, name, format}            ─▶  {function, name, parameters: {input: string}}
 *   history   call with the text "*** Begin…"   ─▶  call with {"input": "*** Begin…"}
 *   answer    call with the text "*** Begin…"   ◀─  call with {"input": "*** Begin…"}, streamed as it comes
 *
 * A grammar that the text must follow is told in words: nothing holds the model to it.
 */

import type { ChatMessage, ChatPart, ChatReply, ChatRequest, ChatTool, ToolCallPart } from './chat.ts';
import type { ChatEvent } from './chat-events.ts';
import { StringMember } from './string-member.ts';

type CustomTool = ChatTool & { readonly kind: 'custom' };

/** The request with functions in place of custom tools. */
export function withoutCustomTools(request: ChatRequest): ChatRequest {
  const { tools } = request;
  return {
    ...request,
    messages: request.messages.map((message): ChatMessage => ({ ...message, parts: message.parts.map(plainPart) })),
    ...(tools === undefined ? {} : { tools: tools.map((tool) => (tool.kind === 'custom' ? functionOf(tool) : tool)) }),
  };
}

function functionOf({ name, description, format }: CustomTool): ChatTool {
  const told = [description, grammarOf(format)].filter((text) => text !== undefined && text !== '').join('\n\n');
  return {
    kind: 'function',
    name,
    ...(told === '' ? {} : { description: told }),
    parameters: {
      type: 'object',
      properties: { [INPUT]: { type: 'string', description: 'The whole input of the tool, as plain text.' } },
      required: [INPUT],
      additionalProperties: false,
    },
  };
}

const INPUT = 'input';

/** Some dialects put the grammar into an object of its own. */
function grammarOf(format: unknown): string | undefined {
  if (!isObject(format)) return undefined;
  const { syntax, definition } = isObject(format['grammar']) ? format['grammar'] : format;
  if (typeof definition !== 'string') return undefined;
  return `The input must follow this grammar${typeof syntax === 'string' ? ` (${syntax})` : ''}:\n${definition}`;
}

function plainPart(part: ChatPart): ChatPart {
  if ((part.kind !== 'tool-call' && part.kind !== 'tool-result') || part.custom !== true) return part;
  const { custom: _custom, ...plain } = part;
  return plain.kind === 'tool-call' ? { ...plain, arguments: JSON.stringify({ [INPUT]: plain.arguments }) } : plain;
}

/** Gives the calls of custom tools in one answer back their text, whole or event by event. */
export class CustomToolCalls {
  readonly #names: ReadonlySet<string>;
  /** `choice:part` of the calls that are being told. */
  readonly #open = new Map<string, StringMember>();

  constructor(tools: readonly ChatTool[]) {
    this.#names = new Set(tools.flatMap(({ kind, name }) => (kind === 'custom' ? [name] : [])));
  }

  reply(reply: ChatReply): ChatReply {
    return { ...reply, choices: reply.choices.map((choice) => ({ ...choice, parts: choice.parts.map((part) => this.#part(part)) })) };
  }

  #part(part: ChatPart): ChatPart {
    if (part.kind !== 'tool-call' || !this.#names.has(part.name)) return part;
    const call: ToolCallPart = { ...part, arguments: inputOf(part.arguments), custom: true };
    return call;
  }

  /** What becomes of an event: none, one or two. */
  event(event: ChatEvent, told: (event: ChatEvent) => void): void {
    if (event.kind === 'part' && event.opening.kind === 'tool-call' && this.#names.has(event.opening.name)) {
      this.#open.set(`${event.choice}:${event.part}`, new StringMember(INPUT));
      told({ ...event, opening: { ...event.opening, custom: true } });
      return;
    }
    if (this.#open.size === 0 || (event.kind !== 'arguments' && event.kind !== 'part-end')) {
      told(event);
      return;
    }
    const key = `${event.choice}:${event.part}`;
    const member = this.#open.get(key);
    if (member === undefined) {
      told(event);
      return;
    }
    const text = event.kind === 'arguments' ? member.push(event.text) : inputOfRest(member.finish());
    if (text !== '') told({ kind: 'arguments', choice: event.choice, part: event.part, text });
    if (event.kind === 'arguments') return;
    this.#open.delete(key);
    told(event);
  }
}

function inputOfRest(rest: string | undefined): string {
  return rest === undefined ? '' : inputOf(rest);
}

/** Models that are told to write JSON do not always: then what they wrote is the text. */
function inputOf(written: string): string {
  let value: unknown;
  try {
    value = JSON.parse(written);
  } catch {
    const member = new StringMember(INPUT);
    const text = member.push(written);
    return member.finish() === undefined ? text : written;
  }
  if (typeof value === 'string') return value;
  if (!isObject(value)) return written;
  if (typeof value[INPUT] === 'string') return value[INPUT];
  const [only, ...others] = Object.values(value);
  return typeof only === 'string' && others.length === 0 ? only : written;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
