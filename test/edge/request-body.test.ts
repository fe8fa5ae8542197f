import { describe, expect, test } from 'bun:test';
import type { ErrorCode } from '../../src/base/errors.ts';
import { GatewayError } from '../../src/base/errors.ts';
import { encodeServiceError, errorReply } from '../../src/pipeline/error-reply.ts';
import type { Handler } from '../../src/pipeline/policy.ts';
import { eventually } from '../harness/eventually.ts';
import { type RawPart, rawExchange } from '../harness/raw-http.ts';
import { type EdgeServer, route, startEdge, text } from './edge-server.ts';

/** Errors become replies, as rescue does it. */
function rescued(handler: Handler): Handler {
  return async (request, exchange) => {
    try {
      return await handler(request, exchange);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      return errorReply(error, exchange.id, encodeServiceError);
    }
  };
}

const BYTES_MAX = 1_000_000;

/** How a handler may take a body; each answers with the bytes that it got. */
const READ = route(
  '/read',
  rescued(async ({ body }) => text(body.kind === 'unread' ? `${(await body.read(BYTES_MAX)).length}` : body.kind)),
);
const STREAM = route(
  '/stream',
  rescued(async ({ body }) => {
    if (body.kind !== 'unread') return text(body.kind);
    let bytes = 0;
    for await (const chunk of body.stream(BYTES_MAX)) bytes += chunk.length;
    return text(`${bytes}`);
  }),
);
const IGNORE = route('/ignore', async () => text('no, thanks', 401));

const start = (config: Readonly<Record<string, unknown>> = {}): Promise<EdgeServer> => startEdge([READ, STREAM, IGNORE], config);

