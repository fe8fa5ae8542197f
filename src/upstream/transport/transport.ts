/*
 * The only place that opens a connection to an upstream. A connector serves one base URL: it owns that address' keep-alive pool, and lets
 * nothing out of its origin.
 *
 * What holds against a request that is led astray (address-rules.ts says which addresses are allowed):
 *   - callers never choose an origin: a URL that does not begin with the connector's own origin is refused, and so is a path that would
 *     climb out of its prefix when it is normalised (`..`, `%2e%2e`, `\`);
 *   - redirects are not followed, they are replies like any other;
 *   - for a public name, the address that was checked is the address that is dialled: it stands in the URL, and the name in Host and in
 *     the TLS handshake, so that a name which resolves differently a moment later (rebinding) changes nothing;
 *   - for a name of an inner network the addresses are checked against the metadata ranges, but Bun resolves again when it dials: whoever can
 *     forge inner names is inside already;
 *   - with `proxy`, the proxy resolves and dials: only addresses written out are checked.
 *
 * About Bun 1.4's fetch: it notices connections that were closed while idle; when a kept connection breaks as a request is sent, it sends a
 * GET again by itself, but no POST, which fails with ECONNRESET though nothing is wrong; a body stream is untouched when the connection
 * was refused (test/upstream/ holds these). It keeps at most 64 idle connections of a kind in the whole process, and says neither whether
 * a connection was used again nor when it was made: so there is no connect deadline, and no count of reuse.
 */

import { raceAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { PoolConfig } from '../upstream-config.ts';
import { type HostKind, kindOfHost, refusalOf } from './address-rules.ts';
import { requestHeaders, type SendableHeaders, stripReplyHeaders } from './hop-headers.ts';
import { createHostCheck, type HostCheck, type Resolve } from './host-check.ts';
import { fromFetchError, provesNotSent } from './transport-error.ts';

export interface TransportRequest {
  /** Begins with the origin of the base URL it was prepared for. */
  readonly url: string;
  readonly method: string;
  /** A record has lower-case names. Not changed: what does not go on is left out of a copy. */
  readonly headers: SendableHeaders;
  /** A stream can be sent once: such a request is never tried again after it began. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
}

export interface TransportReply {
  readonly status: number;
  /** The reply's own, without hop-by-hop ones; the body is as it came, so `content-encoding` and `content-length` are true. */
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body; throws `upstream_reply_invalid` when it is longer than `bytesMax`, and a TransportError when it is cut. */
  bytes(bytesMax: number): Promise<Uint8Array>;
}

export interface ConnectorOptions {
  readonly pool: PoolConfig;
  readonly allowPrivate: boolean;
  /** Forward proxy, if any. */
  readonly proxy: string | undefined;
}

export interface Connector extends Disposable {
  /** Normalised, without a trailing slash: what `prepare` gets. */
  readonly baseUrl: string;
  /** `host:port`, for labels. */
  readonly label: string;
  /** Resolves with the head of the reply. Throws a TransportError, `upstream_address_forbidden`, or the signal's reason. */
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportReply>;
}

export interface Transport {
  /** Throws a TypeError when `baseUrl` is no http(s) URL or holds credentials. Disposing a connector closes its idle connections. */
  connector(baseUrl: string, options: ConnectorOptions): Connector;
}

export interface TransportDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
}

export function createTransport(deps: TransportDeps): Transport {
  return {
    connector(baseUrl, options) {
      const url = parseBaseUrl(baseUrl);
      const host = kindOfHost(url.hostname);
      const check = needsCheck(url.hostname, host, options) ? createHostCheck(url.hostname, host, deps) : undefined;
      const pinned = check !== undefined && host.kind === 'public-name';
      const { keep_alive: keepAliveMs, idle_max: idleMax } = options.pool;
      const session = new Bun.FetchSession({
        // Never the environment's proxy: what no configuration names does not change where requests go.
        proxy: options.proxy ?? false,
        keepAlive: keepAliveMs === 0 ? false : { idleTimeout: keepAliveMs / 1_000, maxIdleSockets: idleMax },
        ...(pinned ? { tls: { serverName: url.hostname } } : {}),
      });
      return createConnector({ url, check, pinned, session });
    },
  };
}

interface ConnectorParts {
  readonly url: URL;
  readonly check: HostCheck | undefined;
  readonly pinned: boolean;
  readonly session: Bun.FetchSession;
}

