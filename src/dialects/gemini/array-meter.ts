/*
 * Watches a stream that is one JSON array (no `alt=sse`), and lets it through byte for byte, whole responses at a time: so that what comes after one may always
 * be a response of ours, which tells an error, and the bracket that ends the list.
 */

import { GatewayError } from '../../base/errors.ts';
import type { Usage } from '../../operations/usage.ts';
import type { StreamMeter } from '../dialect.ts';
import { Passage } from '../dialect-passage.ts';
import { type ArrayBlock, ArrayScanner } from './array-scanner.ts';
import { errorJson, interrupted } from './errors.ts';
import { RESPONSE_BYTES_MAX, ResponseWatch } from './response-watch.ts';

/** White space between two elements means nothing to any parser. */
export const ARRAY_PING = Buffer.from('\n');
const ARRAY_END = Buffer.from(']');

export class GeminiArrayMeter implements StreamMeter {
  readonly ping = ARRAY_PING;
  readonly #watch: ResponseWatch;
  readonly #scanner = new ArrayScanner(RESPONSE_BYTES_MAX);
  readonly #passage = new Passage();
  readonly #onBlock = (bytes: Uint8Array, block: Readonly<ArrayBlock>): void => this.#take(bytes, block);
  /** An element has gone through. */
  #isBegun = false;

  constructor(wanted: number) {
    this.#watch = new ResponseWatch(wanted);
  }

  get started(): boolean {
    return this.#watch.started;
  }
  get ended(): boolean {
    return this.#watch.ended;
  }
  get failure(): GatewayError | undefined {
    return this.#watch.failure;
  }
  get usage(): Usage | undefined {
    return this.#watch.usage;
  }
  get model(): string | undefined {
    return this.#watch.model;
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.failure !== undefined) return undefined;
    try {
      this.#scanner.push(chunk, this.#onBlock);
    } catch (cause) {
      if (!(cause instanceof GatewayError)) throw cause;
      this.#watch.failure = interrupted(cause.message, cause);
    }
    return this.#passage.take(chunk);
  }

  finish(): { whole: boolean; rest: Uint8Array | undefined } {
    const whole = this.ended && this.failure === undefined;
    const { isClosed } = this.#scanner;
    const left = this.#scanner.take();
    // Space after the end is a part of the stream; what else is left was cut.
    if (isClosed) this.#passage.pass(left, 0, left.length);
    const isCut = !isClosed && left.some((byte) => byte > 32);
    const rest = this.#passage.take(undefined);
    if (!whole || isClosed) return { whole, rest };
    return isCut ? { whole: false, rest } : { whole, rest: rest === undefined ? ARRAY_END : Buffer.concat([rest, ARRAY_END]) };
  }

  encodeError(error: GatewayError, correlationId: string): Uint8Array {
    return arrayError(this.#isBegun, errorJson(error, correlationId));
  }

  #take(bytes: Uint8Array, { start, end, elementStart, elementEnd }: Readonly<ArrayBlock>): void {
    const watch = this.#watch;
    if (watch.failure !== undefined) return;
    if (elementStart < elementEnd) watch.look(bytes.subarray(elementStart, elementEnd));
    if (watch.failure !== undefined) return;
    this.#isBegun = true;
    this.#passage.pass(bytes, start, end);
  }
}

/** The last element of a list, and its end. */
export function arrayError(isBegun: boolean, json: string): Uint8Array {
  return Buffer.from(`${isBegun ? ',\r\n' : '['}${json}]`);
}
