import type { Reply } from '../pipeline/reply.ts';

/** A reply of the gateway itself. Never stored: it says how things are now. */
export function jsonReply(status: number, value: unknown): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}
