/* An index of words in memory, scored with BM25. */

import { termsOf } from './analysis.ts';
import type { LexicalHit, LexicalIndex, LexicalQuery, LexicalUnit } from './lexical-index.ts';

const K1 = 0.9;
const B = 0.4;

interface Entry {
  readonly id: string;
  readonly order: number;
  readonly length: number;
  readonly counts: ReadonlyMap<string, number>;
}

export function createLexicalIndex(): LexicalIndex {
  return new MapIndex();
}

class MapIndex implements LexicalIndex {
  readonly #entries = new Map<string, Entry>();
  readonly #postings = new Map<string, Map<Entry, number>>();
  #words = 0;
  #added = 0;
  #postingsCount = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#postingsCount * 60 + this.#entries.size * 200;
  }

  put(unit: LexicalUnit): void {
    this.remove(unit.id);
    const counts = new Map<string, number>();
    const terms = termsOf(`${unit.about}\n${unit.text}`);
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
    const entry = { id: unit.id, order: this.#added++, length: terms.length, counts };
    this.#entries.set(unit.id, entry);
    this.#words += terms.length;
    for (const [term, count] of counts) {
      const postings = this.#postings.get(term) ?? new Map<Entry, number>();
      this.#postings.set(term, postings.set(entry, count));
      this.#postingsCount += 1;
    }
  }

  remove(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    this.#words -= entry.length;
    for (const term of entry.counts.keys()) {
      const postings = this.#postings.get(term);
      postings?.delete(entry);
      if (postings?.size === 0) this.#postings.delete(term);
      this.#postingsCount -= 1;
    }
    return true;
  }

  search({ text, limit, accept }: LexicalQuery): LexicalHit[] {
    const scores = new Map<Entry, number>();
    const meanLength = Math.max(1, this.#words / Math.max(1, this.#entries.size));
    for (const term of new Set(termsOf(text))) {
      const postings = this.#postings.get(term);
      if (postings === undefined) continue;
      const idf = Math.log(1 + (this.#entries.size - postings.size + 0.5) / (postings.size + 0.5));
      for (const [entry, count] of postings) {
        const norm = K1 * (1 - B + (B * entry.length) / meanLength);
        scores.set(entry, (scores.get(entry) ?? 0) + (idf * count * (K1 + 1)) / (count + norm));
      }
    }
    return [...scores]
      .filter(([entry]) => accept?.(entry.id) ?? true)
      .sort(([a, scoreA], [b, scoreB]) => scoreB - scoreA || a.order - b.order)
      .slice(0, limit)
      .map(([entry, score]) => ({ id: entry.id, score }));
  }
}
