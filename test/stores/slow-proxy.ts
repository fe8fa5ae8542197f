import type { Socket } from 'bun';

/** A TCP proxy whose way back can be slowed down: bytes arrive whole and in order, `delayMs` late. */
export interface SlowProxy extends Disposable {
  readonly port: number;
  /** For all bytes that come from the server from now on. */
  setDelay(delayMs: number): void;
}

interface Link {
  server: Promise<Socket>;
}

export function startSlowProxy(targetPort: number): SlowProxy {
  let delay = 0;
  const sockets = new Set<{ end(): void }>();
  const listener = Bun.listen<Link>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(client) {
        sockets.add(client);
        const server = Bun.connect({
          hostname: '127.0.0.1',
          port: targetPort,
          socket: {
            data(_, bytes) {
              const copy = Uint8Array.from(bytes);
              const delayMs = delay;
              if (delayMs === 0) client.write(copy);
              else setTimeout(() => client.write(copy), delayMs);
            },
            close: () => void client.end(),
          },
        });
        client.data = { server };
      },
      async data(client, bytes) {
        const copy = Uint8Array.from(bytes);
        (await client.data.server).write(copy);
      },
      async close(client) {
        sockets.delete(client);
        (await client.data.server).end();
      },
    },
  });
  return {
    port: listener.port,
    setDelay: (delayMs) => void (delay = delayMs),
    [Symbol.dispose]: () => listener.stop(true),
  };
}
