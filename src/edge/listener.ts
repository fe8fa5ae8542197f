/*
 * The listener: bytes to requests, replies to bytes. Everything a caller can do wrong before there is a route is answered here.
 *
 *   head (head.ts) ─▶ caller (address.ts) ─▶ route (route-table.ts) ─▶ Exchange ─▶ handler ─▶ reply (reply-writer.ts, reply-stream.ts)
 *
 *   serving ──drain──▶ draining ──all done, or out of patience──▶ stopped
 *
 * Invariants: what is given to Bun never throws; a request has either an exchange, which is ended exactly once, or one call of
 * `onRefused`; from the accepted head to the end of the reply no timeout of Bun's runs, for ours are more exact and say why.
 */

import { NEVER } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { type ErrorCode, GatewayError } from '../base/errors.ts';
import { Exchange } from '../pipeline/exchange.ts';
import { isStream, type Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { InnerReply, InnerRequest, WebSocketUpgrade } from '../pipeline/web-socket.ts';
import type { RefusedRequest } from '../policies/observe/observe.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Caller, type CallerResolver, createCallerResolver } from './address.ts';
import { type Cors, createCors, isPreflight } from './cors.ts';
import { checkHead, correlationId, parseTarget, type Target, wantsWebSocket, webSocketUnsupported } from './head.ts';
import { Incoming } from './incoming.ts';
import { ReplyStream } from './reply-stream.ts';
import { bodyBytes, isBodyless, ReplyWriter, refusalReply, type WireBody } from './reply-writer.ts';
import { type BodyLimits, type IncomingBody, incomingBody } from './request-body.ts';
import { createRouteTable, type Route, type RouteEntry, type RouteTable } from './route-table.ts';
import { createSecurityHeaders } from './security-headers.ts';
import type { ServerConfig } from './server-config.ts';
import { innerReply, type OpenSocket, Sockets } from './websocket.ts';

export interface ListenerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly routes: readonly Route[];
  /** A correlation id that nobody had before, of letters, digits and `-`. */
  readonly createId: () => string;
  /** Told of every request that was refused before it had a route. Must not throw. */
  readonly onRefused: (request: RefusedRequest, at: { readonly nowMs: number; readonly monotonicMs: number }) => void;
}

export type ListenerState = 'serving' | 'draining' | 'stopped';

export interface DrainConfig {
  /** How long new connections are still taken, in milliseconds. */
  readonly delayMs: number;
  /** Then, how long requests under way may take, in milliseconds. */
  readonly timeoutMs: number;
}

export interface Listener {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  readonly state: ListenerState;
  /** Replaces all routes at once; requests under way keep theirs. Throws a RouteTableError, and keeps the old ones, when they are no good. */
  setRoutes(routes: readonly Route[]): void;
  /** Lets what is under way finish, then stops; resolves to whether all of it did. A second call joins the first. */
  drain(config: DrainConfig): Promise<boolean>;
  /** Stops at once and cuts every connection. */
  stop(): Promise<void>;
}

/** Up to which size Bun's parser reads heads: a setting of the process, not of one server. */
let parserHeadBytes = 16_384;

/** Starts to listen. Throws a RouteTableError for routes that must not be served, and Bun's error when the port is taken. */
export async function createListener(config: ServerConfig, deps: ListenerDeps): Promise<Listener> {
  // `node:http` takes 30 ms to load, so only those pay who want another limit than there is.
  if (config.head_bytes_max !== parserHeadBytes) {
    parserHeadBytes = config.head_bytes_max;
    Object.assign((await import('node:http')).default, { maxHeaderSize: parserHeadBytes });
  }
  return new EdgeListener(config, deps);
}

type Server = Bun.Server<OpenSocket>;

/** What is known of a request before it has a route. */
interface Seen {
  readonly request: Request;
  readonly server: Server;
  readonly id: string;
  readonly caller: Caller;
  readonly startedAtMs: number;
}

/** A request that has one. */
interface Run extends Seen {
  readonly incoming: Incoming;
  readonly exchange: Exchange;
  readonly body: IncomingBody;
}

/** After the abort, what the streams may take to tell their callers. */
const LAST_WORDS_MS = 1_000;

/** What was wrong was the path, not the head: the connection's framing is sound. */
const HARMLESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['route_unknown', 'method_not_allowed', 'origin_forbidden']);

