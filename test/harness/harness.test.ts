/** The tools of the other tests, where a fault in them would let those tests pass for nothing. */
import { describe, expect, test } from 'bun:test';
import { createServer } from 'node:http';
import { eventually } from './eventually.ts';
import { startProcess } from './process.ts';
import { rawExchange, rawRequest } from './raw-http.ts';
import { redisAvailable, startRedis } from './redis.ts';
import { rejection } from './rejection.ts';

describe('a process', () => {
  const bun = (script: string) => ({ command: process.execPath, args: ['-e', script], readyPattern: /ready (\d+)/ });

  test('is ready when it says so on either output, and is gone afterwards', async () => {
    for (const output of ['stdout', 'stderr']) {
      const started = await startProcess(bun(`process.${output}.write('first\\nready 42\\n'); setInterval(() => {}, 1000)`));
      expect(started.ready[1]).toBe('42');
      expect([...started.stdout, ...started.stderr]).toEqual(['first', 'ready 42']);
      await started[Symbol.asyncDispose]();
      expect(await started.exited).toEqual({ code: null, signal: 'SIGKILL' });
      expect(() => process.kill(started.pid, 0)).toThrow();
    }
  });

  test('that ends or stays silent instead fails the test with what it said', async () => {
    const ended = await rejection(startProcess(bun(`process.stderr.write('no such port\\n'); process.exit(3)`)));
    expect(String(ended)).toMatch(/ended with code 3 before it was ready\nno such port/);
    const silent = await rejection(startProcess({ ...bun(`console.log('thinking'); setInterval(() => {}, 1000)`), timeoutMs: 500 }));
    expect(String(silent)).toMatch(/not ready after 500 ms\nthinking/);
  });

  test('does not see the variables of whoever runs the tests', async () => {
    process.env['GATEHOUSE_TEST_LEAK'] = 'yes';
    await using started = await startProcess({
      ...bun(`console.log('ready 1', process.env.GATEHOUSE_TEST_LEAK, process.env.GIVEN)`),
      env: { GIVEN: 'x' },
    });
    delete process.env['GATEHOUSE_TEST_LEAK'];
    expect(started.stdout[0]).toBe('ready 1 undefined x');
  });
});

test('eventually waits, gives up, and says why', async () => {
  let asked = 0;
  expect(await eventually(() => (asked++ < 3 ? undefined : 'done'))).toBe('done');
  const failing = () => {
    throw new Error('not yet');
  };
  const error = (await rejection(eventually(failing, { what: 'the moon', timeoutMs: 30 }))) as Error;
  expect(error.message).toBe('the moon did not come true within 30 ms');
  expect(error.cause).toEqual(new Error('not yet'));
});

describe('the raw client', () => {
  /** A server that tells what it got: Node's, so that the client is not tested by the runtime that it runs on alone. */
  async function withServer<T>(use: (url: string) => Promise<T>): Promise<T> {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(parts).toString()}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    try {
      return await use(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('sends a request in drops and reads the reply whole', async () => {
    const reply = await withServer((url) => {
      const drops = rawRequest({ target: '/slow', body: 'hello' })
        .split('')
        .flatMap((letter) => [letter, { waitMs: 1 }]);
      return rawExchange(url, drops);
    });
    expect(reply).toMatchObject({ status: 200, body: 'POST /slow hello', complete: true, connection: 'open' });
    expect(reply.firstByteMs).toBeGreaterThan(50);
  });

  test('knows the end of a reply to HEAD, and of a connection', async () => {
    const head = await withServer((url) => rawExchange(url, [rawRequest({ method: 'HEAD', target: '/' })]));
    expect(head).toMatchObject({ status: 200, body: '', complete: true });
    const closed = await withServer((url) =>
      rawExchange(url, [rawRequest({ target: '/', headers: { Connection: 'close' } })], { untilClosed: true }),
    );
    expect(closed).toMatchObject({ status: 200, complete: true, connection: 'closed' });
  });

  test('may close its half and still be answered, and sends bytes that are no request', async () => {
    const half = await withServer((url) => rawExchange(url, [rawRequest({ target: '/half' })], { halfClose: true }));
    expect(half).toMatchObject({ status: 200, body: 'GET /half ' });
    const bad = await withServer((url) => rawExchange(url, ['NONSENSE\r\n\r\n'], { untilClosed: true }));
    expect(bad.status).toBe(400);
  });

  test('reads chunks that arrive in any pieces, and 100 Continue', async () => {
    const pieces = [
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-',
      'Encoding: chunked\r\n\r\n3\r',
      '\nabc\r\n1',
      '0\r\n0123456789abcdef\r\n0\r\n',
      '\r\n',
    ];
    using listener = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: {
        async data(socket) {
          for (const piece of pieces) {
            socket.write(piece);
            await Bun.sleep(5);
          }
        },
      },
    });
    const reply = await rawExchange(`http://127.0.0.1:${listener.port}`, [rawRequest({ target: '/' })]);
    expect(reply).toMatchObject({ status: 200, body: 'abc0123456789abcdef', complete: true });
  });
});

describe.skipIf(!redisAvailable())('Redis', () => {
  const ping = async (url: string): Promise<unknown> => {
    const client = new Bun.RedisClient(url, { connectionTimeout: 200, autoReconnect: false });
    try {
      return await Promise.race([client.send('PING', []), Bun.sleep(300).then(() => 'silent')]);
    } catch {
      return 'unreachable';
    } finally {
      client.close();
    }
  };

  test('runs, freezes, thaws, ends, and comes back empty on the same port', async () => {
    await using redis = await startRedis();
    expect(await ping(redis.url)).toBe('PONG');
    redis.pause();
    expect(await ping(redis.url)).not.toBe('PONG');
    redis.resume();
    expect(await ping(redis.url)).toBe('PONG');
    await redis.stop();
    expect(await ping(redis.url)).toBe('unreachable');
    await redis.restart();
    expect(await ping(redis.url)).toBe('PONG');
    await redis.kill();
    expect(await ping(redis.url)).toBe('unreachable');
  });

  test('ends even when it is frozen', async () => {
    const redis = await startRedis();
    redis.pause();
    await redis[Symbol.asyncDispose]();
    expect(await ping(redis.url)).toBe('unreachable');
  });
});
