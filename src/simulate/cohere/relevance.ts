/** How relevant a document is to a query, from 0 to 1: the part of the query's words that it has, and less the more else it says. */
export function relevance(query: string, document: string): number {
  const asked = wordsOf(query);
  const said = wordsOf(document);
  const shared = [...asked].filter((word) => said.has(word)).length;
  const coverage = shared / Math.max(1, asked.size);
  const overlap = shared / Math.max(1, asked.size + said.size - shared);
  return Math.round((0.9 * coverage + 0.1 * overlap) * 1_000_000) / 1_000_000;
}

export interface Ranked {
  readonly index: number;
  readonly score: number;
}

/** The documents from the most relevant to the least; among equals, the first comes first. */
export function ranked(query: string, documents: readonly string[], most = documents.length): readonly Ranked[] {
  const rows = documents.map((document, index) => ({ index, score: relevance(query, document) }));
  return rows.toSorted((one, other) => other.score - one.score || one.index - other.index).slice(0, most);
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
}
