/* Bodies on their way: one that is looked at behind its back, and one whose beginning was read ahead. Every byte goes on as it came. */

import { GatewayError } from '../../base/errors.ts';
import type { RequestBody } from '../../pipeline/request.ts';

type Unread = Extract<RequestBody, { kind: 'unread' }>;
/** What came, up to the bound, and whether that was all. */
type Look = (bytes: Uint8Array, isWhole: boolean) => void;

/** The same body; when it has gone by, or was given up, `look` gets its first `bytesMax` bytes. */
export function watched(body: Unread, bytesMax: number, look: Look): RequestBody {
  return {
    kind: 'unread',
    length: body.length,
    async read(limit) {
      const bytes = await body.read(limit);
      look(bytes.subarray(0, bytesMax), bytes.length <= bytesMax);
      return bytes;
    },
    stream(limit) {
      const kept = new Kept(bytesMax);
      const finish = (isAll: boolean) => look(kept.bytes(), isAll && !kept.isOver);
      return pulled(readerOf(body.stream(limit)), { onChunk: (chunk) => kept.add(chunk), onEnd: finish });
    },
  };
}

export interface Beginning {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
  /** What goes on: all of it. */
  readonly body: RequestBody;
  /** Gives up what has not been read. */
  drop(): Promise<void>;
}

/** Reads ahead until there are more than `bytesMax` bytes, or no more. `limit`: of the whole body, in bytes. */
export async function beginningOf(body: Unread, bytesMax: number, limit: number): Promise<Beginning> {
  if (body.length !== undefined && body.length <= bytesMax) {
    const bytes = await body.read(limit);
    return { bytes, isWhole: true, body: { kind: 'bytes', bytes }, drop: async () => {} };
  }
  const reader = readerOf(body.stream(limit));
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size <= bytesMax) {
    const result = await reader.read();
    if (result.done) {
      const bytes = Buffer.concat(chunks);
      return { bytes, isWhole: true, body: { kind: 'bytes', bytes }, drop: async () => {} };
    }
    chunks.push(result.value);
    size += result.value.length;
  }
  return { bytes: Buffer.concat(chunks), isWhole: false, body: resumed(chunks, reader, body.length), drop: () => reader.cancel() };
}

/** What is used of a stream's reader: its full type differs between the platform's declarations. */
interface Reader {
  read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true }>;
  cancel(reason?: unknown): Promise<void>;
}

function readerOf(stream: ReadableStream<Uint8Array>): Reader {
  return stream.getReader();
}

/** The chunks that were read ahead, then the rest. */
function resumed(chunks: readonly Uint8Array[], reader: Reader, length: number | undefined): RequestBody {
  let position = 0;
  const joined: Reader = {
    read: () => {
      const chunk = chunks[position++];
      return chunk === undefined ? reader.read() : Promise.resolve({ done: false, value: chunk });
    },
    cancel: (reason) => reader.cancel(reason),
  };
  const stream = (bytesMax: number) => {
    let received = 0;
    const onChunk = (chunk: Uint8Array) => {
      received += chunk.length;
      if (received > bytesMax) throw new GatewayError('body_too_large', `the body is larger than ${bytesMax} bytes`);
    };
    return pulled(joined, { onChunk, onEnd: () => {} });
  };
  return { kind: 'unread', length, stream, read: async (bytesMax) => new Uint8Array(await new Response(stream(bytesMax)).arrayBuffer()) };
}

interface Hooks {
  /** What it throws ends the stream with an error. */
  readonly onChunk: (chunk: Uint8Array) => void;
  /** Once: when all has come, or when it is given up. */
  readonly onEnd: (isAll: boolean) => void;
}

/** Reads a chunk when the next is asked for, so that back-pressure holds. */
function pulled(reader: Reader, { onChunk, onEnd }: Hooks): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const result = await reader.read();
        if (result.done) {
          onEnd(true);
          controller.close();
          return;
        }
        try {
          onChunk(result.value);
        } catch (error) {
          await reader.cancel();
          throw error;
        }
        controller.enqueue(result.value);
      },
      async cancel(reason) {
        onEnd(false);
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Chunks up to a bound, by reference: nobody writes into them. */
class Kept {
  isOver = false;
  readonly #chunks: Uint8Array[] = [];
  #left: number;

  constructor(bytesMax: number) {
    this.#left = bytesMax;
  }

  add(chunk: Uint8Array): void {
    if (chunk.length > this.#left) this.isOver = true;
    if (this.#left === 0) return;
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk;
    this.#chunks.push(part);
    this.#left -= part.length;
  }

  bytes(): Uint8Array {
    return this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
  }
}
