/*
 * Search by words in one partition, in memory: what a unit says, what stands around it, and what its whole group says.
 *
 * One setting of all knobs serves turns of conversations, papers and code (`npm run eval`).
 */

/** A turn of a session, a chunk of a file. */
export interface LexicalUnit {
  readonly id: string;
  /** What stands together in an order: a session, a file. */
  readonly group: string;
  /** Its place in the group; neighbours are those next to it by this number. */
  readonly position: number;
  readonly text: string;
  /**
   * More words by which it may be looked for, though it does not say them. It counts for what stands around the unit, not for the unit's own words.
   *
   * Memory puts the day of the session in words here ("8 May 2023 Monday"), and "Speaker: text" into `text`;
   * knowledge the file's name, the title and the path of headings. The same words may stand at each unit of a group.
   */
  readonly about: string;
}

export interface LexicalQuery {
  readonly text: string;
  /** At least 1. */
  readonly limit: number;
  /** Whether a unit may be found; undefined: all. */
  readonly accept?: (id: string) => boolean;
}

export interface LexicalHit {
  readonly id: string;
  /** Comparable within one answer alone; greater than 0. */
  readonly score: number;
}

/** Not to be shared between threads. Every call is synchronous, and bounded by what is in the index. */
export interface LexicalIndex {
  /** Units in it. */
  readonly size: number;
  /** Bytes that it holds, as an estimate within a fifth. */
  readonly bytes: number;
  /** Adds a unit, or puts it in the place of the one with the same id. */
  put(unit: LexicalUnit): void;
  /** Whether it was there. */
  remove(id: string): boolean;
  /** Best first; ties in the order in which they were added. */
  search(query: LexicalQuery): LexicalHit[];
}
