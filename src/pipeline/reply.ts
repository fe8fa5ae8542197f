import type { WebSocketUpgrade } from './web-socket.ts';

/** What we answer. Header names are lower case; the edge adds those of the exchange and writes it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ReplyBody;
  /** `set-cookie` is the one header that may repeat, and only service routes pass it on. */
  readonly cookies?: readonly string[];
  /** The connection becomes a WebSocket; the status is 101 and the body null. Only on routes that offer it. */
  readonly upgrade?: WebSocketUpgrade;
}

/**
 * A stream is an async generator: of the forms that keep back-pressure it costs Bun the least (half of a pull stream per chunk).
 * Whoever stops reading it calls `return`, and its `finally` blocks close what is upstream.
 */
export type ReplyBody = null | string | Uint8Array | ByteStream;

export type ByteStream = AsyncGenerator<Uint8Array, void, undefined>;

export function isStream(body: ReplyBody): body is ByteStream {
  return body !== null && typeof body === 'object' && Symbol.asyncIterator in body;
}
