/* What a failing upstream looks like from outside: replies and attempts, over real sockets. */
import { expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { chunk, chunkedHead, httpReply, inTurn, ok, reset, silence, startFaultyUpstream, status } from './faulty-upstream.ts';
import { candidate, createRig, eventually, failureOf, PASS, STREAM, textOf } from './rig.ts';

const cut = (_request: unknown, socket: import('node:net').Socket) => {
  socket.end(httpReply(200, '0123456789').slice(0, -5));
};

test('a healthy upstream is asked once', async () => {
  await using a = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url] });
  const reply = await rig.call();
  expect([reply.status, textOf(reply), reply.attempts.length, a.requests.length]).toEqual([200, 'ok 1', 1, 1]);
  expect(rig.attempts[0]).toMatchObject({ target: 'a', endpoint: `127.0.0.1:${a.port}`, outcome: 'ok', status: 200 });
});

for (const row of [
  { name: 'a reset before the head is tried once more at the same target', first: reset, asked: [2, 0] },
  { name: 'a 500 is tried once more at the same target', first: status(500), asked: [2, 0] },
  { name: 'a cut body is tried once more at the same target', first: cut, asked: [2, 0] },
  { name: 'a 503 goes to the next target', first: status(503), asked: [1, 1] },
  { name: 'a 504 goes to the next target', first: status(504), asked: [1, 1] },
  { name: 'a 429 without Retry-After goes to the next target', first: status(429), asked: [1, 1] },
  { name: 'a 429 with a Retry-After that fits is waited for', first: status(429, { 'retry-after-ms': '30' }), asked: [2, 0] },
  { name: 'a 429 with a long Retry-After goes to the next target', first: status(429, { 'retry-after': '60' }), asked: [1, 1] },
  { name: 'a refused credential goes to the next target', first: status(401), asked: [1, 1] },
  { name: 'a 302 is no result and is not followed', first: status(302, { location: 'http://127.0.0.1:1/' }), asked: [2, 0] },
  {
    name: 'what is not HTTP is tried once more',
    first: (_: unknown, socket: import('node:net').Socket) => void socket.end('SSH-2.0-x\r\n\r\n'),
    asked: [2, 0],
  },
]) {
  test(row.name, async () => {
    await using a = await startFaultyUpstream(inTurn(row.first, ok));
    await using b = await startFaultyUpstream(ok);
    using rig = createRig({ a: [a.url], b: [b.url] });
    const reply = await rig.call();
    expect([reply.status, a.requests.length, b.requests.length]).toEqual([200, ...row.asked]);
    expect(reply.attempts.length).toBe(2);
  });
}

test('a persistent 500 is asked twice, then the next target answers', async () => {
  await using a = await startFaultyUpstream(status(500));
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url], b: [b.url] });
  const reply = await rig.call();
  expect([reply.candidate.name, a.requests.length, b.requests.length]).toEqual(['b', 2, 1]);
  expect(rig.retries).toEqual(['upstream_error']);
  expect(rig.fallbacks).toEqual(['a > b: upstream_error']);
});

test('a refused connection goes to the next target, and another address of the same target is asked first', async () => {
  await using b = await startFaultyUpstream(ok);
  await using gone = await startFaultyUpstream(ok);
  await gone[Symbol.asyncDispose]();
  using rig = createRig({ a: [gone.url, b.url], c: [gone.url] }, { balance: 'round_robin' });
  const first = await rig.call();
  const second = await rig.call();
  expect([first.candidate.name, second.candidate.name]).toEqual(['a', 'a']);
  const third = await rig.call({ targets: ['c', 'a'] });
  expect(third.candidate.name).toBe('a');
});

test('a silent target is left after the first-token deadline, and not asked again', async () => {
  await using a = await startFaultyUpstream(silence);
  await using b = await startFaultyUpstream((_request, socket) => {
    socket.write(chunkedHead(200) + chunk('T'));
  });
  using rig = createRig({ a: [a.url], b: [b.url] });
  const reply = await rig.call({ expect: STREAM, firstTokenTimeoutMs: 500 });
  expect([reply.candidate.name, a.requests.length]).toEqual(['b', 1]);
  expect(reply.attempts[0]).toMatchObject({ outcome: 'upstream_timeout' });
  await eventually('the silent connection is closed', () => a.open === 0);
  if (reply.body.kind === 'open') reply.body.settle('cancelled');
});

test('a head without a first token is silence too', async () => {
  await using a = await startFaultyUpstream((_request, socket) => void socket.write(chunkedHead(200) + chunk(': nothing yet')));
  using rig = createRig({ a: [a.url] });
  const error = await failureOf(rig.call({ expect: STREAM, firstTokenTimeoutMs: 60 }));
  expect([error.code, a.requests.length]).toEqual(['upstream_timeout', 1]);
});

