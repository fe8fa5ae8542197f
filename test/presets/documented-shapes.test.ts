/*
 * What the older gateways' documents show without a command: errors, log lines, metrics, request tables and limits, read from the document
 * and held against the real process under its preset.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { encodeServiceError } from '../../src/pipeline/error-reply.ts';
import type { RequestRecord } from '../../src/simulate/recorder.ts';
import { accessLine } from '../harness/access-log.ts';
import { redisAvailable } from '../harness/redis.ts';
import { exampleOf } from './documented-commands.ts';
import { shapeDifferences } from './shape.ts';
import { type Backstage, type Stage, setStage, startBackstage, VILLAGE_KEY } from './stage.ts';

let backstage: Backstage;
let stage: Stage;

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${stage.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const example = (words: string) => exampleOf(stage.original, words);

function on(preset: string, tests: () => void): void {
  describe.skipIf(!redisAvailable())(preset, () => {
    beforeAll(async () => {
      backstage = await startBackstage();
      stage = await setStage(preset, backstage);
    });
    afterAll(async () => {
      await stage?.[Symbol.asyncDispose]();
      await backstage?.[Symbol.asyncDispose]();
    });
    tests();
  });
}

/** Asks in bursts until a limit refuses one, and returns that. Fails when none does. */
async function refused(path: string, body: object): Promise<Response> {
  for (let burst = 0; burst < 20; burst += 1) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => post(path, body)));
    const found = replies.find(({ status }) => status === 429);
    for (const reply of replies) if (reply !== found) await reply.arrayBuffer();
    if (found !== undefined) return found;
  }
  throw new Error(`no limit refuses ${path}`);
}

on('ai-microservices', () => {
  test('a request is logged with the fields that are shown', async () => {
    const shown = example('Structured JSON logs') as Record<string, unknown>;
    const id = String(shown['correlation_id']);
    const reply = await post(String(shown['path']), { user_id: 'alice-001' }, { 'x-correlation-id': id });
    expect([reply.status, reply.headers.get('x-correlation-id')]).toEqual([200, id]);
    const line = await accessLine(stage, id);
    expect(shapeDifferences(shown, line)).toEqual([]);
    const { timestamp: _timestamp, duration_ms: _duration, ...same } = shown;
    expect(line).toMatchObject(same);
  });

  test('the limits are told on every answer of a service, under the names that are shown', async () => {
    const reply = await post('/api/v1/pricing/quote', { product_id: 'sku-1001' });
    const shown = [...stage.original.text.matchAll(/^(X-RateLimit-[\w-]+): (\d+)$/gm)];
    expect(shown.length).toBe(3);
    for (const [, name = ''] of shown) expect([name, reply.headers.get(name)]).toEqual([name, expect.stringMatching(/^\d+$/)]);
    expect(reply.headers.get('x-ratelimit-limit-minute')).toBe('60');
    expect(reply.headers.get('x-ratelimit-limit-hour')).toBe('1000');
    // A time of the clock, in seconds.
    const seconds = Number(reply.headers.get('x-ratelimit-reset-minute')) - Date.now() / 1_000;
    expect(Math.abs(seconds)).toBeLessThan(120);
  });

  test('503 of an open circuit breaker is word for word as shown', async () => {
    const fault = (text: string) =>
      fetch(`${backstage.url('recommendation-service')}/__sim/fault`, { method: 'POST', body: JSON.stringify({ fault: text }) });
    await fault('status=503');
    for (let count = 0; count < 5; count += 1) await (await post('/api/v1/recommendations', {})).arrayBuffer();
    await fault('');
    const reply = await post('/api/v1/recommendations', {}, { 'x-correlation-id': 'abc-123' });
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject(example('### Circuit Breaker Open (503)') as object);
  });

  test('500 is as shown', () => {
    // Only a defect gives one, and none is known: the encoder is what all of them pass.
    const { contentType, body } = encodeServiceError(new GatewayError('internal_error', 'An unexpected error occurred'), 'abc-123');
    expect(contentType).toBe('application/json');
    expect(JSON.parse(body)).toMatchObject(example('### Internal Error (500)') as object);
  });

  test('429 is as shown, and the metrics have the names and labels that are listed', async () => {
    const shown = example('### Rate Limit Exceeded (429)') as { detail: { retry_after: number } };
    const reply = await refused('/api/v1/pricing/quote', { product_id: 'sku-1001' });
    const body: unknown = await reply.json();
    expect(shapeDifferences(shown, body)).toEqual([]);
    expect(body).toMatchObject({ detail: { ...shown.detail, retry_after: Number(reply.headers.get('retry-after')) } });

    const metrics = await (await fetch(`${stage.url}/metrics`)).text();
    const listed = [...stage.original.text.matchAll(/^- `(\w+)\{([\w, ]+)\}`$/gm)];
    expect(listed.length).toBe(4);
    for (const [, name = '', labels = ''] of listed) {
      const sample = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(metrics)?.[1] ?? '';
      expect([name, labels.split(', ').filter((label) => !new RegExp(`\\b${label}="`).test(sample))]).toEqual([name, []]);
    }
    for (const [, name = ''] of stage.original.text.matchAll(/^- `(\w+)` - /gm)) expect(metrics).toContain(`# TYPE ${name} `);
  });
});

