import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { openaiChat } from '../../dialects/openai-chat/openai-chat.ts';
import { Exchange, type Outcome } from '../../pipeline/exchange.ts';
import { type CacheResult, cacheFact, type Principal, principalFact } from '../../pipeline/facts.ts';
import { type ByteStream, isStream, type Reply } from '../../pipeline/reply.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import { createMemoryValueStore } from '../../stores/value/memory.ts';
import { createCache } from './cache.ts';
import { cacheConfig } from './cache-config.ts';
import { decodeEntry, encodeEntry } from './cache-entry.ts';

const MODEL: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat', operation: 'chat' };
const SERVICE: RouteInfo = { pattern: '/api/*', kind: 'service', access: 'key', dialect: 'service', service: 's' };
const ALICE: Principal = { id: 'a', tenant: 't1', tier: 'standard', admin: false, kind: 'key' };

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Ask {
  readonly route?: RouteInfo;
  readonly body?: object;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly principal?: Principal;
  readonly signal?: AbortSignal;
}

const JSON_REPLY: Reply = { status: 200, headers: { 'content-type': 'application/json' }, body: '{"x":1}' };
const CHAT = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'hi' }] };

function setup(options: { coalesce?: boolean; any?: boolean; reply?: (call: number) => Reply | Promise<Reply> } = {}) {
  const clock = createManualClock(1_000_000);
  const values = createMemoryValueStore({ bytesMax: 1_000_000, entriesMax: 100 }, { clock });
  const results: CacheResult[] = [];
  const rule = { ttl: '1m', coalesce: options.coalesce ?? false, any: options.any ?? false };
  const config = cacheConfig.parse({
    routes: [
      { match: '/v1/chat/completions', ...rule },
      { match: '/api/*', ...rule },
    ],
    entry_bytes_max: '4KiB',
  });
  const policy = createCache(config, { values, clock, logger: SILENT, passedHeaders: () => ['x-beta'] });
  let calls = 0;
  const ask = async (given: Ask): Promise<{ reply: Reply; exchange: Exchange }> => {
    const route = given.route ?? MODEL;
    const exchange = new Exchange({ id: 'c', route, signal: given.signal ?? new AbortController().signal, address: '::1', clock });
    exchange.set(principalFact, given.principal ?? ALICE);
    const handler = policy.layer(route)?.(() => {
      calls += 1;
      return Promise.resolve(options.reply?.(calls) ?? JSON_REPLY);
    });
    if (handler === undefined) throw new Error('the cache does not apply to this route');
    const bytes = Buffer.from(JSON.stringify(given.body ?? CHAT));
    const request = {
      method: route.kind === 'model' ? 'POST' : 'GET',
      path: given.path ?? (route.kind === 'model' ? '/v1/chat/completions' : '/api/x'),
      search: '',
      headers: new Headers(given.headers),
      ...(route.kind === 'model'
        ? { body: { kind: 'bytes', bytes } as const, operation: openaiChat.decode('chat', bytes, { hasModel: () => false }) }
        : { body: { kind: 'none' } as const }),
    };
    const reply = await handler(request, exchange);
    const result = exchange.peek(cacheFact);
    if (result !== undefined) results.push(result);
    return { reply, exchange };
  };
  return { clock, results, ask, calls: () => calls };
}

