/*
 * Every fault that the simulator knows, as a client sees it that hides nothing: the bytes, the framing and the end of the connection.
 * What a gateway makes of each is tested elsewhere; here it is shown that the failure really happens.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { leaveAfter, rawExchange, rawRequest, slowRead } from '../harness/raw-http.ts';
import type { RawReply } from '../harness/raw-reply.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator[Symbol.asyncDispose]());

interface Asked {
  readonly stream?: boolean;
  readonly headers?: Record<string, string>;
  readonly more?: object;
}

function chatRequest(model: string, { stream = false, headers = {}, more = {} }: Asked = {}): string {
  const body = JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }], ...more });
  return rawRequest({ target: '/v1/chat/completions', headers: { 'Content-Type': 'application/json', ...headers }, body });
}

function chat(model: string, asked: Asked = {}, timeoutMs = 2_000): Promise<RawReply> {
  return rawExchange(simulator.url, [chatRequest(model, asked)], { timeoutMs });
}

function header(reply: RawReply, wanted: string): string | undefined {
  return reply.headers.find(([name]) => name.toLowerCase() === wanted)?.[1];
}

/** Events of a stream, without the role that opens it. */
function events(reply: RawReply): string[] {
  const all = reply.body.split('\n\n').filter((event) => event !== '');
  expect(all[0]).toContain('"role":"assistant"');
  return all.slice(1).map((event) => event.replace(/^data: /, ''));
}

function errorCode(reply: RawReply): unknown {
  return (JSON.parse(reply.body) as { error: { code: unknown } }).error.code;
}

describe('instead of an answer', () => {
  for (const stream of [false, true]) {
    const kind = stream ? 'streamed' : 'whole';
    const rows: [fault: string, status: number, code: string | null][] = [
      ['status=401', 401, 'invalid_api_key'],
      ['status=429', 429, 'rate_limit_exceeded'],
      ['status=500', 500, null],
      ['status=503', 503, 'overloaded'],
      ['status=418', 418, null],
      ['content-policy', 400, 'content_policy_violation'],
      ['context-length', 400, 'context_length_exceeded'],
    ];
    for (const [fault, status, code] of rows) {
      test(`${fault} is an error in OpenAI’s shape (${kind})`, async () => {
        const reply = await chat(`sim-1!${fault}`, { stream });
        expect(reply).toMatchObject({ status, complete: true });
        expect(header(reply, 'content-type')).toBe('application/json');
        expect(Object.keys((JSON.parse(reply.body) as { error: object }).error)).toEqual(['message', 'type', 'param', 'code']);
        expect(errorCode(reply)).toBe(code);
      });
    }

    test(`silence never answers (${kind})`, async () => {
      const reply = await chat('sim-1!silence', { stream }, 300);
      expect(reply).toMatchObject({ status: 0, raw: '', connection: 'open' });
    });

    test(`reset ends the connection before the head (${kind})`, async () => {
      const reply = await chat('sim-1!reset', { stream });
      expect(reply).toMatchObject({ status: 0, raw: '', connection: 'reset' });
    });

    test(`empty is a success without a body (${kind})`, async () => {
      expect(await chat('sim-1!empty', { stream })).toMatchObject({ status: 200, body: '', complete: true });
    });
  }

  test('Retry-After comes in seconds and in milliseconds', async () => {
    const reply = await chat('sim-1!status=429,retry-after=2,retry-after-ms=1500');
    expect(header(reply, 'retry-after')).toBe('2');
    expect(header(reply, 'retry-after-ms')).toBe('1500');
  });

  test('an error may be a page or nothing, as proxies in between send them', async () => {
    const page = await chat('sim-1!status=502,body=html');
    expect(header(page, 'content-type')).toBe('text/html');
    expect(page.body).toContain('<h1>502</h1>');
    expect(await chat('sim-1!status=502,body=empty')).toMatchObject({ status: 502, body: '', complete: true });
  });

  test('a redirect leads somewhere that a client must not go', async () => {
    expect(header(await chat('sim-1!status=307'), 'location')).toBe('/redirected');
  });

  test('context-length with a number refuses only what is longer', async () => {
    expect((await chat('sim-1!context-length=100')).status).toBe(200);
    expect((await chat('sim-1!context-length=100', { more: { max_tokens: 200 } })).status).toBe(400);
  });

  test('times=2 fails twice and then answers, for each key by itself', async () => {
    const statuses: number[] = [];
    for (const key of ['a', 'a', 'b', 'a']) statuses.push((await chat(`sim-1!status=503,times=2,key=${key}`)).status);
    expect(statuses).toEqual([503, 503, 503, 200]);
  });

  test('a fault that nobody knows is refused and not left out', async () => {
    const reply = await chat('sim-1!explode');
    expect(reply.status).toBe(400);
    expect(reply.body).toContain('unknown fault');
  });
});