const head = (path: string, lines: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

describe('a body', () => {
  for (const { name, send, want } of [
    { name: 'none', send: head('/read', ''), want: 'none' },
    { name: 'empty', send: head('/read', 'Content-Length: 0\r\n'), want: 'none' },
    { name: 'small', send: `${head('/read', 'Content-Length: 5\r\n')}hello`, want: '5' },
    { name: 'small, in two pieces', send: [`${head('/read', 'Content-Length: 5\r\n')}he`, { waitMs: 30 }, 'llo'], want: '5' },
    { name: 'large', send: head('/read', 'Content-Length: 900000\r\n') + 'x'.repeat(900_000), want: '900000' },
    { name: 'chunked', send: `${head('/read', 'Transfer-Encoding: chunked\r\n')}${chunk(5)}${chunk(300_000)}0\r\n\r\n`, want: '300005' },
    { name: 'empty and chunked', send: `${head('/read', 'Transfer-Encoding: chunked\r\n')}0\r\n\r\n`, want: '0' },
    { name: 'streamed', send: head('/stream', 'Content-Length: 900000\r\n') + 'x'.repeat(900_000), want: '900000' },
    { name: 'streamed and chunked', send: `${head('/stream', 'Transfer-Encoding: chunked\r\n')}${chunk(70_000)}0\r\n\r\n`, want: '70000' },
    {
      name: 'compressed, read as it is',
      send: `${head('/read', 'Content-Length: 5\r\nContent-Encoding: gzip\r\n')}hello`,
      want: '5',
    },
    {
      name: 'compressed, passed on as it is',
      send: `${head('/stream', 'Content-Length: 5\r\nContent-Encoding: gzip\r\n')}hello`,
      want: '5',
    },
  ] as { name: string; send: string | RawPart[]; want: string }[]) {
    test(`that is ${name} is read`, async () => {
      await using edge = await start();
      const reply = await rawExchange(edge.url, Array.isArray(send) ? send : [send]);
      expect(reply).toMatchObject({ status: 200, body: want, connection: 'open' });
    });
  }

  const refusals: { name: string; send: RawPart[]; status: number; code: ErrorCode }[] = [
    {
      name: 'a declared length over the limit, before it is sent',
      send: [head('/read', 'Content-Length: 1000001\r\n')],
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'a declared length of terabytes',
      send: [head('/read', 'Content-Length: 9000000000000\r\n')],
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'a declared length over the limit of a stream',
      send: [head('/stream', 'Content-Length: 1000001\r\n')],
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'chunks that run over',
      send: [head('/read', 'Transfer-Encoding: chunked\r\n'), chunk(600_000), chunk(600_000)],
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'a stream of chunks that runs over',
      send: [head('/stream', 'Transfer-Encoding: chunked\r\n'), chunk(600_000), chunk(600_000)],
      status: 413,
      code: 'body_too_large',
    },
    {
      name: 'a small body that does not come',
      send: [`${head('/read', 'Content-Length: 50\r\n')}hello`],
      status: 408,
      code: 'body_timeout',
    },
    {
      name: 'a large body that does not come',
      send: [`${head('/read', 'Content-Length: 900000\r\n')}hello`],
      status: 408,
      code: 'body_timeout',
    },
    {
      name: 'a streamed body that does not come',
      send: [`${head('/stream', 'Transfer-Encoding: chunked\r\n')}${chunk(5)}`],
      status: 408,
      code: 'body_timeout',
    },
  ];
  for (const row of refusals) {
    test(`is refused: ${row.name}`, async () => {
      await using edge = await start({ body_timeout: '1s' });
      const reply = await rawExchange(edge.url, row.send, { untilClosed: true });
      expect(reply.status).toBe(row.status);
      expect(JSON.parse(reply.body).error.code).toBe(row.code);
      expect(reply.connection).not.toBe('open');
      expect(edge.outcomes).toMatchObject([{ kind: 'complete', status: row.status }]);
      const good = await rawExchange(edge.url, [`${head('/read', 'Content-Length: 5\r\n')}hello`]);
      expect(good.body).toBe('5');
    });
  }

  test('that trickles is cut when the bytes no longer pay for the time, however often some come', async () => {
    await using edge = await start({ body_timeout: '1s', body_rate_min: '10KiB' });
    const send: RawPart[] = [head('/read', 'Content-Length: 900000\r\n')];
    for (let piece = 0; piece < 40; piece += 1) send.push('x'.repeat(100), { waitMs: 100 });
    const startMs = performance.now();
    const reply = await rawExchange(edge.url, send, { untilClosed: true });
    expect(reply.status).toBe(408);
    expect(performance.now() - startMs).toBeLessThan(2_500);
  });

  test('that comes slowly and steadily is waited for', async () => {
    await using edge = await start({ body_timeout: '1s', body_rate_min: '10KiB' });
    const send: RawPart[] = [head('/read', 'Transfer-Encoding: chunked\r\n')];
    for (let piece = 0; piece < 20; piece += 1) send.push(chunk(4_000), { waitMs: 100 });
    const reply = await rawExchange(edge.url, [...send, '0\r\n\r\n'], { timeoutMs: 8_000 });
    expect(reply).toMatchObject({ status: 200, body: '80000' });
  });

  test('whose sender leaves ends the exchange as closed by the client', async () => {
    await using edge = await start();
    await rawExchange(edge.url, [`${head('/read', 'Content-Length: 50\r\n')}hello`], { timeoutMs: 100 });
    await eventually(() => edge.outcomes.length > 0, { what: 'the end of the exchange' });
    expect(edge.outcomes).toEqual([{ kind: 'client_closed', status: 499, bytesSent: 0 }]);
  });

  test('with a malformed chunk is refused by the parser, and the exchange ends', async () => {
    await using edge = await start();
    const reply = await rawExchange(edge.url, [`${head('/read', 'Transfer-Encoding: chunked\r\n')}${chunk(5)}`, { waitMs: 50 }, 'zz\r\n']);
    expect(reply.status).toBe(400);
    await eventually(() => edge.outcomes.length > 0, { what: 'the end of the exchange' });
    expect(edge.outcomes).toMatchObject([{ kind: 'client_closed' }]);
  });

  test('that nobody reads leaves the connection usable when it is small, and ends it when it is not', async () => {
    await using edge = await start();
    const small = `${head('/ignore', 'Content-Length: 5\r\n')}hello`;
    const next = `${head('/read', 'Content-Length: 2\r\n')}ok`;
    const both = await rawExchange(edge.url, [small, { waitMs: 50 }, next], { timeoutMs: 500, untilClosed: true });
    expect(both.raw.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
    const large = await rawExchange(edge.url, [head('/ignore', 'Content-Length: 9000000\r\n')], { timeoutMs: 2_000, untilClosed: true });
    expect(large).toMatchObject({ status: 401, complete: true });
    expect(large.connection).not.toBe('open');
  });
});
