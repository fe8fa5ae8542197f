/*
 * Input screening in the real process: what is refused, what is only reported, what passes without a look; and that no byte changes on the way.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-screening-000000000';
const KIB = 1_024;
const BLOCK = { sql_injection: 'block', xss: 'block', structure: 'block' } as const;
const OFF = { sql_injection: 'off', xss: 'off', structure: 'off' } as const;

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'caller', key: KEY }] },
      limits: { mode: 'off' },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: { 'sim-1': { targets: [{ provider: 'simulator' }] } },
      services: { echo: { urls: [simulator.url], routes: ['/echo/*', '/mirror/*', '/anything/*'] } },
      screening: {
        sql_injection: 'report',
        xss: 'report',
        structure: 'report',
        rules: [
          { match: '/echo/block/*', ...BLOCK },
          { match: '/anything/block/*', ...BLOCK },
          { match: '/mirror/block/*', ...BLOCK },
          { match: '/echo/large/*', ...BLOCK, unscreened: 'pass' },
          { match: '/echo/json/*', ...BLOCK, content_types: ['application/json'] },
          { match: '/echo/off/*', ...OFF },
          { match: '/v1/completions', xss: 'block' },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

let lastId = 0;

interface Sent {
  readonly body?: Bun.BodyInit;
  readonly type?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function send(path: string, { body, type, method = 'POST', headers }: Sent = {}) {
  const id = `screening-${(lastId += 1)}`;
  const reply = await gateway.request(path, {
    method,
    headers: {
      authorization: `Bearer ${KEY}`,
      'x-correlation-id': id,
      ...(type === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  return { id, status: reply.status, json: (await reply.json()) as Answer };
}

interface Answer {
  readonly error?: { readonly code: string; readonly message: string; readonly param?: string };
  readonly detail?: unknown;
  readonly body?: { readonly bytes: number; readonly sha256: string };
}

const JSON_TYPE = 'application/json';
const json = (value: unknown): Sent => ({ body: JSON.stringify(value), type: JSON_TYPE });
const SQL = "x' or 1=1--";
const XSS = '<img src=x onerror=alert(1)>';

describe('where a check blocks', () => {
  const boundary = 'XbX';
  const part = (name: string, value: string, more = '') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n--${boundary}--\r\n`;

  for (const { name, path = '/echo/block/x', sent, check, where } of [
    { name: 'SQL in a field of JSON', sent: json({ user: { name: SQL } }), check: 'sql_injection', where: 'body.user.name' },
    { name: 'script in a field of JSON', sent: json({ items: [{ title: XSS }] }), check: 'xss', where: 'body.items[].title' },
    {
      name: 'script in the escapes of JSON',
      sent: { body: '{"a":"\\u003cscript>alert(1)</script>"}', type: JSON_TYPE },
      check: 'xss',
      where: 'body.a',
    },
    { name: 'SQL in a key', sent: json({ [SQL]: 1 }), check: 'sql_injection', where: 'body[key]' },
    {
      name: 'a key said twice',
      sent: { body: `{"a":{"b":"${SQL}","b":"fine"}}`, type: JSON_TYPE },
      check: 'sql_injection',
      where: 'body.a.b',
    },
    {
      name: 'SQL in a form',
      sent: { body: 'q=x%27+or+1%3D1--', type: 'application/x-www-form-urlencoded' },
      check: 'sql_injection',
      where: 'body.q',
    },
    { name: 'script in plain text', sent: { body: XSS, type: 'text/plain' }, check: 'xss', where: 'body' },
    { name: 'script in a body without a type', sent: { body: new Blob([`{"a":"${XSS}"}`]) }, check: 'xss', where: 'body.a' },
    {
      name: 'SQL in a field of a multipart form',
      sent: { body: part('q', SQL), type: `multipart/form-data; boundary=${boundary}` },
      check: 'sql_injection',
      where: 'body.q',
    },
    {
      name: 'script in the name of a file',
      sent: { body: part('f', 'x', `; filename="${XSS}"`), type: `multipart/form-data; boundary=${boundary}` },
      check: 'xss',
      where: 'body.f (file name)',
    },
    {
      name: 'SQL in the query',
      path: `/anything/block/x?q=${encodeURIComponent(SQL)}`,
      sent: { method: 'GET' },
      check: 'sql_injection',
      where: 'query.q',
    },
    {
      name: 'script in the query, encoded twice',
      path: `/anything/block/x?q=${encodeURIComponent(encodeURIComponent(XSS))}`,
      sent: { method: 'GET' },
      check: 'xss',
      where: 'query.q',
    },
    {
      name: 'SQL in the path',
      path: `/anything/block/${encodeURIComponent(SQL)}`,
      sent: { method: 'GET' },
      check: 'sql_injection',
      where: 'path',
    },
    {
      name: 'script in a header',
      path: '/anything/block/x',
      sent: { method: 'GET', headers: { 'user-agent': XSS } },
      check: 'xss',
      where: 'header user-agent',
    },
    {
      name: 'SQL in the query of a referer',
      path: '/anything/block/x',
      sent: { method: 'GET', headers: { referer: `https://a.example/?q=${encodeURIComponent(SQL)}` } },
      check: 'sql_injection',
      where: 'header referer',
    },
  ] as { name: string; path?: string; sent: Sent; check: string; where: string }[]) {
    test(`${name} is refused with the place and without its words`, async () => {
      const before = (await simulator.requests()).length;
      const { id, status, json: answer } = await send(path, sent);
      expect({ status, code: answer.error?.code, param: answer.error?.param, detail: answer.detail }).toEqual({
        status: 400,
        code: 'input_refused',
        param: where,
        detail: { check, where },
      });
      const told = JSON.stringify(answer);
      expect(told).not.toContain('alert');
      expect(told).not.toContain('1=1');
      expect((await simulator.requests()).length).toBe(before);
      expect(await accessLine(gateway, id)).toMatchObject({
        status_code: 400,
        error: 'input_refused',
        screening: `${check}:blocked@${where}`,
      });
    });
  }

  for (const { name, sent, status, code } of [
    { name: 'JSON that is broken', sent: { body: '{"a":', type: JSON_TYPE }, status: 400, code: 'json_invalid' },
    {
      name: 'JSON 10,000 levels deep',
      sent: { body: `${'['.repeat(10_000)}${']'.repeat(10_000)}`, type: JSON_TYPE },
      status: 400,
      code: 'json_invalid',
    },
    {
      name: 'multipart that is cut',
      sent: { body: part('q', 'x').slice(0, -6), type: `multipart/form-data; boundary=${boundary}` },
      status: 400,
      code: 'request_invalid',
    },
    { name: 'a body that is too long to be screened', sent: json({ a: 'x'.repeat(70 * KIB) }), status: 413, code: 'body_too_large' },
    {
      name: 'a compressed body',
      sent: { body: Bun.gzipSync(Buffer.from('{}')), type: JSON_TYPE, headers: { 'content-encoding': 'gzip' } },
      status: 415,
      code: 'content_encoding_unsupported',
    },
    {
      name: 'a charset that nobody knows',
      sent: { body: '{}', type: 'application/json; charset=ibm037' },
      status: 415,
      code: 'content_type_unsupported',
    },
  ] as { name: string; sent: Sent; status: number; code: string }[]) {
    test(`${name} is refused`, async () => {
      const answer = await send('/echo/block/x', sent);
      expect([answer.status, answer.json.error?.code]).toEqual([status, code]);
    });
  }

  test('only the named content types pass, where some are named', async () => {
    expect((await send('/echo/json/x', json({}))).status).toBe(200);
    const other = await send('/echo/json/x', { body: 'x', type: 'image/png' });
    expect([other.status, other.json.error?.code]).toEqual([415, 'content_type_unsupported']);
  });

  for (const how of ['of a known length', 'in chunks'] as const) {
    test(`honest bodies ${how} arrive byte for byte`, async () => {
      const body = JSON.stringify({ text: 'O\'Brien asked: "1 or 2?" <b>\u00fc</b> 他', more: 'y'.repeat(40 * KIB) });
      const { status, json: answer } = await send('/echo/block/x', {
        body: how === 'in chunks' ? chunked(Buffer.from(body)) : body,
        type: JSON_TYPE,
      });
      expect(status).toBe(200);
      expect(answer.body).toEqual(digest(Buffer.from(body)));
    });
  }

  test('a long body may pass unscreened where the rule says so: its beginning is screened, and all of it arrives', async () => {
    const body = Buffer.from(JSON.stringify({ a: 'x'.repeat(300 * KIB), b: SQL }));
    const sent = { body: chunked(body), type: JSON_TYPE };
    const { id, status, json: answer } = await send('/echo/large/x', sent);
    expect([status, answer.body]).toEqual([200, digest(body)]);
    expect(await accessLine(gateway, id)).toMatchObject({ screening: 'body:unscreened' });
    const early = Buffer.from(JSON.stringify({ b: SQL, a: 'x'.repeat(300 * KIB) }));
    expect((await send('/echo/large/x', { ...sent, body: chunked(early) })).status).toBe(400);
  });

  test('what is no text is not held up', async () => {
    const body = randomBytes(500 * KIB);
    const { status, json: answer } = await send('/echo/block/x', { body, type: 'image/png' });
    expect([status, answer.body]).toEqual([200, digest(body)]);
  });

  test('on a model route that a rule names, the refusal is in the dialect of the route; elsewhere models are free', async () => {
    const asked = { model: 'sim-1', prompt: XSS };
    const refused = await send('/v1/completions', json(asked));
    expect([refused.status, refused.json.error]).toMatchObject([
      400,
      { code: 'input_refused', type: 'invalid_request_error', param: 'body.prompt' },
    ]);
    const chat = await send('/v1/chat/completions', json({ model: 'sim-1', messages: [{ role: 'user', content: `${XSS} ${SQL}` }] }));
    expect(chat.status).toBe(200);
  });
});

describe('where a check reports', () => {
  for (const how of ['of a known length', 'in chunks'] as const) {
    test(`a body ${how} goes on as it came, and log and metric tell`, async () => {
      const body = Buffer.from(JSON.stringify({ a: SQL, b: XSS, c: 'x'.repeat(200 * KIB) }));
      const before = await counted('sql_injection', 'reported');
      const {
        id,
        status,
        json: answer,
      } = await send('/echo/report/x', {
        body: how === 'in chunks' ? chunked(body) : body,
        type: JSON_TYPE,
      });
      expect([status, answer.body]).toEqual([200, digest(body)]);
      const { screening } = await accessLine(gateway, id);
      expect(String(screening).split(' ').sort()).toEqual(['body:unscreened', 'sql_injection:reported@body.a', 'xss:reported@body.b']);
      expect(await counted('sql_injection', 'reported')).toBe(before + 1);
    });
  }

  test('a broken body is reported, and the service’s to refuse', async () => {
    const { id, status } = await send('/echo/report/x', { body: '{"a":', type: JSON_TYPE });
    expect(status).toBe(200);
    expect(await accessLine(gateway, id)).toMatchObject({ screening: 'structure:reported@body' });
  });

  test('honest requests leave nothing in the log', async () => {
    const { id, status } = await send("/echo/report/x?name=O'Brien&q=1%20or%202", json({ a: 'it\'s "fine" -- isn\'t it?' }));
    expect(status).toBe(200);
    expect(await accessLine(gateway, id)).not.toHaveProperty('screening');
  });

  test('nothing waits: what was sent is back before the rest is sent', async () => {
    const { hostname, port } = new URL(gateway.url);
    const upload = httpRequest({
      hostname,
      port,
      method: 'POST',
      path: '/mirror/live',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'text/plain', 'x-correlation-id': 'live-1' },
    });
    const received: string[] = [];
    const ended = Promise.withResolvers<void>();
    upload.on('error', ended.reject);
    upload.on('response', (reply) => {
      reply.on('data', (bytes: Buffer) => received.push(bytes.toString()));
      reply.on('end', ended.resolve);
    });
    for (const word of ['first ', "x' or ", '1=1--']) {
      upload.write(word);
      await eventually(() => received.join('').endsWith(word), { what: `'${word}' coming back` });
    }
    upload.end();
    await ended.promise;
  });
});

test('where all is off, nothing is looked at', async () => {
  const { id, status } = await send(`/echo/off/x?q=${encodeURIComponent(SQL)}`, json({ a: XSS }));
  expect(status).toBe(200);
  expect(await accessLine(gateway, id)).not.toHaveProperty('screening');
});

/** So that it travels in chunks and without a length. */
function chunked(bytes: Uint8Array): Bun.BodyInit {
  return pieces(bytes);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

function digest(bytes: Uint8Array): { bytes: number; sha256: string } {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function counted(check: string, action: string): Promise<number> {
  const text = await (await gateway.request('/metrics')).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`gatehouse_screening_total{check="${check}",action="${action}"}`));
  return Number(line?.split(' ')[1] ?? 0);
}
