/* Breakers, balance, health and reload, over real sockets. */
import { expect, test } from 'bun:test';
import { UpstreamCallError } from '../../src/upstream/call-error.ts';
import { httpReply, inTurn, ok, silence, startFaultyUpstream, status } from './faulty-upstream.ts';
import { createRig, eventually, failureOf, PASS } from './rig.ts';

const ONE_TRY = { attempts_max: 1 };

test('five failures in a row open the breaker, which then refuses without asking', async () => {
  await using a = await startFaultyUpstream(status(500));
  using rig = createRig({ 'recommendation-service': [a.url] }, { retries: ONE_TRY });
  for (let index = 0; index < 5; index += 1) await failureOf(rig.call());
  const error = await failureOf(rig.call());
  expect([error.code, error.status, error.message]).toEqual(['breaker_open', 503, "Circuit breaker 'recommendation-service' is OPEN"]);
  expect(error.options.retryAfterMs).toBeWithin(1, 1_001);
  expect(a.requests.length).toBe(5);
  expect(rig.breakerChanges).toEqual(['recommendation-service: closed > open']);
  expect(rig.registry.breakers()).toMatchObject([
    { name: 'recommendation-service', snapshot: { state: 'open', failureCount: 5, recentFailures: 5, totalCalls: 5 } },
  ]);
});

test('a half-open breaker lets exactly one of fifty calls through, and closes after two successes', async () => {
  let isIll = true;
  const held: (() => void)[] = [];
  await using a = await startFaultyUpstream((request, socket) => {
    if (isIll) socket.write(httpReply(500, ''));
    else held.push(() => socket.write(httpReply(200, `ok ${request.number}`)));
  });
  using rig = createRig({ a: [a.url] }, { retries: ONE_TRY, breaker: { first_timeout: 20, timeout: 20 } });
  for (let index = 0; index < 5; index += 1) await failureOf(rig.call());
  isIll = false;
  await eventually('its time is up', () => rig.registry.breakers()[0]?.snapshot.state === 'half-open');

  const outcomes = Array.from({ length: 50 }, () =>
    rig.call().then(
      () => 'ok',
      (error: unknown) => (error instanceof UpstreamCallError ? error.code : error),
    ),
  );
  await eventually('the probe has arrived', () => held.length > 0);
  held.shift()?.();
  expect(
    Object.fromEntries(
      Map.groupBy(await Promise.all(outcomes), String)
        .entries()
        .map(([outcome, all]) => [outcome, all.length]),
    ),
  ).toEqual({
    breaker_open: 49,
    ok: 1,
  });
  expect(a.requests.length).toBe(6);

  const second = rig.call();
  await eventually('the second probe has arrived', () => held.length > 0);
  held.shift()?.();
  await second;
  expect(rig.breakerChanges.slice(1)).toEqual(['a: open > half-open', 'a: half-open > closed']);
});

test('a probe whose caller leaves makes room for another', async () => {
  await using a = await startFaultyUpstream((request, socket) => {
    if (request.number <= 5) socket.write(httpReply(500, ''));
    else if (request.number > 6) socket.write(httpReply(200, 'ok'));
  });
  using rig = createRig({ a: [a.url] }, { retries: ONE_TRY, breaker: { first_timeout: 20, timeout: 20, success_threshold: 1 } });
  for (let index = 0; index < 5; index += 1) await failureOf(rig.call());
  await eventually('its time is up', () => rig.registry.breakers()[0]?.snapshot.state === 'half-open');
  const caller = new AbortController();
  const left = failureOf(rig.call({ signal: caller.signal }));
  await eventually('the probe has arrived', () => a.requests.length === 6);
  caller.abort();
  expect((await left).code).toBe('client_closed');
  await rig.call();
  expect(rig.registry.breakers()[0]?.snapshot.state).toBe('closed');
});

test("callers' faults and rate limits never open a breaker", async () => {
  await using a = await startFaultyUpstream(
    inTurn(...Array.from({ length: 30 }, (_, index) => status([400, 404, 422, 429, 401][index % 5] ?? 400))),
  );
  using rig = createRig({ a: [a.url] }, { retries: ONE_TRY });
  for (let index = 0; index < 30; index += 1) await rig.call().catch(() => {});
  expect([a.requests.length, rig.breakerChanges]).toEqual([30, []]);
});

test('a reload keeps the state of what stayed, and drains what went', async () => {
  await using a = await startFaultyUpstream(status(500));
  await using b = await startFaultyUpstream(silence);
  using rig = createRig({ a: [a.url], b: [b.url] }, { retries: ONE_TRY });
  for (let index = 0; index < 5; index += 1) await failureOf(rig.call({ targets: ['a'] }));
  const underway = rig.call({ targets: ['b'], totalTimeoutMs: 300 });
  await eventually('b was asked', () => b.requests.length === 1);

  rig.configure({ a: [a.url], c: [b.url] }, { retries: { attempts_max: 3 }, first_token_timeout: 50 });
  expect(rig.registry.breakers().map(({ name, snapshot }) => [name, snapshot.state])).toEqual([
    ['a', 'open'],
    ['c', 'closed'],
  ]);
  expect(rig.registry.group('b')).toBeUndefined();
  // What was under way is not cut: it ends by its own deadline.
  expect((await failureOf(underway)).code).toBe('upstream_timeout');

  rig.configure({ a: [a.url] }, { breaker: { failure_threshold: 7 } });
  expect(rig.registry.breakers()[0]?.snapshot.state).toBe('closed');
  expect(() => rig.configure({ a: ['ftp://x/'] })).toThrow('must be http or https');
  expect(rig.registry.group('a')).toBeDefined();
});