describe('within a stream', () => {
  const streamed = (fault: string, timeoutMs?: number) => chat(`sim-1!tokens=8,${fault}`, { stream: true }, timeoutMs);

  for (const pace of ['', ',tokens-per-second=500']) {
    const kind = pace === '' ? 'unpaced' : 'paced';
    test(`cut-after resets the connection after exactly n tokens (${kind})`, async () => {
      const reply = await streamed(`cut-after=3${pace}`);
      expect(reply).toMatchObject({ status: 200, complete: false, connection: 'reset' });
      expect(events(reply)).toHaveLength(3);
    });

    test(`end-after ends the body in order, without finish or terminal (${kind})`, async () => {
      const reply = await streamed(`end-after=3${pace}`);
      expect(reply).toMatchObject({ status: 200, complete: true });
      expect(events(reply)).toHaveLength(3);
      expect(reply.body).not.toContain('"finish_reason":"stop"');
      expect(reply.body).not.toContain('[DONE]');
    });

    test(`stall-after sends nothing more and keeps the connection (${kind})`, async () => {
      const reply = await streamed(`stall-after=3${pace}`, 400);
      expect(reply).toMatchObject({ status: 200, complete: false, connection: 'open' });
      expect(events(reply)).toHaveLength(3);
    });

    test(`error-after puts an error in band and ends without [DONE] (${kind})`, async () => {
      const reply = await streamed(`error-after=3${pace}`);
      expect(reply.complete).toBe(true);
      expect(events(reply)).toHaveLength(4);
      expect(JSON.parse(events(reply)[3] ?? '')).toMatchObject({ error: { type: 'server_error' } });
    });

    test(`malformed-after breaks one event and goes on (${kind})`, async () => {
      const reply = await streamed(`malformed-after=3${pace}`);
      const sent = events(reply);
      expect(() => JSON.parse(sent[3] ?? '') as unknown).toThrow();
      expect(sent).toHaveLength(8 + 1 + 2);
      expect(sent.at(-1)).toBe('[DONE]');
    });
  }

  test('after n tokens, where the answer has fewer, is after the last and before the finish', async () => {
    const reply = await streamed('end-after=100');
    expect(events(reply)).toHaveLength(8);
    expect(reply.body).not.toContain('[DONE]');
  });

  test('cut-after=0 resets after the opening event', async () => {
    const reply = await streamed('cut-after=0');
    expect(reply.connection).toBe('reset');
    expect(events(reply)).toEqual([]);
  });

  test('huge-event is one event of that much content', async () => {
    const reply = await streamed('huge-event=300000');
    const huge = events(reply)[1] ?? '';
    expect((JSON.parse(huge) as { choices: [{ delta: { content: string } }] }).choices[0].delta.content).toHaveLength(300_000);
    expect(events(reply).at(-1)).toBe('[DONE]');
  });

  const usage = { stream_options: { include_usage: true } };
  const missing: [fault: string, has: { finish: boolean; usage: boolean; done: boolean }][] = [
    ['no-done', { finish: true, usage: true, done: false }],
    ['no-finish', { finish: false, usage: true, done: true }],
    ['no-usage', { finish: true, usage: false, done: true }],
    ['no-finish,no-done', { finish: false, usage: true, done: false }],
  ];
  for (const [fault, has] of missing) {
    test(`${fault} leaves out just that`, async () => {
      const reply = await chat(`sim-1!${fault}`, { stream: true, more: usage });
      expect(reply.complete).toBe(true);
      expect({
        finish: reply.body.includes('"finish_reason":"stop"'),
        usage: reply.body.includes('"total_tokens"'),
        done: reply.body.includes('[DONE]'),
      }).toEqual(has);
    });
  }
});

describe('within a whole answer', () => {
  test('cut-after resets the connection in the middle of the body', async () => {
    const reply = await chat('sim-1!tokens=10,cut-after=5');
    expect(reply).toMatchObject({ status: 200, complete: false, connection: 'reset' });
    expect(reply.body.length).toBeGreaterThan(100);
  });

  test('end-after and malformed-after are bodies that are no JSON', async () => {
    for (const fault of ['end-after=5', 'malformed-after=5']) {
      const reply = await chat(`sim-1!tokens=10,${fault}`);
      expect(reply.complete).toBe(true);
      expect(() => JSON.parse(reply.body) as unknown).toThrow();
    }
  });

  test('stall-after keeps the connection open in the middle of the body', async () => {
    expect(await chat('sim-1!tokens=10,stall-after=5', {}, 400)).toMatchObject({ status: 200, complete: false, connection: 'open' });
  });

  test('no-usage and no-finish leave them out', async () => {
    const body = JSON.parse((await chat('sim-1!no-usage,no-finish')).body) as { choices: [{ finish_reason: unknown }] };
    expect(body).not.toHaveProperty('usage');
    expect(body.choices[0].finish_reason).toBeNull();
  });

  test('a refusal is a success with a refusal in place of content', async () => {
    const body: unknown = JSON.parse((await chat('sim-1!refusal')).body);
    expect(body).toMatchObject({
      choices: [{ message: { content: null, refusal: expect.stringContaining('sorry') }, finish_reason: 'stop' }],
    });
  });
});

