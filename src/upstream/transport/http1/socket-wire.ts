import type { Abortable } from '../../../base/abort.ts';
import type { Clock } from '../../../base/clock.ts';
import { GatewayError } from '../../../base/errors.ts';
import type { PoolConfig } from '../../upstream-config.ts';
import type { TransportReply } from '../transport.ts';
import { TransportError } from '../transport-error.ts';
import type { Wire, WireRequest } from '../wire.ts';
import type { Connection, ConnectionRequest } from './connection.ts';
import { type ConnectionKind, ConnectionPool } from './pool.ts';
import { encodeRequestHead } from './request-head.ts';

export interface SocketWireOptions {
  readonly url: URL;
  readonly pool: PoolConfig;
  readonly clock: Clock;
  readonly onConnection: (kind: ConnectionKind) => void;
}

/** Methods that may be sent again when a kept connection turns out to be closed (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** Plain HTTP/1.1 over sockets of our own. */
export function createSocketWire({ url, pool, clock, onConnection }: SocketWireOptions): Wire {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const connections = new ConnectionPool({
    port: url.port === '' ? 80 : Number(url.port),
    keepAliveMs: pool.keep_alive,
    idleMax: pool.idle_max,
    connectTimeoutMs: pool.connect_timeout,
    clock,
    onConnection,
  });
  const authority = url.host;

  const sendOnNew = async (request: ConnectionRequest, address: string, signal: Abortable): Promise<TransportReply> => {
    const connection = await connections.connect(address, signal);
    return connection.send(request, signal);
  };

  /** A kept connection may have been closed as we wrote to it: what does no harm twice is sent once more, on a new one. */
  const sendOnKept = async (kept: Connection, request: ConnectionRequest, signal: Abortable): Promise<TransportReply> => {
    try {
      return await kept.send(request, signal);
    } catch (error) {
      const stale = error instanceof TransportError && error.fault === 'reset' && !kept.answered;
      if (!stale || request.body instanceof ReadableStream || !IDEMPOTENT.has(request.method)) throw error;
      return sendOnNew(request, kept.hostname, signal);
    }
  };

  return {
    send(wireRequest, signal) {
      const request = prepared(wireRequest, authority);
      const address = wireRequest.address ?? hostname;
      const kept = connections.take(address);
      return kept === undefined ? sendOnNew(request, address, signal) : sendOnKept(kept, request, signal);
    },
    [Symbol.dispose]: () => connections[Symbol.dispose](),
  };
}

function prepared({ method, target, headers, body }: WireRequest, authority: string): ConnectionRequest {
  if (!(body instanceof ReadableStream)) {
    const length = body === null ? null : body.length;
    return { method, head: encodeRequestHead({ method, target, authority, headers, length }), body, length: undefined };
  }
  // Where it is known, `content-length` is among the headers already.
  const known = (headers instanceof Headers ? headers.get('content-length') : headers['content-length']) ?? null;
  if (known !== null && !LENGTH.test(known)) throw new GatewayError('header_invalid', 'the header content-length cannot be sent on');
  const head = encodeRequestHead({ method, target, authority, headers, length: known === null ? undefined : 'given' });
  return { method, head, body, length: known === null ? undefined : Number(known) };
}

const LENGTH = /^\d{1,15}$/;
