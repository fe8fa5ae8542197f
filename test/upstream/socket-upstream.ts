/* An upstream of bare sockets: what it does with each is the test's own. For what faulty-upstream.ts, which reads requests whole, cannot show. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SocketUpstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Those that are open now, in the order in which they came. */
  readonly sockets: ReadonlySet<Socket>;
}

/** `onSocket` gets each connection with its number, from 1. */
export async function startSocketUpstream(onSocket: (socket: Socket, number: number) => void, host = '127.0.0.1'): Promise<SocketUpstream> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket, connections);
  });
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    get connections() {
      return connections;
    },
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
