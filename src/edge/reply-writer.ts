import type { GatewayError } from '../base/errors.ts';
import { encodeServiceError, errorReply } from '../pipeline/error-reply.ts';
import { isStream, type Reply, type ReplyBody } from '../pipeline/reply.ts';
import type { Cors } from './cors.ts';
import type { SecurityHeaders } from './security-headers.ts';

/** What the head of a reply depends on beyond the reply itself. */
export interface ReplyContext {
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
  readonly #deps: ReplyWriterDeps;

  constructor(deps: ReplyWriterDeps) {
    this.#deps = deps;
  }

  /** `body` stands for the reply's own, which may be a stream that has to be watched. Throws for a status or header that HTTP does not know. */
  write(reply: Reply, body: WireBody, context: ReplyContext): Response {
    const { security, cors } = this.#deps;
    const { id, extra } = context;
    const response = new Response(body as Bun.BodyInit | null, {
      status: reply.status,
      headers: context.https ? security.https : security.http,
    });
    const { headers } = response;
    for (const name in reply.headers) headers.set(name, reply.headers[name] ?? '');
    if (extra !== undefined) for (const name in extra) headers.set(name, extra[name] ?? '');
    headers.set('x-correlation-id', id);
    headers.set('x-request-id', id);
    headers.set('request-id', id);
    cors.decorate(headers, context.origin);
    if (reply.cookies !== undefined) for (const cookie of reply.cookies) headers.append('set-cookie', cookie);
    if (context.close) headers.set('connection', 'close');
    return response;
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