describe('timing', () => {
  test('the first token comes no earlier than told, and the head is not whole before it', async () => {
    const early = await chat('sim-1!first-token-ms=60000', { stream: true }, 200);
    // Bun writes the status line ahead of the rest.
    expect(early).toMatchObject({ status: 0, body: '', connection: 'open' });
    const startMs = performance.now();
    expect((await chat('sim-1!first-token-ms=200', { stream: true })).complete).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThan(195);
  });

  test('early-head sends the opening event ahead of the first token', async () => {
    const reply = await chat('sim-1!first-token-ms=60000,early-head', { stream: true }, 300);
    expect(reply.status).toBe(200);
    expect(reply.body).toContain('"role":"assistant"');
    expect(events(reply)).toEqual([]);
  });

  test('the pace holds over a stream', async () => {
    await chat('sim-1!tokens=21,tokens-per-second=100', { stream: true });
    const [record] = (await simulator.requests('/v1/chat')).slice(-1);
    expect(record?.tokensSent).toBe(21);
    expect(record?.endedAfterMs).toBeGreaterThan(195);
    expect(record?.endedAfterMs).toBeLessThan(1_000);
  });

  test('a paced stream writes each event by itself', async () => {
    const reply = await chat('sim-1!tokens=5,tokens-per-second=50', { stream: true });
    const chunks = reply.raw.split('\r\n').filter((line) => /^[0-9a-f]+$/.test(line));
    // Role and first token, four tokens, the close, and the empty chunk that ends the body.
    expect(chunks).toHaveLength(1 + 4 + 1 + 1);
  });

  test('delay-ms holds errors back too', async () => {
    const startMs = performance.now();
    expect((await chat('sim-1!status=503,delay-ms=150')).status).toBe(503);
    expect(performance.now() - startMs).toBeGreaterThan(145);
  });
});

describe('where a fault is told', () => {
  test('in a header, in the query, and for all under a path until it is taken back', async () => {
    expect((await chat('sim-1', { headers: { 'X-Simulate': 'status=429;retry-after=1' } })).status).toBe(429);
    expect((await rawExchange(simulator.url, [rawRequest({ target: '/items/1?simulate=status%3D503' })])).status).toBe(503);

    await simulator.fault('status=500', '/v1/');
    expect((await chat('sim-1')).status).toBe(500);
    expect((await rawExchange(simulator.url, [rawRequest({ target: '/items/1' })])).status).toBe(200);
    await simulator.fault('');
    expect((await chat('sim-1')).status).toBe(200);
  });

  test('the model overrides the header', async () => {
    expect((await chat('sim-1!status=503', { headers: { 'X-Simulate': 'status=429' } })).status).toBe(503);
  });
});

describe('the client', () => {
  test('that leaves mid-stream is seen to leave at once', async () => {
    await simulator.reset();
    const leftAtMs = await leaveAfter(simulator.url, chatRequest('sim-1!tokens=10000,tokens-per-second=100', { stream: true }), 2_000);
    const record = await eventually(async () => (await simulator.requests('/v1/chat')).find((seen) => seen.outcome !== 'open'));
    expect(record.outcome).toBe('client_gone');
    expect(record.receivedAtMs + (record.abortedAfterMs ?? Number.NaN) - leftAtMs).toBeLessThan(250);
    expect(record.tokensSent).toBeLessThan(1_000);
    expect((await simulator.stats()).clientsGone).toBe(1);
  });

  test('that leaves while the simulator is silent is seen to leave', async () => {
    await simulator.reset();
    await chat('sim-1!silence', {}, 100);
    await eventually(async () => (await simulator.stats()).clientsGone === 1);
  });

  test('that reads slowly holds the simulator back', async () => {
    await simulator.reset();
    const request = chatRequest('sim-fixed', { stream: true, more: { max_tokens: 1_000_000 } });
    const reply = await slowRead(simulator.url, request, { bytesPerSecond: 100_000, timeoutMs: 1_000 });
    expect(reply.status).toBe(200);
    const { tokensSent } = await simulator.stats();
    // A token is about 260 bytes; sockets hold a few megabytes, and 260 MB were asked for.
    expect(tokensSent).toBeGreaterThan(100);
    expect(tokensSent).toBeLessThan(100_000);
  });
});
