/** What routing chose: targets in the order in which they are to be tried. Pure data. */

import type { Target } from './target.ts';

export interface Plan {
  /** The name that was asked for. */
  readonly model: string;
  /** At least one; fallback tiers come after the ones before them. */
  readonly targets: readonly Target[];
  readonly deadlines: Deadlines;
  /** A refusal for content policy is tried elsewhere. */
  readonly retryContentPolicy: boolean;
}

/** In milliseconds. What the model says wins over what its first target's provider says, and that over section `upstream`. */
export interface Deadlines {
  readonly firstTokenMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}
