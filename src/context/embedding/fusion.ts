/*
 * Two lists of hits made one: by words, and by meaning.
 *
 * Each list is stretched to 0..1 between its floor and its first hit, and the two are added, weighted (a convex combination after min-max
 * normalisation: Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval", 2023; Anserini's BEIR fusion runs). What a list does
 * not hold counts there as its floor:
 *
 *   words      0, the score of what shares no word, however short the list is;
 *   meanings   the list's last hit, but at least COSINE_RANGE below its first: of two that are nearly as good, the second must not become 0.
 *
 * Ranks alone (RRF) would forget by how much a hit is better, and that is what tells an exact match of words, or a meaning that is plainly the
 * same, from a list of also-rans: docs/decisions/0017-vectors.md has the figures.
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

/**
 * Share of the meaning in what comes out, 0 to 1. In the middle of a plateau for papers and for code alike with a small model (all-MiniLM-L6-v2); one that
 * beats BM25 by itself deserves more.
 */
export const DENSE_SHARE = 0.35;

/** Cosines that differ by less are told apart by no more than their share of it. */
const COSINE_RANGE = 0.25;

/**
 * Every hit of either list, best first; ties in the order of the lists, words first. A list without hits has no say: the other's scores
 * stand as they are. Hits whose score is no finite number are left out, and of an id that comes twice in a list the better one counts.
 */
export function fuse(lexical: readonly Scored[], dense: readonly Scored[], denseShare = DENSE_SHARE): FusedHit[] {
  const words = stretched(lexical, ({ min }) => Math.min(0, min));
  const meanings = stretched(dense, ({ max, min }) => Math.min(min, max - COSINE_RANGE));
  const share = meanings.size === 0 ? 0 : words.size === 0 ? 1 : denseShare;
  const fused = Array.from(new Set([...words.keys(), ...meanings.keys()]), (id): FusedHit => {
    const byWords = words.get(id) ?? 0;
    const byMeaning = meanings.get(id) ?? 0;
    return { id, score: (1 - share) * byWords + share * byMeaning, lexical: byWords, dense: byMeaning };
  });
  // The sort keeps the order of equals.
  return fused.sort((a, b) => b.score - a.score);
}

interface Range {
  readonly max: number;
  readonly min: number;
}

/** Scores between 0, the floor, and 1, the first. */
function stretched(hits: readonly Scored[], floorOf: (range: Range) => number): Map<string, number> {
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
  const floor = floorOf({ max, min });
  for (const [id, score] of best) best.set(id, max > floor ? (score - floor) / (max - floor) : 1);
  return best;
}
