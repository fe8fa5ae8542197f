/*
 * Bodies that must come in whole before they go on, and may be large: in memory up to a bound, and beyond it in a file that has no name any more, so that it
 * is gone with the process whatever becomes of it. All of them together have a bound as well.
 */

import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayError } from '../../base/errors.ts';
import type { StoredBody } from '../../operations/upload.ts';
import type { MediaConfig } from './media-config.ts';

export interface Spool extends StoredBody {
  /** Resolves when there is room for more. Throws `overloaded` or `storage_unavailable`. */
  write(chunk: Uint8Array): Promise<void>;
  /** Gives memory and file back; streams of it that are still read end with an error. Never rejects. */
  dispose(): Promise<void>;
}

export interface Spools {
  create(): Spool;
}

/** Bytes that are read from a file at once. */
const READ_BYTES = 262_144;

/** `createId`: letters and digits that nothing else was named with. */
export function createSpools(config: MediaConfig, createId: () => string): Spools {
  const budget = { usedBytes: 0 };
  return { create: () => new BoundedSpool(config, { budget, createId }) };
}

interface SpoolDeps {
  readonly budget: { usedBytes: number };
  readonly createId: () => string;
}

class BoundedSpool implements Spool {
  readonly #config: MediaConfig;
  readonly #deps: SpoolDeps;
  #parts: Uint8Array[] = [];
  #whole: Uint8Array | undefined;
  #file: FileHandle | undefined;
  #length = 0;
  #isDisposed = false;

  constructor(config: MediaConfig, deps: SpoolDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array | undefined {
    if (this.#file !== undefined) return undefined;
    if (this.#whole === undefined) {
      this.#whole = Buffer.concat(this.#parts);
      this.#parts = [];
    }
    return this.#whole;
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { budget } = this.#deps;
    if (this.#isDisposed) throw gone();
    if (budget.usedBytes + chunk.length > this.#config.stored_bytes_max)
      throw new GatewayError('overloaded', 'too many large requests are under way', { retryAfterMs: 1_000 });
    budget.usedBytes += chunk.length;
    const at = this.#length;
    this.#length += chunk.length;
    if (this.#file === undefined && this.#length <= this.#config.memory_bytes_max) {
      // A chunk is its reader's; what is kept of it is ours.
      this.#parts.push(Uint8Array.from(chunk));
      return;
    }
    try {
      if (this.#file === undefined) await this.#open();
      if (this.#file !== undefined) await writeAll(this.#file, chunk, at);
    } catch (cause) {
      throw new GatewayError('storage_unavailable', 'the request can not be kept while it is handed on', { cause, retryAfterMs: 5_000 });
    }
  }

  stream(start: number, end: number): ReadableStream<Uint8Array> {
    let position = start;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          if (position >= end) return controller.close();
          const chunk = await this.#read(position, Math.min(READ_BYTES, end - position));
          position += chunk.length;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#deps.budget.usedBytes -= this.#length;
    this.#parts = [];
    this.#whole = undefined;
    await this.#file?.close().catch(() => undefined);
  }

  async #open(): Promise<void> {
    const path = join(this.#config.folder ?? tmpdir(), `gatehouse-${this.#deps.createId()}`);
    const file = await open(path, 'wx+', 0o600);
    try {
      await rm(path);
      if (this.#isDisposed) throw gone();
      let at = 0;
      for (const part of this.#parts) {
        await writeAll(file, part, at);
        at += part.length;
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#parts = [];
  }

  async #read(position: number, length: number): Promise<Uint8Array> {
    if (this.#isDisposed) throw gone();
    if (this.#file === undefined) return (this.bytes ?? new Uint8Array(0)).subarray(position, position + length);
    const { bytesRead, buffer } = await this.#file.read(new Uint8Array(length), 0, length, position);
    if (bytesRead === 0) throw new GatewayError('storage_unavailable', 'the request that was kept is shorter than it was');
    return buffer.subarray(0, bytesRead);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
}

function gone(): GatewayError {
  return new GatewayError('client_closed', 'the request is over');
}
