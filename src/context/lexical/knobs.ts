/*
 * The one setting for conversations, papers and code. What was tried and how flat the neighbourhood of each value is: docs/decisions/0013-lexical-index.md.
 */

/** `weight`: of the signal in the sum. `k1`: how soon more of the same stops to count. `b`: how much a long text is held against, 0 to 1. `about`: of what stands beside the unit. */
export const KNOBS = {
  /** A question tells little about what it asks; what follows it is about it. */
  questionOwn: 0.4,
  /** What the unit says. */
  own: { weight: 0.25, k1: 1.2, b: 0.5, about: 1 },
  /** What stands around it: by distance, before and after. A question counts more for what follows it, and less for what stands before. */
  window: { weight: 0.7, k1: 1.5, b: 0.6, about: 1, before: [0.45, 0.22], after: [0.35, 0.18], answered: 2.5, asked: 0.7 },
  /** Its group as a whole. */
  group: { weight: 0.2, k1: 0.9, b: 0.4 },
  /** The window again, by runs of four characters. */
  grams: { weight: 0.4, k1: 1.2, b: 0.6, about: 0.5 },
} as const;
