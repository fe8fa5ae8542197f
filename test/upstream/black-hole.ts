/* An address that answers nobody: it listens, but accepts no connection, and its backlog is full. */

export interface BlackHole extends AsyncDisposable {
  readonly port: number;
}

/** Listens, says where, and never comes back to its event loop. */
const LISTEN_AND_BLOCK = `
const { createServer } = require('node:net');
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  process.stdout.write(String(server.address().port) + '\\n', () => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
});`;

/** More than any backlog that a system grants by default. */
const FILLERS_MAX = 5_000;
/** A connection to this machine that has a place comes about within this time. */
const PATIENCE_MS = 500;

export async function openBlackHole(): Promise<BlackHole> {
  const child = Bun.spawn([process.execPath, '-e', LISTEN_AND_BLOCK], { stdout: 'pipe', stderr: 'inherit' });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const fillers: Bun.Socket[] = [];
  for (let filled = false; !filled; ) {
    if (fillers.length > FILLERS_MAX) throw new Error('the backlog does not fill');
    const connecting = Bun.connect({ hostname: '127.0.0.1', port, socket: { data: () => {} } });
    const socket = await Promise.race([connecting, Bun.sleep(PATIENCE_MS)]);
    if (socket === undefined) {
      filled = true;
      // It fails when the child is gone.
      connecting.catch(() => undefined);
    } else fillers.push(socket);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.terminate();
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}