class EdgeListener implements Listener {
  readonly #config: ServerConfig;
  readonly #deps: ListenerDeps;
  readonly #callers: CallerResolver;
  readonly #cors: Cors;
  readonly #writer: ReplyWriter;
  readonly #bodyLimits: BodyLimits;
  readonly #keepAliveSeconds: number;
  readonly #server: Server;
  readonly #sockets: Sockets;
  readonly #active = new Set<Incoming>();
  #table: RouteTable;
  #state: ListenerState = 'serving';
  /** Every reply is its connection's last. */
  #closing = false;
  #patienceOver = false;
  #drained: Promise<boolean> | undefined;

  constructor(config: ServerConfig, deps: ListenerDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#callers = createCallerResolver(config.trusted_proxies);
    this.#cors = createCors(config.cors, config.environment);
    this.#writer = new ReplyWriter({ security: createSecurityHeaders(config.security_headers), cors: this.#cors });
    this.#bodyLimits = { timeoutMs: config.body_timeout, rateMin: config.body_rate_min };
    this.#keepAliveSeconds = Math.floor(config.keep_alive / 1_000);
    this.#table = createRouteTable(deps.routes);
    this.#sockets = new Sockets(config.websocket);
    const { tls } = config;
    this.#server = Bun.serve({
      hostname: config.host,
      port: config.port,
      // Workers share the port: the kernel spreads connections over them.
      reusePort: config.workers > 1,
      // Runs between requests, through the next head. The first head of a connection has 10 to 12 s, which Bun does not let one set.
      idleTimeout: this.#keepAliveSeconds,
      // Bun's own 413 has no body, and is sent for what a route may take: request-body.ts does it.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      development: false,
      ...(tls === undefined ? {} : { tls: { cert: Bun.file(tls.cert_file), key: Bun.file(tls.key_file) } }),
      fetch: (request, server) => this.#serve(request, server),
      websocket: this.#sockets.handlers(config.body_bytes_max),
      error: () => new Response(null, { status: 500 }),
    });
  }

  get url(): string {
    return this.#server.url.origin;
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get state(): ListenerState {
    return this.#state;
  }

  setRoutes(routes: readonly Route[]): void {
    this.#table = createRouteTable(routes);
  }

  drain(config: DrainConfig): Promise<boolean> {
    return (this.#drained ??= this.#drain(config));
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#abortAll();
    await this.#server.stop(true);
  }

  async #drain({ delayMs, timeoutMs }: DrainConfig): Promise<boolean> {
    this.#state = 'draining';
    const { clock } = this.#deps;
    if (delayMs > 0) await clock.sleep(delayMs, NEVER);
    // A request that still comes, over a connection that is open, is served: refusing it would lose it.
    this.#closing = true;
    this.#sockets.drain();
    const finished = this.#server.stop().then(() => true);
    // A timer that outlived the race would keep the process from ending.
    const isWhole = await new Promise<boolean>((resolve, reject) => {
      const patience = clock.after(timeoutMs, () => resolve(false));
      finished.then(resolve, reject).finally(() => patience[Symbol.dispose]());
    });
    if (!isWhole) {
      this.#patienceOver = true;
      this.#abortAll();
      await Promise.race([finished, clock.sleep(LAST_WORDS_MS, NEVER)]);
    }
    await this.stop();
    return isWhole;
  }

  #abortAll(): void {
    for (const incoming of this.#active) incoming.abort(draining());
  }

  /** Undefined for what has become a WebSocket. */
  #serve(request: Request, server: Server): Response | undefined | Promise<Response | undefined> {
    const seen: Seen = {
      request,
      server,
      id: correlationId(request.headers) ?? this.#deps.createId(),
      caller: this.#callers.resolve(request.headers, server.requestIP(request)?.address ?? '', this.#config.tls !== undefined),
      startedAtMs: this.#deps.clock.monotonic(),
    };
    let target: Target | undefined;
    try {
      checkHead(request, this.#config.headers_max);
      target = parseTarget(request.url);
      if (this.#patienceOver) throw draining();
      const socket = wantsWebSocket(request.headers) ? this.#socketRoute(request, target) : undefined;
      const entry = this.#match(target);
      if (socket !== undefined) return this.#run(seen, socket, gatewayRequest(request, target, entry));
      const { method } = request;
      if (isPreflight(method, request.headers)) return this.#write(seen, this.#cors.preflight(request.headers, entry.allow));
      const route = entry.find(method);
      if (route !== undefined) return this.#run(seen, route, gatewayRequest(request, target, entry));
      if (entry.allow === '')
        throw new GatewayError('upgrade_unsupported', 'this is served over WebSocket alone', { headers: { upgrade: 'websocket' } });
      if (method === 'OPTIONS') return this.#write(seen, { status: 204, headers: { allow: entry.allow }, body: null });
      throw new GatewayError('method_not_allowed', `${method} is not served here, but ${entry.allow}`, { headers: { allow: entry.allow } });
    } catch (error) {
      return this.#refuse(seen, error, target?.path ?? '');
    }
  }

  #match(target: Target): RouteEntry {
    const entry = this.#table.match(target.path);
    // An upstream that decodes or merges more than we do must not find itself on another route than the one that let the request in.
    if (target.canonical !== target.path && this.#table.match(target.canonical) !== entry)
      throw new GatewayError('request_target_invalid', 'the path can be read in more than one way');
    if (entry === undefined) throw new GatewayError('route_unknown', 'there is nothing at this path');
    return entry;
  }

  /** Throws `upgrade_unsupported` where there is none, whatever else is there. */
  #socketRoute({ method, headers }: Request, { path }: Target): Route {
    const route = this.#table.match(path)?.socket;
    if (route === undefined || method !== 'GET' || !this.#config.websocket.enabled) throw webSocketUnsupported();
    const origin = headers.get('origin');
    if (origin !== null && !this.#cors.allows(origin))
      throw new GatewayError('origin_forbidden', 'this origin may not call: see server.cors.origins');
    return route;
  }

  #run(seen: Seen, route: Route, head: Omit<GatewayRequest, 'body'>): Promise<Response | undefined> {
    const { clock } = this.#deps;
    const incoming = new Incoming({ id: seen.id, route, address: seen.caller.address, clock, request: seen.request });
    const exchange = new Exchange(incoming);
    const body = incomingBody(seen.request, this.#bodyLimits, clock);
    const run: Run = { ...seen, incoming, exchange, body };
    this.#active.add(incoming);
    exchange.onEnd(() => {
      this.#active.delete(incoming);
      incoming.release();
    });
    seen.server.timeout(seen.request, 0);
    let reply: Promise<Reply>;
    try {
      reply = route.handler({ ...head, body: body.body }, exchange);
    } catch (error) {
      reply = Promise.reject(error);
    }
    return reply.then((value) => this.#reply(run, value)).catch((error: unknown) => this.#fail(run, error));
  }

  #reply(run: Run, reply: Reply): Response | undefined {
    const { request, exchange, incoming } = run;
    const { status } = reply;
    if (reply.upgrade !== undefined) return this.#upgrade(run, reply, reply.upgrade);
    const isHead = request.method === 'HEAD';
    if (incoming.callerGone) {
      exchange.end({ kind: 'client_closed', status: 499, bytesSent: 0 });
      this.#discard(reply);
      return new Response(null, { status: 499 });
    }
    if (isStream(reply.body) && !isHead && !isBodyless(status)) {
      const onComplete = () => run.server.timeout(request, this.#keepAliveSeconds);
      const stream = new ReplyStream({ body: reply.body, exchange, status, onComplete }, this.#deps);
      // The caller may leave before Bun asks for the first chunk.
      incoming.signal.addEventListener('abort', () => stream.abandon(), { once: true });
      try {
        return this.#write(run, reply, stream);
      } catch (error) {
        this.#discard(reply);
        throw error;
      }
    }
    this.#discard(reply);
    const body = isStream(reply.body) || isBodyless(status) ? null : reply.body;
    const response = this.#write(run, reply, isHead && body === null ? unknownLength(reply) : body);
    exchange.end({ kind: 'complete', status, bytesSent: isHead ? 0 : bodyBytes(body) });
    run.server.timeout(request, this.#keepAliveSeconds);
    return response;
  }

  #upgrade(run: Run, reply: Reply, upgrade: WebSocketUpgrade): undefined {
    const { exchange, request, server } = run;
    const ask = (inner: InnerRequest, signal: AbortSignal) => this.#ask(run, inner, signal);
    const socket = this.#sockets.create(upgrade, { clock: this.#deps.clock, exchange, ask });
    const headers = { ...reply.headers, ...exchange.replyHeaders, 'x-correlation-id': run.id, 'x-request-id': run.id };
    if (!server.upgrade(request, { data: socket, headers }))
      throw new GatewayError('header_invalid', 'the request is no WebSocket handshake: see RFC 6455, section 4.1');
  }

  /** A request that came over a socket is one like any other, but for its wire. */
  async #ask(run: Run, inner: InnerRequest, signal: AbortSignal): Promise<InnerReply> {
    const { clock, createId } = this.#deps;
    const { method, path, headers, body: bytes } = inner;
    const route = this.#table.match(path)?.find(method);
    const id = createId();
    if (route === undefined) return { ...refusalReply(new GatewayError('route_unknown', 'there is nothing at this path'), id), body: null };
    const incoming = new Incoming({ id, route, address: run.caller.address, clock, request: { signal } });
    const exchange = new Exchange(incoming);
    this.#active.add(incoming);
    exchange.onEnd(() => {
      this.#active.delete(incoming);
      incoming.release();
    });
    try {
      return innerReply(await route.handler({ method, path, search: '', headers, body: { kind: 'bytes', bytes } }, exchange), exchange);
    } catch (cause) {
      const error = cause instanceof GatewayError ? cause : this.#defect(cause, { ...run, id });
      return innerReply(refusalReply(error, id), exchange);
    }
  }

  /** Nobody will read it: what is upstream has to be closed. */
  #discard(reply: Reply): void {
    if (!isStream(reply.body)) return;
    reply.body.return().catch((error: unknown) => this.#deps.logger.debug('a reply that nobody reads failed to end', { error }));
  }

  /** A handler that rejected, or a reply that could not be written: pipeline/rescue should have seen to it. */
  #fail(run: Run, cause: unknown): Response {
    const error = cause instanceof GatewayError ? cause : this.#defect(cause, run);
    const reply = refusalReply(error, run.id);
    const response = this.#write(run, reply);
    run.exchange.end({ kind: 'complete', status: reply.status, error: error.code, bytesSent: bodyBytes(reply.body) });
    run.server.timeout(run.request, this.#keepAliveSeconds);
    return response;
  }

  #refuse(seen: Seen, cause: unknown, path: string): Response {
    const error = cause instanceof GatewayError ? cause : this.#defect(cause, seen);
    const reply = refusalReply(error, seen.id);
    const { clock, onRefused } = this.#deps;
    const monotonicMs = clock.monotonic();
    const refused: RefusedRequest = {
      correlationId: seen.id,
      method: seen.request.method,
      path,
      address: seen.caller.address,
      status: reply.status,
      error: error.code,
      durationMs: monotonicMs - seen.startedAtMs,
      bytesSent: bodyBytes(reply.body),
    };
    onRefused(refused, { nowMs: clock.now(), monotonicMs });
    return this.#write(seen, HARMLESS.has(error.code) ? reply : { ...reply, headers: { ...reply.headers, connection: 'close' } });
  }

  #defect(cause: unknown, seen: Seen): GatewayError {
    this.#deps.logger.error('unexpected error', { correlation_id: seen.id, error: cause });
    return new GatewayError('internal_error', 'An unexpected error occurred', { cause });
  }

  #write(seen: Seen | Run, reply: Reply, body: WireBody = isStream(reply.body) ? null : reply.body): Response {
    const incoming = 'body' in seen ? seen.body : incomingBody(seen.request, this.#bodyLimits, this.#deps.clock);
    return this.#writer.write(reply, body, {
      route: 'exchange' in seen ? seen.exchange.route : undefined,
      id: seen.id,
      https: seen.caller.https,
      origin: seen.request.headers.get('origin'),
      close: this.#closing || incoming.mustClose(),
      extra: 'exchange' in seen ? seen.exchange.replyHeaders : undefined,
    });
  }
}

function gatewayRequest(request: Request, target: Target, entry: RouteEntry): Omit<GatewayRequest, 'body'> {
  const { path, search } = target;
  const plain = { method: request.method, path, search, headers: request.headers };
  return entry.params === undefined ? plain : { ...plain, params: entry.params(path) };
}

/** To HEAD, Bun says `content-length: 0` of a body that is null. An empty stream makes it say that the length is not known. */
function unknownLength(reply: Reply): WireBody {
  return 'content-length' in reply.headers || isBodyless(reply.status) ? null : nothing();
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

function draining(): GatewayError {
  return new GatewayError('draining', 'the gateway is shutting down', { retryAfterMs: 1_000 });
}
