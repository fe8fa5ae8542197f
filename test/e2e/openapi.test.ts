/*
 * The OpenAPI document, held against the gateway that serves it: a validator finds nothing, every route is described, and every example
 * that it publishes is sent and answered as it says.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import SwaggerParser from '@apidevtools/swagger-parser';
import packageJson from '../../package.json' with { type: 'json' };
import {
  type ApiCall,
  type ApiDocument,
  callsOf,
  createSchemaCheck,
  documentedReply,
  replyProblems,
  requestOf,
} from '../harness/api-document.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { ROOT } from '../harness/process.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-openapi-test-0123456789';
const ADMIN = 'sk-openapi-admin-0123456789';

const cleanup = new AsyncDisposableStack();
let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let document: ApiDocument;

const config = (more: object = {}) => ({
  providers: { sim: { type: 'simulator', base_url: `${simulator.url}/v1` } },
  models: { 'sim-1': { targets: [{ provider: 'sim' }] }, 'sim-embed': { targets: [{ provider: 'sim' }] } },
  services: {
    pricing: { urls: [`${simulator.url}/anything`], routes: ['POST /api/v1/pricing/*'] },
    python: { urls: [simulator.url], routes: ['POST /infer/python'], rewrite: '/infer' },
    open: { urls: [simulator.url], routes: ['/echo/*'], access: 'public' },
  },
  auth: {
    keys: [
      { name: 'user', key: KEY },
      { name: 'admin', key: ADMIN, tier: 'admin', admin: true },
    ],
  },
  cache: { routes: [{ match: '/echo/*' }] },
  ...more,
});

const documentFrom = async (from: GatewayProcess, key = KEY): Promise<ApiDocument> => {
  const reply = await from.request('/openapi.json', { headers: { authorization: `Bearer ${key}` } });
  expect(reply.status).toBe(200);
  return (await reply.json()) as ApiDocument;
};

beforeAll(async () => {
  simulator = cleanup.use(await startSimulator());
  gateway = cleanup.use(await startGateway({ config: config() }));
  document = await documentFrom(gateway);
});
afterAll(() => cleanup.disposeAsync());

describe('the document', () => {
  test('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toStartWith('3.1.');
    expect(document.info.version).toBe(packageJson.version);
    await SwaggerParser.validate(structuredClone(document) as unknown as Parameters<typeof SwaggerParser.validate>[0]);
  });

  test('describes every route in words', () => {
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, one]) => ({ path, method, one })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const silent = operations.filter(({ one }) => one.summary === 'Not described yet' || (one.description ?? '').length < 20);
    expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test('has the services of this configuration, with all methods where all are served', () => {
    expect(Object.keys(document.paths['/api/v1/pricing/{path}'] ?? {})).toEqual(['post']);
    expect(Object.keys(document.paths['/echo/{path}'] ?? {})).toEqual(['get', 'post', 'put', 'patch', 'delete']);
    expect(document.paths['/echo/{path}']?.['get']?.security).toEqual([]);
  });

  test('publishes no example that its own schemas refuse', () => {
    const check = createSchemaCheck(document);
    const contents = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { requestBody, responses }]) => [
        { at: `${method} ${path}`, content: requestBody?.content },
        ...Object.entries(responses).map(([status, reply]) => ({ at: `${method} ${path} ${status}`, content: reply.content })),
      ]),
    );
    for (const [name, { content }] of Object.entries(document.components.responses)) contents.push({ at: name, content });
    const problems = contents.flatMap(({ at, content }) =>
      Object.entries(content ?? {}).flatMap(([type, { schema, examples }]) =>
        // In a form's example a file is told by its name and content.
        Object.entries(type === 'multipart/form-data' ? {} : (examples ?? {})).flatMap(([name, { value }]) =>
          check(schema, value).map((problem) => `${at} ${name}: ${problem}`),
        ),
      ),
    );
    expect(problems).toEqual([]);
  });
});

/** Id of a document that is there to be shown and deleted. */
async function uploadedDocument(): Promise<string> {
  const body = new FormData();
  body.append('file', new File(['A document of its own.'], 'own.txt'));
  return idIn(await gateway.request('/v1/upload', { method: 'POST', body, headers: { authorization: `Bearer ${ADMIN}` } }));
}