test('several addresses have a breaker each, and a reset by name or by group', async () => {
  await using a = await startFaultyUpstream(status(500));
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ s: [a.url, b.url] }, { balance: 'round_robin', breaker: { failure_threshold: 1 } });
  const names = [`s@127.0.0.1:${a.port}`, `s@127.0.0.1:${b.port}`];
  expect(rig.registry.breakers().map(({ name }) => name)).toEqual(names);
  await rig.call();
  await rig.call();
  const states = () => rig.registry.breakers().map(({ snapshot }) => snapshot.state);
  expect(states()).toEqual(['open', 'closed']);
  expect(rig.registry.health().map((entry) => entry.status)).toEqual(['unhealthy', 'healthy']);
  expect([rig.registry.resetBreaker('nobody'), rig.registry.resetBreaker(names[0] ?? '')]).toEqual([false, true]);
  expect(states()).toEqual(['closed', 'closed']);
  expect(rig.registry.resetBreaker('s')).toBe(true);
});

test('an address that is down costs no caller anything while another is up', async () => {
  await using b = await startFaultyUpstream(ok);
  await using gone = await startFaultyUpstream(ok);
  await gone[Symbol.asyncDispose]();
  using rig = createRig({ s: [gone.url, b.url] });
  for (let index = 0; index < 40; index += 1) expect((await rig.call({ expect: PASS, replayable: false })).status).toBe(200);
  // It opened after five refusals at most, and its probes are left to requests that may run twice.
  expect(rig.attempts.filter(({ outcome }) => outcome !== 'ok').length).toBeLessThanOrEqual(5);
});

test('an address that returns is noticed by real requests, though the balancer would prefer the other', async () => {
  await using b = await startFaultyUpstream(ok);
  const gone = await startFaultyUpstream(ok);
  const { port } = gone;
  await gone[Symbol.asyncDispose]();
  using rig = createRig({ s: [gone.url, b.url] }, { breaker: { first_timeout: 20, timeout: 50, failure_threshold: 1 } });
  while (rig.breakerChanges.length === 0) await rig.call();
  await using back = await startFaultyUpstream(ok, port);
  const deadlineMs = performance.now() + 2_000;
  while (rig.registry.breakers()[0]?.snapshot.state !== 'closed' && performance.now() < deadlineMs) await rig.call();
  expect(rig.registry.breakers()[0]?.snapshot.state).toBe('closed');
  expect(back.requests.length).toBeGreaterThanOrEqual(2);
});

test('peak-EWMA prefers the faster address', async () => {
  await using slow = await startFaultyUpstream((_request, socket) => void setTimeout(() => socket.write(httpReply(200, 'slow')), 20));
  await using fast = await startFaultyUpstream(ok);
  using rig = createRig({ s: [slow.url, fast.url] }, { balance: 'peak_ewma' });
  for (let index = 0; index < 100; index += 1) await rig.call();
  expect(fast.requests.length).toBeGreaterThan(90);
});

test('an address at its connections_max is left out, and when all are, callers are told', async () => {
  await using a = await startFaultyUpstream(silence);
  using rig = createRig({ a: [a.url] }, { pool: { connections_max: 2 } });
  const caller = new AbortController();
  const held = [0, 1].map(() => failureOf(rig.call({ signal: caller.signal })));
  await eventually('both are under way', () => a.requests.length === 2);
  const error = await failureOf(rig.call());
  expect([error.code, error.status]).toEqual(['overloaded', 503]);
  caller.abort();
  await Promise.all(held);
});

test('active checks take an ill address out and bring it back, and are not believed when all are ill', async () => {
  let isIll = false;
  const answer = (name: string) => (request: { target: string }, socket: import('node:net').Socket) => {
    if (request.target === '/healthz') socket.write(httpReply(isIll || name === 'b' ? 503 : 200, ''));
    else socket.write(httpReply(200, name));
  };
  await using a = await startFaultyUpstream(answer('a'));
  await using b = await startFaultyUpstream(answer('b'));
  const health = { path: '/healthz', interval: 100, timeout: 50, unhealthy_after: 2, healthy_after: 1 };
  using rig = createRig({ s: [`${a.url}/v1`, `${b.url}/v1`] }, { health, balance: 'round_robin' });
  const endpoints = rig.registry.group('s')?.endpoints ?? [];
  const working = () => b.requests.filter(({ target }) => target !== '/healthz').length;
  await eventually('b is found ill', () => endpoints[1]?.healthy === false && rig.registry.health()[0]?.status === 'healthy');
  expect(rig.registry.health()).toMatchObject([{ statusCode: 200 }, { status: 'unhealthy', statusCode: 503 }]);
  for (let index = 0; index < 10; index += 1) await rig.call();
  expect(working()).toBe(0);

  isIll = true;
  await eventually('a is found ill too', () => endpoints[0]?.healthy === false);
  for (let index = 0; index < 10; index += 1) await rig.call();
  expect(working()).toBeGreaterThan(0);

  isIll = false;
  await eventually('a is well again', () => endpoints[0]?.healthy === true);
});
