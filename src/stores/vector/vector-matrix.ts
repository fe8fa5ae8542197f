/* The vectors of one partition in one space, in memory, to be scanned: by whole numbers of 8 bits, in blocks of a memory that many share. */

import { BLOCK_BYTES, type RowMemory, rowBytes } from './int8-dots.ts';

/** What a row takes beside its numbers: its own number, its factor, its place in the map. */
const ROW_OVERHEAD_BYTES = 80;

export interface ScanHit {
  readonly number: number;
  /** Cosine, but for what was rounded. */
  readonly score: number;
}

export class VectorMatrix {
  readonly #memory: RowMemory;
  readonly #dimensions: number;
  readonly #width: number;
  readonly #rowsPerBlock: number;
  readonly #blocks: number[] = [];
  /** By row: what the vector is called outside, and what its numbers are to be multiplied by. */
  readonly #numbers: number[] = [];
  readonly #factors: number[] = [];
  readonly #rowOf = new Map<number, number>();

  constructor(memory: RowMemory, dimensions: number) {
    this.#memory = memory;
    this.#dimensions = dimensions;
    this.#width = rowBytes(dimensions);
    this.#rowsPerBlock = Math.floor(BLOCK_BYTES / this.#width);
  }

  get size(): number {
    return this.#numbers.length;
  }

  get bytes(): number {
    return this.#blocks.length * BLOCK_BYTES + this.size * ROW_OVERHEAD_BYTES;
  }

  /** False when there is no memory left for it. */
  put(number: number, vector: Float32Array): boolean {
    if (vector.length !== this.#dimensions) throw new Error(`a vector of ${vector.length} numbers among those of ${this.#dimensions}`);
    let row = this.#rowOf.get(number);
    if (row === undefined) {
      row = this.size;
      if (row === this.#blocks.length * this.#rowsPerBlock) {
        const block = this.#memory.take();
        if (block === undefined) return false;
        this.#blocks.push(block);
      }
      this.#rowOf.set(number, row);
      this.#numbers.push(number);
    }
    this.#factors[row] = this.#memory.write(this.#addressOf(row), vector);
    return true;
  }

  remove(number: number): void {
    const row = this.#rowOf.get(number);
    if (row === undefined) return;
    const last = this.size - 1;
    const lastNumber = this.#numbers[last] ?? 0;
    this.#memory.copy(this.#addressOf(last), this.#addressOf(row), this.#width);
    this.#numbers[row] = lastNumber;
    this.#factors[row] = this.#factors[last] ?? 0;
    this.#rowOf.set(lastNumber, row);
    this.#rowOf.delete(number);
    this.#numbers.pop();
    this.#factors.pop();
    if (this.size > (this.#blocks.length - 1) * this.#rowsPerBlock) return;
    const block = this.#blocks.pop();
    if (block !== undefined) this.#memory.give(block);
  }

  clear(): void {
    for (const block of this.#blocks.splice(0)) this.#memory.give(block);
    this.#numbers.length = 0;
    this.#factors.length = 0;
    this.#rowOf.clear();
  }

  /** The nearest, best first. */
  scan(vector: Float32Array, limit: number): ScanHit[] {
    const queryFactor = this.#memory.ask(vector);
    const kept: ScanHit[] = [];
    const keptMax = Math.max(limit * 2, 64);
    let least = Number.NEGATIVE_INFINITY;
    for (const [block, address] of this.#blocks.entries()) {
      const first = block * this.#rowsPerBlock;
      const rows = Math.min(this.#rowsPerBlock, this.size - first);
      const dots = this.#memory.dots(address, rows, this.#width);
      for (let index = 0; index < rows; index += 1) {
        const score = (dots[index] ?? 0) * (this.#factors[first + index] ?? 0) * queryFactor;
        if (score <= least) continue;
        kept.push({ number: this.#numbers[first + index] ?? 0, score });
        if (kept.length < keptMax) continue;
        least = cut(kept, limit);
      }
    }
    cut(kept, limit);
    return kept;
  }

  #addressOf(row: number): number {
    return (this.#blocks[Math.floor(row / this.#rowsPerBlock)] ?? 0) + (row % this.#rowsPerBlock) * this.#width;
  }
}

/** Keeps the best, in their order, and returns the score of the last of them where there are as many as may be. */
function cut(hits: ScanHit[], limit: number): number {
  hits.sort((a, b) => b.score - a.score || a.number - b.number);
  if (hits.length > limit) hits.length = limit;
  return hits.length < limit ? Number.NEGATIVE_INFINITY : (hits[limit - 1]?.score ?? Number.NEGATIVE_INFINITY);
}