/** Of what was made. Throws when it was not: what is asked of it afterwards would fail without a reason. */
async function idIn(reply: Response): Promise<string> {
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${reply.url}: ${reply.status} ${text}`);
  return (JSON.parse(text) as { readonly id: string }).id;
}

/** Id of a response that its server keeps. */
async function storedResponse(): Promise<string> {
  const reply = await gateway.request('/v1/responses', {
    method: 'POST',
    body: JSON.stringify({ model: 'sim-1', input: 'Hello' }),
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
  });
  return ((await reply.json()) as { readonly id: string }).id;
}

async function memoryOfAlice(): Promise<string> {
  const reply = await gateway.request('/v1/memories', {
    method: 'POST',
    body: JSON.stringify({ messages: `Remembered ${crypto.randomUUID()}`, user_id: 'alice', infer: false }),
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
  });
  return ((await reply.json()) as { readonly results: readonly { readonly id: string }[] }).results[0]?.id ?? '';
}

/** Parameters of the query without which nothing is answered. */
const QUERIES: Readonly<Record<string, string>> = { '/v1/memories': '?user_id=alice' };

/** What the simulated server has not got: its refusal is held against the document all the same. */
const NOT_SIMULATED: ReadonlySet<string> = new Set(['POST /v1/responses/compact: example', 'POST /v1/responses/{id}/cancel']);

const STORE_ID = /vs_0+/;
const BATCH_ID = /vsfb_0+/;

/** A vector store with a document in it, and a batch of such. */
async function inOwnStore(
  { path, body }: ApiCall,
  made: (path: string, body: object) => Promise<string>,
): Promise<Pick<ApiCall, 'path' | 'body'>> {
  const uploaded = await uploadedDocument();
  const store = await made('/v1/vector_stores', { name: 'of the document', file_ids: [uploaded] });
  const batch = BATCH_ID.test(path) ? await made(`/v1/vector_stores/${store}/file_batches`, { file_ids: [uploaded] }) : '';
  return {
    path: path
      .replace(BATCH_ID, batch)
      .replace(STORE_ID, store)
      .replace(/doc_0+/, uploaded),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body.replace(/doc_0+/, uploaded) : body }),
  };
}

/** Ids of things at the provider that are there to be shown, gone on with and deleted, in place of those in examples. */
async function withRealIds(call: ApiCall): Promise<ApiCall> {
  const own = { authorization: `Bearer ${ADMIN}` };
  const made = async (path: string, body: FormData | object) => {
    const init = body instanceof FormData ? { body, headers: own } : { body: JSON.stringify(body), headers: own };
    return idIn(await gateway.request(path, { method: 'POST', ...init }));
  };
  const makers: Readonly<Record<string, () => Promise<string>>> = {
    'file-0000': async () => {
      const form = new FormData();
      const request = { model: 'sim-1!first-token-ms=60000', messages: [{ role: 'user', content: 'x' }] };
      const line = { custom_id: 'x', method: 'POST', url: '/v1/chat/completions', body: request };
      form.append('file', new File([JSON.stringify(line)], 'lines.jsonl'));
      form.append('purpose', 'batch');
      return made('/v1/files', form);
    },
    upload_0000: () => made('/v1/uploads', { filename: 'x', bytes: 8, mime_type: 'text/plain', purpose: 'batch' }),
    [encodeURIComponent('mem_0~YWxpY2U')]: () => memoryOfAlice(),
    'mem_0~YWxpY2U': () => memoryOfAlice(),
    batch_0000: async () =>
      made('/v1/batches', { input_file_id: await makers['file-0000']?.(), endpoint: '/v1/chat/completions', completion_window: '24h' }),
  };
  let { path, body } = call.path.includes('/vector_stores') ? await inOwnStore(call, made) : call;
  for (const [placeholder, make] of Object.entries(makers)) {
    const isInBody = typeof body === 'string' && body.includes(placeholder);
    if (!path.includes(placeholder) && !isInBody) continue;
    const id = await make();
    path = path.replace(placeholder, id);
    if (typeof body === 'string') body = body.replace(placeholder, id);
  }
  if (typeof body === 'string' && body.includes('part_0000')) {
    const form = new FormData();
    form.append('data', new File(['the part'], 'part'));
    body = body.replace('part_0000', await made(path.replace('/complete', '/parts'), form));
  }
  return body === undefined ? { ...call, path } : { ...call, path, body };
}

describe('every example', () => {
  test('is answered as documented', async () => {
    const calls = callsOf(document);
    expect(calls.length).toBeGreaterThan(25);
    const problems: string[] = [];
    const uploaded = await uploadedDocument();
    for (const documented of calls) {
      const call = await withRealIds(documented);
      const { name, operation } = call;
      const stored = call.path.includes('resp_0') ? await storedResponse() : '';
      const path = `${call.path.replace(/doc_0+/, uploaded).replace(/resp_0+/, stored)}${call.method === 'POST' ? '' : (QUERIES[call.path] ?? '')}`;
      const reply = await gateway.request(path, requestOf(call, { authorization: `Bearer ${ADMIN}` }));
      if (!reply.ok && !NOT_SIMULATED.has(name)) problems.push(`${name}: ${reply.status}`);
      problems.push(...(await replyProblems(document, operation, reply)).map((problem) => `${name}: ${problem}`));
    }
    expect(problems).toEqual([]);
  });

  test('is refused as documented to whoever has no key', async () => {
    const calls = callsOf(document).filter(
      ({ operation }) => operation.security.length > 0 && !operation.security.some((way) => Object.keys(way).length === 0),
    );
    expect(calls.length).toBeGreaterThan(10);
    for (const { name, method, path, operation } of calls) {
      const reply = await gateway.request(path, { method });
      expect({ name, status: reply.status }).toEqual({ name, status: 401 });
      expect({ name, problems: await replyProblems(document, operation, reply) }).toEqual({ name, problems: [] });
    }
  });

  test('is answered without a key where no key is asked for', async () => {
    for (const { name, method, path } of callsOf(document).filter(({ operation }) => operation.security.length === 0)) {
      const reply = await gateway.request(path, { method });
      expect({ name, refused: reply.status === 401 || reply.status === 403 }).toEqual({ name, refused: false });
    }
  });

  test('takes a key in each documented header', async () => {
    const schemes = Object.entries(document.components.securitySchemes) as [string, { type: string; name?: string }][];
    expect(schemes.map(([name]) => name)).toEqual(['bearer', 'x-api-key', 'api-key', 'x-goog-api-key']);
    for (const [, { type, name }] of schemes) {
      const headers: Record<string, string> = type === 'http' ? { authorization: `Bearer ${KEY}` } : { [name ?? '']: KEY };
      expect((await gateway.request('/v1/models', { headers })).status).toBe(200);
    }
  });
});

describe('errors', () => {
  const authorization = `Bearer ${KEY}`;
  for (const { name, path, template, init, status } of [
    {
      name: 'cut JSON',
      path: '/v1/chat/completions',
      template: '/v1/chat/completions',
      init: { method: 'POST', body: '{"model":' },
      status: 400,
    },
    {
      name: 'a model that is not there',
      path: '/v1/embeddings',
      template: '/v1/embeddings',
      init: { method: 'POST', body: '{"model":"no-such","input":"x"}' },
      status: 404,
    },
    { name: 'a model id that is not there', path: '/v1/models/no-such', template: '/v1/models/{id}', init: { method: 'GET' }, status: 404 },
    {
      name: 'a form',
      path: '/v1/completions',
      template: '/v1/completions',
      init: { method: 'POST', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      status: 415,
    },
    { name: 'no administrator', path: '/admin/config', template: '/admin/config', init: { method: 'GET' }, status: 403 },
    { name: 'no such file', path: '/docs/assets/x.js', template: '/docs/assets/{file}', init: { method: 'GET' }, status: 404 },
  ])
    test(`of ${name} have the documented shape`, async () => {
      const operation = document.paths[template]?.[init.method.toLowerCase()];
      if (operation === undefined) throw new Error(`${template} is not documented`);
      const reply = await gateway.request(path, {
        ...init,
        headers: { 'content-type': 'application/json', ...init.headers, authorization },
      });
      expect(reply.status).toBe(status);
      expect(documentedReply(document, operation, status)).toBeDefined();
      expect(await replyProblems(document, operation, reply)).toEqual([]);
    });

  test('of an upstream and a full limit have it too', async () => {
    await using limited = await startGateway({ config: config({ limits: { default: { per_minute: 1 } } }) });
    const operation = document.paths['/v1/chat/completions']?.['post'];
    if (operation === undefined) throw new Error('chat is not documented');
    const ask = () =>
      limited.request('/v1/chat/completions', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sim-1', messages: [{ role: 'user', content: 'hello' }] }),
      });
    await simulator.fault('status=500', '/v1/chat');
    const failed = await ask();
    expect(failed.status).toBe(500);
    expect(await replyProblems(document, operation, failed)).toEqual([]);
    await simulator.fault('', '/v1/chat');
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await replyProblems(document, operation, refused)).toEqual([]);
  });
});

describe('/openapi.json', () => {
  test('is not sent again while nothing changed, and compressed for whoever takes that', async () => {
    const first = await gateway.request('/openapi.json');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('content-encoding')).toBe('gzip');
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const again = await gateway.request('/openapi.json', { headers: { 'if-none-match': etag } });
    expect({ status: again.status, body: await again.text() }).toEqual({ status: 304, body: '' });
    const plain = await gateway.request('/openapi.json', { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.json()).toEqual(await first.json());
    const head = await gateway.request('/openapi.json', { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
    expect({ status: head.status, body: await head.text(), etag: head.headers.get('etag') }).toEqual({ status: 200, body: '', etag });
  });

  test('changes with a reload', async () => {
    await using changing = await startGateway({ config: config() });
    const before = await documentFrom(changing);
    await changing.writeConfig(
      config({ services: { extra: { urls: [simulator.url], routes: ['GET /extra'] } }, admin: { enabled: false } }),
    );
    await eventually(async () => (await documentFrom(changing)).paths['/extra'] !== undefined, { what: 'the new document' });
    const after = await documentFrom(changing);
    expect(before.paths['/admin/config']).toBeDefined();
    expect(after.paths['/admin/config']).toBeUndefined();
    expect(after.paths['/echo/{path}']).toBeUndefined();
  });

  test('needs a key in production, and the pages do not: they ask for it', async () => {
    await using production = await startGateway({ config: config({ server: { environment: 'production' } }) });
    expect((await production.request('/openapi.json')).status).toBe(401);
    await documentFrom(production);
    for (const path of ['/docs', '/redoc', '/docs/']) expect((await production.request(path)).status).toBe(200);
  });

  test('can be for administrators alone, or not be at all', async () => {
    await using guarded = await startGateway({ config: config({ docs: { access: 'admin' } }) });
    expect((await guarded.request('/openapi.json', { headers: { authorization: `Bearer ${KEY}` } })).status).toBe(403);
    await documentFrom(guarded, ADMIN);
    await using off = await startGateway({ config: config({ docs: { enabled: false } }) });
    for (const path of ['/openapi.json', '/docs', '/redoc', '/docs/assets/page.css']) expect((await off.request(path)).status).toBe(404);
    const about = (await (await off.request('/')).json()) as { links: Record<string, string> };
    expect(Object.keys(about.links)).not.toContain('docs');
    expect(await (await off.request('/', { headers: { accept: 'text/html' } })).text()).not.toContain('/docs');
  });
});

test('`gatehouse openapi` prints what the gateway serves, without starting it', async () => {
  const run = async (...args: string[]) => {
    const child = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), 'openapi', ...args], { stdout: 'pipe', stderr: 'pipe' });
    return { code: await child.exited, stdout: await child.stdout.text(), stderr: await child.stderr.text() };
  };
  const printed = await run('--config', gateway.configPath);
  expect(printed.code).toBe(0);
  expect(JSON.parse(printed.stdout)).toEqual(document);

  const file = `${gateway.configPath}.json`;
  expect(await run('--config', gateway.configPath, '-o', file)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await Bun.file(file).text()).toBe(printed.stdout);
  expect(await run('--config', 'no-such-file.yaml')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('no-such-file'),
  });
});

describe('security headers', () => {
  test('of the pages allow what they need, and nowhere else', async () => {
    const policyOf = async (path: string) => (await gateway.request(path)).headers.get('content-security-policy') ?? '';
    const [usual, docs, redoc] = await Promise.all(['/health', '/docs', '/redoc'].map(policyOf));
    for (const path of ['/', '/openapi.json', '/v1/models', '/docs/assets/none', '/docs/other', '/no-such-path'])
      expect({ path, policy: await policyOf(path) }).toEqual({ path, policy: usual ?? '' });
    for (const policy of [docs, redoc]) {
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe-eval');
      expect(policy).not.toMatch(/https?:/);
    }
    expect(docs).not.toContain('unsafe-inline');
  });
});
