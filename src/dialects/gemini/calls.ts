/*
 * Calls of functions, and what came of them. Ids are optional in this dialect, and older models give none; other dialects can't do without. So a call without one
 * gets an id that follows from its place, the same each time the conversation comes; and a result without one belongs to the call of its name that waits.
 */

import { createHash } from 'node:crypto';
import type { ChatPart, ToolResultPart } from '../../operations/chat.ts';
import { isRecord } from '../dialect-errors.ts';
import { type Fields, fieldsOf, listOf, textOf } from './fields.ts';

interface Waiting {
  readonly id: string;
  readonly name: string;
}

/** The ids of one conversation, in its order. */
export class CallIds {
  readonly #waiting: Waiting[] = [];
  readonly #known: ReadonlySet<string>;
  #made = 0;

  /** `contents`: the turns, of which those ids are taken that are given. */
  constructor(contents: readonly unknown[]) {
    const known = new Set<string>();
    for (const content of contents) {
      for (const part of listOf(fieldsOf(content)?.['parts'])) {
        const id = fieldsOf(fieldsOf(part)?.['functionCall'])?.['id'];
        if (typeof id === 'string') known.add(id);
      }
    }
    this.#known = known;
  }

  ofCall({ id, name }: { readonly id: string | undefined; readonly name: string }): string {
    const given = id ?? this.#next();
    this.#waiting.push({ id: given, name });
    return given;
  }

  ofResult({ id, name }: { readonly id: string | undefined; readonly name: string }): string {
    const isMeant = (call: Waiting): boolean => (id === undefined ? call.name === name : call.id === id);
    const place = this.#waiting.findIndex(isMeant);
    if (place === -1 && id !== undefined) return id;
    // Somebody who answers by another name answers in order.
    const [call] = this.#waiting.splice(Math.max(0, place), 1);
    return call?.id ?? this.#next();
  }

  #next(): string {
    let id: string;
    do id = `call_${(this.#made++).toString(36).padStart(4, '0')}`;
    while (this.#known.has(id));
    return id;
  }
}

/** The id of a call in an answer that gave it none: no other answer has the same, and this one always. */
export function answerCallId(answer: string, place: string, call: { readonly name: string; readonly arguments: string }): string {
  const digest = createHash('sha256').update(`${answer}\0${place}\0${call.name}\0${call.arguments}`).digest('hex');
  return `call_${digest.slice(0, 24)}`;
}

/** The arguments of a call, which are an object here: what is none stands in one. `custom`: the tool takes text instead of JSON. */
export function writeArguments(text: string, custom?: true): Fields {
  if (custom === true) return { input: text };
  if (text.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : { value: parsed };
  } catch {
    return { value: text };
  }
}

/** Names under which clients and the vendor's guide put a result that is a text, and an error. */
const PLAIN = ['output', 'result'] as const;

/** The text of a response, and whether it tells of an error. */
export function readResponse(response: unknown): { readonly text: string; readonly failed?: true } {
  if (!isRecord(response)) return { text: response === undefined || response === null ? '' : JSON.stringify(response) };
  const names = Object.keys(response);
  if (names.length === 1) {
    for (const name of PLAIN) if (typeof response[name] === 'string') return { text: response[name] };
    if (typeof response['error'] === 'string') return { text: response['error'], failed: true };
  }
  return { text: JSON.stringify(response) };
}

/** The response that reads as this result again. An object that a tool gave as JSON is given on as one: that is what models know. */
export function writeResponse(text: string, failed: boolean): Fields {
  if (failed) return { error: text };
  if (text.startsWith('{')) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (isRecord(parsed) && JSON.stringify(parsed) === text && readResponse(parsed).text === text) return parsed;
    } catch {
      // It only looks like JSON.
    }
  }
  return { output: text };
}

/** A result's text, in one; and what it has beside text. */
export function resultParts({ parts }: ToolResultPart): { readonly text: string; readonly others: readonly ChatPart[] } {
  let text = '';
  const others: ChatPart[] = [];
  for (const part of parts) {
    if (part.kind === 'text' || part.kind === 'refusal') text += part.text;
    else others.push(part);
  }
  return { text, others };
}

export function readCall(
  value: unknown,
): { readonly id: string | undefined; readonly name: string; readonly arguments: string } | undefined {
  const call = fieldsOf(value);
  if (call === undefined) return undefined;
  const id = textOf(call['id']);
  return {
    id: id === '' ? undefined : id,
    name: textOf(call['name']) ?? '',
    arguments: JSON.stringify(isRecord(call['args']) ? call['args'] : {}),
  };
}
