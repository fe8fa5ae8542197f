/** What comes in pieces, in one buffer that doubles: byte by byte it costs no more than its length. */
export class Gathered {
  #buffer = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Everything so far, this included. It holds until the next call. */
  add(piece: Uint8Array): Buffer {
    const length = this.#length + piece.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(MIN_BYTES, 2 * length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = length;
    return this.#buffer.subarray(0, length);
  }

  /** What was gathered belongs to whoever has it now. */
  clear(): void {
    this.#buffer = EMPTY;
    this.#length = 0;
  }
}

const EMPTY = Buffer.alloc(0);
const MIN_BYTES = 512;