test('a header that targets see tells requests apart, and another does not', async () => {
  const { ask, results } = setup();
  await ask({ headers: { 'x-beta': 'one' } });
  await ask({ headers: { 'x-beta': 'two' } });
  await ask({ headers: { 'x-beta': 'two', 'x-other': 'three' } });
  expect(results).toEqual(['miss', 'miss', 'hit']);
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const COMPLETE: Outcome = { kind: 'complete', status: 200, bytesSent: 1 };

async function text(reply: Reply): Promise<string> {
  if (!isStream(reply.body)) return typeof reply.body === 'string' ? reply.body : Buffer.from(reply.body ?? []).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of reply.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* streamOf(...parts: string[]): ByteStream {
  for (const part of parts) yield Buffer.from(part);
}

describe('what is answered from the cache', () => {
  test('the same question of the same tenant, with its age', async () => {
    const { ask, clock, calls } = setup();
    await ask({});
    clock.advance(3_500);
    const { reply, exchange } = await ask({});
    expect(await text(reply)).toBe('{"x":1}');
    expect(exchange.replyHeaders).toMatchObject({ 'x-cache': 'HIT', age: '3' });
    expect(calls()).toBe(1);
  });

  test('not after its time', async () => {
    const { ask, clock, calls } = setup();
    await ask({});
    clock.advance(60_000);
    await ask({});
    expect(calls()).toBe(2);
  });

  for (const row of [
    { name: 'another tenant', ask: { principal: { ...ALICE, tenant: 't2' } } },
    { name: 'another end user', ask: { principal: { ...ALICE, user: 'bob' } } },
    { name: 'another question', ask: { body: { ...CHAT, seed: 1 } } },
  ] satisfies { name: string; ask: Ask }[]) {
    test(`${row.name} never gets it`, async () => {
      const { ask, calls } = setup();
      await ask({});
      await ask(row.ask);
      expect(calls()).toBe(2);
    });
  }

  test('a question with chance in it is not cached, unless the config says any', async () => {
    const body = { ...CHAT, temperature: 0.7 };
    const sure = setup();
    await sure.ask({ body });
    await sure.ask({ body });
    expect(sure.calls()).toBe(2);
    const any = setup({ any: true });
    await any.ask({ body });
    await any.ask({ body });
    expect(any.calls()).toBe(1);
  });
});

describe('what the caller says', () => {
  test('no-store neither reads nor keeps', async () => {
    const { ask, calls, results } = setup();
    await ask({ headers: { 'cache-control': 'no-store' } });
    await ask({});
    await ask({ headers: { 'cache-control': 'no-store' } });
    expect(calls()).toBe(3);
    expect(results).toEqual(['bypass', 'miss', 'bypass']);
  });

  test('no-cache asks anew and keeps the answer', async () => {
    const { ask, calls } = setup();
    await ask({});
    await ask({ headers: { 'cache-control': 'no-cache' } });
    await ask({});
    expect(calls()).toBe(2);
  });
});

describe('what is kept', () => {
  for (const row of [
    { name: 'an error', reply: { ...JSON_REPLY, status: 500 } },
    { name: 'a reply with a cookie', reply: { ...JSON_REPLY, cookies: ['a=b'] } },
    { name: 'a private reply', reply: { ...JSON_REPLY, headers: { 'cache-control': 'private, max-age=60' } } },
    { name: 'a reply that the service forbids to keep', reply: { ...JSON_REPLY, headers: { 'cache-control': 'no-store' } } },
    { name: 'a reply of no time', reply: { ...JSON_REPLY, headers: { 'cache-control': 'max-age=0' } } },
    { name: 'a reply that varies with everything', reply: { ...JSON_REPLY, headers: { vary: '*' } } },
    { name: 'an answer over the size', reply: { ...JSON_REPLY, body: 'x'.repeat(5_000) } },
  ] satisfies { name: string; reply: Reply }[]) {
    test(`${row.name} is not`, async () => {
      const { ask, calls } = setup({ reply: () => row.reply });
      await ask({ route: SERVICE });
      await ask({ route: SERVICE });
      expect(calls()).toBe(2);
    });
  }

  for (const directive of ['no-store', 'private', 'no-cache', 'max-age=0']) {
    test(`a service's stream that says ${directive} is not`, async () => {
      const { ask, calls } = setup({
        reply: () => ({ status: 200, headers: { 'cache-control': directive }, body: streamOf('{"of":"ann"}') }),
      });
      const first = await ask({ route: SERVICE });
      await text(first.reply);
      first.exchange.end(COMPLETE);
      await ask({ route: SERVICE });
      expect(calls()).toBe(2);
    });
  }

  test('a stream of a model that says no-cache to proxies is, one that says no-store is not', async () => {
    for (const [directive, count] of [
      ['no-cache', 1],
      ['no-store', 2],
    ] as const) {
      const { ask, calls } = setup({
        reply: () => ({ status: 200, headers: { 'cache-control': directive }, body: streamOf('data: [DONE]\n\n') }),
      });
      const first = await ask({ body: { ...CHAT, stream: true } });
      await text(first.reply);
      first.exchange.end(COMPLETE);
      await ask({ body: { ...CHAT, stream: true } });
      expect(calls()).toBe(count);
    }
  });

  test('what the gateway holds of somebody is not, whatever the rules say', async () => {
    const exported: RouteInfo = { pattern: '/api/users/{id}/export', kind: 'resource', access: 'key', dialect: 'service' };
    const { ask } = setup();
    expect(String(await ask({ route: exported }).catch((error: unknown) => error))).toContain('the cache does not apply');
  });

  test('max-age shortens the time', async () => {
    const { ask, clock, calls } = setup({ reply: () => ({ ...JSON_REPLY, headers: { 'cache-control': 'max-age=5' } }) });
    await ask({ route: SERVICE });
    clock.advance(4_000);
    await ask({ route: SERVICE });
    expect(calls()).toBe(1);
    clock.advance(1_000);
    await ask({ route: SERVICE });
    expect(calls()).toBe(2);
  });

  test('a stream is kept when it ended whole, and comes back as the same events', async () => {
    const { ask, calls } = setup({
      reply: () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: streamOf('data: a\n\n', 'data: [DONE]\n\n') }),
    });
    const first = await ask({ body: { ...CHAT, stream: true } });
    expect(await text(first.reply)).toBe('data: a\n\ndata: [DONE]\n\n');
    first.exchange.end(COMPLETE);
    const second = await ask({ body: { ...CHAT, stream: true } });
    expect(await text(second.reply)).toBe('data: a\n\ndata: [DONE]\n\n');
    expect(second.reply.headers['content-type']).toBe('text/event-stream');
    expect(calls()).toBe(1);
  });

  for (const kind of ['cut', 'client_closed'] as const) {
    test(`a stream that ended ${kind} is not`, async () => {
      const { ask, calls } = setup({ reply: () => ({ status: 200, headers: {}, body: streamOf('data: a\n\n') }) });
      const first = await ask({ body: { ...CHAT, stream: true } });
      await text(first.reply);
      first.exchange.end({ kind, status: 200, bytesSent: 9 });
      await ask({ body: { ...CHAT, stream: true } });
      expect(calls()).toBe(2);
    });
  }
});

describe('coalescing', () => {
  test('identical questions under way share one call', async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, calls, results } = setup({ coalesce: true, reply: async () => (await gate.promise, JSON_REPLY) });
    const asked = [ask({}), ask({}), ask({})];
    await Promise.resolve();
    gate.resolve();
    for (const { reply } of await Promise.all(asked)) expect(await text(reply)).toBe('{"x":1}');
    expect(calls()).toBe(1);
    expect(results).toEqual(['miss', 'coalesced', 'coalesced']);
  });

  test('when the first fails, each of the others asks for itself', async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, calls } = setup({
      coalesce: true,
      reply: async (call) => {
        await gate.promise;
        if (call === 1) throw new Error('the first fails');
        return JSON_REPLY;
      },
    });
    const first = ask({});
    const others = [ask({}), ask({})];
    gate.resolve();
    expect(await failureOf(first)).toBe('the first fails');
    for (const { reply } of await Promise.all(others)) expect(reply.status).toBe(200);
    expect(calls()).toBe(3);
  });

  test('who waits and leaves does not wait on', async () => {
    const gate = Promise.withResolvers<void>();
    const { ask } = setup({ coalesce: true, reply: async () => (await gate.promise, JSON_REPLY) });
    const leaver = new AbortController();
    const first = ask({});
    const second = ask({ signal: leaver.signal });
    await Promise.resolve();
    leaver.abort(new Error('gone'));
    expect(await failureOf(second)).toBe('gone');
    gate.resolve();
    expect((await first).reply.status).toBe(200);
  });

  test('streams and different tenants never share', async () => {
    const gate = Promise.withResolvers<void>();
    const { ask, calls } = setup({ coalesce: true, reply: async () => (await gate.promise, JSON_REPLY) });
    const asked = [
      ask({}),
      ask({ principal: { ...ALICE, tenant: 't2' } }),
      ask({ body: { ...CHAT, stream: true } }),
      ask({ body: { ...CHAT, stream: true } }),
    ];
    await Promise.resolve();
    gate.resolve();
    await Promise.all(asked);
    expect(calls()).toBe(4);
  });
});

describe('an entry', () => {
  test('comes back as it was', () => {
    const entry = { status: 200, headers: { 'content-type': 'x/ü' }, storedAtMs: 5, body: Buffer.from([0, 255, 10]) };
    expect(decodeEntry(encodeEntry(entry))).toEqual({ ...entry, body: new Uint8Array(entry.body) });
  });

  test('of another version, cut or garbled is a miss', () => {
    const bytes = encodeEntry({ status: 200, headers: {}, storedAtMs: 5, body: Buffer.from('abc') });
    expect(decodeEntry(bytes.subarray(0, 8))).toBeUndefined();
    expect(decodeEntry(Uint8Array.of(9, ...bytes.subarray(1)))).toBeUndefined();
    expect(decodeEntry(Uint8Array.of(1, 0, 0, 0, 2, 0x7b, 0x7b, 1))).toBeUndefined();
    expect(decodeEntry(new Uint8Array(0))).toBeUndefined();
  });
});
