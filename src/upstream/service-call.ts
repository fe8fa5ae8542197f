/*
 * The innermost handler of a service route: plain HTTP handed on to a named service, bodies untouched in both directions.
 */

import { CREDENTIAL_HEADERS } from '../base/credential-headers.ts';
import type { ReadableHeaders } from '../base/readable-headers.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { principalFact, upstreamFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Reply } from '../pipeline/reply.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import { UpstreamCallError } from './call-error.ts';
import { classifyStatus } from './classify.ts';
import { passThrough } from './pass-through.ts';
import { createPathRewrite } from './service-path.ts';
import type { ServiceConfig, ServicesConfig } from './services-config.ts';
import type { PumpDeps } from './stream-pump.ts';
import { HeaderList } from './transport/header-list.ts';
import { endToEndHeaders, USER_AGENT } from './transport/hop-headers.ts';
import type { Candidate, ReplyReader, Upstream, UpstreamReply } from './upstream.ts';

export interface ServiceCallConfig {
  readonly name: string;
  /** The route's pattern, for rewriting. */
  readonly pattern: string;
  readonly services: ServicesConfig;
  /** Where a service has no `timeout` of its own, in milliseconds. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

export interface ServiceCallDeps extends PumpDeps {
  readonly upstream: Upstream;
  readonly traceHeaders: (exchange: Exchange) => Readonly<Record<string, string>>;
}

/** Bodies up to this size are read whole: they can be sent again, and cost less than a stream. */
const WHOLE_BYTES_MAX = 65_536;
const EXPECT: ReplyReader = { kind: 'pass', wholeBytesMax: WHOLE_BYTES_MAX };

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

interface Hop {
  readonly name: string;
  readonly service: ServiceConfig;
  readonly rewrite: (path: string) => string;
  readonly headers: readonly (readonly [string, string])[];
}

/** Answers a service route by calling the service, and its fallback when that failed. */
export function createServiceCall(config: ServiceCallConfig, deps: ServiceCallDeps): Handler {
  const hops = hopsOf(config);
  const first = hops[0]?.service;
  const timeoutMs = first?.timeout ?? config.timeoutMs;
  return async (request, exchange) => {
    const body = await readSmall(request, config.bodyBytesMax);
    const headers = forwardedHeaders(request, { exchange, deps, body });
    try {
      const reply = await deps.upstream.call({
        candidates: hops.map((hop) => candidate(hop, request, { headers, body })),
        signal: exchange.signal,
        totalTimeoutMs: timeoutMs,
        firstTokenTimeoutMs: timeoutMs,
        replayable: IDEMPOTENT.has(request.method) || first?.replayable === true,
      });
      record(exchange, reply);
      return await finish(reply, { exchange, deps, timeoutMs });
    } catch (cause) {
      if (!(cause instanceof UpstreamCallError)) throw cause;
      const last = cause.attempts.at(-1);
      exchange.set(upstreamFact, { target: last?.target ?? config.name, provider: config.name, attempts: cause.attempts });
      // What the service itself said of its failure is worth more to its callers than our words.
      if (cause.reply === undefined) throw cause;
      return { status: cause.reply.status, ...plainHeaders(cause.reply.headers), body: cause.reply.bytes };
    }
  };
}

function hopsOf(config: ServiceCallConfig): Hop[] {
  const hops: Hop[] = [];
  let name: string | undefined = config.name;
  while (name !== undefined && !hops.some((hop) => hop.name === name)) {
    const service: ServiceConfig | undefined = config.services[name];
    if (service === undefined) break;
    hops.push({ name, service, rewrite: createPathRewrite(config.pattern, service), headers: Object.entries(service.headers) });
    name = service.fallback;
  }
  return hops;
}

type Body = Uint8Array | ReadableStream<Uint8Array> | null;

async function readSmall(request: GatewayRequest, bytesMax: number): Promise<Body> {
  const { body } = request;
  if (body.kind === 'none') return null;
  if (body.kind === 'bytes') return body.bytes;
  return body.length !== undefined && body.length <= WHOLE_BYTES_MAX ? body.read(bytesMax) : body.stream(bytesMax);
}

function candidate(
  hop: Hop,
  request: GatewayRequest,
  sent: { readonly headers: Readonly<Record<string, string>>; readonly body: Body },
): Candidate {
  const path = hop.rewrite(request.path) + request.search;
  return {
    name: hop.name,
    group: hop.name,
    expect: EXPECT,
    classify: classifyStatus,
    prepare: (baseUrl) => {
      const headers = hop.headers.length === 0 ? sent.headers : { ...sent.headers, ...Object.fromEntries(hop.headers) };
      return { url: baseUrl + path, method: request.method, headers, body: sent.body };
    },
  };
}

interface Forwarding {
  readonly exchange: Exchange;
  readonly deps: ServiceCallDeps;
  readonly body: Body;
}

/** A plain record, which costs half of a Headers: this is done for every request. */
function forwardedHeaders(request: GatewayRequest, { exchange, deps, body }: Forwarding): Readonly<Record<string, string>> {
  const principal = exchange.peek(principalFact);
  // A credential of the gateway's own is none of a service's business.
  const keepsCredentials = principal === undefined || principal.kind === 'anonymous';
  const keepsLength = body instanceof ReadableStream;
  const headers = endToEndHeaders(
    request.headers,
    (name) => (!keepsCredentials && CREDENTIALS.has(name)) || (!keepsLength && name === 'content-length'),
  );
  // The caller's own address, after the trusted proxies: what an untrusted caller wrote there is worth nothing.
  headers['x-forwarded-for'] = exchange.address;
  const host = request.headers.get('host');
  if (host !== null) headers['x-forwarded-host'] = host;
  headers['user-agent'] ??= USER_AGENT;
  const traced = deps.traceHeaders(exchange);
  for (const name in traced) headers[name] = traced[name] ?? '';
  return headers;
}

const CREDENTIALS: ReadonlySet<string> = new Set(CREDENTIAL_HEADERS);

function record(exchange: Exchange, reply: UpstreamReply): void {
  const { attempts, candidate: answered } = reply;
  exchange.set(upstreamFact, {
    target: answered.name,
    provider: answered.name,
    attempts,
    firstTokenMs: exchange.clock.monotonic() - exchange.startedAtMs,
  });
  if (attempts.length > 1) exchange.replyHeaders['x-gatehouse-attempts'] = String(attempts.length);
}

interface FinishInput {
  readonly exchange: Exchange;
  readonly deps: ServiceCallDeps;
  readonly timeoutMs: number;
}

async function finish(reply: UpstreamReply, { exchange, deps, timeoutMs }: FinishInput): Promise<Reply> {
  const { status, body } = reply;
  const plain = plainHeaders(reply.headers);
  if (body.kind === 'whole') return { status, ...plain, body: body.bytes };
  if (body.reader === undefined) {
    body.settle('ok');
    return { status, ...plain, body: null };
  }
  return { status, ...plain, body: passThrough(deps, { exchange, body, status, idleTimeoutMs: timeoutMs }) };
}

interface PlainHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

function plainHeaders(given: ReadableHeaders): PlainHeaders {
  const headers: Record<string, string> = {};
  if (given instanceof HeaderList) given.copyTo(headers);
  else for (const [name, value] of given) if (name !== 'set-cookie') headers[name] = value;
  const cookies = given.getSetCookie();
  return cookies.length === 0 ? { headers } : { headers, cookies };
}
