/*
 * Two lists of hits made one: by words, and by meaning.
 *
 * Each list is stretched to 0..1 between its own last and first hit, and the two are added, weighted (a convex combination after min-max
 * normalisation: Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval", 2023; Anserini's BEIR fusion runs). What a list does
 * not hold counts there as its last hit does. Ranks alone (RRF) would forget by how much a hit is better, and that is what tells an exact
 * match of words, or a meaning that is plainly the same, from a list of also-rans.
 */

export interface Scored {
  readonly id: string;
  /** Comparable within its own list alone; higher is better. */
  readonly score: number;
}

export interface FusedHit {
  readonly id: string;
  /** 0 to 1. */
  readonly score: number;
  /** What the list of words said, 0 to 1; 0 where it does not hold the id. */
  readonly lexical: number;
  /** What the list of meanings said, 0 to 1; 0 where it does not hold the id. */
  readonly dense: number;
}

/** Share of the meaning in what comes out, as tuned; 0 to 1. */
export const DENSE_SHARE = 0.6;

/**
 * Every hit of either list, best first; ties in the order of the lists, words first. A list without hits has no say: the other's scores
 * stand as they are. Hits whose score is no finite number are left out, and of an id that comes twice in a list the better one counts.
 */
export function fuse(lexical: readonly Scored[], dense: readonly Scored[], denseShare = DENSE_SHARE): FusedHit[] {
  const words = stretched(lexical);
  const meanings = stretched(dense);
  const share = meanings.size === 0 ? 0 : words.size === 0 ? 1 : denseShare;
  const fused = Array.from(new Set([...words.keys(), ...meanings.keys()]), (id): FusedHit => {
    const byWords = words.get(id) ?? 0;
    const byMeaning = meanings.get(id) ?? 0;
    return { id, score: (1 - share) * byWords + share * byMeaning, lexical: byWords, dense: byMeaning };
  });
  // The sort keeps the order of equals.
  return fused.sort((a, b) => b.score - a.score);
}

/** Scores between 0, the last, and 1, the first. Where all are equal, each is as good as the first. */
function stretched(hits: readonly Scored[]): Map<string, number> {
  const best = new Map<string, number>();
  let max = Number.NEGATIVE_INFINITY;
  let min = Number.POSITIVE_INFINITY;
  for (const { id, score } of hits) {
    if (!Number.isFinite(score)) continue;
    const before = best.get(id);
    if (before === undefined || score > before) best.set(id, score);
  }
  for (const score of best.values()) {
    max = Math.max(max, score);
    min = Math.min(min, score);
  }
  const range = max - min;
  for (const [id, score] of best) best.set(id, range > 0 ? (score - min) / range : 1);
  return best;
}
