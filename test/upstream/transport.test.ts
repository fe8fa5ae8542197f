/* What leaves and what comes back, byte for byte, and where a request may go. */
import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { type Connector, createTransport, type TransportRequest } from '../../src/upstream/transport/transport.ts';
import { provesNotSent, TransportError } from '../../src/upstream/transport/transport-error.ts';
import { upstreamConfig } from '../../src/upstream/upstream-config.ts';
import { chunk, chunkedHead, httpReply, ok, startFaultyUpstream, status } from './faulty-upstream.ts';
import { eventually } from './rig.ts';

const { pool } = upstreamConfig.parse({});
const never = new AbortController().signal;

function connect(url: string, options: { allowPrivate?: boolean; resolve?: (name: string) => Promise<readonly string[]> } = {}): Connector {
  const { allowPrivate = false, resolve = () => Promise.reject(new Error('no resolver')) } = options;
  return createTransport({ clock: systemClock, resolve, events: { onConnection: () => {} } }).connector(url, {
    pool,
    allowPrivate,
    proxy: undefined,
  });
}

async function send(connector: Connector, request: Partial<TransportRequest> = {}, path = '/x') {
  return connector.send({ url: connector.baseUrl + path, method: 'GET', headers: {}, body: null, ...request }, never);
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('headers', () => {
  test("what belongs to the caller's connection does not go on, nor what Connection names", async () => {
    await using a = await startFaultyUpstream(ok);
    using connector = connect(a.url);
    const headers = new Headers({
      host: 'evil.example',
      connection: 'close, X-Secret-Hop, content-type',
      'x-secret-hop': '1',
      'keep-alive': 'timeout=5',
      te: 'trailers',
      trailer: 'x',
      'transfer-encoding': 'chunked',
      upgrade: 'h2c',
      'proxy-authorization': 'Basic x',
      expect: '100-continue',
      'content-length': '999',
      'content-type': 'text/plain',
      'x-kept': 'yes',
    });
    await send(connector, { method: 'POST', headers, body: new TextEncoder().encode('body') });
    const sent = a.requests[0];
    expect(Object.fromEntries(sent?.headers ?? [])).toEqual({
      'content-length': '4',
      'content-type': 'text/plain',
      host: `127.0.0.1:${a.port}`,
      'user-agent': 'gatehouse',
      'x-kept': 'yes',
    });
    expect(sent?.body).toBe('body');
    expect(headers.get('x-secret-hop')).toBe('1');
  });

  test('hop-by-hop headers of a reply are dropped, repeated cookies are kept', async () => {
    await using a = await startFaultyUpstream((_request, socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nAlt-Svc: h3\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Kept: yes\r\nContent-Length: 0\r\n\r\n',
      );
    });
    using connector = connect(a.url);
    const { headers } = await send(connector);
    expect([...headers].map(([name]) => name).sort()).toEqual(['content-length', 'set-cookie', 'set-cookie', 'x-kept']);
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('a streamed body keeps its known length, and has none otherwise', async () => {
    await using a = await startFaultyUpstream(ok);
    using connector = connect(a.url);
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode('12345'));
          controller.close();
        },
      });
    await send(connector, { method: 'PUT', body: body(), headers: { 'content-length': '5' } });
    await send(connector, { method: 'PUT', body: body() });
    expect(a.requests.map(({ headers }) => [headers.get('content-length'), headers.get('transfer-encoding')])).toEqual([
      ['5', undefined],
      [undefined, 'chunked'],
    ]);
  });
});

describe('bytes', () => {
  test('compressed bodies come through as they are', async () => {
    const zipped = Bun.gzipSync(new TextEncoder().encode('hello '.repeat(50)));
    await using a = await startFaultyUpstream((_request, socket) => {
      socket.write(httpReply(200, '', { 'content-encoding': 'gzip', 'content-length': String(zipped.byteLength) }));
      socket.write(zipped);
    });
    using connector = connect(a.url);
    const reply = await send(connector);
    expect(reply.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(await reply.bytes(10_000)).equals(zipped)).toBe(true);
  });

  test('a redirect is a reply', async () => {
    await using a = await startFaultyUpstream(status(307, { location: 'http://169.254.169.254/' }));
    using connector = connect(a.url);
    const reply = await send(connector);
    expect([reply.status, reply.headers.get('location'), a.requests.length]).toEqual([307, 'http://169.254.169.254/', 1]);
  });

  test('a body of unknown length is gathered up to the bound', async () => {
    await using a = await startFaultyUpstream(
      (_request, socket) => void socket.write(chunkedHead(200) + chunk('abc') + chunk('def') + chunk('')),
    );
    using connector = connect(a.url);
    expect(new TextDecoder().decode(await (await send(connector)).bytes(6))).toBe('abcdef');
    expect(await errorOf((await send(connector)).bytes(5))).toMatchObject({ code: 'upstream_reply_invalid' });
    expect(await errorOf((await send(connector)).bytes(6))).toBeUndefined();
  });
});

