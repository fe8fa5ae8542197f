/* Content blocks as Bedrock has them: objects of which one member is set, and its name is the kind. */

import { isRecord } from '../dialect-errors.ts';

export type Block = Readonly<Record<string, unknown>>;

/** Name and value of the member that is set; undefined for what is no block. */
export function memberOf(block: unknown): readonly [kind: string, value: unknown] | undefined {
  if (!isRecord(block)) return undefined;
  for (const name in block) {
    const value = block[name];
    // What pads an event against listeners is no member.
    if (value !== undefined && value !== null && name !== 'p') return [name, value];
  }
  return undefined;
}
