import { hash, seededRandom } from './text.ts';

export const DIMENSIONS_DEFAULT = 256;

/**
 * A vector for a text: the sum of a fixed random direction for each word, at unit length. Texts that share words are near each
 * other, so search and semantic caches have something to find; the same text has the same vector in every process.
 */
export function embed(text: string, dimensions: number, seed: number): Float32Array {
  const vector = new Float32Array(dimensions);
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text];
  for (const word of words) {
    const random = seededRandom(hash(word, seed));
    for (let index = 0; index < dimensions; index += 1) vector[index] = (vector[index] ?? 0) + random() - 0.5;
  }
  let square = 0;
  for (const value of vector) square += value * value;
  const length = Math.sqrt(square);
  return length === 0 ? vector : vector.map((value) => value / length);
}
