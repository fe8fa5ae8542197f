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
 * Two wires carry the requests: sockets of our own for plain http (http1/), which is what stands between a gateway and the servers beside it,
 * and Bun's fetch for https and forward proxies (fetch-wire.ts). docs/decisions/0008 says why.
 */

import { type Abortable, raceAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { ReadableHeaders } from '../../base/readable-headers.ts';
import type { BodyReader } from '../upstream.ts';
import type { PoolConfig } from '../upstream-config.ts';
import type { UpstreamEvents } from '../upstream-events.ts';
import { type HostKind, kindOfHost, refusalOf } from './address-rules.ts';
import { addressOrigin, createFetchWire } from './fetch-wire.ts';
import { requestHeaders, type SendableHeaders } from './hop-headers.ts';
import { createHostCheck, type HostCheck, type Resolve } from './host-check.ts';
import { createSocketWire } from './http1/socket-wire.ts';
import { provesNotSent } from './transport-error.ts';
import { openWebSocket, type UpstreamSocket } from './web-socket.ts';
import type { Wire } from './wire.ts';

export interface TransportRequest {
  /** Begins with the origin of the base URL it was prepared for. */
  readonly url: string;
  readonly method: string;
  /** A record has lower-case names. Not changed: what does not go on is left out of a copy. */
  readonly headers: SendableHeaders;
  /** A stream can be sent once: such a request is never tried again after it began, unless it is `renewed`. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  /** The body is made anew for every attempt, from what is kept of it. */
  readonly renewed?: true;
  /** Of a WebSocket: the subprotocols that it is offered. */
  readonly protocols?: readonly string[];
}

export interface TransportReply {
  readonly status: number;
  /** The reply's own, without hop-by-hop ones; the body is as it came, so `content-encoding` and `content-length` are true. */
  readonly headers: ReadableHeaders;
  /** The body, piece by piece; undefined when there is none. Either this or `bytes`, once. */
  reader(): BodyReader | undefined;
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
  send(request: TransportRequest, signal: Abortable): Promise<TransportReply>;
  /** Resolves with an open WebSocket. Throws as `send` does, and an UpgradeRefused. `request` has no body; its URL is one of http. */
  openSocket(request: TransportRequest, signal: Abortable): Promise<UpstreamSocket>;
}

export interface Transport {
  /** Throws a TypeError when `baseUrl` is no http(s) URL or holds credentials. Disposing a connector closes its idle connections. */
  connector(baseUrl: string, options: ConnectorOptions): Connector;
}

export interface TransportDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly events: Pick<UpstreamEvents, 'onConnection'>;
}

export function createTransport(deps: TransportDeps): Transport {
  return {
    connector(baseUrl, options) {
      const url = parseBaseUrl(baseUrl);
      const host = kindOfHost(url.hostname);
      const check = needsCheck(url.hostname, host, options) ? createHostCheck(url.hostname, host, deps) : undefined;
      const pinned = check !== undefined && host.kind === 'public-name';
      const wire =
        url.protocol === 'http:' && options.proxy === undefined
          ? createSocketWire({ url, pool: options.pool, clock: deps.clock, onConnection: deps.events.onConnection })
          : createFetchWire({ url, pinned, pool: options.pool, proxy: options.proxy });
      return createConnector({ url, check, pinned, wire, proxy: options.proxy });
    },
  };
}

interface ConnectorParts {
  readonly url: URL;
  readonly check: HostCheck | undefined;
  readonly pinned: boolean;
  readonly wire: Wire;
  readonly proxy: string | undefined;
}

function createConnector({ url, check, pinned, wire, proxy }: ConnectorParts): Connector {
  const origin = `${url.origin}/`;

  /** Sends to one address, or to whatever the name resolves to. */
  const dispatch = (request: TransportRequest, signal: Abortable, address?: string): Promise<TransportReply> => {
    const { method, body } = request;
    const headers = requestHeaders(request.headers, body instanceof ReadableStream);
    return wire.send({ method, target: request.url.slice(origin.length - 1), headers, body, address }, signal);
  };

  const connectSocket = ({ url: asked, headers, protocols = [] }: TransportRequest, signal: Abortable, address?: string) => {
    const clean: Record<string, string> = Object.fromEntries(new Headers(requestHeaders(headers, false)));
    const target = asked.slice(origin.length - 1);
    if (address === undefined)
      return openWebSocket({ url: url.origin + target, headers: clean, protocols, serverName: undefined, proxy }, signal);
    return openWebSocket(
      { url: addressOrigin(url, address) + target, headers: { ...clean, host: url.host }, protocols, serverName: url.hostname, proxy },
      signal,
    );
  };

  /** Only at addresses that may be called, one after the other where they are dialled by themselves. */
  const overChecked = async <Result>(known: HostCheck, signal: Abortable, dial: (address?: string) => Promise<Result>): Promise<Result> => {
    const given = known.addresses();
    const addresses = given instanceof Promise ? await raceAbort(given, signal) : given;
    if (!pinned) return dial();
    let failure: unknown;
    for (const address of addresses) {
      try {
        return await dial(address);
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
    async send(request, signal) {
      assertWithin(request, origin);
      signal.throwIfAborted();
      return check === undefined ? dispatch(request, signal) : overChecked(check, signal, (address) => dispatch(request, signal, address));
    },
    async openSocket(request, signal) {
      assertWithin(request, origin);
      signal.throwIfAborted();
      return check === undefined
        ? connectSocket(request, signal)
        : overChecked(check, signal, (address) => connectSocket(request, signal, address));
    },
    [Symbol.dispose]: () => wire[Symbol.dispose](),
  };
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