test('a stream that is cut before its first token is tried again', async () => {
  await using a = await startFaultyUpstream(
    inTurn(
      (_request, socket) => socket.end(chunkedHead(200) + chunk(': hello')),
      (_request, socket) => void socket.write(chunkedHead(200) + chunk('T')),
    ),
  );
  using rig = createRig({ a: [a.url] });
  const reply = await rig.call({ expect: STREAM });
  expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(['upstream_stream_interrupted', 'ok']);
  if (reply.body.kind === 'open') reply.body.settle('cancelled');
});

test('the total deadline ends everything', async () => {
  await using a = await startFaultyUpstream(silence);
  using rig = createRig({ a: [a.url], b: [a.url] });
  const startMs = performance.now();
  const error = await failureOf(rig.call({ totalTimeoutMs: 80 }));
  expect([error.code, a.requests.length]).toEqual(['upstream_timeout', 2]);
  expect(performance.now() - startMs).toBeLessThan(500);
});

test('a target that is silent instead of a whole reply leaves half of the time to the next', async () => {
  await using a = await startFaultyUpstream(silence);
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url], b: [b.url] });
  const startMs = performance.now();
  const reply = await rig.call({ totalTimeoutMs: 400 });
  expect([reply.candidate.name, a.requests.length, b.requests.length]).toEqual(['b', 1, 1]);
  expect(performance.now() - startMs).toBeWithin(190, 400);
});

test("a 4xx that is the caller's own fault is shown as it came", async () => {
  await using a = await startFaultyUpstream(status(422, {}, '{"odd" : "bytes"}'));
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url], b: [b.url] });
  const reply = await rig.call();
  expect([reply.status, textOf(reply), reply.refusal?.code, b.requests.length]).toEqual([422, '{"odd" : "bytes"}', 'request_invalid', 0]);
  expect(rig.registry.breakers()[0]?.snapshot).toMatchObject({ failureCount: 0, totalCalls: 1 });
});

test('when all have failed, the last meaningful status and the smallest Retry-After are told, with what was tried', async () => {
  await using a = await startFaultyUpstream(status(429, { 'retry-after': '7' }));
  await using b = await startFaultyUpstream(status(429, { 'retry-after': '30' }));
  using rig = createRig({ a: [a.url], b: [b.url] });
  const error = await failureOf(rig.call());
  expect([error.status, error.code, error.options.retryAfterMs]).toEqual([429, 'upstream_rate_limited', 7_000]);
  expect(error.message).toBe('status 429');
  expect(error.attempts.map(({ target }) => target)).toEqual(['a', 'b']);
  expect(error.reply?.status).toBe(429);
  expect(error.options.detail?.attempts).toEqual([
    { target: 'a', outcome: 'upstream_rate_limited', status: 429 },
    { target: 'b', outcome: 'upstream_rate_limited', status: 429 },
  ]);
});

test('an upstream 401 is never told as one, and benches the target', async () => {
  await using a = await startFaultyUpstream(status(401));
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url], b: [b.url] });
  await rig.call();
  await rig.call();
  expect([a.requests.length, b.requests.length]).toEqual([1, 2]);
  const error = await failureOf(rig.call({ targets: ['a'] }));
  expect([error.status, error.code]).toEqual([502, 'upstream_credentials']);
  expect(rig.registry.breakers().find(({ name }) => name === 'a')?.snapshot.failureCount).toBe(0);
});

test('a request that must not run twice is only sent again when it surely was not executed', async () => {
  await using broken = await startFaultyUpstream(reset);
  await using failing = await startFaultyUpstream(status(500));
  await using gone = await startFaultyUpstream(ok);
  await gone[Symbol.asyncDispose]();
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ broken: [broken.url], failing: [failing.url], gone: [gone.url], b: [b.url] });
  expect((await failureOf(rig.call({ targets: ['broken', 'b'], replayable: false, expect: PASS }))).code).toBe('upstream_unreachable');
  expect((await failureOf(rig.call({ targets: ['failing', 'b'], replayable: false, expect: PASS }))).status).toBe(500);
  expect(b.requests.length).toBe(0);
  expect((await rig.call({ targets: ['gone', 'b'], replayable: false, expect: PASS })).candidate.name).toBe('b');
});

test('a streamed body goes to the next address after a refused connection, but not after it began', async () => {
  const stream = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('streamed'));
        controller.close();
      },
    });
  await using gone = await startFaultyUpstream(ok);
  await gone[Symbol.asyncDispose]();
  await using failing = await startFaultyUpstream(status(503, { 'retry-after-ms': '1' }));
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ gone: [gone.url], failing: [failing.url], b: [b.url] });
  const first = stream();
  const reply = await rig.call({ candidates: [candidate('gone', { body: first }), candidate('b', { body: first })], expect: PASS });
  expect([reply.status, b.requests[0]?.body]).toEqual([200, '8\r\nstreamed\r\n0\r\n\r\n']);
  const second = stream();
  const error = await failureOf(
    rig.call({ candidates: [candidate('failing', { body: second }), candidate('b', { body: second })], expect: PASS }),
  );
  expect([error.status, b.requests.length]).toEqual([503, 1]);
});

