/* Items of the Responses API as JSON text: lists of them are joined without being read. */

import { isRecord } from '../dialects/dialect-errors.ts';

/** The items of an input, without the message that says `told`: a text is a message of the user. Without the brackets of a list; empty where there are none. */
export function inputItems(input: unknown, told?: string): string {
  if (typeof input === 'string') return input === '' ? '' : JSON.stringify({ type: 'message', role: 'user', content: input });
  if (!Array.isArray(input)) return '';
  const items: readonly unknown[] = told === undefined ? input : input.filter((item) => !says(item, told));
  return JSON.stringify(items).slice(1, -1);
}

function says(item: unknown, text: string): boolean {
  const content: unknown = isRecord(item) ? item['content'] : undefined;
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const [part] = parts;
  return parts.length === 1 && isRecord(part) && part['text'] === text;
}

/**
 * The items of an answer, as they can be sent again. A thought that is not sealed in the item can only be found again by who keeps the answer, so where
 * nobody does it is left out.
 */
export function outputItems(output: unknown, isKept: boolean): string {
  if (!Array.isArray(output)) return '';
  const sent = output.filter(
    (item) => isKept || !isRecord(item) || item['type'] !== 'reasoning' || typeof item['encrypted_content'] === 'string',
  );
  return JSON.stringify(sent).slice(1, -1);
}

export function joinItems(...lists: readonly string[]): string {
  return lists.filter((list) => list !== '').join(',');
}
