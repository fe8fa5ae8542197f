import type { DenseAnswer } from './dense-arm.ts';

/** What is there to be found; ids of records. */
interface Known {
  readonly size: number;
  has(id: string): boolean;
}

const NOTHING: DenseAnswer = { hits: [], leftOut: [] };

/**
 * The answer without what is not there: what was just deleted, and what a store of vectors names that never was. Where that is all it has named, nothing was
 * found by meaning, and that is said. Where nothing is there, nothing was left out.
 */
export function knownHits(answer: DenseAnswer, known: Known): DenseAnswer {
  if (known.size === 0) return NOTHING;
  const hits = answer.hits.filter(({ id }) => known.has(id));
  const isLost = hits.length === 0 && answer.hits.length > 0 && !answer.leftOut.includes('vectors');
  return { hits, leftOut: isLost ? [...answer.leftOut, 'vectors'] : answer.leftOut };
}
