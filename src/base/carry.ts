/** What is kept of a buffer that has grown once; a larger one is given back when it is empty. */
const CARRY_BYTES_KEPT = 16_384;

/** The first part of something that was cut between two chunks, in a buffer that grows by doubling up to the bound. */
export interface Carry {
  readonly length: number;
  readonly lastByte: number;
  /** Throws what was given as `tooLong` when it would be over the bound. */
  add(bytes: Uint8Array): void;
  /** All of it in an array of its own, with `padding` zeros behind; then the carry is empty. */
  take(padding: number): Uint8Array;
}

export function createCarry(bytesMax: number, tooLong: () => Error): Carry {
  let buffer = new Uint8Array(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    get lastByte() {
      return buffer[length - 1] ?? 0;
    },
    add(bytes) {
      const needed = length + bytes.length;
      if (needed > bytesMax) throw tooLong();
      if (needed > buffer.length) {
        const grown = new Uint8Array(Math.max(needed, Math.min(bytesMax, buffer.length * 2), 1_024));
        grown.set(buffer.subarray(0, length));
        buffer = grown;
      }
      buffer.set(bytes, length);
      length = needed;
    },
    take(padding) {
      const bytes = new Uint8Array(length + padding);
      bytes.set(buffer.subarray(0, length));
      length = 0;
      if (buffer.length > CARRY_BYTES_KEPT) buffer = new Uint8Array(0);
      return bytes;
    },
  };
}
