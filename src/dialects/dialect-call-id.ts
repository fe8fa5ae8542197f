import { randomUUID } from 'node:crypto';

/** An id for a tool call of a server that gives none. No two are the same, not even in two answers of one conversation: some vendors refuse that. */
export function createCallId(): string {
  return `call_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
