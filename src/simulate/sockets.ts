/** WebSockets of the simulator: the connection, without what is said over it. */
import type { ServerWebSocket, WebSocketHandler } from 'bun';

/** One side of a conversation over a WebSocket; made when the client asks for the connection. */
export interface SocketTalk {
  opened(socket: Socket): void;
  /** A text frame; binary ones are refused before. */
  heard(text: string): void;
  closed(): void;
}

export interface Socket {
  /** Resolves when the client has taken enough of it. */
  send(text: string): Promise<void>;
  /** Says goodbye in order, with a code of RFC 6455. */
  close(code: number, reason: string): void;
  /** Resets the connection. */
  cut(): void;
}

/** What a connection carries along for its handlers. */
export interface SocketData {
  readonly talk: SocketTalk;
  /** Resolved when the client has taken what we wrote. */
  drained: PromiseWithResolvers<void> | undefined;
}

const PAYLOAD_BYTES_MAX = 67_108_864;
/** More than this waits until the client has read it. */
const UNREAD_BYTES_MAX = 1_048_576;

export const SOCKET_HANDLERS: WebSocketHandler<SocketData> = {
  maxPayloadLength: PAYLOAD_BYTES_MAX,
  // Silence is what the simulator is for. In seconds; 0 is never.
  idleTimeout: 0,
  open(socket) {
    socket.data.talk.opened(socketOf(socket));
  },
  message(socket, message) {
    if (typeof message === 'string') socket.data.talk.heard(message);
    else socket.close(1003, 'Binary messages are not supported');
  },
  drain(socket) {
    socket.data.drained?.resolve();
    socket.data.drained = undefined;
  },
  close(socket) {
    socket.data.drained?.resolve();
    socket.data.talk.closed();
  },
};

function socketOf(socket: ServerWebSocket<SocketData>): Socket {
  return {
    send(text) {
      const isQueued = socket.sendText(text) === -1 && socket.getBufferedAmount() > UNREAD_BYTES_MAX;
      if (!isQueued) return Promise.resolve();
      socket.data.drained ??= Promise.withResolvers();
      return socket.data.drained.promise;
    },
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
  };
}
