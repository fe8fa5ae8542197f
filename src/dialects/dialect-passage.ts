/**
 * What of a stream's bytes may go on to the caller. Events are passed or left out one by one; those that lie side by side are handed on
 * together, and a chunk of which all may pass as the chunk itself, without a copy.
 */
export class Passage {
  // The run of bytes that may go through and lie side by side; it becomes a part when something is left out or another buffer begins.
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #parts: Uint8Array[] = [];

  /** Lets an event through. */
  pass(bytes: Uint8Array, start: number, end: number): void {
    if (this.#bytes === bytes && this.#end === start) {
      this.#end = end;
      return;
    }
    this.#closeRun();
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** What may go now, and is then gone from here; `chunk` itself where it is all of it, undefined where there is nothing. */
  take(chunk: Uint8Array | undefined): Uint8Array | undefined {
    if (this.#parts.length === 0 && this.#bytes === chunk && chunk !== undefined && this.#start === 0 && this.#end === chunk.length) {
      this.#bytes = undefined;
      return chunk;
    }
    this.#closeRun();
    const parts = this.#parts;
    if (parts.length === 0) return undefined;
    this.#parts = [];
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  #closeRun(): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    this.#bytes = undefined;
    this.#parts.push(this.#start === 0 && this.#end === bytes.length ? bytes : bytes.subarray(this.#start, this.#end));
  }
}
