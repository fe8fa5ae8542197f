/* A TCP proxy that can be late, deaf, absent, or alter what comes back from the server: for what a service says that is not its own. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What becomes of a piece that the server said: these instead, and at `cut` the connection ends. */
export type Alter = (piece: Buffer) => readonly (Buffer | 'cut')[];

export interface LyingProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on for what the server says, on connections that are open too; undefined: as it is. */
  alter(alter: Alter | undefined): void;
  /** Pieces that were altered since it was told to. */
  readonly altered: number;
  /** What the server says from now on comes so much later. */
  delay(delayMs: number): void;
  /** Ends every connection, and those that come; until `accept`. */
  refuse(): void;
  accept(): void;
}

export interface LyingProxyOptions {
  readonly port: number;
  /** Before a connection reaches the server. */
  readonly onConnect?: () => Promise<unknown>;
}

export async function startLyingProxy({ port: serverPort, onConnect }: LyingProxyOptions): Promise<LyingProxy> {
  const sockets = new Set<Socket>();
  let alter: Alter | undefined;
  let delayMs = 0;
  let altered = 0;
  let isRefusing = false;

  const tell = (client: Socket, server: Socket, piece: Buffer): void => {
    if (alter === undefined) {
      client.write(piece);
      return;
    }
    altered += 1;
    for (const part of alter(piece)) {
      if (part !== 'cut') {
        client.write(part);
        continue;
      }
      client.end();
      server.destroy();
      return;
    }
  };

  const link = async (client: Socket): Promise<void> => {
    if (isRefusing) {
      client.destroy();
      return;
    }
    client.pause();
    await onConnect?.();
    const server = connect(serverPort, '127.0.0.1');
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (piece: Buffer) => void server.write(piece));
    server.on('data', (piece: Buffer) => {
      if (delayMs === 0) tell(client, server, piece);
      else setTimeout(() => tell(client, server, piece), delayMs);
    });
    client.resume();
  };

  const listener = createServer((client) => void link(client));
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    alter(next) {
      alter = next;
      altered = 0;
    },
    get altered() {
      return altered;
    },
    delay: (nextMs) => void (delayMs = nextMs),
    refuse() {
      isRefusing = true;
      for (const socket of sockets) socket.destroy();
    },
    accept: () => void (isRefusing = false),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => void listener.close(resolve));
    },
  };
}
