import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../base/errors.ts';
import { createManualClock } from '../base/manual-clock.ts';
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts';
import { Exchange, type Outcome } from '../pipeline/exchange.ts';
import { usageFact } from '../pipeline/facts.ts';
import { pumpStream } from './stream-pump.ts';
import { createStreamWatch } from './stream-watch.ts';
import type { Settlement } from './upstream.ts';

const HELLO = 'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n';
const STOP = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n';
const DONE = 'data: [DONE]\n\n';

interface Config {
  readonly idleTimeoutMs?: number;
  readonly pingIntervalMs?: number;
}

/** A pump on an upstream that the test plays by hand. */
function setup(config: Config = {}) {
  const clock = createManualClock();
  const watch = createStreamWatch(clock);
  const caller = new AbortController();
  const settlements: Settlement[] = [];
  const aborts: unknown[] = [];
  const outcomes: Outcome[] = [];
  let pulls = 0;
  let upstream!: ReadableStreamDefaultController<Uint8Array>;
  const source = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        upstream = controller;
      },
      pull: () => {
        pulls += 1;
      },
    },
    { highWaterMark: 0 },
  );
  const exchange = new Exchange({
    id: 'c-1',
    route: { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat' },
    signal: caller.signal,
    address: '::1',
    clock,
  });
  exchange.onEnd((outcome) => outcomes.push(outcome));
  const operation = openaiChat.decode('chat', Buffer.from('{"model":"m","stream":true,"messages":[{}]}'), { hasModel: () => false });
  const stream = pumpStream(
    { idleTimeoutMs: config.idleTimeoutMs ?? 10_000, pingIntervalMs: config.pingIntervalMs ?? 0 },
    { clock, watch },
    {
      exchange,
      dialect: openaiChat,
      meter: openaiChat.createMeter(operation),
      status: 200,
      first: [],
      body: {
        kind: 'open',
        reader: source.getReader(),
        settle: (result) => settlements.push(result),
        abort: (reason) => {
          aborts.push(reason);
          try {
            upstream.error(reason);
          } catch {
            // It had ended already.
          }
        },
      },
    },
  );
  const send = (text: string): void => upstream.enqueue(Buffer.from(text));
  const rest = async (): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  return {
    clock,
    watch,
    caller,
    settlements,
    aborts,
    outcomes,
    exchange,
    stream,
    send,
    rest,
    upstream: () => upstream,
    pulls: () => pulls,
  };
}

const textOf = (result: IteratorResult<Uint8Array, void>): string => (result.done === true ? '' : Buffer.from(result.value).toString());
const tick = (): Promise<void> => Promise.resolve();

describe('a whole stream', () => {
  test('is passed on, metered and settled once', async () => {
    const pump = setup();
    pump.send(HELLO + STOP + USAGE + DONE);
    pump.upstream().close();
    expect(await pump.rest()).toBe(HELLO + STOP + DONE);
    expect(pump.settlements).toEqual(['ok']);
    expect(pump.outcomes).toEqual([{ kind: 'complete', status: 200, bytesSent: (HELLO + STOP + DONE).length }]);
    expect(pump.exchange.get(usageFact).totalTokens).toBe(2);
    expect(pump.watch.size).toBe(0);
  });

  test('is whole after [DONE], even if the upstream then breaks', async () => {
    const pump = setup();
    pump.send(HELLO + STOP + DONE);
    const first = await pump.stream.next();
    pump.upstream().error(new Error('ECONNRESET'));
    expect(textOf(first)).toBe(HELLO + STOP + DONE);
    expect(await pump.rest()).toBe('');
    expect(pump.outcomes[0]?.kind).toBe('complete');
    expect(pump.settlements).toEqual(['ok']);
  });

  test('is whole after [DONE], even if the upstream never closes', async () => {
    const pump = setup();
    pump.send(STOP + DONE);
    await pump.stream.next();
    const last = pump.stream.next();
    await tick();
    pump.clock.advance(1_200);
    expect((await last).done).toBe(true);
    expect(pump.outcomes[0]?.kind).toBe('complete');
  });
});

