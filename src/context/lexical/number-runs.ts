/*
 * Short runs of numbers, one after the other in blocks: what is read together lies together, and growing copies nothing. A run that is freed is
 * given to the next one of its length.
 */

const BLOCK_BITS = 12;
const BLOCK_LENGTH = 2 ** BLOCK_BITS;

export class NumberRuns {
  /** A run begins at `offsetIn(start)` of block `blockOf(start)`, with how many numbers follow. */
  readonly blocks: Uint32Array[] = [];
  readonly #free = new Map<number, number[]>();
  /** Room that is left at the end of the last block. */
  #left = 0;

  get bytes(): number {
    return this.blocks.length * BLOCK_LENGTH * 4;
  }

  /** Returns where it starts. Throws when it is longer than a block. */
  add(numbers: readonly number[]): number {
    const length = numbers.length + 1;
    if (length > BLOCK_LENGTH) throw new RangeError(`a run has at most ${BLOCK_LENGTH - 1} numbers`);
    const start = this.#free.get(length)?.pop() ?? this.#fresh(length);
    const block = this.blocks[blockOf(start)];
    block?.set([numbers.length, ...numbers], offsetIn(start));
    return start;
  }

  remove(start: number): void {
    const block = this.blocks[blockOf(start)];
    const offset = offsetIn(start);
    const length = (block?.[offset] ?? 0) + 1;
    block?.fill(0, offset, offset + length);
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [start]);
    else free.push(start);
  }

  lengthOf(start: number): number {
    return this.blocks[blockOf(start)]?.[offsetIn(start)] ?? 0;
  }

  each(start: number, visit: (number: number) => void): void {
    const block = this.blocks[blockOf(start)]!;
    const first = offsetIn(start) + 1;
    const end = first + block[first - 1]!;
    for (let at = first; at < end; at += 1) visit(block[at]!);
  }

  #fresh(length: number): number {
    if (this.#left < length) {
      this.blocks.push(new Uint32Array(BLOCK_LENGTH));
      this.#left = BLOCK_LENGTH;
    }
    const start = this.blocks.length * BLOCK_LENGTH - this.#left;
    this.#left -= length;
    return start;
  }
}

export function blockOf(start: number): number {
  return start >>> BLOCK_BITS;
}

export function offsetIn(start: number): number {
  return start & (BLOCK_LENGTH - 1);
}
