/*
 * The items of an input as messages. What the assistant did lies apart in items (thoughts, words, calls): those that follow each other are one message, until
 * it speaks again. Outputs of tools are messages of the tool. Items that this API alone knows are kept as they stand.
 */

import type { ChatMessage, ChatPart, ChatRole, Signature } from '../../operations/chat.ts';
import { invalid } from '../dialect-request.ts';
import { readContent } from './content.ts';
import { NAME } from './name.ts';
import { readCallSignature, readThought } from './thoughts.ts';
import { objectAt, textAt, type Unread } from './unread.ts';

type Item = Readonly<Record<string, unknown>>;

const FIELDS = {
  message: new Set(['type', 'id', 'status', 'role', 'content']),
  reasoning: new Set(['type', 'id', 'status', 'summary', 'content', 'encrypted_content']),
  call: new Set(['type', 'id', 'status', 'call_id', 'name', 'arguments', 'input']),
  output: new Set(['type', 'id', 'status', 'call_id', 'output']),
} as const satisfies Record<string, ReadonlySet<string>>;

/** Roles as our words have them. */
const ROLES: Readonly<Record<string, { readonly role: ChatRole; readonly developer?: true }>> = {
  user: { role: 'user' },
  assistant: { role: 'assistant' },
  system: { role: 'system' },
  developer: { role: 'system', developer: true },
};

/** What the caller's side does: all other items that we do not know are the model's. */
const CALLERS_ITEM = /_output$|_response$|^(item_reference|additional_tools|configuration_update|compaction_trigger)$/;

/** Throws `request_invalid`. */
export function readInput(input: unknown, unread: Unread): ChatMessage[] {
  if (input === undefined || input === null) return [];
  if (typeof input === 'string') return input === '' ? [] : [{ role: 'user', parts: [{ kind: 'text', text: input }] }];
  if (!Array.isArray(input)) throw invalid('input', "'input' must be a string or an array of items");
  const reader = new InputReader(unread);
  for (const [index, item] of input.entries()) reader.item(item, `input[${index}]`);
  return reader.messages;
}

class InputReader {
  readonly messages: { role: ChatRole; parts: ChatPart[]; developer?: true }[] = [];
  readonly #unread: Unread;
  /** The assistant has spoken in the message that is open: another message of it is another. */
  #spoken = false;
  /** Of the call that comes next. */
  #callSignature: Signature | undefined;

  constructor(unread: Unread) {
    this.#unread = unread;
  }

  item(value: unknown, path: string): void {
    const item = objectAt(value, path);
    switch (item['type'] ?? (item['role'] === undefined ? undefined : 'message')) {
      case 'message':
        this.#message(item, path);
        return;
      case 'reasoning':
        this.#thought(item);
        return;
      case 'function_call':
        this.#call(item, path);
        return;
      case 'custom_tool_call':
        this.#unread.note(item, FIELDS.call, 'input[].');
        this.#assistant({
          kind: 'tool-call',
          id: textAt(item, 'call_id', path),
          name: textAt(item, 'name', path),
          arguments: textAt(item, 'input', path),
          custom: true,
        });
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#output(item, path);
        return;
      default:
        this.#native(item);
    }
  }

  #message(item: Item, path: string): void {
    this.#unread.note(item, FIELDS.message, 'input[].');
    const known = ROLES[String(item['role'])];
    if (known === undefined) throw invalid(`${path}.role`, `'${path}.role' must be 'user', 'assistant', 'system' or 'developer'`);
    const parts = readContent(item['content'] ?? [], `${path}.content`, this.#unread);
    if (known.role !== 'assistant') {
      this.messages.push({ ...known, parts });
      return;
    }
    if (this.#spoken) this.messages.push({ role: 'assistant', parts: [] });
    this.#assistant(...parts);
    this.#spoken = true;
  }

  #thought(item: Item): void {
    this.#unread.note(item, FIELDS.reasoning, 'input[].');
    const thought = readThought(item, 'caller');
    const signature = readCallSignature(thought);
    if (signature === undefined) this.#assistant(thought);
    else this.#callSignature = signature;
  }

  #call(item: Item, path: string): void {
    this.#unread.note(item, FIELDS.call, 'input[].');
    const signature = this.#callSignature;
    this.#callSignature = undefined;
    this.#assistant({
      kind: 'tool-call',
      id: textAt(item, 'call_id', path),
      name: textAt(item, 'name', path),
      arguments: textAt(item, 'arguments', path),
      ...(signature === undefined ? {} : { signature }),
    });
  }

  #output(item: Item, path: string): void {
    this.#unread.note(item, FIELDS.output, 'input[].');
    const parts = readContent(item['output'] ?? [], `${path}.output`, this.#unread);
    const part: ChatPart = {
      kind: 'tool-result',
      callId: textAt(item, 'call_id', path),
      parts,
      ...(item['type'] === 'custom_tool_call_output' ? { custom: true as const } : {}),
    };
    const last = this.messages.at(-1);
    if (last?.role === 'tool') last.parts.push(part);
    else this.messages.push({ role: 'tool', parts: [part] });
  }

  #native(item: Item): void {
    const part: ChatPart = { kind: 'native', dialect: NAME, value: item };
    const { type = 'item_reference' } = item;
    if (typeof type === 'string' && CALLERS_ITEM.test(type)) this.messages.push({ role: 'user', parts: [part] });
    else this.#assistant(part);
  }

  #assistant(...parts: readonly ChatPart[]): void {
    const last = this.messages.at(-1);
    if (last?.role === 'assistant') last.parts.push(...parts);
    else {
      this.messages.push({ role: 'assistant', parts: [...parts] });
      this.#spoken = false;
    }
  }
}
