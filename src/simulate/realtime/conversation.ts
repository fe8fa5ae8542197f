/** The items of a realtime conversation, bounded by number and by text. */
import { isObject, type JsonObject, shownAs } from '../json-instance.ts';
import { estimateTokens } from '../text.ts';
import { ClientError, missing, unsupported } from './client-error.ts';

export interface Item {
  readonly id: string;
  /** As it goes over the wire. */
  readonly wire: JsonObject;
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly textTokens: number;
  readonly audioTokens: number;
}

const ITEMS_MAX = 1_000;
const TEXT_CHARS_MAX = 16_777_216;
/** Audio tokens of a second of what a user says. */
const TOKENS_PER_SECOND = 10;
const CONTENT_TYPES: Readonly<Record<string, readonly string[]>> = {
  system: ['input_text'],
  user: ['input_text', 'input_audio', 'input_image'],
  assistant: ['output_text', 'output_audio'],
};

export class Conversation {
  readonly id: string;
  readonly #items: Item[] = [];
  #chars = 0;

  constructor(id: string) {
    this.id = id;
  }

  list(): readonly Item[] {
    return this.#items;
  }

  find(id: unknown): Item | undefined {
    return this.#items.find((item) => item.id === id);
  }

  /** Puts an item behind `previous`: an item's id, `root`, or undefined for the end. Returns the id before it. Throws ClientError. */
  add(item: Item, previous?: unknown): string | null {
    if (this.find(item.id) !== undefined)
      throw new ClientError(`An item with the id '${item.id}' exists already.`, 'invalid_value', 'item.id');
    if (this.#items.length >= ITEMS_MAX || this.#chars + item.text.length > TEXT_CHARS_MAX) {
      throw new ClientError(`The conversation has no room for more than ${ITEMS_MAX} items.`, 'conversation_too_long', 'item');
    }
    const at = this.#placeAfter(previous);
    this.#items.splice(at, 0, item);
    this.#chars += item.text.length;
    return this.#items[at - 1]?.id ?? null;
  }

  /** Throws ClientError. */
  remove(id: unknown): void {
    const at = this.#items.findIndex((item) => item.id === id);
    if (at === -1)
      throw new ClientError(
        `Error deleting item: the item with id '${shownAs(id).slice(0, 64)}' does not exist.`,
        'item_delete_invalid_item_id',
        'item_id',
      );
    this.#chars -= this.#items[at]?.text.length ?? 0;
    this.#items.splice(at, 1);
  }

  #placeAfter(previous: unknown): number {
    if (previous === undefined || previous === null) return this.#items.length;
    if (previous === 'root') return 0;
    const at = this.#items.findIndex((item) => item.id === previous);
    if (at === -1)
      throw new ClientError(`Item with id '${shownAs(previous).slice(0, 64)}' does not exist.`, 'invalid_value', 'previous_item_id');
    return at + 1;
  }
}

/** An item as a client gives it, with `id` if it gives none. Throws ClientError. */
export function readItem(value: unknown, id: string): Item {
  if (!isObject(value)) throw missing('item');
  const own = value['id'] ?? id;
  if (typeof own !== 'string' || own === '' || own.length > 64)
    throw new ClientError("Invalid 'item.id': expected 1 to 64 characters.", 'invalid_value', 'item.id');
  const base = { id: own, object: 'realtime.item', type: value['type'] };
  switch (value['type']) {
    case 'message':
      return readMessage(value, base);
    case 'function_call': {
      const { name, arguments: args, call_id: callId = `call_${own}` } = value;
      if (typeof name !== 'string') throw missing('item.name');
      if (typeof args !== 'string') throw missing('item.arguments');
      return itemOf({ ...base, status: 'completed', name, call_id: callId, arguments: args }, 'assistant', `${name} ${args}`);
    }
    case 'function_call_output': {
      const { call_id: callId, output } = value;
      if (typeof callId !== 'string') throw missing('item.call_id');
      if (typeof output !== 'string') throw missing('item.output');
      return itemOf({ ...base, status: 'completed', call_id: callId, output }, 'tool', output);
    }
    case undefined:
      throw missing('item.type');
    default:
      throw unsupported(value['type'], ['message', 'function_call', 'function_call_output'], 'item.type');
  }
}

/** What a user said, of so many bytes. */
export function spokenItem(id: string, transcript: string, seconds: number): Item {
  const content = [{ type: 'input_audio', transcript: null }];
  const wire = { id, object: 'realtime.item', type: 'message', status: 'completed', role: 'user', content };
  return { id, wire, role: 'user', text: transcript, textTokens: 0, audioTokens: Math.ceil(seconds * TOKENS_PER_SECOND) };
}

export function itemOf(wire: JsonObject & { readonly id: string }, role: Item['role'], text: string): Item {
  return { id: wire.id, wire, role, text, textTokens: estimateTokens(text), audioTokens: 0 };
}

function readMessage(value: JsonObject, base: { readonly id: string }): Item {
  const { role, content } = value;
  const types = typeof role === 'string' && Object.hasOwn(CONTENT_TYPES, role) ? CONTENT_TYPES[role] : undefined;
  if (types === undefined) throw unsupported(role, Object.keys(CONTENT_TYPES), 'item.role');
  if (!Array.isArray(content)) throw missing('item.content');
  const parts = content.map((part: unknown, index) => {
    const at = `item.content[${index}]`;
    if (!isObject(part)) throw new ClientError(`Invalid type for '${at}': expected an object.`, 'invalid_type', at);
    if (!types.includes(shownAs(part['type']))) throw unsupported(part['type'], types, `${at}.type`);
    const said = part['text'] ?? part['transcript'] ?? '';
    if (typeof said !== 'string') throw new ClientError(`Invalid type for '${at}.text': expected a string.`, 'invalid_type', `${at}.text`);
    // Neither sound nor pictures are sent back.
    const { audio, image_url: image, ...told } = part;
    return { told, said, bytes: (shownAs(audio ?? '').length + shownAs(image ?? '').length) * 0.75 };
  });
  const wire = { ...base, status: 'completed', role, content: parts.map((part) => part.told) };
  const item = itemOf(wire, role as Item['role'], parts.map((part) => part.said).join('\n'));
  return { ...item, audioTokens: Math.ceil((parts.reduce((total, part) => total + part.bytes, 0) / 48_000) * TOKENS_PER_SECOND) };
}
