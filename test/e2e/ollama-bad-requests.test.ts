/*
 * Bad requests in Ollama's dialect: each gets one clear 4xx that Ollama's clients can read (`error` is a text), and harms nobody. What goes
 * wrong before a route is known is in bad-requests.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-bad-00000000000000000';
const BODY_BYTES_MAX = 65_536;

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      server: { body_bytes_max: BODY_BYTES_MAX, body_timeout: '1s', body_rate_min: 0 },
      auth: { keys: [{ name: 'bad', key: KEY, models: ['sim-*'] }] },
      limits: { mode: 'off' },
      providers: { simulator: { base_url: simulator.url, models: ['*'] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

interface Bad {
  readonly name: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  readonly param?: string;
}

const MESSAGES = '"messages":[{"role":"user","content":"Hi"}]';
const invalid = (name: string, param: string, body: string, path = '/api/chat'): Bad => ({
  name,
  path,
  body,
  status: 400,
  code: 'request_invalid',
  param,
});
const broken = (name: string, body: string | Uint8Array<ArrayBuffer>, path = '/api/chat'): Bad => ({
  name,
  path,
  body,
  status: 400,
  code: 'json_invalid',
});

const ROWS: readonly Bad[] = [
  ...['/api/chat', '/api/generate', '/api/embed', '/api/embeddings', '/api/show'].flatMap((path) => [
    broken(`no body, at ${path}`, '', path),
    broken(`a cut body, at ${path}`, '{"model":"sim-1","pro', path),
    broken(`two bodies, at ${path}`, '{"model":"sim-1"}{"model":"sim-1"}', path),
    broken(`a model named twice, at ${path}`, '{"model":"sim-1","model":"other"}', path),
    invalid(`a model in a second spelling, at ${path}`, 'model', '{"model":"sim-1","MODEL":"other"}', path),
    // Without either of them it would be the other form that shares the path.
    invalid(`no model, at ${path}`, 'model', path === '/api/chat' ? '{"messages":[]}' : '{}', path),
    invalid(`a model that is a list, at ${path}`, 'model', '{"model":["sim-1"]}', path),
    invalid(`a model of 300 letters, at ${path}`, 'model', `{"model":"sim-${'a'.repeat(300)}"}`, path),
    { name: `a list, at ${path}`, path, body: '["sim-1"]', status: 400, code: 'request_invalid' },
    {
      name: `a model that is not the key's, at ${path}`,
      path,
      body: '{"model":"other"}',
      status: 403,
      code: 'model_forbidden',
      param: 'model',
    },
  ]),
  broken('bytes that are no UTF-8', Buffer.from('{"model":"sim-1","x":"\u00ff"}', 'latin1')),
  broken('UTF-16', Buffer.from(`{"model":"sim-1",${MESSAGES}}`, 'utf16le')),
  broken('a byte order mark', `\ufeff{"model":"sim-1",${MESSAGES}}`),
  broken('NaN', `{"model":"sim-1",${MESSAGES},"options":{"temperature":NaN}}`),
  broken('a comma too many', `{"model":"sim-1",${MESSAGES},}`),
  broken('a hundred levels', `{"model":"sim-1","messages":${'['.repeat(100)}${']'.repeat(100)}}`),
  invalid('messages that are an object', 'messages', '{"model":"sim-1","messages":{}}'),
  invalid('messages that are numbers', 'messages[0]', '{"model":"sim-1","messages":[1]}'),
  invalid('a stream that is a number', 'stream', `{"model":"sim-1",${MESSAGES},"stream":1}`),
  invalid('tools that are an object', 'tools', `{"model":"sim-1",${MESSAGES},"tools":{}}`),
  invalid('options that are a text', 'options', `{"model":"sim-1",${MESSAGES},"options":"seed"}`),
  invalid('a format that is a number', 'format', `{"model":"sim-1",${MESSAGES},"format":1}`),
  invalid('a keep_alive that is a list', 'keep_alive', `{"model":"sim-1",${MESSAGES},"keep_alive":[]}`),
  invalid('a thought that is a list', 'think', `{"model":"sim-1",${MESSAGES},"think":[]}`),
  invalid('a prompt that is a number', 'prompt', '{"model":"sim-1","prompt":1}', '/api/generate'),
  invalid('images that are a text', 'images', '{"model":"sim-1","prompt":"a","images":"x"}', '/api/generate'),
  invalid('a context that is a text', 'context', '{"model":"sim-1","prompt":"a","context":"x"}', '/api/generate'),
  invalid('an input that is a number', 'input', '{"model":"sim-1","input":1}', '/api/embed'),
  { name: 'a body over the limit', body: `{"model":"sim-1","x":"${'x'.repeat(BODY_BYTES_MAX)}"}`, status: 413, code: 'body_too_large' },
  { name: 'a file', headers: { 'content-type': 'text/plain' }, body: 'Hi', status: 415, code: 'content_type_unsupported' },
  { name: 'a compressed body', headers: { 'content-encoding': 'gzip' }, body: 'Hi', status: 415, code: 'content_encoding_unsupported' },
  { name: 'a wrong key', headers: { authorization: 'Bearer sk-none-000000000000000' }, body: '{}', status: 401, code: 'key_invalid' },
  { name: 'no key', headers: { authorization: '' }, body: '{}', status: 401, code: 'key_missing' },
  { name: 'a pull', path: '/api/pull', body: '{"model":"sim-1"}', status: 403, code: 'access_denied' },
  { name: 'a blob', path: '/api/blobs/sha256:00', body: 'bytes', status: 403, code: 'access_denied' },
  { name: 'a look at a blob', path: '/api/blobs/sha256:00', method: 'GET', status: 403, code: 'access_denied' },
  { name: 'a deletion', path: '/api/delete', method: 'DELETE', body: '{"model":"sim-1"}', status: 403, code: 'access_denied' },
];

let lastId = 0;

async function expectGood(): Promise<void> {
  const headers = { authorization: `Bearer ${KEY}` };
  const body = '{"model":"sim-1","messages":[{"role":"user","content":"echo: fine"}],"stream":false}';
  const reply = await gateway.request('/api/chat', { method: 'POST', headers, body });
  expect(await reply.json()).toMatchObject({ done: true, message: { content: 'fine' } });
}

describe('a bad request:', () => {
  for (const row of ROWS) {
    test(`${row.name}: ${row.status} ${row.code}`, async () => {
      const id = `bad-ollama-${(lastId += 1)}`;
      const reply = await gateway.request(row.path ?? '/api/chat', {
        method: row.method ?? 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'x-correlation-id': id, ...row.headers },
        ...(row.body === undefined ? {} : { body: row.body }),
      });
      const told = (await reply.json()) as Record<string, unknown>;
      expect([reply.status, told['code'], told['param']]).toEqual([row.status, row.code, row.param]);
      expect(told['error']).toBeString();
      expect(told['error']).not.toBe('');
      expect(told['correlation_id']).toBe(id);
      expect(reply.headers.get('content-type')).toStartWith('application/json');
      expect(JSON.stringify(told)).not.toContain(KEY);
      await expectGood();
    });
  }

  test('a body that stops half-way gets its answer when its time is up', async () => {
    const head = `POST /api/chat HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n`;
    const reply = await rawExchange(gateway.url, [`${head}{"model":`], { timeoutMs: 4_000 });
    expect(reply.status).toBe(408);
    expect(JSON.parse(reply.body)).toMatchObject({ error: expect.any(String), code: 'body_timeout' });
    await expectGood();
  });

  test('none of them reached the upstream', async () => {
    const bodies = (await simulator.requests('/api/')).map(({ body }) => body);
    expect(bodies.filter((body) => !body.includes('echo: fine'))).toEqual([]);
  });
});
