/** WebSockets: what a route that takes one does with it, behind the one handler that Bun has for all of them. */
import type { ServerWebSocket, WebSocketHandler } from 'bun';

export interface SocketPeer {
  /** Of the reply that agrees to the socket. */
  readonly headers: Readonly<Record<string, string>>;
  opened(socket: Socket): void;
  received(message: string | Uint8Array): void;
  /** The socket takes more again. */
  drained(): void;
  closed(): void;
}

export type Socket = ServerWebSocket<SocketPeer>;

/** Bytes of one message: 15 MiB of audio, the vendor's limit, in base64 and with a frame around it. */
const MESSAGE_BYTES_MAX = 22_020_096;
/** Bytes that wait for a slow client; whoever sends waits too then. */
const BACKLOG_BYTES_MAX = 16_777_216;

export const SOCKETS: WebSocketHandler<SocketPeer> = {
  maxPayloadLength: MESSAGE_BYTES_MAX,
  backpressureLimit: BACKLOG_BYTES_MAX,
  // Silence is what it is for.
  idleTimeout: 0,
  sendPings: false,
  open: (socket) => socket.data.opened(socket),
  message: (socket, message) => socket.data.received(message),
  drain: (socket) => socket.data.drained(),
  close: (socket) => socket.data.closed(),
};
