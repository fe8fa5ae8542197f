import { describe, expect, test } from 'bun:test';
import type { Abortable } from '../../src/base/abort.ts';
import { GatewayError } from '../../src/base/errors.ts';
import { RouteTableError } from '../../src/edge/route-table.ts';
import type { ByteStream } from '../../src/pipeline/reply.ts';
import { eventually } from '../harness/eventually.ts';
import { leaveAfter, rawExchange, rawRequest } from '../harness/raw-http.ts';
import { ECHO, route, startEdge, text } from './edge-server.ts';

const encode = (value: string) => new TextEncoder().encode(value);

/** Settles when aborted: what a pump does that waits for its upstream. */
function untilAborted(signal: Abortable): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

describe('a reply', () => {
  test('carries the correlation id of the caller, or one of ours where theirs could not go into a log', async () => {
    await using edge = await startEdge([ECHO]);
    for (const [headers, want] of [
      [{ 'x-correlation-id': 'abc-1', 'x-request-id': 'other' }, /^abc-1$/],
      [{ 'x-request-id': 'req_7' }, /^req_7$/],
      [{ 'x-correlation-id': 'a b' }, /^[0-9a-f-]{36}$/],
      [{ 'x-correlation-id': 'x'.repeat(200) }, /^[0-9a-f-]{36}$/],
      [{}, /^[0-9a-f-]{36}$/],
    ] as const) {
      const { headers: got } = await fetch(`${edge.url}/echo`, { headers });
      expect(got.get('x-correlation-id')).toMatch(want);
      expect(got.get('x-request-id')).toBe(got.get('x-correlation-id'));
      expect(got.get('request-id')).toBe(got.get('x-correlation-id'));
    }
  });

  test('has the security headers, its own, those of the exchange, and cookies one by one', async () => {
    await using edge = await startEdge([
      route('/x', async (_request, exchange) => {
        exchange.replyHeaders['x-from-policy'] = '1';
        return { status: 201, headers: { 'content-type': 'text/x', 'x-frame-options': 'SAMEORIGIN' }, body: 'ok', cookies: ['a=1', 'b=2'] };
      }),
    ]);
    for (let round = 0; round < 2; round += 1) {
      const { status, headers } = await fetch(`${edge.url}/x`);
      expect(status).toBe(201);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'text/x',
        'x-from-policy': '1',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'referrer-policy': 'strict-origin-when-cross-origin',
        'permissions-policy': expect.stringContaining('camera=()'),
      });
      expect(headers.has('strict-transport-security')).toBe(false);
      expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    }
    // The ready-made headers were not touched by that reply.
    expect((await fetch(`${edge.url}/unknown`)).headers.get('x-frame-options')).toBe('DENY');
    expect((await fetch(`${edge.url}/unknown`)).headers.has('x-from-policy')).toBe(false);
  });

  test('to HEAD has the head of GET and no body', async () => {
    const stream = async function* (): ByteStream {
      yield encode('never');
    };
    await using edge = await startEdge([
      ECHO,
      route('/stream', async () => ({ status: 200, headers: {}, body: stream() })),
      route('/upstream-head', async () => ({ status: 200, headers: { 'content-length': '99' }, body: null })),
    ]);
    const whole = await rawExchange(edge.url, ['HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n'], { timeoutMs: 300 });
    expect(whole.raw).toMatch(/content-length: 11\r\n/i);
    expect(whole.raw.endsWith('\r\n\r\n')).toBe(true);
    const streamed = await rawExchange(edge.url, ['HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n'], { timeoutMs: 300 });
    expect(streamed.raw).not.toMatch(/content-length/i);
    expect(streamed.raw).not.toContain('never');
    const passed = await rawExchange(edge.url, ['HEAD /upstream-head HTTP/1.1\r\nHost: a\r\n\r\n'], { timeoutMs: 300 });
    expect(passed.raw).toMatch(/content-length: 99\r\n/i);
    expect(edge.outcomes).toEqual(Array.from({ length: 3 }, () => ({ kind: 'complete', status: 200, bytesSent: 0 })));
  });

  test('that cannot be written, and a handler that throws, become a 500 that says nothing', async () => {
    await using edge = await startEdge([
      route('/header', async () => ({ status: 200, headers: { 'x-bad': 'a\r\nb: c' }, body: 'secret' })),
      route('/status', async () => ({ status: 999, headers: {}, body: 'secret' })),
      route('/reject', async () => Promise.reject(new Error('secret'))),
      route('/throw', () => {
        throw new Error('secret');
      }),
    ]);
    for (const path of ['/header', '/status', '/reject', '/throw']) {
      const response = await fetch(edge.url + path);
      expect(response.status).toBe(500);
      const body = await response.text();
      expect(JSON.parse(body).error.code).toBe('internal_error');
      expect(body).not.toContain('secret');
    }
    expect(edge.errors).toHaveLength(4);
    expect(edge.outcomes.map(({ kind, status, error }) => `${kind} ${status} ${error}`)).toEqual(
      Array.from({ length: 4 }, () => 'complete 500 internal_error'),
    );
  });
});