on('ai-platform', () => {
  // Of the documented keys, the one with the widest limits.
  const key = bearer('sk-admin-key-456');
  const MESSAGES = [{ role: 'user', content: 'Hello!' }];
  const ask = (fields: object) => post('/v1/chat', { messages: MESSAGES, ...fields }, key);

  async function lastQuestion(): Promise<Record<string, unknown>> {
    const reply = await fetch(`${backstage.url('models')}/__sim/requests?path=/v1/chat`);
    const { requests } = (await reply.json()) as { requests: RequestRecord[] };
    return JSON.parse(requests.at(-1)?.body ?? '{}') as Record<string, unknown>;
  }

  const parameters = () =>
    [...stage.original.text.matchAll(/^\| `(\w+)` \| (array|string|boolean|integer|float) \| (\S+) \| ([^|]+) \|$/gm)].map(
      ([, name = '', type = '', fallback = '', meaning = '']) => ({ name, type, fallback, range: /\(([\d.]+)-([\d.]+)\)/.exec(meaning) }),
    );

  test('what is left out of a request has the documented default, at the model', async () => {
    const reply = await ask({});
    const question = await lastQuestion();
    const atModel = new Set(['model', 'max_tokens', 'temperature', 'top_p']);
    const told = parameters().filter(({ name }) => atModel.has(name));
    expect(told.length).toBe(atModel.size);
    for (const { name, type, fallback } of told) {
      expect([name, question[name]]).toEqual([name, type === 'string' ? fallback : Number(fallback)]);
    }
    // Memory and knowledge are on unless they are turned off.
    expect(await reply.json()).toMatchObject({ metadata: { skipped: ['memory', 'knowledge'] } });
    const off = await ask({ use_memory: false, store_memory: false, use_rag: false });
    expect(await off.json()).toMatchObject({ metadata: { skipped: [] } });
  });

  test('every documented parameter is taken in its type and range, and refused outside of it', async () => {
    const rows = parameters();
    expect(rows.length).toBe(11);
    const tried: [string, unknown, number][] = rows.flatMap(({ name, type, fallback, range }): [string, unknown, number][] => {
      const wrong: [string, unknown, number] = [name, type === 'string' ? 5 : 'wrong', 422];
      if (type === 'array') return [[name, MESSAGES, 200], wrong, [name, undefined, 422]];
      if (type === 'boolean') return [[name, true, 200], [name, false, 200], wrong];
      if (type === 'string') return [[name, fallback === 'null' ? null : fallback, 200], wrong];
      if (range === null) return [[name, Number(fallback), 200], [name, 0.5, 422], wrong];
      const [, min, max] = range.map(Number);
      const step = type === 'float' ? 0.1 : 1;
      return [[name, min, 200], [name, max, 200], [name, (min ?? 0) - step, 422], [name, (max ?? 0) + step, 422], wrong];
    });
    const wrong: unknown[] = [];
    for (const [name, value, status] of tried) {
      const reply = await ask({ [name]: value });
      await reply.arrayBuffer();
      if (reply.status !== status) wrong.push([name, value, reply.status]);
    }
    expect(wrong).toEqual([]);
  });

  test('a missing key and a wrong one are refused, but on the health page', async () => {
    for (const path of ['/v1/chat', '/v1/chat/completions']) {
      for (const headers of [{}, bearer('sk-nobodys-key')]) expect((await post(path, { messages: MESSAGES }, headers)).status).toBe(401);
    }
    expect((await fetch(`${stage.url}/metrics`)).status).toBe(401);
    expect((await fetch(`${stage.url}/health`)).status).toBe(200);
  });

  test('the pages that are listed are there', async () => {
    const listed = [...stage.original.text.matchAll(/^- [\w ]+: http:\/\/localhost:9000(\/[\w.]+)$/gm)].map(([, path = '']) => path);
    expect(listed).toEqual(['/docs', '/redoc', '/openapi.json']);
    for (const path of listed) {
      const reply = await fetch(`${stage.url}${path}`);
      const type = path.endsWith('.json') ? 'application/json' : 'text/html';
      expect([path, reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([path, 200, type]);
      await reply.arrayBuffer();
    }
  });
});

on('aivillage', () => {
  const key = bearer(VILLAGE_KEY);

  test('the query that is shown is answered', async () => {
    const reply = await post('/v1/query', example('### Query Request Format'), key);
    expect([reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'application/json']);
    expect(await reply.json()).toMatchObject({ session_id: 'optional-session-id' });
  });

  test('each endpoint asks for a key or does not, as its table says', async () => {
    const rows = [...stage.original.text.matchAll(/^\| `(\/[\w/]*)` \| (GET|POST) \| [^|]+ \| (Yes|No) \|$/gm)];
    expect(rows.length).toBe(6);
    for (const [, path = '', method = '', asked] of rows) {
      const reply = await fetch(`${stage.url}${path}`, { method, ...(method === 'POST' ? { body: '{}' } : {}) });
      await reply.arrayBuffer();
      expect([path, reply.status]).toEqual([path, asked === 'Yes' ? 401 : 200]);
    }
  });

  test('web pages of the documented origins may ask, and no others', async () => {
    for (const [origin, allowed] of [
      ['https://your-domain.com', 'https://your-domain.com'],
      ['https://api.your-domain.com', 'https://api.your-domain.com'],
      ['https://elsewhere.example', null],
    ] as const) {
      const reply = await fetch(`${stage.url}/healthz`, { headers: { origin } });
      expect([origin, reply.headers.get('access-control-allow-origin')]).toEqual([origin, allowed]);
      await reply.arrayBuffer();
    }
  });
});

on('stillme', () => {
  test('chat, search and all else have the documented limits a second, and tell them', async () => {
    const listed = [...stage.original.text.matchAll(/^- \*\*(\w+) API\*\*: (\d+) requests\/second per IP$/gm)];
    expect(listed.map(([, name]) => name)).toEqual(['Chat', 'Search', 'General']);
    const paths: Readonly<Record<string, string>> = { Chat: '/api/chat', Search: '/api/search', General: '/api/status' };
    for (const [, name = '', limit = ''] of listed) {
      const path = paths[name] ?? '';
      const reply = name === 'General' ? await fetch(`${stage.url}${path}`) : await post(path, { message: 'Hello', query: 'Hello' });
      await reply.arrayBuffer();
      expect([name, reply.headers.get('x-ratelimit-limit-second')]).toEqual([name, limit]);
    }
    for (const [path, limit] of [
      ['/api/chat', 10],
      ['/api/search', 5],
    ] as const) {
      const reply = await refused(path, { message: 'Hello', query: 'Hello', user_id: 'test' });
      expect(await reply.json()).toMatchObject({ detail: { error: 'Rate limit exceeded', limit_per_second: limit, retry_after: 1 } });
      expect(reply.headers.get('retry-after')).toBe('1');
    }
  });

  test('bodies over 10 MB are refused', async () => {
    const reply = await post('/api/chat', { message: 'a'.repeat(10 * 1_048_576 + 1), user_id: 'test' });
    expect(reply.status).toBe(413);
  });
});
