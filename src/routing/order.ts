import type { Target } from './target.ts';

/**
 * The order in which to try targets: tier by tier (`priority`, 0 first), and within a tier random by `weight`, so that a target comes first in
 * proportion to its weight, and among the rest the same holds for the second place, and so on.
 *
 * Each target draws `-ln(u) / weight`, and the smallest goes first: the exponential race, Efraimidis and Spirakis, "Weighted random
 * sampling with a reservoir" (2006). `random` is in [0, 1).
 */
export function orderTargets<T extends Pick<Target, 'weight' | 'priority'>>(targets: readonly T[], random: () => number): readonly T[] {
  const drawn = targets.map((target) => ({ target, arrival: -Math.log(1 - random()) / target.weight }));
  drawn.sort((a, b) => a.target.priority - b.target.priority || a.arrival - b.arrival);
  return drawn.map(({ target }) => target);
}
