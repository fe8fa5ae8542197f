/* `POST /api/chat` in StillMe's form: a message in, a text out; cached for five minutes; ten a second from one address. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-simple-00000000000';
const ADA = 'sk-ada-0000000000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({ config: config() });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

function config(more: object = {}): object {
  const target = (model: string) => ({ targets: [{ provider: 'simulator', model }] });
  return {
    server: { trusted_proxies: ['127.0.0.1'] },
    auth: {
      keys: [
        { name: 'simple', key: KEY },
        { name: 'ada', key: ADA, user: 'ada' },
      ],
    },
    limits: { mode: 'off' },
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: {
      'nomic-embed-text': target('sim-embed'),
      first: target('sim-1'),
      refusing: target('sim-1!refusal'),
      blocked: target('sim-1!content-policy'),
      broken: target('sim-1!status=503'),
    },
    ...more,
  };
}

interface Ask {
  readonly key?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function post(
  body: object | string,
  { key = KEY, path = '/api/chat', headers = {} }: Ask = {},
  to: GatewayProcess = gateway,
): Promise<Response> {
  return to.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

interface Simple {
  readonly response: string;
  readonly user_id: string | null;
  readonly model: string;
  readonly cached: boolean;
  readonly latency_ms: number;
  readonly timestamp: string;
  readonly usage: object | null;
}

const answerTo = async (body: object): Promise<Simple> => {
  const reply = await post(body);
  expect({ status: reply.status, type: reply.headers.get('content-type') }).toEqual({ status: 200, type: 'application/json' });
  return (await reply.json()) as Simple;
};

async function lastQuestion(): Promise<unknown> {
  return JSON.parse((await simulator.requests('/v1/chat')).at(-1)?.body ?? '{}');
}

describe("the document's own request", () => {
  test('is answered with a text, whose it is, who answered, and how long it took', async () => {
    const startMs = performance.now();
    const before = Date.now();
    const answer = await answerTo({ message: 'Hello', user_id: 'test' });
    expect(answer).toEqual({
      response: expect.stringMatching(/\w/),
      user_id: 'test',
      model: 'sim-1',
      cached: false,
      latency_ms: expect.any(Number),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      usage: expect.objectContaining({ prompt_tokens: expect.any(Number), total_tokens: expect.any(Number) }),
    });
    expect(answer.latency_ms).toBeWithin(0, performance.now() - startMs);
    expect(Date.parse(answer.timestamp)).toBeWithin(before, Date.now() + 1);
  });

  test('comes to the first model that chats, without chance and without the user', async () => {
    await answerTo({ message: 'What goes on?', user_id: 'test', session: 'ignored' });
    expect(await lastQuestion()).toEqual({ model: 'sim-1', messages: [{ role: 'user', content: 'What goes on?' }], temperature: 0 });
  });

  test('may name a model, its length and its chance', async () => {
    await answerTo({ message: 'x', model: 'first', temperature: 0.4, max_tokens: 3 });
    expect(await lastQuestion()).toMatchObject({ model: 'sim-1', temperature: 0.4, max_tokens: 3 });
  });

  test('answered by a model that declines has what it said', async () => {
    expect((await answerTo({ message: 'x', model: 'refusing' })).response).toMatch(/\w/);
  });
});

describe('the cache', () => {
  test('is there without configuration, for five minutes, and says so in the answer', async () => {
    const first = await post({ message: 'Cached?', user_id: 'u' });
    // Timestamps are in milliseconds, and a kept answer may come within the same one.
    await Bun.sleep(5);
    const second = await post({ message: 'Cached?', user_id: 'u' });
    expect([first.headers.get('x-cache'), second.headers.get('x-cache')]).toEqual(['MISS', 'HIT']);
    const [made, kept] = [(await first.json()) as Simple, (await second.json()) as Simple];
    expect(kept.response).toBe(made.response);
    expect([made.cached, kept.cached]).toEqual([false, true]);
    expect(kept.timestamp > made.timestamp).toBe(true);
  });

  for (const { name, body } of [
    { name: 'another user', body: { message: 'Mine?', user_id: 'other' } },
    { name: 'nobody', body: { message: 'Mine?' } },
    { name: 'another message', body: { message: 'Mine!', user_id: 'u' } },
    { name: 'another model', body: { message: 'Mine?', user_id: 'u', model: 'refusing' } },
    { name: 'another length', body: { message: 'Mine?', user_id: 'u', max_tokens: 5 } },
  ]) {
    test(`${name} is not answered from it`, async () => {
      await answerTo({ message: 'Mine?', user_id: 'u' });
      expect((await post(body)).headers.get('x-cache')).toBe('MISS');
    });
  }

  test('is not asked where there is chance in the answer', async () => {
    for (let round = 0; round < 2; round += 1)
      expect((await post({ message: 'Surprise', temperature: 1 })).headers.get('x-cache')).toBeNull();
  });
});

describe('what is refused', () => {
  for (const { name, body, param } of [
    { name: 'no message', body: {}, param: 'message' },
    { name: 'an empty message', body: { message: '' }, param: 'message' },
    { name: 'a message of spaces', body: { message: ' \n ' }, param: 'message' },
    { name: 'a message that is a number', body: { message: 1 }, param: 'message' },
    { name: 'a message that is null', body: { message: null }, param: 'message' },
    { name: 'a user that is a number', body: { message: 'x', user_id: 7 }, param: 'user_id' },
    { name: 'a user without a name', body: { message: 'x', user_id: '' }, param: 'user_id' },
    { name: 'a user with a line break', body: { message: 'x', user_id: 'a\r\nb' }, param: 'user_id' },
    { name: 'a temperature below 0', body: { message: 'x', temperature: -0.1 }, param: 'temperature' },
    { name: 'a temperature over 2', body: { message: 'x', temperature: 2.1 }, param: 'temperature' },
    { name: 'no tokens', body: { message: 'x', max_tokens: 0 }, param: 'max_tokens' },
    { name: 'a stream', body: { message: 'x', stream: true }, param: 'stream' },
  ]) {
    test(name, async () => {
      const reply = await post(body);
      expect(reply.status).toBe(422);
      expect(await reply.json()).toMatchObject({
        error: expect.any(String),
        code: 'field_invalid',
        param,
        detail: [{ loc: ['body', param] }],
      });
    });
  }

  test('what is no JSON', async () => {
    const reply = await post('message=Hello');
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: expect.any(String), code: 'json_invalid', detail: expect.any(String) });
  });

  test('a user that the key is not bound to', async () => {
    const reply = await post({ message: 'x', user_id: 'bob' }, { key: ADA });
    expect(reply.status).toBe(404);
    expect((await post({ message: 'x', user_id: 'ada' }, { key: ADA })).status).toBe(200);
  });

  test('by the model, in its words', async () => {
    const reply = await post({ message: 'x', model: 'blocked' });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ error: expect.any(String), code: 'content_policy_violation' });
  });

  test('because the model is down', async () => {
    const reply = await post({ message: 'x', model: 'broken' });
    expect(reply.status).toBe(503);
    expect(await reply.json()).toMatchObject({ code: 'upstream_error', detail: { attempts: expect.any(Array) } });
  });
});

describe('ten a second from one address', () => {
  const limitedTo = (rule: object) => config({ limits: { default: {}, tiers: {}, routes: [{ match: '/api/chat', by: 'ip', ...rule }] } });
  const from = (address: string) => ({ 'x-forwarded-for': address });

  test('are let in, the eleventh is not, and another address is', async () => {
    await using limited = await startGateway({ config: limitedTo({ per_second: 10 }) });
    const startMs = performance.now();
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => post({ message: 'Hello', user_id: 'test' }, { headers: from('192.0.2.1') }, limited)),
    );
    const tookMs = performance.now() - startMs;
    const statuses = replies.map(({ status }) => status);
    // Ten at once, and one more for each tenth of a second that it took.
    expect(statuses.filter((status) => status === 200).length).toBeWithin(10, 11 + Math.floor(tookMs / 100));
    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(await refused?.json()).toMatchObject({ error: expect.any(String), code: 'rate_limited', detail: { limit_per_second: 10 } });
    expect((await post({ message: 'Hello' }, { headers: from('192.0.2.2') }, limited)).status).toBe(200);
  });

  test('are counted with a slash at the end of the path, too', async () => {
    await using limited = await startGateway({ config: limitedTo({ per_hour: 2 }) });
    const headers = from('192.0.2.3');
    const statuses: number[] = [];
    for (const path of ['/api/chat', '/api/chat/', '/api/chat/', '/api/chat'])
      statuses.push((await post({ message: 'Hello' }, { headers, path }, limited)).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
  });
});
