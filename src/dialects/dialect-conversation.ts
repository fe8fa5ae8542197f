/*
 * A conversation as it stands in the body of a chat: who said what, and where something may be put beside it. Nothing of the body is written anew: what is
 * added goes between two items of the list (or, where a dialect allows no two turns of one role in a row, into the item), and every byte of the
 * caller's stays, in its order.
 *
 *   … │ assistant │ ▼ user: the question │ assistant calls a tool │ the tool's result │
 *
 * The place is right before the last item that the user wrote: what stands before it is a prefix that the model's server may have cached, and
 * while a model works with tools the place stays the same. An item that holds results of tools beside the user's words must stay where it is, next to the
 * calls; there the place is behind it.
 */

import { arrayItems, type JsonSpan } from '../base/json-items.ts';
import { type JsonScan, memberJson } from '../base/json-scan.ts';
import type { Operation } from '../operations/operation.ts';
import { scanBody } from './dialect-body.ts';
import { isRecord } from './dialect-errors.ts';

/** What somebody said. System prompts, thoughts, calls of tools and their results are said by nobody. */
export interface Saying {
  readonly role: 'user' | 'assistant';
  /** Not empty, but for a turn of the user's that has no words (an image). */
  readonly text: string;
}

export interface Conversation {
  readonly sayings: readonly Saying[];
  /** Index in `sayings` of the last that the user said; undefined where the user said nothing. */
  readonly question: number | undefined;
  /** What the conversation begins with, up to the first words of the user's: the same for every later state of it. */
  readonly opening: string;
  /** The body with the text in its place, as a message of its own; undefined where it has none. */
  place(text: string): Uint8Array | undefined;
}

type Item = Readonly<Record<string, unknown>>;

/** What one item of the list is. */
export interface ReadItem {
  readonly role: 'user' | 'assistant' | 'other';
  readonly text: string;
  /** It holds results of tools, too. */
  readonly isMixed?: boolean;
}

/** The words of a dialect. */
export interface ConversationWords {
  /** Member of the body with the list. */
  readonly member: string;
  read(item: Item): ReadItem;
  /** The item of its own that says the text, as JSON. */
  write(text: string): string;
  /** Of a dialect whose turns must alternate: where in the item's list of parts the text goes, and the part that says it, as JSON. */
  readonly within?: { readonly member: string; write(text: string): string };
}

/** Reads `operation.bytes`, whose JSON has been checked. Undefined where the list is missing. */
export function readConversation(operation: Pick<Operation, 'bytes'>, words: ConversationWords): Conversation | undefined {
  const scan = scanBody(operation.bytes);
  const member = scan.get(words.member);
  if (member?.kind !== 'array') return undefined;
  return conversationOf(scan.bytes, arrayItems(scan.bytes, member.start), words);
}

/** A body whose whole conversation is one text: the user's. `place` is told where the text stands. */
export function singleText(
  scan: JsonScan,
  name: string,
  place: (at: JsonSpan, text: string) => Uint8Array | undefined,
): Conversation | undefined {
  const member = scan.get(name);
  const text = memberJson(scan, name);
  if (member === undefined || typeof text !== 'string' || text === '') return undefined;
  return { sayings: [{ role: 'user', text }], question: 0, opening: text, place: (block) => place(member, block) };
}

function conversationOf(bytes: Uint8Array, spans: readonly JsonSpan[], words: ConversationWords): Conversation {
  const sayings: Saying[] = [];
  let question: number | undefined;
  let opening: string | undefined;
  let last: { readonly span: JsonSpan; readonly isMixed: boolean } | undefined;
  let before = '';
  for (const span of spans) {
    const item: unknown = JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)));
    const { role, text, isMixed = false }: ReadItem = isRecord(item) ? words.read(item) : { role: 'other', text: '' };
    if (opening === undefined) before += `${role}\0${text.slice(0, OPENING_CHARS_MAX)}\0`;
    if (role === 'other' || (role === 'assistant' && text === '')) continue;
    sayings.push({ role, text });
    if (role === 'assistant') continue;
    question = sayings.length - 1;
    opening ??= before;
    last = { span, isMixed };
  }
  return {
    sayings,
    question,
    opening: opening ?? before,
    place: (text) => (last === undefined ? undefined : placed(bytes, { ...last, text }, words)),
  };
}

/** Two conversations that begin with the same so many characters, and go on differently, are hardly two. */
const OPENING_CHARS_MAX = 4_096;

interface Place {
  readonly span: JsonSpan;
  readonly isMixed: boolean;
  readonly text: string;
}

function placed(bytes: Uint8Array, place: Place, words: ConversationWords): Uint8Array | undefined {
  if (words.within !== undefined) return placedWithin(bytes, place, words.within);
  const { span, isMixed, text } = place;
  const item = words.write(text);
  return isMixed ? spliced(bytes, span.end, `,${item}`) : spliced(bytes, span.start, `${item},`);
}

function placedWithin(bytes: Uint8Array, place: Place, within: NonNullable<ConversationWords['within']>): Uint8Array | undefined {
  const { span, isMixed, text } = place;
  const at = memberStart(bytes.subarray(span.start, span.end), within.member);
  if (at === undefined) return undefined;
  const parts = arrayItems(bytes, span.start + at);
  const [first, last] = [parts[0], parts.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const part = within.write(text);
  return isMixed ? spliced(bytes, last.end, `,${part}`) : spliced(bytes, first.start, `${part},`);
}

/** Where the list of a member begins in an object that stands alone. */
function memberStart(bytes: Uint8Array, name: string): number | undefined {
  const member = scanBody(bytes).get(name);
  return member?.kind === 'array' ? member.start : undefined;
}

/** The bytes with a text put in at `at`. */
export function spliced(bytes: Uint8Array, at: number, text: string): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(text), bytes.subarray(at)]);
}

/** The texts of a content that is one, or a list of parts some of which have one under `text`. */
export function textOfContent(content: unknown, isText: (part: Item) => boolean = hasText): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .flatMap((part: unknown) => (isRecord(part) && isText(part) && typeof part['text'] === 'string' ? [part['text']] : []))
    .join('\n');
}

function hasText({ text }: Item): boolean {
  return typeof text === 'string';
}

const decoder = new TextDecoder();
