/*
 * The body of a request, still on its socket: bounded in bytes, and in the time that a caller makes us wait for it.
 *
 * Bun's own limit and timeout would answer with an empty 413 or cut the connection without a word, so both are off and these are ours. The
 * time that counts is the time we wait: `body_timeout`, and a second more for every `body_rate_min` bytes that came. A consumer that
 * reads slowly costs the caller nothing: Bun then stops reading the socket (300 MB sent at a handler that did not read: no growth).
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { RequestBody } from '../pipeline/request.ts';

export interface BodyLimits {
  readonly timeoutMs: number;
  /** Bytes that buy another second; 0: none do. */
  readonly rateMin: number;
}

/** Bodies of a known length up to this are taken in one piece, which costs a tenth of reading a stream; the rate hardly matters to them. */
const WHOLE_BYTES_MAX = 262_144;

/** What is known of a body before it is read. `close`: what is left of it is too much to be read for the sake of the connection. */
export interface IncomingBody {
  readonly body: RequestBody;
  readonly mustClose: () => boolean;
}

const NO_BODY: IncomingBody = { body: { kind: 'none' }, mustClose: () => false };

export function incomingBody(request: Request, limits: BodyLimits, clock: Clock): IncomingBody {
  const { headers } = request;
  const text = headers.get('content-length');
  if (text === '0' || (text === null && !headers.has('transfer-encoding'))) return NO_BODY;
  const body = new UnreadBody(request, text === null ? undefined : Number(text), { limits, clock });
  return { body, mustClose: () => body.mustClose };
}

interface UnreadDeps {
  readonly limits: BodyLimits;
  readonly clock: Clock;
}

class UnreadBody {
  readonly kind = 'unread';
  readonly length: number | undefined;
  readonly #request: Request;
  readonly #deps: UnreadDeps;
  #taken = false;
  #finished = false;

  constructor(request: Request, length: number | undefined, deps: UnreadDeps) {
    this.#request = request;
    this.length = length;
    this.#deps = deps;
  }

  /** A short rest is read and dropped by Bun, and the connection lives on. */
  get mustClose(): boolean {
    return !this.#finished && (this.#taken || this.length === undefined || this.length > WHOLE_BYTES_MAX);
  }

  async read(bytesMax: number): Promise<Uint8Array> {
    this.#take(bytesMax);
    const bytes = this.length !== undefined && this.length <= WHOLE_BYTES_MAX ? await this.#whole() : await this.#collect(bytesMax);
    this.#finished = true;
    return bytes;
  }

  stream(bytesMax: number): ReadableStream<Uint8Array> {
    this.#take(bytesMax);
    const chunks = this.#chunks(bytesMax);
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const result = await chunks.next();
          if (result.done === true) controller.close();
          else controller.enqueue(result.value);
        },
        cancel: async () => {
          await chunks.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  #take(bytesMax: number): void {
    if (this.#taken) throw new Error('the body is read twice');
    this.#taken = true;
    if (this.length !== undefined && this.length > bytesMax) throw tooLarge(bytesMax);
  }

  #whole(): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const timer = this.#deps.clock.after(this.#deps.limits.timeoutMs, () => reject(tooSlow()));
      this.#request.bytes().then(
        (bytes) => {
          timer[Symbol.dispose]();
          resolve(bytes);
        },
        (cause: unknown) => {
          timer[Symbol.dispose]();
          reject(gone(cause));
        },
      );
    });
  }

  async #collect(bytesMax: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.#chunks(bytesMax)) parts.push(part);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  async *#chunks(bytesMax: number): AsyncGenerator<Uint8Array, void, undefined> {
    const reader = this.#request.body?.getReader() as Reader | undefined;
    if (reader === undefined) return;
    const { limits, clock } = this.#deps;
    let received = 0;
    let waitedMs = 0;
    try {
      for (;;) {
        const grantedMs = limits.rateMin === 0 ? 0 : (received / limits.rateMin) * 1_000;
        const startMs = clock.monotonic();
        const result = await readWithin(reader, limits.timeoutMs + grantedMs - waitedMs, clock);
        waitedMs += clock.monotonic() - startMs;
        if (result.done) break;
        received += result.value.length;
        if (received > bytesMax) throw tooLarge(bytesMax);
        yield result.value;
      }
      this.#finished = true;
    } finally {
      // Bun's answer to an unfinished body: it reads no further, and the reply closes the connection (`mustClose`).
      if (!this.#finished) await reader.cancel().catch(() => undefined);
    }
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function readWithin(reader: Reader, patienceMs: number, clock: Clock): Promise<Awaited<ReturnType<Reader['read']>>> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(Math.max(0, patienceMs), () => reject(tooSlow()));
    reader.read().then(
      (result) => {
        timer[Symbol.dispose]();
        resolve(result);
      },
      (cause: unknown) => {
        timer[Symbol.dispose]();
        reject(gone(cause));
      },
    );
  });
}

function tooLarge(bytesMax: number): GatewayError {
  return new GatewayError('body_too_large', `the body is larger than ${bytesMax} bytes`);
}

function tooSlow(): GatewayError {
  return new GatewayError('body_timeout', 'the body did not arrive in time');
}

/** Bun rejects when the caller left, and after its parser refused a malformed chunk and closed the connection. */
function gone(cause: unknown): GatewayError {
  return new GatewayError('client_closed', 'the connection was closed inside the body', { cause });
}
