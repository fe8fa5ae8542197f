/* Items that an input only names, because an earlier answer had them, where that answer is kept here. */

import { GatewayError } from '../base/errors.ts';
import { itemUnknown, referenceOf } from '../dialects/openai-responses/references.ts';
import type { Principal } from '../pipeline/facts.ts';
import type { ResponsesMemory } from './responses-memory.ts';

export interface ReferencesDeps {
  readonly memory: ResponsesMemory;
  /** Size of all items together that stand for references of one request. */
  readonly bodyBytesMax: number;
  /** Whether some target may know items that are not known here. */
  readonly isKnownElsewhere: boolean;
}

/** Different items that one input may name. */
const REFERENCES_MAX = 4_096;

/**
 * The items of the input as JSON, with commas between, known ones in place of their references; undefined where none is known, and nothing has changed.
 * References that are not known here stay as they are where a target may know them. Throws `item_not_found`, `request_invalid` and `body_too_large`.
 */
export async function resolveReferences(
  input: unknown,
  principal: Principal,
  { memory, bodyBytesMax, isKnownElsewhere }: ReferencesDeps,
): Promise<string | undefined> {
  if (!Array.isArray(input)) return undefined;
  const ids = new Set(input.flatMap((item) => referenceOf(item) ?? []));
  if (ids.size === 0) return undefined;
  if (ids.size > REFERENCES_MAX)
    throw new GatewayError('request_invalid', `'input' refers to more than ${REFERENCES_MAX} items`, { param: 'input' });
  const known = await memory.findItems([...ids], principal);
  if (!isKnownElsewhere) for (const id of ids) if (!known.has(id)) throw itemUnknown(id);
  if (known.size === 0) return undefined;
  // One item may be named many times.
  let room = bodyBytesMax;
  const items = input.map((item: unknown) => {
    const id = referenceOf(item);
    const found = id === undefined ? undefined : known.get(id);
    if (found === undefined) return JSON.stringify(item);
    room -= found.length;
    if (room < 0)
      throw new GatewayError('body_too_large', `the items that 'input' refers to are larger than ${bodyBytesMax} bytes`, {
        param: 'input',
      });
    return found;
  });
  return items.join(',');
}
