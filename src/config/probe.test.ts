import { expect, test } from 'bun:test';
import { systemClock } from '../base/system-clock.ts';
import { answersOnLoopback, existsAt } from './probe.ts';

const options = { timeoutMs: 2_000, clock: systemClock };

test('a server that answers with 200 is there', async () => {
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: ({ url }) => new Response('{}', { status: url.endsWith('/api/version') ? 200 : 404 }),
  });
  expect(await answersOnLoopback(server.port ?? 0, '/api/version', options)).toBe(true);
  expect(await answersOnLoopback(server.port ?? 0, '/else', options)).toBe(false);
});

test('where nothing listens nothing is there, at once', async () => {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('') });
  const { port = 0 } = server;
  await server.stop(true);
  const startMs = performance.now();
  expect(await answersOnLoopback(port, '/', options)).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test('a server that speaks no HTTP, or hangs up, is not there', async () => {
  for (const greet of [
    (socket: Bun.Socket) => void socket.write('220 mail.example ESMTP\r\n'),
    (socket: Bun.Socket) => void socket.end(),
  ]) {
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { open: greet, data: () => {} } });
    expect(await answersOnLoopback(server.port, '/', options)).toBe(false);
    server.stop(true);
  }
});

test('a silent server is given up after the time that was allowed, and its connection closed', async () => {
  const closed = Promise.withResolvers<void>();
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {}, close: () => closed.resolve() } });
  const startMs = performance.now();
  expect(await answersOnLoopback(server.port, '/', { ...options, timeoutMs: 50 })).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(1_000);
  await closed.promise;
  server.stop(true);
});

test('on this machine somebody exists where somebody listens, and elsewhere where a name is known', async () => {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const { port } = server;
  expect(await existsAt(`http://127.0.0.1:${port}/v1`, options)).toBe(true);
  server.stop(true);
  expect(await existsAt(`http://127.0.0.1:${port}/v1`, options)).toBe(false);
  // An address that nobody is asked at: whoever wrote it down means it.
  expect(await existsAt('http://192.0.2.1:8000/v1', options)).toBe(true);
  // RFC 2606: no such name will ever be.
  expect(await existsAt('http://max-serve.invalid:8000/v1', options)).toBe(false);
});
