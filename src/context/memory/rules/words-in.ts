/*
 * The words of a sentence, to see quickly which patterns can match at all: a turn is held against a hundred of them, of which most need a word that
 * it has not. (Measured: a third of the time.)
 */

export function wordsIn(sentence: string): ReadonlySet<string> {
  return new Set(sentence.toLowerCase().match(/[\p{L}\p{N}]+/gu));
}

/** A list of words with spaces between them. */
export function wordList(words: string): readonly string[] {
  return words.split(/\s+/).filter((word) => word !== '');
}

export function hasAny(words: ReadonlySet<string>, list: readonly string[]): boolean {
  for (const word of list) if (words.has(word)) return true;
  return false;
}