test('a caller who leaves during a wait, an attempt or a stream frees the upstream within 250 ms', async () => {
  await using quiet = await startFaultyUpstream(silence);
  await using limited = await startFaultyUpstream(status(429, { 'retry-after': '3' }));
  await using streaming = await startFaultyUpstream((_request, socket) => void socket.write(chunkedHead(200) + chunk('T')));
  using rig = createRig({ quiet: [quiet.url], limited: [limited.url], streaming: [streaming.url] });
  for (const target of ['quiet', 'limited']) {
    const caller = new AbortController();
    const failed = failureOf(rig.call({ targets: [target], signal: caller.signal }));
    await eventually('the upstream was asked', () => (target === 'quiet' ? quiet : limited).requests.length === 1);
    if (target === 'limited') await eventually('the attempt has ended', () => rig.attempts.length === 2);
    const leftMs = performance.now();
    caller.abort();
    expect((await failed).code).toBe('client_closed');
    if (target === 'quiet') await eventually('its connection is closed', () => quiet.open === 0);
    expect(performance.now() - leftMs).toBeLessThan(250);
  }
  const caller = new AbortController();
  const reply = await rig.call({ targets: ['streaming'], expect: STREAM, signal: caller.signal });
  if (reply.body.kind !== 'open') throw new Error('not open');
  const pending = reply.body.reader?.read().then(
    () => 'read',
    () => 'rejected',
  );
  expect(rig.registry.group('streaming')?.endpoints[0]?.inFlight).toBe(1);
  const leftMs = performance.now();
  caller.abort();
  await eventually('the stream is closed upstream', () => streaming.open === 0);
  expect(performance.now() - leftMs).toBeLessThan(250);
  expect(await pending).toBe('rejected');
  reply.body.settle('cancelled');
  reply.body.settle('failed');
  expect(rig.registry.group('streaming')?.endpoints[0]?.inFlight).toBe(0);
  expect(rig.registry.breakers().map(({ snapshot }) => snapshot.failureCount)).toEqual([0, 0, 0]);
});

test('a drain stops a call at once, with its own words', async () => {
  await using a = await startFaultyUpstream(silence);
  await using b = await startFaultyUpstream(ok);
  using rig = createRig({ a: [a.url], b: [b.url] });
  const caller = new AbortController();
  const failed = failureOf(rig.call({ signal: caller.signal }));
  await eventually('the upstream was asked', () => a.requests.length === 1);
  caller.abort(new GatewayError('draining', 'The gateway is restarting.'));
  expect([(await failed).code, rig.attempts.length, b.requests.length]).toEqual(['draining', 1, 0]);
});

test('a whole reply longer than allowed is refused, and its connection closed', async () => {
  await using a = await startFaultyUpstream((_request, socket) => {
    socket.write(chunkedHead(200));
    const more = () => {
      while (!socket.destroyed && socket.write(chunk('x'.repeat(50_000))));
    };
    socket.on('drain', more);
    more();
  });
  using rig = createRig({ a: [a.url] }, { retries: { attempts_max: 1 } });
  const error = await failureOf(rig.call());
  expect(error.code).toBe('upstream_reply_invalid');
  await eventually('the endless body is closed', () => a.open === 0);
});

test('a service reply passes after its head, a short one whole, and its own errors as they are', async () => {
  await using a = await startFaultyUpstream(
    inTurn(
      (_request, socket) => void socket.write(chunkedHead(200) + chunk('first') + chunk('second') + chunk('')),
      status(404, { 'x-own': '1' }, 'nothing here'),
      status(401, {}, 'who are you?'),
    ),
  );
  using rig = createRig({ a: [a.url] });
  const open = await rig.call({ expect: PASS });
  if (open.body.kind !== 'open') throw new Error('not open');
  let text = '';
  for (let read = await open.body.reader?.read(); read?.done === false; read = await open.body.reader?.read())
    text += new TextDecoder().decode(read.value);
  open.body.settle('ok');
  expect(text).toBe('firstsecond');
  const missing = await rig.call({ expect: PASS });
  expect([missing.status, textOf(missing), missing.headers.get('x-own'), missing.refusal]).toEqual([404, 'nothing here', '1', undefined]);
  expect((await rig.call({ expect: PASS })).status).toBe(401);
});

test('a retry needs a budget', async () => {
  await using a = await startFaultyUpstream(status(500));
  using rig = createRig(
    { a: [a.url] },
    { retries: { budget_percent: 0, budget_per_second: 0.1, base_delay: 0 }, breaker: { enabled: false } },
  );
  for (let index = 0; index < 5; index += 1) await failureOf(rig.call());
  expect(a.requests.length).toBe(6);
});
