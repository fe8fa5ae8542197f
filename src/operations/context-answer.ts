/* What is told of the context that an answer was made with, and of what was remembered of it. */

/** Parts of the pipeline around a generation. */
export const CONTEXT_PARTS = ['memory', 'knowledge'] as const;
export type ContextPart = (typeof CONTEXT_PARTS)[number];

/**
 * `timeout`: it was not there within the deadline; `storage`, `embeddings`, `vectors`, `reranker`: that could not be used; `no_user`: nobody said whose memory it
 * is; `no_question`: the user said nothing; `no_place`: the body has no place for it; `no_collection`: there is none; `disabled`: the gateway keeps none;
 * `failed`: anything else.
 */
export const LEFT_OUT_REASONS = [
  'timeout',
  'storage',
  'embeddings',
  'vectors',
  'reranker',
  'no_user',
  'no_question',
  'no_place',
  'no_collection',
  'disabled',
  'failed',
] as const;
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number];

export interface LeftOut {
  readonly part: ContextPart;
  readonly reason: LeftOutReason;
}

export interface ToldMemory {
  readonly id: string;
  readonly text: string;
  /** 0 to 1. */
  readonly score: number;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

export interface ToldDocument {
  readonly text: string;
  readonly score: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * What became of the turns: `off` (nobody asked for it, or there was nothing to remember), `queued` (not yet), `stored` (written; a crash does not lose it),
 * `timeout` (not written when the reply had to go; it still may be), `failed`.
 */
export type SaveState = 'off' | 'queued' | 'stored' | 'timeout' | 'failed';

export interface ContextAnswer {
  /** Whose memory it is about; undefined: nobody said. */
  readonly user: string | undefined;
  /** Milliseconds until memories, and documents, were there or given up; 0 where they were not asked for. */
  readonly memoryMs: number;
  readonly knowledgeMs: number;
  /** Milliseconds that the reply waited for all of this, saving included. */
  readonly waitedMs: number;
  /** What is always told of the user. */
  readonly profile: readonly ToldMemory[];
  readonly memories: readonly ToldMemory[];
  readonly documents: readonly ToldDocument[];
  /** Parts that were asked for and had no part in the answer at all. */
  readonly skipped: readonly ContextPart[];
  readonly leftOut: readonly LeftOut[];
  readonly saved: SaveState;
  /** Id of the user's turn, where it is stored. */
  readonly savedId?: string | undefined;
}
