import type { StoredRecord } from '../../stores/record/record-store.ts';
import { MEMORY_KINDS, type Memory } from './memory.ts';

const KINDS: ReadonlySet<string> = new Set(MEMORY_KINDS);

/** What the embedding model is given of a memory; undefined for what lies beside memories. */
export function memoryTextOf({ kind, body }: StoredRecord): string | undefined {
  return KINDS.has(kind) && body !== null ? (JSON.parse(body) as Memory).text : undefined;
}