describe('a stream that fails', () => {
  test('cut by the upstream, it ends in an error event and never in [DONE]', async () => {
    const pump = setup();
    pump.send(HELLO);
    await pump.stream.next();
    pump.upstream().error(new Error('ECONNRESET'));
    const told = await pump.rest();
    expect(told).toContain('"code":"upstream_stream_interrupted"');
    expect(told).not.toContain('[DONE]');
    expect(pump.settlements).toEqual(['failed']);
    expect(pump.outcomes[0]).toMatchObject({ kind: 'cut', error: 'upstream_stream_interrupted' });
  });

  test('ended cleanly but without an end, it is a cut too', async () => {
    const pump = setup();
    pump.send(HELLO);
    pump.upstream().close();
    expect(await pump.rest()).toStartWith(`${HELLO}data: {"error":`);
    expect(pump.settlements).toEqual(['failed']);
  });

  test('silent over the idle deadline, it is cut and the upstream is let go', async () => {
    const pump = setup({ idleTimeoutMs: 2_000 });
    pump.send(HELLO);
    await pump.stream.next();
    const next = pump.stream.next();
    await tick();
    pump.clock.advance(1_900);
    expect(pump.aborts).toEqual([]);
    pump.clock.advance(300);
    expect(textOf(await next)).toContain('was silent for 2000 ms');
    expect(pump.aborts.length).toBeGreaterThan(0);
    expect(pump.settlements).toEqual(['failed']);
  });

  test('a slow caller is no silent upstream', async () => {
    const pump = setup({ idleTimeoutMs: 2_000 });
    pump.send(HELLO);
    await pump.stream.next();
    pump.clock.advance(60_000);
    pump.send(STOP + DONE);
    pump.upstream().close();
    expect(await pump.rest()).toBe(STOP + DONE);
    expect(pump.outcomes[0]?.kind).toBe('complete');
  });

  test('drained, it says so in band and blames nobody', async () => {
    const pump = setup();
    pump.send(HELLO);
    await pump.stream.next();
    const next = pump.stream.next();
    const reason = new GatewayError('draining', 'the gateway is shutting down');
    pump.caller.abort(reason);
    pump.upstream().error(reason);
    expect(textOf(await next)).toContain('"code":"draining"');
    expect(pump.settlements).toEqual(['cancelled']);
  });
});

describe('a caller who leaves', () => {
  test('while a chunk is on its way: the upstream is aborted', async () => {
    const pump = setup();
    pump.send(HELLO);
    await pump.stream.next();
    await pump.stream.return();
    expect(pump.outcomes[0]?.kind).toBe('client_closed');
    expect(pump.settlements).toEqual(['cancelled']);
    expect(pump.aborts.length).toBe(1);
  });

  test('before the first byte was read: the upstream is aborted, though the generator never ran', () => {
    const pump = setup();
    pump.exchange.end({ kind: 'client_closed', status: 499, bytesSent: 0 });
    expect(pump.settlements).toEqual(['cancelled']);
    expect(pump.aborts.length).toBe(1);
    expect(pump.watch.size).toBe(0);
  });

  test('after [DONE] it has had everything: the exchange is complete', async () => {
    const pump = setup();
    pump.send(STOP + DONE);
    await pump.stream.next();
    await pump.stream.return();
    expect(pump.outcomes[0]?.kind).toBe('complete');
    expect(pump.settlements).toEqual(['ok']);
  });
});

describe('pings', () => {
  test('fill silence, and never land inside an event', async () => {
    const pump = setup({ idleTimeoutMs: 60_000, pingIntervalMs: 1_000 });
    pump.send(HELLO.slice(0, 20));
    const next = pump.stream.next();
    await Bun.sleep(0);
    pump.clock.advance(1_200);
    expect(textOf(await next)).toBe(': ping\n\n');
    const following = pump.stream.next();
    pump.send(HELLO.slice(20));
    expect(textOf(await following)).toBe(HELLO);
    pump.send(STOP + DONE);
    pump.upstream().close();
    expect(await pump.rest()).toBe(STOP + DONE);
  });
});

test('nothing is read ahead of the caller', async () => {
  const pump = setup();
  expect(pump.pulls()).toBe(0);
  const first = pump.stream.next();
  pump.send(HELLO);
  await first;
  const pulled = pump.pulls();
  await tick();
  await Bun.sleep(0);
  expect(pump.pulls()).toBe(pulled);
  await pump.stream.return();
});