function createConnector({ url, check, pinned, session }: ConnectorParts): Connector {
  const origin = `${url.origin}/`;

  /** Sends to one address, or to whatever the name resolves to. */
  const dispatch = async (request: TransportRequest, signal: AbortSignal, address?: string): Promise<TransportReply> => {
    assertWithin(request, origin);
    const streamed = request.body instanceof ReadableStream;
    let headers = requestHeaders(request.headers, streamed);
    let target = request.url;
    if (address !== undefined) {
      headers = new Headers(headers);
      headers.set('host', url.host);
      target = pinnedUrl(url, address) + request.url.slice(origin.length);
    }
    try {
      return new FetchReply(
        await session.fetch(target, {
          method: request.method,
          headers,
          body: request.body,
          signal,
          redirect: 'manual',
          decompress: false,
          // Our deadlines decide; Bun's own would cut a quiet stream after five minutes.
          timeout: false,
        }),
      );
    } catch (error) {
      throw signal.aborted ? signal.reason : fromFetchError(error);
    }
  };

  const sendChecked = async (known: HostCheck, request: TransportRequest, signal: AbortSignal): Promise<TransportReply> => {
    const given = known.addresses();
    const addresses = given instanceof Promise ? await raceAbort(given, signal) : given;
    if (!pinned) return dispatch(request, signal);
    let failure: unknown;
    for (const address of addresses) {
      try {
        return await dispatch(request, signal, address);
      } catch (error) {
        if (!provesNotSent(error)) throw error;
        known.failed(address);
        failure = error;
      }
    }
    throw failure;
  };

  return {
    baseUrl: url.href.endsWith('/') ? url.href.slice(0, -1) : url.href,
    label: url.port === '' ? `${url.hostname}:${url.protocol === 'https:' ? 443 : 80}` : url.host,
    send: (request, signal) => (check === undefined ? dispatch(request, signal) : sendChecked(check, request, signal)),
    [Symbol.dispose]: () => session.close(),
  };
}

/** A reply on the wire: the head is in, the body is not. */
class FetchReply implements TransportReply {
  readonly status: number;
  readonly headers: Headers;
  readonly #response: Response;

  constructor(response: Response) {
    this.status = response.status;
    this.headers = response.headers;
    this.#response = response;
    stripReplyHeaders(response.headers);
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#response.body;
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

/** The origin, with a slash, and the address in place of the name. */
function pinnedUrl({ protocol, port }: URL, address: string): string {
  return `${protocol}//${address.includes(':') ? `[${address}]` : address}${port === '' ? '' : `:${port}`}/`;
}

/** Whether what the name resolves to is to be checked. Throws a TypeError for an address that may not be called. */
function needsCheck(hostname: string, host: HostKind, options: ConnectorOptions): boolean {
  if (options.allowPrivate) return false;
  if (host.kind === 'address') {
    const refusal = refusalOf(host, host.address);
    if (refusal !== undefined) throw new TypeError(`${hostname} ${refusal}; \`allow_private: true\` permits it`);
    return false;
  }
  // `localhost` is always loopback (RFC 6761 §6.3).
  return options.proxy === undefined && hostname !== 'localhost' && !hostname.endsWith('.localhost');
}

function parseBaseUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`an upstream's URL must be http or https, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '')
    throw new TypeError("an upstream's URL must not hold credentials: use its headers or api_key");
  if (url.search !== '' || url.hash !== '') throw new TypeError("an upstream's URL must have no query and no fragment");
  return url;
}

/** Throws unless the request stays within the origin, and its path means what it says. */
function assertWithin(request: TransportRequest, origin: string): void {
  const { url, method, body } = request;
  if (!url.startsWith(origin)) {
    throw new GatewayError('upstream_address_forbidden', 'The request would leave its upstream.');
  }
  if (climbs(url)) throw new GatewayError('request_target_invalid', 'The path must not contain dot segments or backslashes.');
  if (body !== null && (method === 'GET' || method === 'HEAD')) {
    throw new GatewayError('request_invalid', `A ${method} request with a body cannot be forwarded.`);
  }
}

/** Whether `fetch` would rewrite the path. The cheap look comes first: most URLs have no dot after a slash and no `%2e`. */
function climbs(url: string): boolean {
  if (!url.includes('/.') && !url.includes('\\') && !url.includes('%2')) return false;
  const queryAt = url.search(/[?#]/);
  const path = queryAt === -1 ? url : url.slice(0, queryAt);
  return path.includes('\\') || /\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path);
}
