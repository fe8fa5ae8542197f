/* Ratios of paired rounds. A round's two measurements stand next to each other in time, so what troubles the machine troubles both. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The median (the lower of two middle values is averaged with the upper), least and greatest. Throws when there are no values. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  const min = sorted[0];
  const max = sorted.at(-1);
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) throw new Error('no values');
  return { median: (lower + upper) / 2, min, max };
}

/** The spread of `left[i] ÷ right[i]`. Both must be of the same length. */
export function ratios(left: readonly number[], right: readonly number[]): Spread {
  return spread(pairs(left, right).map(([one, other]) => one / other));
}

/** The spread of `left[i] − right[i]`. Both must be of the same length. */
export function differences(left: readonly number[], right: readonly number[]): Spread {
  return spread(pairs(left, right).map(([one, other]) => one - other));
}

function pairs(left: readonly number[], right: readonly number[]): [number, number][] {
  if (left.length !== right.length) throw new Error(`${left.length} rounds cannot be paired with ${right.length}`);
  return left.map((value, index) => [value, right[index] ?? Number.NaN]);
}
