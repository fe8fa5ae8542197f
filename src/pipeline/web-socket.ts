/*
 * A WebSocket as a route sees it. A route that offers one says so (`Route.websocket`); its handler runs behind the policies as that of any other route, and
 * answers with a reply that has an `upgrade`: then the edge makes the connection a socket (edge/websocket.ts) and asks `open` for its session.
 */

import type { Abortable } from '../base/abort.ts';
import type { ByteStream } from './reply.ts';

export interface WebSocketUpgrade {
  /** Longest message that is taken, in bytes; a longer one closes the socket (1009). */
  readonly messageBytesMax: number;
  /** Makes the session of the socket, which is open. Must not throw. The exchange of the upgrade goes on until the session ends it, or the socket closes. */
  open(socket: WebSocketPeer): WebSocketSession;
}

/** What a route makes of one socket. Nothing here may throw. */
export interface WebSocketSession {
  /** A message of the caller: text, or bytes. */
  message(data: string | Uint8Array): void;
  /** The gateway shuts down: what is under way may be finished, and then the socket is to be closed. Called at most once. */
  drain(): void;
  /** The socket is closed, whoever closed it. The last call. `code` as RFC 6455 §7.4 has them; 1006 where the caller vanished. */
  closed(code: number, reason: string): void;
}

/** The caller's end of a socket. */
export interface WebSocketPeer {
  /** Aborts when the socket closes. */
  readonly signal: Abortable;
  /** False: the caller is behind. Wait for `drained` before more is sent. After the end, what is sent is dropped. */
  send(data: string | Uint8Array): boolean;
  /** Resolves when the caller has caught up, or the socket is closed. */
  drained(): Promise<void>;
  /** `code` as RFC 6455 §7.4 has them; `reason` up to 123 bytes. */
  close(code: number, reason: string): void;
  /** Puts a request to a route of this gateway as it is configured now, through all of its policies, as an exchange of its own. Never rejects. */
  ask(request: InnerRequest): Promise<InnerReply>;
}

/** A request that came over a socket. */
export interface InnerRequest {
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What was answered to it. A stream must be read to its end, or returned; either ends its exchange. */
export interface InnerReply {
  readonly status: number;
  /** Those of the reply and of its exchange; lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | ByteStream | null;
}
