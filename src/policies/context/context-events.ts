import type { ContextPart, LeftOutReason, SaveState } from '../../operations/context-answer.ts';

/** What is counted. */
export interface ContextEvents {
  retrieved(part: ContextPart, durationMs: number): void;
  /** So many were put into a prompt. */
  told(counts: { readonly profile: number; readonly memory: number; readonly document: number }): void;
  leftOut(part: ContextPart, reason: LeftOutReason): void;
  saved(state: SaveState): void;
}
