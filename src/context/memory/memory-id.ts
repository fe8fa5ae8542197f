/*
 * Ids of memories as callers see them. An id is unique among the memories of one user alone; a caller who may name users, and an API that asks by id
 * and nothing else (Mem0's), need the user as well. So it stands in the id, behind a `~`: no secret, for whoever sees the id has seen the memory.
 * Whether the caller may see that user's is asked each time.
 */

const MARK = '~';
const CHARS_MAX = 1_000;

export function publicMemoryId(user: string, id: string): string {
  return user === '' ? id : `${id}${MARK}${Buffer.from(user).toString('base64url')}`;
}

export interface ReadMemoryId {
  readonly id: string;
  /** Undefined: it does not say. */
  readonly user?: string;
}

/** Undefined for what is no id. */
export function readMemoryId(text: string): ReadMemoryId | undefined {
  if (text === '' || text.length > CHARS_MAX) return undefined;
  const mark = text.lastIndexOf(MARK);
  if (mark === -1) return { id: text };
  const user = Buffer.from(text.slice(mark + 1), 'base64url').toString();
  // What decodes to the same user in another spelling is not the id that was given out.
  if (mark === 0 || user === '' || publicMemoryId(user, text.slice(0, mark)) !== text) return undefined;
  return { id: text.slice(0, mark), user };
}
