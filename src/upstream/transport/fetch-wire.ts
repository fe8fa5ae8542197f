/*
 * Requests over Bun's fetch: for https, and for whatever goes through a forward proxy.
 *
 * About Bun 1.4's fetch: it notices connections that were closed while idle; when a kept connection breaks as a request is sent, it sends a
 * GET again by itself, but no POST, which fails with ECONNRESET though nothing is wrong; a body stream is untouched when the connection
 * was refused (test/upstream/ holds these). It keeps at most 64 idle connections of a kind in the whole process, and says neither whether
 * a connection was used again nor when it was made: so there is no connect deadline here. It sends a method that it does not know as GET, takes chunks
 * whose trailer was cut for whole, and a closed session keeps what was busy until that has been idle for its time.
 */

import { type Abortable, platformSignal } from '../../base/abort.ts';
import { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { BodyReader } from '../upstream.ts';
import { stripReplyHeaders } from './hop-headers.ts';
import { sendableTarget } from './request-target.ts';
import type { ConnectorOptions, TransportReply } from './transport.ts';
import { fromFetchError } from './transport-error.ts';
import type { Wire, WireRequest } from './wire.ts';

export interface FetchWireOptions extends Pick<ConnectorOptions, 'pool' | 'proxy'> {
  readonly url: URL;
  /** Whether requests name the address that is to be dialled, and not the host. */
  readonly pinned: boolean;
}

export function createFetchWire({ url, pinned, pool, proxy }: FetchWireOptions): Wire {
  const { keep_alive: keepAliveMs, idle_max: idleMax } = pool;
  const session = new Bun.FetchSession({
    // Never the environment's proxy: what no configuration names does not change where requests go.
    proxy: proxy ?? false,
    keepAlive: keepAliveMs === 0 ? false : { idleTimeout: keepAliveMs / 1_000, maxIdleSockets: Math.min(idleMax, IDLE_MAX) },
    ...(pinned ? { tls: { serverName: url.hostname } } : {}),
  });
  return {
    async send({ method, target, headers: given, body, address }: WireRequest, signal: Abortable): Promise<TransportReply> {
      if (!METHODS.has(method))
        throw new GatewayError('method_not_allowed', `The method ${method.slice(0, 32).replaceAll(/[^\w-]/g, '?')} cannot be sent on.`);
      let headers = given;
      if (address !== undefined) {
        headers = new Headers(headers);
        headers.set('host', url.host);
      }
      const platform = platformSignal(signal);
      try {
        const response = await session.fetch(addressOrigin(url, address) + sendableTarget(target), {
          method,
          headers,
          body,
          signal: platform.signal,
          redirect: 'manual',
          decompress: false,
          // Our deadlines decide; Bun's own would cut a quiet stream after five minutes.
          timeout: false,
        });
        return new FetchReply(response);
      } catch (error) {
        platform[Symbol.dispose]();
        if (signal.aborted) throw signal.reason;
        throw asFailure(error);
      }
    },
    [Symbol.dispose]: () => session.close(),
  };
}

/** Those that Bun knows, of those that mean anything to a service. It would send any other as a GET. */
const METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT PATCH DELETE OPTIONS QUERY PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK SEARCH REPORT PURGE LINK UNLINK NOTIFY SUBSCRIBE UNSUBSCRIBE'.split(
    ' ',
  ),
);

/** A TypeError without a code is what Bun says to a header that it would not send; nothing has left then. */
function asFailure(error: unknown): GatewayError {
  if (error instanceof TypeError && !('code' in error))
    return new GatewayError('header_invalid', 'a header cannot be sent on', { cause: error });
  return fromFetchError(error);
}

/** What Bun keeps at most. */
const IDLE_MAX = 64;

/** The origin with the address that is to be dialled in place of the name. */
export function addressOrigin({ protocol, host, port }: URL, address: string | undefined): string {
  if (address === undefined) return `${protocol}//${host}`;
  return `${protocol}//${address.includes(':') ? `[${address}]` : address}${port === '' ? '' : `:${port}`}`;
}

/** A reply on the wire: the head is in, the body is not. */
class FetchReply implements TransportReply {
  readonly status: number;
  readonly headers: ReadableHeaders;
  readonly #response: Response;

  constructor(response: Response) {
    this.status = response.status;
    this.headers = response.headers;
    this.#response = response;
    stripReplyHeaders(response.headers);
  }

  reader(): BodyReader | undefined {
    return this.#response.body?.getReader();
  }

  async bytes(bytesMax: number): Promise<Uint8Array> {
    const length = this.headers.get('content-length');
    try {
      // The framing keeps a body to its Content-Length, so within the bound Bun may gather it (a third of the cost of reading chunks).
      if (length !== null && Number(length) <= bytesMax) return await this.#response.bytes();
      return await readBounded(this.#response.body, bytesMax);
    } catch (error) {
      throw fromFetchError(error);
    }
  }
}

async function readBounded(body: ReadableStream<Uint8Array> | null, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  // Leaving the loop cancels the stream, which closes the connection.
  for await (const chunk of body ?? []) {
    total += chunk.byteLength;
    if (total > bytesMax) throw new GatewayError('upstream_reply_invalid', `The upstream's reply is longer than ${bytesMax} bytes.`);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Bun.concatArrayBuffers(chunks, bytesMax, true);
}
