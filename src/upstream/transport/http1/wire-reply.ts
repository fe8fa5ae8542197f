/*
 * A reply while it comes in: the head to whoever sent the request, the body to whoever reads it, as a whole or piece by piece. What was not
 * taken yet is bounded: beyond QUEUED_BYTES_MAX the connection is not read until it was. A reply that has ended leaves its connection alone:
 * it may carry another one by then.
 */

import { GatewayError } from '../../../base/errors.ts';
import type { BodyRead, BodyReader } from '../../upstream.ts';
import { HeaderList } from '../header-list.ts';
import type { TransportReply } from '../transport.ts';
import type { ReplyHead } from './reply-head.ts';

const QUEUED_BYTES_MAX = 262_144;
/** Of small pieces the bytes are the least: each is an object of its own. */
const QUEUED_PIECES_MAX = 1_024;

const END: BodyRead = { done: true };

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** The connection that a reply comes from. */
export interface ReplySource {
  pause(): void;
  resume(): void;
  /** Cuts it: the rest of the reply is of no use. */
  destroy(reason: unknown): void;
}

export class WireReply implements TransportReply, BodyReader {
  status = 0;
  headers = new HeaderList([]);
  readonly #source: ReplySource;
  #head: Waiter<TransportReply> | undefined;
  #chunks: Uint8Array[] = [];
  #queued = 0;
  #paused = false;
  #ended = false;
  #failure: { readonly reason: unknown } | undefined;
  #reading: Waiter<BodyRead> | undefined;
  #collecting: (Waiter<Uint8Array> & { readonly bytesMax: number }) | undefined;

  constructor(source: ReplySource, head: Waiter<TransportReply>) {
    this.#source = source;
    this.#head = head;
  }

  reader(): BodyReader | undefined {
    return this.#ended && this.#queued === 0 && this.#failure === undefined ? undefined : this;
  }

  read(): Promise<BodyRead> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#queued -= chunk.length;
      if (this.#paused && this.#queued === 0) this.#setPaused(false);
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    if (this.#ended) return Promise.resolve(END);
    return new Promise((resolve, reject) => {
      this.#reading = { resolve, reject };
    });
  }

  cancel(reason?: unknown): Promise<void> {
    this.#drop();
    if (!this.#ended) this.#source.destroy(reason ?? new GatewayError('client_closed', 'the reply was given up'));
    return Promise.resolve();
  }

  bytes(bytesMax: number): Promise<Uint8Array> {
    if (this.#queued > bytesMax) return Promise.reject(this.#giveUp(bytesMax));
    if (this.#failure !== undefined) return Promise.reject(this.#failure.reason);
    if (this.#ended) return Promise.resolve(this.#take());
    if (this.#paused) this.#setPaused(false);
    return new Promise((resolve, reject) => {
      this.#collecting = { resolve, reject, bytesMax };
    });
  }

  onHead(head: ReplyHead): void {
    this.status = head.status;
    this.headers = new HeaderList(head.fields);
    this.#head?.resolve(this);
    this.#head = undefined;
  }

  onBody(bytes: Uint8Array): void {
    const reading = this.#reading;
    if (reading !== undefined) {
      this.#reading = undefined;
      reading.resolve({ done: false, value: bytes });
      return;
    }
    this.#chunks.push(bytes);
    this.#queued += bytes.length;
    const collecting = this.#collecting;
    if (collecting === undefined) {
      const isFull = this.#queued > QUEUED_BYTES_MAX || this.#chunks.length > QUEUED_PIECES_MAX;
      if (isFull && !this.#paused) this.#setPaused(true);
    } else if (this.#queued > collecting.bytesMax) this.#giveUp(collecting.bytesMax);
  }

  onEnd(): void {
    this.#ended = true;
    if (this.#paused) this.#setPaused(false);
    this.#collecting?.resolve(this.#take());
    this.#reading?.resolve(END);
    this.#reading = undefined;
    this.#collecting = undefined;
  }

  /** There will be no more. What came before can still be read. */
  fail(reason: unknown): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = { reason };
    this.#paused = false;
    const waiting = this.#head ?? this.#collecting ?? this.#reading;
    this.#head = undefined;
    this.#collecting = undefined;
    this.#reading = undefined;
    waiting?.reject(reason);
  }

  #setPaused(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#source.pause();
    else this.#source.resume();
  }

  #take(): Uint8Array {
    const chunks = this.#chunks;
    const [only] = chunks;
    this.#drop();
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }

  /** It is longer than whoever collects it allows: nothing of it is of use. */
  #giveUp(bytesMax: number): GatewayError {
    const error = new GatewayError('upstream_reply_invalid', `The upstream's reply is longer than ${bytesMax} bytes.`);
    this.#drop();
    if (!this.#ended) this.#source.destroy(error);
    return error;
  }

  #drop(): void {
    this.#chunks = [];
    this.#queued = 0;
  }
}
