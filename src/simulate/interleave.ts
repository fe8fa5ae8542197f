export interface Placed<Delta> {
  /** Whose it is, by number. */
  readonly index: number;
  readonly delta: Delta;
}

/** Several answers are generated side by side: a piece of each in turn, until the longest is at its end. */
export function interleave<Delta>(answers: readonly (readonly Delta[])[]): readonly Placed<Delta>[] {
  const longest = Math.max(0, ...answers.map((deltas) => deltas.length));
  const placed: Placed<Delta>[] = [];
  for (let position = 0; position < longest; position += 1) {
    for (const [index, deltas] of answers.entries()) {
      const delta = deltas[position];
      if (delta !== undefined) placed.push({ index, delta });
    }
  }
  return placed;
}
