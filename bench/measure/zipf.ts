/*
 * Draws from Zipf's law: the k-th of `count` things is asked for in proportion to 1 / k^exponent, as pages, questions and prices are
 * (Breslau et al., INFOCOM 1999: exponents from 0.64 to 0.83 for web caches; 1 is the textbook's). The same draws in every run.
 */

const SEED = 0x2545f491;

/** Indices from 0 (the one that is wanted most) to `count` - 1. */
export function zipf(count: number, exponent: number): () => number {
  const cumulated = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    sum += 1 / (index + 1) ** exponent;
    cumulated[index] = sum;
  }
  const random = xorshift(SEED);
  return () => lowerBound(cumulated, random() * sum);
}

/** The first place whose value is greater. */
function lowerBound(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** In [0, 1). Marsaglia's xorshift32: enough for a load, and the same everywhere. */
function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
