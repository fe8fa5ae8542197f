/* How good a ranking is. `ranked` is best first and has no doubles; `wanted` is not empty. */

/** Share of what is wanted that stands among the first `depth`. */
export function recallAt(depth: number, ranked: readonly string[], wanted: readonly string[]): number {
  const first = new Set(ranked.slice(0, depth));
  return wanted.filter((id) => first.has(id)).length / wanted.length;
}

/** Normalised discounted cumulative gain, each wanted one worth the same. */
export function ndcgAt(depth: number, ranked: readonly string[], wanted: readonly string[]): number {
  const goals = new Set(wanted);
  let gain = 0;
  for (const [place, id] of ranked.slice(0, depth).entries()) if (goals.has(id)) gain += discount(place);
  let ideal = 0;
  for (let place = 0; place < Math.min(depth, goals.size); place += 1) ideal += discount(place);
  return gain / ideal;
}

function discount(place: number): number {
  return 1 / Math.log2(place + 2);
}
