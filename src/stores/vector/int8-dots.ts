/*
 * Dot products of one vector with many, in whole numbers of 8 bits, by WebAssembly's SIMD: what a plain scan spends its time on. Of 100,000
 * vectors of 384 numbers it takes 7 ms, where the same loop over 32-bit floats in JavaScript takes 59 ms and the SQLite extension sqlite-vec
 * 71 ms (docs/decisions/0017-vectors.md), and the vectors take a quarter of the memory. What it finds is scored again by floats.
 *
 * The program below, assembled:
 *
 *   (module
 *     (import "e" "m" (memory 1 65536))
 *     (func (export "dots") (param $query i32) (param $row i32) (param $rows i32) (param $width i32) (param $out i32)
 *       (local $at i32) (local $end i32) (local $q i32) (local $sum v128) (local $a v128) (local $b v128)
 *       (block $done (loop $each
 *         (br_if $done (i32.eqz (local.get $rows)))
 *         (local.set $sum (v128.const i32x4 0 0 0 0))
 *         (local.set $q (local.get $query))
 *         (local.set $end (i32.add (local.get $row) (local.get $width)))
 *         (loop $along
 *           (local.set $a (v128.load (local.get $row)))
 *           (local.set $b (v128.load (local.get $q)))
 *           (local.set $sum (i32x4.add (local.get $sum) (i32x4.add
 *             (i32x4.dot_i16x8_s (i16x8.extend_low_i8x16_s (local.get $a)) (i16x8.extend_low_i8x16_s (local.get $b)))
 *             (i32x4.dot_i16x8_s (i16x8.extend_high_i8x16_s (local.get $a)) (i16x8.extend_high_i8x16_s (local.get $b))))))
 *           (local.set $q (i32.add (local.get $q) (i32.const 16)))
 *           (local.set $row (i32.add (local.get $row) (i32.const 16)))
 *           (br_if $along (i32.lt_u (local.get $row) (local.get $end))))
 *         (i32.store (local.get $out) (i32.add
 *           (i32.add (i32x4.extract_lane 0 (local.get $sum)) (i32x4.extract_lane 1 (local.get $sum)))
 *           (i32.add (i32x4.extract_lane 2 (local.get $sum)) (i32x4.extract_lane 3 (local.get $sum)))))
 *         (local.set $out (i32.add (local.get $out) (i32.const 4)))
 *         (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
 *         (br $each)))))
 */

const PROGRAM =
  'AGFzbQEAAAABCQFgBX9/f39/AAILAQFlAW0CAQGAgAQDAgEABwgBBGRvdHMAAAqrAQGoAQIDfwN7AkADQCACRQ0B/QwAAAAAAAAAAAAAAAAAAAAAIQggACEHIAEgA2ohBgNAIAH9AAQAIQkg' +
  'B/0ABAAhCiAIIAn9hwEgCv2HAf26ASAJ/YgBIAr9iAH9ugH9rgH9rgEhCCAHQRBqIQcgAUEQaiEBIAEgBkkNAAsgBCAI/RsAIAj9GwFqIAj9GwIgCP0bA2pqNgIAIARBBGohBCACQQFrIQIMAAsLCw==';

const PAGE_BYTES = 65_536;
/** A block is one page of WebAssembly's memory. */
export const BLOCK_BYTES = PAGE_BYTES;
/** Rows are read by 16 bytes at a time. */
const ALIGNMENT = 16;
const LARGEST = 127;
/** The first pages hold the vector that is asked for, and the results of one block (rows are at least 16 bytes). */
const RESULTS_AT = PAGE_BYTES;
const RESERVED_PAGES = 2;

/** `query`, `row`, `rows`, `width`, `out`: see above. */
type Dots = (...given: readonly [query: number, row: number, rows: number, width: number, out: number]) => void;

/** Bytes of a row of so many numbers. */
export function rowBytes(dimensions: number): number {
  return Math.ceil(dimensions / ALIGNMENT) * ALIGNMENT;
}

/**
 * Memory for rows, in blocks that are handed out and taken back; it grows up to `bytesMax` and is kept. Not to be shared between threads.
 * 1 block is BLOCK_BYTES.
 */
export class RowMemory {
  readonly #memory = new WebAssembly.Memory({ initial: RESERVED_PAGES, maximum: 65_536 });
  readonly #dots: Dots;
  readonly #free: number[] = [];
  readonly #blocksMax: number;
  #blocks = 0;
  #bytes = new Int8Array(this.#memory.buffer);

  constructor(bytesMax: number) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(PROGRAM, 'base64')), { e: { m: this.#memory } });
    this.#dots = instance.exports['dots'] as unknown as Dots;
    this.#blocksMax = Math.max(1, Math.min(65_536 - RESERVED_PAGES, Math.floor(bytesMax / BLOCK_BYTES)));
  }

  /** Blocks that are in use. */
  get used(): number {
    return this.#blocks - this.#free.length;
  }

  get blocksMax(): number {
    return this.#blocksMax;
  }

  /** The address of a block; undefined when all are in use. */
  take(): number | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#blocks >= this.#blocksMax) return undefined;
    const address = this.#memory.grow(1) * PAGE_BYTES;
    this.#blocks += 1;
    this.#bytes = new Int8Array(this.#memory.buffer);
    return address;
  }

  /** What was in it is overwritten. */
  give(address: number): void {
    this.#bytes.fill(0, address, address + BLOCK_BYTES);
    this.#free.push(address);
  }

  /** Writes a vector as whole numbers and returns by what they are to be multiplied to be what they were. */
  write(address: number, vector: Float32Array): number {
    const bytes = this.#bytes;
    const end = address + rowBytes(vector.length);
    let largest = 0;
    for (let index = 0; index < vector.length; index += 1) largest = Math.max(largest, Math.abs(vector[index] ?? 0));
    const factor = largest === 0 ? 0 : LARGEST / largest;
    for (let index = 0; index < vector.length; index += 1) bytes[address + index] = Math.round((vector[index] ?? 0) * factor);
    bytes.fill(0, address + vector.length, end);
    return largest / LARGEST;
  }

  copy(from: number, to: number, width: number): void {
    this.#bytes.copyWithin(to, from, from + width);
  }

  /** The vector that the following calls of `dots` compare with; what they give is to be multiplied by the result. */
  ask(vector: Float32Array): number {
    return this.write(0, vector);
  }

  /** Of the first `rows` rows of a block, one number each; good until the next call. */
  dots(address: number, rows: number, width: number): Int32Array {
    this.#dots(0, address, rows, width, RESULTS_AT);
    return new Int32Array(this.#memory.buffer, RESULTS_AT, rows);
  }
}
