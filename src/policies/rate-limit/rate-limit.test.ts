import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import { createManualClock } from '../../base/manual-clock.ts';
import { Exchange } from '../../pipeline/exchange.ts';
import { type Principal, principalFact } from '../../pipeline/facts.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import { createMemoryCounterStore } from '../../stores/counter/memory.ts';
import { createRateLimit } from './rate-limit.ts';
import { limitsConfig } from './rate-limit-config.ts';

const ROUTE: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat' };
const KEY: Principal = { id: 'key-1', tenant: 't', tier: 'standard', admin: false, kind: 'key' };
const ANONYMOUS: Principal = { ...KEY, id: 'anonymous', kind: 'anonymous' };

interface Ask {
  readonly principal?: Principal;
  readonly path?: string;
  readonly address?: string;
}

function setup(limits: object) {
  const clock = createManualClock(1_700_000_000_000);
  const limited: string[] = [];
  const counters = createMemoryCounterStore({ keysMax: 1_000 }, { clock });
  const policy = createRateLimit(limitsConfig.parse(limits), { counters, onLimited: (scope) => limited.push(scope) });
  const handler = policy.layer(ROUTE)?.(() => Promise.resolve({ status: 200, headers: {}, body: null }));
  const ask = async (given: Ask = {}): Promise<{ error: GatewayError | undefined; headers: Record<string, string> }> => {
    const exchange = new Exchange({
      id: 'c',
      route: ROUTE,
      signal: new AbortController().signal,
      address: given.address ?? '10.0.0.1',
      clock,
    });
    exchange.set(principalFact, given.principal ?? KEY);
    try {
      await handler?.({ path: given.path ?? '/v1/chat/completions' } as never, exchange);
      return { error: undefined, headers: exchange.replyHeaders };
    } catch (error) {
      if (error instanceof GatewayError) return { error, headers: exchange.replyHeaders };
      throw error;
    }
  };
  const admitted = async (count: number, given: Ask = {}): Promise<number> => {
    let passed = 0;
    for (let index = 0; index < count; index++) if ((await ask(given)).error === undefined) passed += 1;
    return passed;
  };
  return { clock, limited, ask, admitted, handler };
}

describe('limits', () => {
  test('61 requests at once give one refusal, in the documented shape', async () => {
    const { ask, admitted, limited } = setup({});
    expect(await admitted(60)).toBe(60);
    const { error, headers } = await ask();
    expect(error?.code).toBe('rate_limited');
    expect(error?.options.detail).toEqual({ error: 'Rate limit exceeded', limit_per_minute: 60, limit_per_hour: 1_000, retry_after: 1 });
    expect(headers).toMatchObject({
      'x-ratelimit-limit-minute': '60',
      'x-ratelimit-remaining-minute': '0',
      'x-ratelimit-limit-hour': '1000',
      'x-ratelimit-remaining-hour': '940',
    });
    expect(Number(headers['x-ratelimit-reset-minute'])).toBe(1_700_000_060);
    expect(limited).toEqual(['tier:standard']);
  });

  test('a refused request is not charged to any window', async () => {
    const { ask, admitted } = setup({ default: { per_minute: 2, per_hour: 10 } });
    await admitted(5);
    expect((await ask()).headers['x-ratelimit-remaining-hour']).toBe('8');
  });

  test('waiting as long as it says is enough', async () => {
    const { ask, admitted, clock } = setup({ default: { per_minute: 60 } });
    await admitted(60);
    const { error } = await ask();
    clock.advance(error?.options.retryAfterMs ?? 0);
    expect((await ask()).error).toBeUndefined();
  });

  test('tiers differ, and keys do not share', async () => {
    const { admitted } = setup({ default: { per_minute: 2 }, tiers: { developer: { per_minute: 5 } } });
    expect(await admitted(9)).toBe(2);
    expect(await admitted(9, { principal: { ...KEY, id: 'key-2' } })).toBe(2);
    expect(await admitted(9, { principal: { ...KEY, id: 'key-3', tier: 'developer' } })).toBe(5);
  });

  test('anonymous callers are counted by address', async () => {
    const { admitted } = setup({ default: { per_minute: 2 } });
    expect(await admitted(5, { principal: ANONYMOUS, address: '10.0.0.1' })).toBe(2);
    expect(await admitted(5, { principal: ANONYMOUS, address: '10.0.0.2' })).toBe(2);
  });

  test('a route has its own limit beside the general one, by address', async () => {
    const { admitted, limited } = setup({ default: { per_minute: 100 }, routes: [{ match: '/api/chat', per_second: 10, by: 'ip' }] });
    expect(await admitted(12, { path: '/api/chat' })).toBe(10);
    expect(await admitted(12, { path: '/api/chat', address: '10.9.9.9' })).toBe(10);
    expect(await admitted(12, { path: '/api/other' })).toBe(12);
    expect(limited[0]).toBe('route:/api/chat');
  });

  test('of two limits over the same time, callers are told the one that leaves the least', async () => {
    const { ask, admitted } = setup({
      default: { per_second: 100, per_hour: 5 },
      routes: [{ match: '/api/chat', per_second: 3, by: 'ip' }],
    });
    const told = { 'x-ratelimit-limit-second': '3', 'x-ratelimit-remaining-second': '2', 'x-ratelimit-limit-hour': '5' };
    expect((await ask({ path: '/api/chat' })).headers).toMatchObject(told);
    await admitted(2, { path: '/api/chat' });
    const { error } = await ask({ path: '/api/chat' });
    expect(error?.options.detail).toEqual({ error: 'Rate limit exceeded', limit_per_second: 3, limit_per_hour: 5, retry_after: 1 });
    expect((await ask({ path: '/api/other' })).headers).toMatchObject({ 'x-ratelimit-limit-second': '100' });
  });

  test('by user, the users of one tenant are told apart', async () => {
    const { admitted } = setup({ default: {}, routes: [{ match: '/*', per_minute: 1, by: 'user' }] });
    expect(await admitted(3, { principal: { ...KEY, user: 'ann' } })).toBe(1);
    expect(await admitted(3, { principal: { ...KEY, user: 'bob' } })).toBe(1);
  });

  test('shadow mode lets pass and counts', async () => {
    const { admitted, limited } = setup({ mode: 'shadow', default: { per_minute: 1 } });
    expect(await admitted(4)).toBe(4);
    expect(limited.length).toBe(3);
  });

  test('off costs nothing', () => {
    expect(setup({ mode: 'off' }).handler).toBeUndefined();
  });
});
