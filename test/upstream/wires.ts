/* Both wires, opened in the same way, for what they must do alike. */
import { type Abortable, NEVER } from '../../src/base/abort.ts';
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { createFetchWire } from '../../src/upstream/transport/fetch-wire.ts';
import { createSocketWire } from '../../src/upstream/transport/http1/socket-wire.ts';
import type { TransportReply } from '../../src/upstream/transport/transport.ts';
import { TransportError } from '../../src/upstream/transport/transport-error.ts';
import type { Wire, WireRequest } from '../../src/upstream/transport/wire.ts';
import type { BodyReader } from '../../src/upstream/upstream.ts';
import { type UpstreamConfig, upstreamConfig } from '../../src/upstream/upstream-config.ts';

export interface OpenWire extends Disposable {
  readonly wire: Wire;
  /** Of requests that found a connection; the fetch wire cannot tell. */
  readonly found: ('new' | 'reused')[];
  ask(request?: Partial<WireRequest>, signal?: Abortable): Promise<TransportReply>;
  /** Asks and reads all of the reply as Latin-1. */
  text(request?: Partial<WireRequest>): Promise<string>;
}

export interface WireOptions {
  readonly pool?: Partial<UpstreamConfig['pool']>;
  readonly clock?: Clock;
  /** Called in the moment in which a connection was found. */
  readonly onFound?: () => void;
}

export type Open = (url: string, options?: WireOptions) => OpenWire;

export const openSockets: Open = (url, { pool = {}, clock = systemClock, onFound } = {}) => {
  const found: ('new' | 'reused')[] = [];
  const wire = createSocketWire({
    url: new URL(url),
    pool: { ...defaults, ...pool },
    clock,
    onConnection: (kind) => {
      found.push(kind);
      onFound?.();
    },
  });
  return opened(wire, found);
};

const openFetch: Open = (url, { pool = {} } = {}) =>
  opened(createFetchWire({ url: new URL(url), pinned: false, pool: { ...defaults, ...pool }, proxy: undefined }), []);

const defaults = upstreamConfig.parse({}).pool;

export const WIRES: readonly (readonly [name: string, open: Open])[] = [
  ['sockets of our own', openSockets],
  ["Bun's fetch", openFetch],
];

function opened(wire: Wire, found: ('new' | 'reused')[]): OpenWire {
  const ask: OpenWire['ask'] = (request = {}, signal = NEVER) =>
    wire.send({ method: 'GET', target: '/', headers: {}, body: null, address: undefined, ...request }, signal);
  return {
    wire,
    found,
    ask,
    text: async (request) => latin1(await (await ask(request)).bytes(100_000_000)),
    [Symbol.dispose]: () => wire[Symbol.dispose](),
  };
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** Bytes read from here to the end. */
export async function countBytes(reader: BodyReader | undefined): Promise<number> {
  let total = 0;
  for (let result = await reader?.read(); result?.done === false; result = await reader?.read()) total += result.value.length;
  return total;
}

/** `fault: message` of a TransportError, the code of another GatewayError; `none` when there is none. */
export async function faultOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TransportError) return error.fault;
    if (error instanceof Error && 'code' in error) return String(error.code);
    return String(error);
  }
  return 'none';
}

/** A body of so many bytes, made when it is asked for. */
export function uploadOf(
  bytesTotal: number,
  pieceBytes = 65_536,
): { readonly stream: ReadableStream<Uint8Array>; readonly state: UploadState } {
  const state = { pulledBytes: 0, cancelled: false };
  const piece = new Uint8Array(pieceBytes).fill(120);
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const bytes = Math.min(pieceBytes, bytesTotal - state.pulledBytes);
        if (bytes > 0) controller.enqueue(piece.subarray(0, bytes));
        state.pulledBytes += bytes;
        if (state.pulledBytes >= bytesTotal) controller.close();
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

export interface UploadState {
  readonly pulledBytes: number;
  readonly cancelled: boolean;
}
