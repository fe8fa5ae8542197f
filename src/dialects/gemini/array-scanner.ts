/*
 * Finds the elements of a JSON array that grows while it is read, without parsing them. Blocks laid end to end are the stream itself, byte for byte: an
 * element with what stands before it (the bracket, a comma, space), and at last the closing bracket with what stands around it. A block that is cut between
 * chunks is collected in a bounded buffer.
 */

import { createCarry } from '../../base/carry.ts';
import { GatewayError } from '../../base/errors.ts';

export interface ArrayBlock {
  /** Of the block. */
  start: number;
  end: number;
  /** Of the element; where the block is the end of the array, both are its own end. */
  elementStart: number;
  elementEnd: number;
}

export type OnBlock = (bytes: Uint8Array, block: Readonly<ArrayBlock>) => void;

const [QUOTE, BACKSLASH, COMMA, SPACE] = [34, 92, 44, 32];
const [ARRAY_OPEN, ARRAY_CLOSE, OBJECT_OPEN, OBJECT_CLOSE] = [91, 93, 123, 125];

/**
 *   before ──[──▶ between ──{──▶ element ──}──▶ between ──]──▶ after
 *
 * A single object instead of an array is an element, too, and the end: errors are told so.
 */
type State = 'before' | 'between' | 'element' | 'after';

export class ArrayScanner {
  readonly #carry;
  #state: State = 'before';
  #depth = 0;
  #inText = false;
  #isEscaped = false;
  #isBare = false;
  #isFirst = true;
  /** A comma has come and no element yet. */
  #isDue = false;
  /** Where the element began, in the block that is being read. */
  #elementStart = 0;
  readonly #block: ArrayBlock = { start: 0, end: 0, elementStart: 0, elementEnd: 0 };

  constructor(blockBytesMax: number) {
    this.#carry = createCarry(blockBytesMax, () => malformed(`has an element of more than ${blockBytesMax} bytes`));
  }

  /** Whether the array was closed. */
  get isClosed(): boolean {
    return this.#state === 'after';
  }

  /** Shows every block that this chunk completes. Throws `upstream_reply_invalid` for what is no array of objects, or has too long a one. */
  push(chunk: Uint8Array, onBlock: OnBlock): void {
    // Where in the chunk the block begins; before it lies what is carried.
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (!this.#step(chunk[at] ?? 0, at - start)) continue;
      this.#show(chunk, { start, end: at + 1 }, onBlock);
      start = at + 1;
    }
    if (start < chunk.length) this.#carry.add(start === 0 ? chunk : chunk.subarray(start));
  }

  /** What is left over: space after the end, or an element that was cut. */
  take(): Uint8Array {
    return this.#carry.take(0);
  }

  #show(chunk: Uint8Array, { start, end }: { readonly start: number; readonly end: number }, onBlock: OnBlock): void {
    const block = this.#block;
    let bytes = chunk;
    if (this.#carry.length > 0) {
      this.#carry.add(chunk.subarray(start, end));
      bytes = this.#carry.take(0);
      block.start = 0;
      block.end = bytes.length;
    } else {
      block.start = start;
      block.end = end;
    }
    const isEnd = this.#state === 'after' && !this.#isBare;
    block.elementStart = isEnd ? block.end : block.start + this.#elementStart;
    block.elementEnd = block.end;
    onBlock(bytes, block);
  }

  /** Takes one byte; true where it completes a block. `place`: in the chunk's part of the block. */
  #step(byte: number, place: number): boolean {
    if (this.#state === 'element') return this.#inElement(byte);
    if (byte <= SPACE) return false;
    switch (byte) {
      case ARRAY_OPEN:
        if (this.#state !== 'before') throw malformed('is no array of objects');
        this.#state = 'between';
        return false;
      case OBJECT_OPEN:
        if (this.#state === 'after' || (this.#state === 'between' && !this.#isFirst && !this.#isDue)) throw malformed('lacks a comma');
        this.#isBare = this.#state === 'before';
        this.#state = 'element';
        this.#depth = 1;
        this.#isFirst = false;
        this.#isDue = false;
        this.#elementStart = this.#carry.length + place;
        return false;
      case COMMA:
        if (this.#state !== 'between' || this.#isFirst || this.#isDue) throw malformed('has a comma out of place');
        this.#isDue = true;
        return false;
      case ARRAY_CLOSE:
        if (this.#state !== 'between' || this.#isDue) throw malformed('is closed out of place');
        this.#state = 'after';
        return true;
      default:
        throw malformed('is no array of objects');
    }
  }

  #inElement(byte: number): boolean {
    if (this.#inText) {
      if (this.#isEscaped) this.#isEscaped = false;
      else if (byte === BACKSLASH) this.#isEscaped = true;
      else if (byte === QUOTE) this.#inText = false;
      return false;
    }
    if (byte === QUOTE) this.#inText = true;
    else if (byte === OBJECT_OPEN || byte === ARRAY_OPEN) this.#depth += 1;
    else if (byte === OBJECT_CLOSE || byte === ARRAY_CLOSE) {
      this.#depth -= 1;
      if (this.#depth === 0) {
        this.#state = this.#isBare ? 'after' : 'between';
        return true;
      }
    }
    return false;
  }
}

function malformed(what: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the upstream's list of responses ${what}`);
}