describe('kept connections', () => {
  test('are used again, closed while idle without harm, and closed with the connector', async () => {
    await using a = await startFaultyUpstream((request, socket) => {
      socket.write(httpReply(200, 'ok'));
      if (request.number === 3) socket.end();
    });
    const connector = connect(a.url);
    for (let index = 0; index < 3; index += 1) await (await send(connector, { method: 'POST', body: new Uint8Array(1) })).bytes(10);
    expect(a.connections).toBe(1);
    await eventually('the idle connection is closed', () => a.open === 0);
    await (await send(connector, { method: 'POST', body: new Uint8Array(1) })).bytes(10);
    expect([a.connections, a.open]).toEqual([2, 1]);
    connector[Symbol.dispose]();
    await eventually('its pool is closed', () => a.open === 0);
  });

  test('that break under a request: a GET is sent again by the runtime, a POST is not', async () => {
    await using a = await startFaultyUpstream((request, socket) => {
      if (a.requests.filter(({ connection }) => connection === request.connection).length > 1) socket.resetAndDestroy();
      else socket.write(httpReply(200, 'ok'));
    });
    using connector = connect(a.url);
    const post = { method: 'POST', body: new Uint8Array(1) };
    await (await send(connector, post)).bytes(10);
    const error = await errorOf(send(connector, post));
    expect([error instanceof TransportError ? error.fault : error, provesNotSent(error)]).toEqual(['reset', false]);
    await (await send(connector)).bytes(10);
    expect((await send(connector)).status).toBe(200);
  });
});

describe('failures', () => {
  test('are told apart by whether the request can have been executed', async () => {
    await using gone = await startFaultyUpstream(ok);
    await gone[Symbol.asyncDispose]();
    using plain = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: (socket) => void socket.end('I speak no TLS') } });
    const rows: [string, string, boolean][] = [
      [gone.url, 'refused', true],
      ['http://no-such-host.invalid', 'dns', true],
      [`https://127.0.0.1:${plain.port}`, 'tls', true],
    ];
    for (const [url, fault, notSent] of rows) {
      using connector = connect(url, { allowPrivate: true });
      const error = await errorOf(send(connector));
      expect([error instanceof TransportError ? error.fault : error, provesNotSent(error)]).toEqual([fault, notSent]);
      expect(String(error)).not.toContain(new URL(url).host);
    }
  });

  test('an abort gives its own reason', async () => {
    await using a = await startFaultyUpstream(() => {});
    using connector = connect(a.url);
    const controller = new AbortController();
    const pending = errorOf(connector.send({ url: `${connector.baseUrl}/`, method: 'GET', headers: {}, body: null }, controller.signal));
    await eventually('it was sent', () => a.requests.length === 1);
    const reason = new GatewayError('client_closed', 'gone');
    controller.abort(reason);
    expect(await pending).toBe(reason);
  });
});

describe('where a request may go', () => {
  for (const url of [
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://0xa9fea9fe/',
    'http://100.100.100.200/',
  ]) {
    test(`${url} needs allow_private`, () => {
      expect(() => connect(url)).toThrow('allow_private');
      expect(() => connect(url, { allowPrivate: true })).not.toThrow();
    });
  }

  for (const url of ['ftp://x/', 'file:///etc/passwd', 'http://user:secret@x/', 'http://x/?a=1', 'no url']) {
    test(`${url} is no base URL`, () => {
      expect(() => connect(url)).toThrow(TypeError);
    });
  }

  test('a public name that resolves to a private address is refused, an inner name is not', async () => {
    await using a = await startFaultyUpstream(ok);
    const resolve = () => Promise.resolve(['127.0.0.1']);
    using outer = connect(`http://api.example.com:${a.port}`, { resolve });
    expect(await errorOf(send(outer))).toMatchObject({ code: 'upstream_address_forbidden' });
    using mixed = connect(`http://api.example.com:${a.port}`, { resolve: () => Promise.resolve(['93.184.215.14', '10.0.0.1']) });
    expect(await errorOf(send(mixed))).toMatchObject({ code: 'upstream_address_forbidden' });
    using metadata = connect('http://metadata.google.internal', { resolve: () => Promise.resolve(['169.254.169.254']) });
    expect(await errorOf(send(metadata))).toMatchObject({ code: 'upstream_address_forbidden' });
    using inner = connect(`http://localhost:${a.port}`);
    expect((await send(inner)).status).toBe(200);
    expect(a.requests.length).toBe(1);
  });

  test('paths that climb are refused, and URLs of another origin', async () => {
    await using a = await startFaultyUpstream(ok);
    using connector = connect(`${a.url}/base/`);
    expect(connector.baseUrl).toBe(`${a.url}/base`);
    for (const path of ['/../admin', '/a/..', '/a/%2e%2E/b', '/.%2e/b', '/./b', '/..\\admin', '\\..\\x']) {
      expect(await errorOf(send(connector, {}, path))).toMatchObject({ code: 'request_target_invalid' });
    }
    for (const url of [`${a.url}.evil.example/`, a.url.replace('http://', 'http://x@'), 'http://127.0.0.1:1/']) {
      expect(await errorOf(send(connector, { url }))).toMatchObject({ code: 'upstream_address_forbidden' });
    }
    expect((await send(connector, {}, '/.well-known/x?y=/../z')).status).toBe(200);
    expect(a.requests.map(({ target }) => target)).toEqual(['/base/.well-known/x?y=/../z']);
  });
});
