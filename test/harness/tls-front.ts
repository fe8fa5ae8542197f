/** TLS in front of a plain server: for official clients that speak nothing else. The certificate is made for the occasion. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';

export interface TlsFront extends AsyncDisposable {
  /** `https://localhost:…`; whoever comes is not to ask who signed it. */
  readonly url: string;
}

/** Ends what it is sent, and passes it on to the server at `target`, as it is. */
export async function startTlsFront(target: string): Promise<TlsFront> {
  const { hostname, port } = new URL(target);
  const server = createServer(selfSigned());
  const open = new Set<TLSSocket>();
  server.on('secureConnection', (outer) => {
    const inner = connect(Number(port), hostname);
    open.add(outer);
    // Whoever goes, takes the other along; a reset is passed on as an end.
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
    outer.pipe(inner).pipe(outer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function selfSigned(): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'));
  try {
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '1', '-subj', '/CN=localhost'];
    if (Bun.spawnSync(['openssl', ...args], { stdout: 'ignore', stderr: 'ignore' }).exitCode !== 0) throw new Error('openssl failed');
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
