/*
 * Service routes against the real process: what reaches the service, and what of it reaches the caller. The simulator stands for a service
 * that works; `odd` is one that answers what only a test would: cookies, redirects, hop-by-hop headers, statuses without a body.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';
import { type OddService, startOddService } from './odd-service.ts';

const KEY = 'sk-services-0000000000';
const auth = { authorization: `Bearer ${KEY}` };
const MIB = 1_048_576;

let one: SimulatorProcess;
let two: SimulatorProcess;
let odd: OddService;
let gateway: GatewayProcess;

beforeAll(async () => {
  odd = startOddService();
  [one, two] = await Promise.all([startSimulator(), startSimulator()]);
  const dead = `http://127.0.0.1:${freePort()}`;
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'caller', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { service_timeout: '3s', breaker: { enabled: false } },
      services: {
        plain: { urls: [one.url], routes: ['/echo/*', '/mirror/*', '/anything/*'] },
        pricing: { urls: [one.url], routes: ['/api/v1/pricing/*'], strip_prefix: '/api/v1/pricing' },
        inference: { urls: [one.url], routes: ['POST /infer/python'], rewrite: '/infer' },
        deep: { urls: [one.url], routes: ['/deep/*'], rewrite: '/anything/below/*' },
        based: { urls: [`${one.url}/v1`], routes: ['/based/*'], rewrite: '/anything/*' },
        several: { urls: [one.url, two.url], routes: ['/several/*'], rewrite: '/anything/*', balance: 'round_robin' },
        halfDead: { urls: [dead, two.url], routes: ['/half-dead/*'], rewrite: '/anything/*', balance: 'round_robin' },
        primary: { urls: [dead], routes: ['/primary/*'], rewrite: '/anything/from-primary/*', fallback: 'secondary' },
        secondary: { urls: [two.url], rewrite: '/anything/from-secondary', headers: { 'x-only': 'secondary' } },
        open: { urls: [one.url], routes: ['/open/*'], rewrite: '/anything/*', access: 'public' },
        own: { urls: [one.url], routes: ['/own/*'], rewrite: '/anything/*', headers: { authorization: 'Bearer of-the-service' } },
        odd: { urls: [odd.url], routes: ['/odd/*'], strip_prefix: '/odd' },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await Promise.all([one?.[Symbol.asyncDispose](), two?.[Symbol.asyncDispose](), odd?.stop()]);
});

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly text: string | null;
}

async function seenBy(path: string, init: RequestInit = {}): Promise<Seen> {
  const reply = await gateway.request(path, { ...init, headers: { ...auth, ...(init.headers as Record<string, string> | undefined) } });
  expect(reply.status).toBe(200);
  return (await reply.json()) as Seen;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** In pieces of 64 KiB, so that it travels in chunks and without a length. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

describe('a body', () => {
  const large = randomBytes(20 * MIB);

  for (const { how, body } of [
    { how: 'of a known length', body: () => large },
    { how: 'in chunks', body: () => pieces(large) as unknown as Bun.BodyInit },
  ]) {
    test(`of 20 MB, ${how}, arrives at the service byte for byte`, async () => {
      const reply = await gateway.request('/echo/large', { method: 'PUT', headers: auth, body: body() });
      const { body: arrived } = (await reply.json()) as { body: { bytes: number; sha256: string } };
      expect(arrived).toEqual({ bytes: large.length, sha256: sha256(large) });
    });

    test(`of 20 MB, ${how}, comes back byte for byte`, async () => {
      const reply = await gateway.request('/mirror/large', {
        method: 'POST',
        headers: { ...auth, 'content-type': 'audio/wav' },
        body: body(),
      });
      expect(reply.headers.get('content-type')).toBe('audio/wav');
      expect(sha256(new Uint8Array(await reply.arrayBuffer()))).toBe(sha256(large));
    });
  }

  test('is streamed both ways: what was sent is back before the rest is sent', async () => {
    const { hostname, port } = new URL(gateway.url);
    const upload = httpRequest({ hostname, port, method: 'POST', path: '/mirror/live', headers: auth });
    const received: string[] = [];
    const ended = Promise.withResolvers<void>();
    upload.on('error', ended.reject);
    upload.on('response', (reply) => {
      reply.on('data', (bytes: Buffer) => received.push(bytes.toString()));
      reply.on('end', ended.resolve);
    });
    for (const word of ['first ', 'second ', 'third']) {
      upload.write(word);
      await eventually(() => received.join('').endsWith(word), { what: `'${word}' coming back` });
    }
    upload.end();
    await ended.promise;
    expect(received.join('')).toBe('first second third');
  });

  test('that is compressed passes as it is, both ways', async () => {
    const zipped = Bun.gzipSync(Buffer.from('{"a":1}'));
    const headers = { ...auth, 'content-encoding': 'gzip', 'content-type': 'application/json' };
    const echoed = await gateway.request('/echo/zipped', { method: 'POST', headers, body: zipped });
    expect(((await echoed.json()) as { body: { sha256: string } }).body.sha256).toBe(sha256(zipped));
    const reply = await gateway.request('/odd/zipped', { headers: auth, decompress: false } as RequestInit);
    expect(reply.headers.get('content-encoding')).toBe('gzip');
    expect(Bun.gunzipSync(new Uint8Array(await reply.arrayBuffer()))).toEqual(new Uint8Array(Buffer.from('zipped')));
  });
});

describe('a request', () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    test(`of method ${method} arrives as such, with path, query and escapes as they were sent`, async () => {
      const body = method === 'GET' ? undefined : 'b';
      const seen = await seenBy('/anything/a%20b/%C3%BC?x=1&y=%2F..&z=', { method, ...(body === undefined ? {} : { body }) });
      expect(seen).toMatchObject({ method, path: '/anything/a%20b/%C3%BC', query: { x: '1', y: '/..', z: '' } });
      if (body !== undefined) expect(seen.text).toBe(body);
    });
  }

  for (const { path, arrives } of [
    { path: '/api/v1/pricing/anything/quote', arrives: '/anything/quote' },
    { path: '/deep/x/y', arrives: '/anything/below/x/y' },
    { path: '/based/x', arrives: '/v1/anything/x' },
  ]) {
    test(`to ${path} arrives at ${arrives}`, async () => {
      expect((await seenBy(path)).path).toBe(arrives);
    });
  }

  test('to a path that is rewritten as a whole arrives there', async () => {
    const reply = await gateway.request('/infer/python', { method: 'POST', headers: auth, body: '{"prompt":"hello"}' });
    expect(await reply.json()).toMatchObject({ output: 'echo: hello' });
  });

  test('carries no credential of the gateway, wherever it was sent', async () => {
    for (const headers of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }, { 'api-key': KEY }, { 'x-goog-api-key': KEY }]) {
      const reply = await gateway.request('/anything/secret', { headers: headers as unknown as Record<string, string> });
      expect(reply.status).toBe(200);
      expect(await reply.text()).not.toContain(KEY);
    }
  });

  test("carries the service's own credential instead", async () => {
    expect((await seenBy('/own/x')).headers['authorization']).toBe('Bearer of-the-service');
  });

  test('of somebody that a public route does not know keeps its Authorization: it may be the service’s', async () => {
    const reply = await gateway.request('/open/x', { headers: { authorization: 'Bearer of-another' } });
    expect(((await reply.json()) as Seen).headers['authorization']).toBe('Bearer of-another');
  });

  test('carries correlation id, trace and address, and none of the hop-by-hop headers', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const reply = await rawExchange(gateway.url, [
      rawRequest({
        target: '/anything/head',
        headers: {
          ...auth,
          Connection: 'keep-alive, X-Hop',
          'Keep-Alive': 'timeout=5',
          'X-Hop': 'mine',
          TE: 'trailers',
          'Proxy-Authorization': 'Basic c2VjcmV0',
          Cookie: 'a=1; b=2',
          'X-Correlation-ID': 'head-1',
          traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
          'X-Forwarded-For': '203.0.113.9',
        },
      }),
    ]);
    const { headers } = JSON.parse(reply.body) as Seen;
    expect(headers).toMatchObject({
      'x-correlation-id': 'head-1',
      cookie: 'a=1; b=2',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'localhost',
    });
    expect(headers['traceparent']).toStartWith(`00-${traceId}-`);
    // A span of ours is in between.
    expect(headers['traceparent']).not.toContain('00f067aa0ba902b7');
    for (const name of ['x-hop', 'keep-alive', 'te', 'proxy-authorization']) expect(headers).not.toHaveProperty(name);
    expect(headers['connection'] ?? 'keep-alive').toBe('keep-alive');
  });
});

describe('a reply', () => {
  test('has its cookies one by one, and what is hop-by-hop left out', async () => {
    const reply = await gateway.request('/odd/cookies', { headers: auth });
    expect(reply.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; HttpOnly; Expires=Wed, 21 Oct 2026 07:28:00 GMT']);
    for (const name of ['x-hop', 'keep-alive', 'alt-svc']) expect(reply.headers.get(name)).toBeNull();
    expect(reply.headers.get('x-of-the-service')).toBe('yes');
  });

  test('that is large is framed anew, once, and whole', async () => {
    const reply = await rawExchange(gateway.url, [rawRequest({ target: '/odd/large', headers: auth })]);
    const names = reply.headers.map(([name]) => name.toLowerCase());
    // Bun sends what it is given piece by piece in chunks, whatever length the service had said.
    expect(names.filter((name) => name === 'content-length' || name === 'transfer-encoding')).toEqual(['transfer-encoding']);
    expect(reply.complete).toBe(true);
    expect(reply.body).toBe('x'.repeat(1_000_000));
  });

  test('that is a redirect is the caller’s to follow', async () => {
    const reply = await gateway.request('/odd/redirect', { headers: auth, redirect: 'manual' });
    expect(reply.status).toBe(302);
    expect(reply.headers.get('location')).toBe('https://elsewhere.example/x');
  });

  for (const status of [204, 304]) {
    test(`of status ${status} has no body and keeps its headers`, async () => {
      const reply = await rawExchange(gateway.url, [rawRequest({ target: `/odd/status/${status}`, headers: auth })]);
      expect(reply.status).toBe(status);
      expect(reply.raw.endsWith('\r\n\r\n')).toBe(true);
      expect(new Map(reply.headers.map(([name, value]) => [name.toLowerCase(), value])).get('etag')).toBe('"tag"');
    });
  }

  test('to HEAD says how long the body would be, and has none', async () => {
    const reply = await rawExchange(gateway.url, [rawRequest({ method: 'HEAD', target: '/odd/sized', headers: auth })], {
      timeoutMs: 2_000,
    });
    expect(reply.status).toBe(200);
    expect(new Map(reply.headers.map(([name, value]) => [name.toLowerCase(), value])).get('content-length')).toBe('1234');
    expect(reply.raw.endsWith('\r\n\r\n')).toBe(true);
  });

  for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 501, 503]) {
    test(`of status ${status} is the service's own, word for word`, async () => {
      const reply = await gateway.request(`/odd/status/${status}`, { method: 'POST', headers: auth });
      expect(reply.status).toBe(status);
      expect(await reply.json()).toEqual({ said: 'by the service', status });
    });
  }

  test('that breaks off is cut towards the caller too, and logged as cut', async () => {
    const reply = await rawExchange(gateway.url, [rawRequest({ target: '/odd/cut', headers: { ...auth, 'X-Correlation-ID': 'cut-1' } })], {
      timeoutMs: 5_000,
    });
    expect(reply.status).toBe(200);
    expect(reply.body).toStartWith('half');
    expect(reply.complete).toBe(false);
    expect(await accessLine(gateway, 'cut-1')).toMatchObject({ outcome: 'cut', error: 'upstream_stream_interrupted' });
  });

  test('with a status that HTTP does not have is the service’s fault, and no fault of ours', async () => {
    const reply = await gateway.request('/odd/status/600', { method: 'POST', headers: auth });
    expect(reply.status).toBe(502);
    expect(await reply.json()).toMatchObject({ error: { code: 'upstream_reply_invalid' } });
  });

  test('that does not come in time is 504, in the service shape', async () => {
    const reply = await gateway.request('/odd/silent', { headers: auth });
    expect(reply.status).toBe(504);
    expect(await reply.json()).toMatchObject({ error: { code: 'upstream_timeout', type: 'timeout_error' } });
  });
});

test('a WebSocket is refused with 426, so that clients turn to HTTP at once, and the service sees nothing', async () => {
  const reply = await rawExchange(gateway.url, [
    rawRequest({
      target: '/anything/socket',
      headers: {
        ...auth,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    }),
  ]);
  expect(reply.status).toBe(426);
  expect(JSON.parse(reply.body)).toMatchObject({ error: { code: 'upgrade_unsupported' } });
  expect(await one.requests('/anything/socket')).toEqual([]);
});

describe('several addresses', () => {
  test('take turns', async () => {
    const before = [(await one.requests('/anything/turn')).length, (await two.requests('/anything/turn')).length];
    for (let index = 0; index < 10; index += 1) await seenBy('/several/turn');
    const after = [(await one.requests('/anything/turn')).length, (await two.requests('/anything/turn')).length];
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([5, 5]);
  });

  test('cover for one that is dead: nobody notices, also not with POST', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => seenBy('/half-dead/x', { method: 'POST', body: 'once' })));
    expect(replies.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, () => 'once'));
  });

  test('and a fallback: its own path and headers are used, and the reply says how many attempts it took', async () => {
    const reply = await gateway.request('/primary/x', { method: 'POST', headers: auth, body: 'work' });
    expect(reply.headers.get('x-gatehouse-attempts')).toBe('2');
    expect(await reply.json()).toMatchObject({ path: '/anything/from-secondary', text: 'work', headers: { 'x-only': 'secondary' } });
  });
});
