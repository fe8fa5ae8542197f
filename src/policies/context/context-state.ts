/* What is known of one chat's context by now: the fact that others read. */

import type {
  ContextAnswer,
  ContextPart,
  LeftOut,
  LeftOutReason,
  SaveState,
  ToldDocument,
  ToldMemory,
} from '../../operations/context-answer.ts';

export class ContextState implements ContextAnswer {
  user: string | undefined;
  memoryMs = 0;
  knowledgeMs = 0;
  waitedMs = 0;
  profile: readonly ToldMemory[] = [];
  memories: readonly ToldMemory[] = [];
  documents: readonly ToldDocument[] = [];
  saved: SaveState = 'off';
  savedId: string | undefined;
  readonly #skipped = new Set<ContextPart>();
  readonly #leftOut = new Map<string, LeftOut>();

  get skipped(): readonly ContextPart[] {
    return [...this.#skipped];
  }

  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()];
  }

  /** The part was asked for, and does nothing at all. Without a reason, one was given before. */
  skip(part: ContextPart, reason?: LeftOutReason): void {
    this.#skipped.add(part);
    if (reason !== undefined) this.leave({ part, reason });
  }

  leave(leftOut: LeftOut): void {
    this.#leftOut.set(`${leftOut.part} ${leftOut.reason}`, leftOut);
  }
}
