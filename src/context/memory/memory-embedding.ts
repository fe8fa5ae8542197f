import type { StoredRecord } from '../../stores/record/record-store.ts';
import { MEMORY_KINDS, type Memory } from './memory.ts';

const KINDS: ReadonlySet<string> = new Set(MEMORY_KINDS);

/** What the embedding model is given of a memory; undefined for what lies beside memories. Throws for a record that cannot be read. */
export function memoryTextOf({ kind, body }: StoredRecord): string | undefined {
  if (!KINDS.has(kind) || body === null) return undefined;
  const { text } = JSON.parse(body) as Partial<Memory>;
  if (typeof text !== 'string') throw new TypeError('the record is no memory');
  return text;
}