describe('a stream', () => {
  test('is counted to its end', async () => {
    const body = async function* (): ByteStream {
      for (const part of ['one ', 'two ', 'three']) yield encode(part);
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    expect(await (await fetch(`${edge.url}/s`)).text()).toBe('one two three');
    expect(edge.outcomes).toEqual([{ kind: 'complete', status: 200, bytesSent: 13 }]);
  });

  test('that throws cuts the connection, after what was already said', async () => {
    const body = async function* (): ByteStream {
      yield encode('half');
      throw new GatewayError('upstream_stream_interrupted', 'gone');
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    const reply = await rawExchange(edge.url, [rawRequest({ target: '/s' })]);
    expect(reply).toMatchObject({ status: 200, body: 'half', complete: false, connection: 'reset' });
    expect(edge.outcomes).toEqual([{ kind: 'cut', status: 200, bytesSent: 4, error: 'upstream_stream_interrupted' }]);
    expect(edge.errors).toEqual([]);
  });

  test('whose defect throws is cut too, and the defect is logged', async () => {
    const body = async function* (): ByteStream {
      yield encode('half');
      throw new TypeError('oops');
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    expect((await rawExchange(edge.url, [rawRequest({ target: '/s' })])).complete).toBe(false);
    expect(edge.outcomes).toMatchObject([{ kind: 'cut', error: 'internal_error' }]);
    expect(edge.errors).toHaveLength(1);
  });

  test('ends at once when the caller leaves, also while it waits for its next chunk', async () => {
    let abortedAtMs = 0;
    let finished = false;
    await using edge = await startEdge([
      route('/s', async (_request, exchange) => {
        const body = async function* (): ByteStream {
          try {
            yield encode('first');
            await untilAborted(exchange.signal).catch(() => {
              abortedAtMs = Date.now();
            });
          } finally {
            finished = true;
          }
        };
        return { status: 200, headers: {}, body: body() };
      }),
    ]);
    const leftAtMs = await leaveAfter(edge.url, rawRequest({ target: '/s' }), 100);
    await eventually(() => finished, { what: 'the end of the generator' });
    expect(abortedAtMs - leftAtMs).toBeLessThan(250);
    expect(edge.outcomes).toEqual([{ kind: 'client_closed', status: 200, bytesSent: 5 }]);
  });

  test('that a slow reader leaves behind is returned, and its finally runs', async () => {
    let sent = 0;
    let finished = false;
    const body = async function* (): ByteStream {
      try {
        for (;;) {
          sent += 65_536;
          yield new Uint8Array(65_536);
        }
      } finally {
        finished = true;
      }
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    await leaveAfter(edge.url, rawRequest({ target: '/s' }), 1_000_000);
    await eventually(() => finished, { what: 'the end of the generator' });
    expect(sent).toBeLessThan(64 * 1_048_576);
    expect(edge.outcomes).toMatchObject([{ kind: 'client_closed' }]);
  });

  test('may be silent for longer than the connection is kept', async () => {
    const body = async function* (): ByteStream {
      yield encode('a');
      await Bun.sleep(6_000);
      yield encode('b');
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))], { keep_alive: '1s' });
    const reply = await rawExchange(edge.url, [rawRequest({ target: '/s' })], { timeoutMs: 16_000, untilClosed: true });
    // And then the connection waits no longer than any other.
    expect(reply).toMatchObject({ body: 'ab', complete: true, connection: 'closed' });
  }, 30_000);

  test('is not begun for a caller who left before it was there, and what is upstream is released', async () => {
    let released = false;
    await using edge = await startEdge([
      route('/s', async (_request, exchange) => {
        exchange.onEnd(() => {
          released = true;
        });
        await untilAborted(exchange.signal).catch(() => undefined);
        const body = async function* (): ByteStream {
          yield encode('never');
        };
        return { status: 200, headers: {}, body: body() };
      }),
    ]);
    await rawExchange(edge.url, [rawRequest({ target: '/s' })], { timeoutMs: 100 });
    await eventually(() => released, { what: 'the release' });
    expect(edge.outcomes).toEqual([{ kind: 'client_closed', status: 499, bytesSent: 0 }]);
  });
});

describe('methods', () => {
  test('405 names what is allowed, OPTIONS answers with it, HEAD goes where GET goes', async () => {
    await using edge = await startEdge([ECHO, route('/get', async () => text('got'), { methods: ['GET'] })]);
    const refused = await fetch(`${edge.url}/get`, { method: 'DELETE' });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    const options = await fetch(`${edge.url}/get`, { method: 'OPTIONS' });
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
    expect((await fetch(`${edge.url}/get`, { method: 'HEAD' })).status).toBe(200);
  });

  test('routes are replaced at once, and bad ones not at all', async () => {
    await using edge = await startEdge([route('/a', async () => text('old'))]);
    expect(() => edge.listener.setRoutes([ECHO, ECHO])).toThrow(RouteTableError);
    expect(await (await fetch(`${edge.url}/a`)).text()).toBe('old');
    edge.listener.setRoutes([route('/a', async () => text('new'))]);
    expect(await (await fetch(`${edge.url}/a`)).text()).toBe('new');
  });
});

describe('CORS', () => {
  const preflight = (url: string, origin: string) =>
    fetch(`${url}/echo`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-my-header' },
    });

  test('is open in development', async () => {
    await using edge = await startEdge([ECHO]);
    const answer = await preflight(edge.url, 'https://any.example');
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': 'authorization,x-my-header',
      'access-control-max-age': '600',
    });
    const reply = await fetch(`${edge.url}/echo`, { headers: { origin: 'https://any.example' } });
    expect(reply.headers.get('access-control-allow-origin')).toBe('*');
    expect(reply.headers.get('access-control-expose-headers')).toBe('*');
    expect(reply.headers.has('vary')).toBe(false);
  });

  test('knows only the configured origins in production, tells caches so, and never joins credentials with *', async () => {
    const cors = { origins: ['https://app.example/'], credentials: true };
    await using edge = await startEdge([ECHO], { environment: 'production', cors });
    const allowed = await fetch(`${edge.url}/echo`, { headers: { origin: 'https://app.example' } });
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': expect.stringContaining('x-ratelimit-limit-minute'),
      vary: 'Origin',
    });
    const other = await fetch(`${edge.url}/echo`, { headers: { origin: 'https://app.example.evil' } });
    expect(other.headers.has('access-control-allow-origin')).toBe(false);
    expect(other.headers.get('vary')).toBe('Origin');
    expect((await preflight(edge.url, 'https://app.example.evil')).status).toBe(403);
    expect((await preflight(edge.url, 'https://app.example')).status).toBe(204);

    await using open = await startEdge([ECHO], { cors: { origins: ['*'], credentials: true } });
    const reply = await fetch(`${open.url}/echo`, { headers: { origin: 'https://any.example' } });
    expect(reply.headers.has('access-control-allow-credentials')).toBe(false);
  });
});

