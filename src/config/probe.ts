/*
 * Whether an HTTP server answers on a port of this machine: one question on a bare socket, so that a first start waits for nothing.
 * It goes to loopback alone and reads a status line; everything else goes through upstream/transport.
 */

import { lookup } from 'node:dns/promises';
import type { Clock } from '../base/clock.ts';
import { classifyAddress } from '../base/ip.ts';

/** Whether `GET path` on loopback is answered with 200 within `timeoutMs`. Never rejects. A refused connection is known at once. */
export function answersOnLoopback(
  port: number,
  path: string,
  options: { readonly timeoutMs: number; readonly clock: Clock },
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = options.clock.after(options.timeoutMs, () => resolve(false));
  let head = '';
  const connecting = Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open(socket) {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
      },
      data(_socket, chunk) {
        head += chunk.toString('latin1');
        if (head.length >= STATUS_LINE.length) resolve(head.startsWith(STATUS_LINE));
      },
      close: () => resolve(false),
      error: () => resolve(false),
      connectError: () => resolve(false),
    },
  });
  return promise.finally(() => {
    timer[Symbol.dispose]();
    // A connection that comes too late is closed as it comes.
    connecting.then(
      (socket) => socket.terminate(),
      () => undefined,
    );
  });
}

const STATUS_LINE = 'HTTP/1.1 200';

/**
 * Whether there is somebody to wait for: a name that is known, or on this machine, a port where somebody listens. A server elsewhere
 * that refuses connections is there: it may be loading its model. Never rejects; false after `timeoutMs`.
 */
export async function existsAt(url: string, options: { readonly timeoutMs: number; readonly clock: Clock }): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  using _timer = options.clock.after(options.timeoutMs, () => resolve(false));
  lookup(hostname.replace(/^\[(.*)\]$/, '$1')).then(
    ({ address }) => {
      if (classifyAddress(address) !== 'loopback') resolve(true);
      else isListening(address, Number(port) || (protocol === 'https:' ? 443 : 80)).then(resolve, () => resolve(false));
    },
    () => resolve(false),
  );
  return await promise;
}

async function isListening(hostname: string, port: number): Promise<boolean> {
  const socket = await Bun.connect({ hostname, port, socket: { data() {}, error() {}, connectError() {} } });
  socket.terminate();
  return true;
}
