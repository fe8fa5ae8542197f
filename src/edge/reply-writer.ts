import type { GatewayError } from '../base/errors.ts';
import { encodeServiceError, errorReply } from '../pipeline/error-reply.ts';
import { isStream, type Reply, type ReplyBody } from '../pipeline/reply.ts';
import type { RouteInfo } from '../pipeline/route.ts';
import type { Cors } from './cors.ts';
import { ReplyHead } from './reply-head.ts';
import type { SecurityHeaders } from './security-headers.ts';

/** What the head of a reply depends on beyond the reply itself. */
export interface ReplyContext {
  /** Undefined before one is known. */
  readonly route: RouteInfo | undefined;
  readonly id: string;
  readonly https: boolean;
  readonly origin: string | null;
  /** Whether this is the connection's last reply. */
  readonly close: boolean;
  /** Headers that policies left on the exchange. */
  readonly extra: Readonly<Record<string, string>> | undefined;
}

export interface ReplyWriterDeps {
  readonly security: SecurityHeaders;
  readonly cors: Cors;
}

/** What Bun takes as a body: its own types do not know that it takes any async iterable. */
export type WireBody = null | string | Uint8Array | AsyncIterator<Uint8Array, void, undefined>;

/** Puts the head of a reply together: ours first, then the reply's own, then what policies and CORS add. */
export class ReplyWriter {
  readonly #cors: Cors;
  readonly #http: ReplyHeads;
  readonly #https: ReplyHeads;

  constructor({ cors, security }: ReplyWriterDeps) {
    this.#cors = cors;
    this.#http = new ReplyHeads(security.http);
    this.#https = new ReplyHeads(security.https);
  }

  /** `body` stands for the reply's own, which may be a stream that has to be watched. Throws for a status or header that HTTP does not know. */
  write(reply: Reply, body: WireBody, context: ReplyContext): Response {
    const { id, extra } = context;
    const head = (context.https ? this.#https : this.#http).of(context.route);
    head.begin();
    for (const name in reply.headers) head.set(name, reply.headers[name] ?? '');
    if (extra !== undefined) for (const name in extra) head.set(name, extra[name] ?? '');
    head.set('x-correlation-id', id);
    head.set('x-request-id', id);
    head.set('request-id', id);
    const response = new Response(body as Bun.BodyInit | null, { status: reply.status, headers: head.finish() });
    const { headers } = response;
    this.#cors.decorate(headers, context.origin);
    if (reply.cookies !== undefined) for (const cookie of reply.cookies) headers.append('set-cookie', cookie);
    if (context.close) headers.set('connection', 'close');
    return response;
  }
}

/** A head for each route: replies of one are alike. */
class ReplyHeads {
  readonly #constant: Headers;
  /** After a reload the routes are others, and these go with the old ones. */
  readonly #byRoute = new WeakMap<RouteInfo, ReplyHead>();
  readonly #routeless: ReplyHead;

  constructor(constant: Headers) {
    this.#constant = constant;
    this.#routeless = new ReplyHead(constant);
  }

  of(route: RouteInfo | undefined): ReplyHead {
    if (route === undefined) return this.#routeless;
    let head = this.#byRoute.get(route);
    if (head === undefined) this.#byRoute.set(route, (head = new ReplyHead(this.#constant)));
    return head;
  }
}

/** The reply to a request that had no route, or whose route's handler failed to answer: in the service shape, for no dialect is known. */
export function refusalReply(error: GatewayError, id: string): Reply {
  return errorReply(error, id, encodeServiceError);
}

/** Statuses whose replies have no body, whatever was given (RFC 9110 §15). */
export function isBodyless(status: number): boolean {
  return status === 204 || status === 304 || status === 205;
}

/** Bytes of a whole body on the wire. */
export function bodyBytes(body: ReplyBody): number {
  if (body === null || isStream(body)) return 0;
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
}
