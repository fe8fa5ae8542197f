/*
 * Items of an input that only name an item of an earlier answer: `{"type": "item_reference", "id": "msg_…"}`; the type may be left out.
 * Source: platform.openai.com/docs/api-reference/responses/create (`ItemReference`), and what the service answers to an id that it does not know.
 */

import { GatewayError } from '../../base/errors.ts';
import { isRecord } from '../dialect-errors.ts';

/** The id that an item names; undefined where it is an item itself. */
export function referenceOf(item: unknown): string | undefined {
  if (!isRecord(item) || typeof item['id'] !== 'string') return undefined;
  const { type } = item;
  if (type === 'item_reference') return item['id'];
  return (type === undefined || type === null) && item['role'] === undefined ? item['id'] : undefined;
}

const NAMED = Buffer.from('item_reference');
const ID = Buffer.from('"id"');
/** An object that has an id, and nothing else but a type of null. */
const BARE = /\{\s*"id"\s*:\s*"[^"]*"\s*(?:,\s*"type"\s*:\s*null\s*)?\}|\{\s*"type"\s*:\s*null\s*,\s*"id"/;

/** Whether a body may hold references; `true` is a guess, `false` is sure. Nothing is parsed, for most bodies hold none. */
export function mayHoldReference(bytes: Uint8Array): boolean {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // A character may be written as an escape; nobody does, and then the item is refused as one that is not known.
  return body.includes(NAMED) || (body.includes(ID) && BARE.test(body.toString('latin1')));
}

/** As the service says it. */
export function itemUnknown(id: string): GatewayError {
  return new GatewayError('item_not_found', `Item with id '${id.slice(0, 100)}' not found.`, { param: 'input' });
}