describe('the caller', () => {
  const WHO = route('/who', async (_request, exchange) => text(exchange.address));

  test('is the other end of the connection where no proxy is trusted', async () => {
    await using edge = await startEdge([WHO]);
    const reply = await fetch(`${edge.url}/who`, { headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' } });
    expect(await reply.text()).toBe('127.0.0.1');
    expect(reply.headers.has('strict-transport-security')).toBe(false);
  });

  test('is whom the trusted proxies saw, and HSTS is for those who came by https', async () => {
    await using edge = await startEdge([WHO], { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    const reply = await fetch(`${edge.url}/who`, {
      headers: { 'x-forwarded-for': '1.1.1.1, 203.0.113.9, 10.1.2.3', 'x-forwarded-proto': 'https' },
    });
    expect(await reply.text()).toBe('203.0.113.9');
    expect(reply.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains; preload');
  });
});

describe('a drain', () => {
  test('takes requests while it is announced, then finishes what is under way and refuses new connections', async () => {
    const gate = Promise.withResolvers<void>();
    const body = async function* (): ByteStream {
      yield encode('begun ');
      await gate.promise;
      yield encode('finished');
    };
    await using edge = await startEdge([ECHO, route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    const streaming = rawExchange(edge.url, [rawRequest({ target: '/s' })]);
    await eventually(() => fetch(`${edge.url}/echo`).then((response) => response.ok));
    const drained = edge.listener.drain({ delayMs: 200, timeoutMs: 5_000 });
    expect(edge.listener.state).toBe('draining');
    expect((await fetch(`${edge.url}/echo`)).status).toBe(200);
    await eventually(
      () =>
        fetch(`${edge.url}/echo`, { keepalive: false }).then(
          () => false,
          () => true,
        ),
      { what: 'the refusal of a connection' },
    );
    gate.resolve();
    expect((await streaming).body).toBe('begun finished');
    expect(await drained).toBe(true);
    expect(edge.listener.state).toBe('stopped');
    expect(await edge.listener.drain({ delayMs: 0, timeoutMs: 0 })).toBe(true);
  });

  test('out of patience, calls off what is left, whose streams may still say so', async () => {
    await using edge = await startEdge([
      route('/s', async (_request, exchange) => {
        const body = async function* (): ByteStream {
          yield encode('begun ');
          const reason = await untilAborted(exchange.signal).catch((error: unknown) => error);
          yield encode(reason instanceof GatewayError ? reason.code : 'other');
        };
        return { status: 200, headers: {}, body: body() };
      }),
    ]);
    const streaming = rawExchange(edge.url, [rawRequest({ target: '/s' })]);
    await eventually(() => edge.listener.state === 'serving');
    await Bun.sleep(100);
    expect(await edge.listener.drain({ delayMs: 0, timeoutMs: 100 })).toBe(false);
    expect((await streaming).body).toBe('begun draining');
  });

  test('cuts a stream that will not end', async () => {
    const body = async function* (): ByteStream {
      yield encode('begun ');
      await Bun.sleep(10_000);
    };
    await using edge = await startEdge([route('/s', async () => ({ status: 200, headers: {}, body: body() }))]);
    const streaming = rawExchange(edge.url, [rawRequest({ target: '/s' })]);
    await Bun.sleep(100);
    expect(await edge.listener.drain({ delayMs: 0, timeoutMs: 50 })).toBe(false);
    expect(await streaming).toMatchObject({ body: 'begun ', complete: false });
    expect(edge.outcomes).toMatchObject([{ kind: 'client_closed' }]);
  });
});

test('a listener with a certificate serves https, and says so to browsers', async () => {
  const folder = `${process.env['TMPDIR'] ?? '/tmp'}/gatehouse-tls-${crypto.randomUUID()}`;
  const [key, cert] = [`${folder}-key.pem`, `${folder}-cert.pem`];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'];
  if (Bun.spawnSync(['openssl', ...args], { stdout: 'ignore', stderr: 'ignore' }).exitCode !== 0) throw new Error('openssl failed');
  await using edge = await startEdge([ECHO], { tls: { cert_file: cert, key_file: key } });
  expect(edge.url).toStartWith('https://');
  const reply = await fetch(`${edge.url}/echo?a=1`, { tls: { rejectUnauthorized: false } });
  expect(await reply.text()).toBe('GET /echo?a=1 ');
  expect(reply.headers.has('strict-transport-security')).toBe(true);
  await Promise.all([Bun.file(key).delete(), Bun.file(cert).delete()]);
});

test('a head limit of its own reaches the parser, and the next listener has its own again', async () => {
  const large = rawRequest({ target: '/echo', headers: { x: 'a'.repeat(40_000) } });
  await using wide = await startEdge([ECHO], { head_bytes_max: '64KiB' });
  expect((await rawExchange(wide.url, [large])).status).toBe(200);
  await using usual = await startEdge([ECHO]);
  expect((await rawExchange(usual.url, [large])).status).toBe(431);
});
