import type { Chunk } from './knowledge.ts';

/** A chunk as it is shown to people and models: a part of a table with the names of its columns above it. */
export function shownText({ header, text }: Pick<Chunk, 'header' | 'text'>): string {
  return header === undefined ? text : `${header}\n${text}`;
}
