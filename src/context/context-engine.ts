/*
 * The engines behind chats that know something: memories of users, and documents. They run in a thread of their own (engine/), for reading,
 * cutting, indexing and searching take longer than the gateway's event loop may be held up.
 */

import type { KnowledgeEngine } from './knowledge/knowledge.ts';
import type { MemoryEngine } from './memory/memory.ts';

export interface ContextStatus {
  /** Partitions whose index is in memory, and the bytes that they hold. */
  readonly indexes: number;
  readonly indexBytes: number;
  /** Records that still wait for their vectors; undefined without an embedder. */
  readonly unembedded?: number;
  /** Turns from which facts are still to be drawn by a model. */
  readonly unextracted: number;
}

export interface ContextEngine extends AsyncDisposable {
  readonly memory: MemoryEngine;
  readonly knowledge: KnowledgeEngine;
  status(): Promise<ContextStatus>;
}
