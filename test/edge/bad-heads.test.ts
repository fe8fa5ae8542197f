/*
 * Heads and framing that no honest client sends: each is refused with a status, and the server goes on. Rows with a `code` are refused by
 * us, in an envelope; those without are refused by Bun's parser, with a bare status or by closing the connection, which is held here
 * because src/edge/head.ts relies on it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { ErrorCode } from '../../src/base/errors.ts';
import { type RawPart, rawExchange } from '../harness/raw-http.ts';
import { ECHO, type EdgeServer, route, startEdge, text } from './edge-server.ts';

interface Row {
  readonly name: string;
  readonly send: RawPart | readonly RawPart[];
  /** 0: the connection is closed without a word. */
  readonly status: number;
  /** Ours; undefined: the parser's. */
  readonly code?: ErrorCode;
}

const get = (target: string, headers = 'Host: a\r\n') => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
const withHeader = (lines: string) => get('/echo', `Host: a\r\n${lines}`);
const post = (headers: string, body = '') => `POST /echo HTTP/1.1\r\nHost: a\r\n${headers}\r\n${body}`;
const chunked = (body: string) => post('Transfer-Encoding: chunked\r\n', body);
const many = (count: number, name: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => `${name(index)}: 1\r\n`).join('');

const TARGETS: Row[] = [
  { name: 'a fragment', send: get('/echo#x'), status: 400, code: 'request_target_invalid' },
  { name: 'a fragment behind a query', send: get('/echo?a=b#x'), status: 400, code: 'request_target_invalid' },
  { name: 'two slashes in a row', send: get('/api//echo'), status: 400, code: 'request_target_invalid' },
  {
    name: 'two slashes at the start, as of another authority',
    send: get('//evil.example/echo'),
    status: 400,
    code: 'request_target_invalid',
  },
  { name: 'an encoded NUL', send: get('/api/%00'), status: 400, code: 'request_target_invalid' },
  { name: 'an encoded line feed', send: get('/api/a%0d%0aX:%20y'), status: 400, code: 'request_target_invalid' },
  { name: 'a broken escape', send: get('/api/%zz'), status: 400, code: 'request_target_invalid' },
  { name: 'an escape cut short', send: get('/api/%4'), status: 400, code: 'request_target_invalid' },
  { name: 'bytes that are no UTF-8, encoded', send: get('/api/%ff%fe'), status: 400, code: 'request_target_invalid' },
  { name: 'a dot segment behind an encoded slash', send: get('/api/x%2f..%2fadmin'), status: 400, code: 'request_target_invalid' },
  { name: 'a dot segment behind an encoded backslash', send: get('/api/x%5c..%5cadmin'), status: 400, code: 'request_target_invalid' },
  { name: 'a dot segment with a parameter', send: get('/api/..;/admin'), status: 400, code: 'request_target_invalid' },
  { name: 'an encoded slash that leads to another route', send: get('/api/admin%2fx'), status: 400, code: 'request_target_invalid' },
  { name: 'an encoded letter that leads to another route', send: get('/api/%61dmin/x'), status: 400, code: 'request_target_invalid' },
  { name: 'a path parameter that hides another route', send: get('/api/admin;a=b/x'), status: 400, code: 'request_target_invalid' },
  { name: 'an unknown path', send: get('/nothing'), status: 404, code: 'route_unknown' },
  { name: 'no slash', send: get('echo'), status: 400 },
  { name: 'an asterisk', send: get('*'), status: 400 },
  { name: 'OPTIONS with an asterisk', send: 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a control character', send: get('/ec\u0001ho'), status: 505 },
  { name: 'a NUL', send: get('/ec\0ho'), status: 505 },
  { name: 'a tab', send: get('/ec\tho'), status: 505 },
  { name: 'two spaces before the target', send: 'GET  /echo HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
];

const HOSTS: Row[] = [
  { name: 'none', send: 'GET /echo HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'none, in HTTP/1.0', send: 'GET /echo HTTP/1.0\r\n\r\n', status: 400, code: 'host_invalid' },
  { name: 'an empty one', send: get('/echo', 'Host: \r\n'), status: 400, code: 'host_invalid' },
  { name: 'two that differ', send: get('/echo', 'Host: a\r\nHost: b\r\n'), status: 400, code: 'host_invalid' },
  { name: 'two alike', send: get('/echo', 'Host: a\r\nHost: a\r\n'), status: 400, code: 'host_invalid' },
  { name: 'a path in it', send: get('/echo', 'Host: a/health?\r\n'), status: 400, code: 'host_invalid' },
  { name: 'a user in it', send: get('/echo', 'Host: a@b\r\n'), status: 400, code: 'host_invalid' },
  { name: 'a space in it', send: get('/echo', 'Host: a b\r\n'), status: 400, code: 'host_invalid' },
  { name: 'a port that is no number', send: get('/echo', 'Host: a:http\r\n'), status: 400, code: 'host_invalid' },
  { name: 'an address without its bracket', send: get('/echo', 'Host: [::1\r\n'), status: 400, code: 'host_invalid' },
];

const HEADERS: Row[] = [
  {
    name: 'Authorization twice',
    send: withHeader('Authorization: Bearer a\r\nAuthorization: Bearer b\r\n'),
    status: 400,
    code: 'header_invalid',
  },
  {
    name: 'Authorization twice alike',
    send: withHeader('Authorization: Bearer a\r\nauthorization: Bearer a\r\n'),
    status: 400,
    code: 'header_invalid',
  },
  { name: 'x-api-key twice', send: withHeader('X-Api-Key: a\r\nx-api-key: b\r\n'), status: 400, code: 'header_invalid' },
  { name: 'api-key twice', send: withHeader('api-key: a\r\napi-key: b\r\n'), status: 400, code: 'header_invalid' },
  { name: 'x-goog-api-key twice', send: withHeader('x-goog-api-key: a\r\nx-goog-api-key: b\r\n'), status: 400, code: 'header_invalid' },
  {
    name: 'Content-Type twice',
    send: post('Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 1\r\n', 'x'),
    status: 400,
    code: 'header_invalid',
  },
  { name: 'a name with _ that looks like a key', send: withHeader('x_api_key: a\r\n'), status: 400, code: 'header_invalid' },
  {
    name: 'a name with _ that looks like a forwarded address',
    send: withHeader('X_Forwarded_For: 10.0.0.1\r\n'),
    status: 400,
    code: 'header_invalid',
  },
  {
    name: 'a name with _ that looks like a framing header',
    send: post('Transfer_Encoding: chunked\r\nContent-Length: 1\r\n', 'x'),
    status: 400,
    code: 'header_invalid',
  },
  {
    name: 'an unknown expectation',
    send: post('Expect: magic\r\nContent-Length: 1\r\n', 'x'),
    status: 417,
    code: 'expectation_unsupported',
  },
  {
    name: 'a WebSocket',
    send: withHeader(
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ),
    status: 426,
    code: 'upgrade_unsupported',
  },
  { name: 'more headers than allowed', send: withHeader(many(120, (index) => `x-${index}`)), status: 431, code: 'head_too_large' },
  { name: 'more headers than the parser takes', send: withHeader(many(250, (index) => `x-${index}`)), status: 431 },
  { name: 'a header of 20 KB', send: withHeader(`x: ${'a'.repeat(20_000)}\r\n`), status: 431 },
  { name: 'a target of 20 KB', send: get(`/${'a'.repeat(20_000)}`), status: 431 },
  { name: 'a folded header', send: withHeader('x: a\r\n b\r\n'), status: 400 },
  { name: 'a space before the colon', send: withHeader('x : a\r\n'), status: 400 },
  { name: 'no colon', send: withHeader('garbage\r\n'), status: 400 },
  { name: 'an empty name', send: withHeader(': a\r\n'), status: 400 },
  { name: 'a NUL in a value', send: withHeader('x: a\0b\r\n'), status: 400 },
  { name: 'a control character in a value', send: withHeader('x: a\u0001b\r\n'), status: 400 },
  { name: 'a carriage return in a value', send: withHeader('x: a\rb: c\r\n'), status: 400 },
  { name: 'a bare line feed', send: withHeader('x: a\ny: b\r\n'), status: 400 },
];

const FRAMING: Row[] = [
  {
    name: 'both Content-Length and Transfer-Encoding',
    send: post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    status: 400,
  },
  {
    name: 'Transfer-Encoding before Content-Length',
    send: post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n'),
    status: 400,
  },
  { name: 'gzip, chunked', send: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), status: 400 },
  { name: 'chunked twice', send: post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), status: 400 },
  { name: 'identity', send: post('Transfer-Encoding: identity\r\n'), status: 400 },
  { name: 'a coding that looks like chunked', send: post('Transfer-Encoding: \u000bchunked\r\n', '0\r\n\r\n'), status: 400 },
  { name: 'a space before the colon of Transfer-Encoding', send: post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), status: 400 },
  { name: 'chunked in HTTP/1.0', send: 'POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', status: 400 },
  {
    name: 'Content-Length twice alike',
    send: post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x'),
    status: 400,
    code: 'header_invalid',
  },
  { name: 'Content-Length twice, different', send: post('Content-Length: 1\r\nContent-Length: 2\r\n', 'x'), status: 400 },
  { name: 'Content-Length as a list', send: post('Content-Length: 1, 1\r\n', 'x'), status: 400 },
  { name: 'a negative Content-Length', send: post('Content-Length: -1\r\n'), status: 400 },
  { name: 'a signed Content-Length', send: post('Content-Length: +1\r\n', 'x'), status: 400 },
  { name: 'a hexadecimal Content-Length', send: post('Content-Length: 0x1\r\n', 'x'), status: 400 },
  { name: 'a Content-Length beyond 64 bits', send: post('Content-Length: 99999999999999999999\r\n', 'x'), status: 400 },
  { name: 'GET with a body', send: get('/echo', 'Host: a\r\nContent-Length: 1\r\n') + 'x', status: 400, code: 'header_invalid' },
  {
    name: 'GET with a chunked body',
    send: get('/echo', 'Host: a\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n',
    status: 400,
    code: 'header_invalid',
  },
  { name: 'a chunk size that is no number', send: chunked('zz\r\nabc\r\n0\r\n\r\n'), status: 400 },
  { name: 'a chunk size with a prefix', send: chunked('0x3\r\nabc\r\n0\r\n\r\n'), status: 400 },
  { name: 'a chunk size beyond 64 bits', send: chunked('ffffffffffffffffff\r\nabc\r\n0\r\n\r\n'), status: 400 },
  { name: 'chunks with bare line feeds', send: chunked('3\nabc\n0\n\n'), status: 400 },
];

const PROTOCOL: Row[] = [
  { name: 'HTTP/0.9', send: 'GET /echo\r\n\r\n', status: 505 },
  { name: 'HTTP/1.2', send: 'GET /echo HTTP/1.2\r\nHost: a\r\n\r\n', status: 505 },
  { name: 'the preface of HTTP/2', send: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400 },
  { name: 'bare line feeds', send: 'GET /echo HTTP/1.1\nHost: a\n\n', status: 505 },
  { name: 'a TLS greeting', send: new Uint8Array([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 13, 10, 13, 10]), status: 400 },
  { name: 'a method in lower case', send: 'get /echo HTTP/1.1\r\nHost: a\r\n\r\n', status: 0 },
  { name: 'an unknown method', send: 'BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n', status: 0 },
  { name: 'CONNECT', send: 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', status: 405, code: 'method_not_allowed' },
  { name: 'TRACE', send: 'TRACE /echo HTTP/1.1\r\nHost: a\r\n\r\n', status: 405, code: 'method_not_allowed' },
  { name: 'a method the path has not', send: 'DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n', status: 405, code: 'method_not_allowed' },
];

let edge: EdgeServer;
beforeAll(async () => {
  const any = async () => text('reached');
  edge = await startEdge([ECHO, route('/api/*', any), route('/api/admin/*', any, { access: 'admin' })]);
});
afterAll(() => edge[Symbol.asyncDispose]());

for (const [group, rows] of Object.entries({ TARGETS, HOSTS, HEADERS, FRAMING, PROTOCOL })) {
  describe(`refused, ${group.toLowerCase()}:`, () => {
    for (const row of rows) {
      test(row.name, async () => {
        edge.refused.length = 0;
        const parts = Array.isArray(row.send) ? (row.send as RawPart[]) : [row.send as RawPart];
        const reply = await rawExchange(edge.url, parts, { timeoutMs: 2_000, untilClosed: row.status === 0 });
        expect(reply.status).toBe(row.status);
        if (row.code === undefined) {
          expect(reply.body).toBe('');
          expect(edge.refused).toEqual([]);
          if (row.status === 0) expect(reply.connection).not.toBe('open');
        } else {
          const { error } = JSON.parse(reply.body);
          expect(error).toMatchObject({ code: row.code, type: expect.any(String), message: expect.any(String) });
          expect(edge.refused).toMatchObject([{ status: row.status, error: row.code, correlationId: error.correlation_id }]);
          const headers = new Map(reply.headers.map(([name, value]) => [name.toLowerCase(), value]));
          expect(headers.get('x-correlation-id')).toBe(error.correlation_id);
          expect(headers.get('x-content-type-options')).toBe('nosniff');
        }
        const good = await rawExchange(edge.url, [post('Content-Length: 2\r\n', 'ok')]);
        expect(good.body).toBe('POST /echo ok');
      });
    }
  });
}

test('the head of a connection that trickles in is cut after some ten seconds, whatever keep_alive says', async () => {
  const trickle: RawPart[] = ['GET /echo HTTP/1.1\r\nHost: a\r\n'];
  for (let second = 0; second < 16; second += 1) trickle.push({ waitMs: 1_000 }, 'x: y\r\n');
  const startMs = performance.now();
  const reply = await rawExchange(edge.url, trickle, { timeoutMs: 17_000, untilClosed: true });
  expect(reply.status).toBe(0);
  expect(reply.connection).not.toBe('open');
  expect(performance.now() - startMs).toBeLessThan(14_000);
}, 20_000);

describe('accepted:', () => {
  for (const { name, send, body } of [
    { name: 'a target in absolute form, without its authority', send: get('http://evil.example/echo?x=1'), body: 'GET /echo?x=1 ' },
    { name: 'dot segments, resolved before anything is decided', send: get('/api/../echo'), body: 'GET /echo ' },
    { name: 'encoded dot segments, likewise', send: get('/api/%2e%2E/echo'), body: 'GET /echo ' },
    { name: 'a slash at the end', send: get('/echo/'), body: 'GET /echo/ ' },
    { name: 'an escape in the query, untouched', send: get('/echo?a=%2f..%00&b=//'), body: 'GET /echo?a=%2f..%00&b=// ' },
    { name: 'an IPv6 host with a port', send: get('/echo', 'Host: [::1]:8080\r\n'), body: 'GET /echo ' },
    { name: 'HTTP/1.0 with a Host', send: 'GET /echo HTTP/1.0\r\nHost: a\r\n\r\n', body: 'GET /echo ' },
    {
      name: 'an offer of HTTP/2, passed over',
      send: withHeader('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n'),
      body: 'GET /echo ',
    },
    {
      name: 'Expect: 100-continue',
      send: [post('Expect: 100-continue\r\nContent-Length: 2\r\n'), { waitMs: 50 }, 'ok'],
      body: 'POST /echo ok',
    },
    { name: 'chunks with extensions', send: chunked('2;a=b\r\nok\r\n0\r\n\r\n'), body: 'POST /echo ok' },
    { name: 'a header that Codex sends', send: withHeader('session_id: abc\r\n'), body: 'GET /echo ' },
    {
      name: 'a boundary with a comma',
      send: post('Content-Type: multipart/form-data; boundary="a,b"\r\nContent-Length: 2\r\n', 'ok'),
      body: 'POST /echo ok',
    },
    { name: 'credentials of another scheme, with commas', send: withHeader('Authorization: Digest a="b", c="d"\r\n'), body: 'GET /echo ' },
  ]) {
    test(name, async () => {
      const reply = await rawExchange(edge.url, Array.isArray(send) ? send : [send], { timeoutMs: 2_000 });
      expect(reply.raw.slice(-body.length)).toBe(body);
    });
  }
});
