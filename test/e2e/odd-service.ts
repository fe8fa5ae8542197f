import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service whose replies try the gateway: `node:http`, for it writes what it is told, hop-by-hop headers included. */
export interface OddService {
  readonly url: string;
  stop(): Promise<void>;
}

export function startOddService(): OddService {
  const server = createServer((request, reply) => {
    request.resume();
    const path = request.url ?? '/';
    const status = /^\/status\/(\d+)$/.exec(path)?.[1];
    if (status === '204' || status === '304') {
      reply.writeHead(Number(status), { etag: '"tag"' }).end();
    } else if (status !== undefined) {
      reply
        .writeHead(Number(status), { 'content-type': 'application/json' })
        .end(JSON.stringify({ said: 'by the service', status: Number(status) }));
    } else if (path === '/cookies') {
      reply.setHeader('set-cookie', ['a=1; Path=/', 'b=2; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT']);
      reply
        .writeHead(200, { connection: 'keep-alive, X-Hop', 'x-hop': 'ours', 'alt-svc': 'h3=":443"', 'x-of-the-service': 'yes' })
        .end('ok');
    } else if (path === '/redirect') {
      reply.writeHead(302, { location: 'https://elsewhere.example/x' }).end();
    } else if (path === '/sized') {
      reply.writeHead(200, { 'content-length': '1234' }).end(request.method === 'HEAD' ? undefined : 'x'.repeat(1_234));
    } else if (path === '/large') {
      reply.writeHead(200, { 'content-length': '1000000' }).end('x'.repeat(1_000_000));
    } else if (path === '/zipped') {
      reply.writeHead(200, { 'content-encoding': 'gzip' }).end(Bun.gzipSync(Buffer.from('zipped')));
    } else if (path === '/cut') {
      reply.writeHead(200).write('half');
      setTimeout(() => request.socket.destroy(), 100);
    } else if (path !== '/silent') {
      reply.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
