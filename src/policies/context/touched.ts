import { createLru } from '../../base/lru.ts';

const CONVERSATIONS_MAX = 10_000;
const BYTES_MAX = 8 * 1_048_576;
const IDS_MAX = 1_000;

/** Which memories a conversation was given before, so that each counts as used once for it. Bounded: what was forgotten counts again. */
export interface Touched {
  /** Those of the ids that are new to the conversation. */
  fresh(conversation: string, ids: readonly string[]): readonly string[];
}

export function createTouched(): Touched {
  const known = createLru<Set<string>>({ entriesMax: CONVERSATIONS_MAX, bytesMax: BYTES_MAX });
  return {
    fresh(conversation, ids) {
      const given = known.get(conversation) ?? new Set<string>();
      const fresh = ids.filter((id) => !given.has(id));
      if (fresh.length === 0 || given.size > IDS_MAX) return fresh;
      for (const id of fresh) given.add(id);
      let bytes = conversation.length;
      for (const id of given) bytes += id.length;
      known.set(conversation, given, bytes);
      return fresh;
    },
  };
}
