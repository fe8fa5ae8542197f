import { describe, expect, test } from 'bun:test';
import { type Breaker, createBreaker } from '../base/breaker.ts';
import { createManualClock, type ManualClock } from '../base/manual-clock.ts';
import type { Broadcast } from '../stores/broadcast/broadcast.ts';
import { type BroadcastHub, createMemoryBroadcast } from '../stores/broadcast/memory.ts';
import { createBreakerNews } from './breaker-news.ts';
import type { UpstreamEvents } from './upstream-events.ts';

const breakerConfig = {
  failuresMax: 2,
  window: { size: 10, minimumCalls: 10, failureRate: 1 },
  openMs: 1_000,
  openMsMax: 1_000,
  successesToClose: 1,
};

/** A process with breakers of these names, all at one address. */
function startProcess(names: readonly string[], deps: { clock: ManualClock; broadcast: Broadcast; address?: string; openMs?: number }) {
  const { clock, broadcast, address = 'a:1', openMs = breakerConfig.openMs } = deps;
  const config = { ...breakerConfig, openMs, openMsMax: openMs };
  const changes: string[] = [];
  const events: UpstreamEvents = {
    onAttempt() {},
    onRetry() {},
    onFallback() {},
    onHealthChange() {},
    onConnection() {},
    onBreakerChange: (name, _from, to) => void changes.push(`${name} ${to}`),
  };
  const desk = createBreakerNews({ broadcast, clock, logger: { debug() {}, info() {}, warn() {}, error() {} } });
  const watched = desk.watch(events);
  const breakers = new Map<string, Breaker>(
    names.map((name) => [
      name,
      createBreaker(config, { clock, random: () => 0, onChange: (from, to) => watched.onBreakerChange(name, from, to) }),
    ]),
  );
  desk.join({
    breakers: () => [...breakers].map(([name, breaker]) => ({ name, group: name, address, snapshot: breaker.snapshot() })),
    learn({ name, address: meant }, news) {
      if (meant !== address) return false;
      breakers.get(name)?.learn(news);
      return true;
    },
    resetBreaker(name) {
      breakers.get(name)?.reset();
      return breakers.has(name);
    },
  });
  return {
    desk,
    changes,
    trip(name: string) {
      for (let index = 0; index < breakerConfig.failuresMax; index += 1) breakers.get(name)?.failure('pass');
    },
    succeed: (name: string) => breakers.get(name)?.success(breakers.get(name)?.tryAcquire() ?? 'pass'),
    state: (name: string) => breakers.get(name)?.snapshot().state,
  };
}

/** Every message that was sent, beside the members. */
function listenIn(hub: BroadcastHub): string[] {
  const said: string[] = [];
  createMemoryBroadcast(hub).listen({ onMessage: (message) => void said.push(message), onJoin() {} });
  return said;
}

const heard = () => Bun.sleep(0);

describe('news of breakers', () => {
  test('an opening is told once, and those who were told tell nobody', async () => {
    const hub: BroadcastHub = new Set();
    const said = listenIn(hub);
    const clock = createManualClock();
    const members = Array.from({ length: 5 }, () => startProcess(['x', 'y'], { clock, broadcast: createMemoryBroadcast(hub) }));
    await heard();
    said.length = 0;
    members[0]?.trip('x');
    await heard();
    expect(members.map((member) => [member.state('x'), member.state('y')])).toEqual(members.map(() => ['open', 'closed']));
    expect(said.map((text) => JSON.parse(text))).toEqual([{ breaker: 'opened', name: 'x', address: 'a:1', for_ms: 1_000 }]);
  });

  test('a closing that one of them saw closes those who were merely told', async () => {
    const hub: BroadcastHub = new Set();
    const clock = createManualClock();
    const members = Array.from({ length: 3 }, () => startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub) }));
    await heard();
    members[0]?.trip('x');
    await heard();
    clock.advance(1_000);
    members[1]?.succeed('x');
    await heard();
    expect([members[1]?.state('x'), members[2]?.state('x')]).toEqual(['closed', 'closed']);
    // It had failures of its own: a probe of its own decides.
    expect(members[0]?.state('x')).toBe('half-open');
  });

  test('whoever comes later asks, and hears what is open', async () => {
    const hub: BroadcastHub = new Set();
    const said = listenIn(hub);
    const clock = createManualClock();
    const first = startProcess(['x', 'y'], { clock, broadcast: createMemoryBroadcast(hub) });
    await heard();
    first.trip('x');
    clock.advance(300);
    const second = startProcess(['x', 'y'], { clock, broadcast: createMemoryBroadcast(hub) });
    await heard();
    await heard();
    expect([second.state('x'), second.state('y')]).toEqual(['open', 'closed']);
    clock.advance(700);
    expect(second.state('x')).toBe('half-open');
    // Fifty that ask in one second are answered once by each who knows.
    first.trip('y');
    clock.advance(500);
    said.length = 0;
    for (let index = 0; index < 50; index += 1) startProcess(['x', 'y'], { clock, broadcast: createMemoryBroadcast(hub) });
    await heard();
    await heard();
    expect(said.filter((text) => text.includes('opened')).length).toBeLessThanOrEqual(52);
  });

  test('whoever comes later asks again: its first words may be lost', async () => {
    const hub: BroadcastHub = new Set();
    const clock = createManualClock();
    const first = startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub), openMs: 30_000 });
    await heard();
    first.trip('x');
    const broadcast = createMemoryBroadcast(hub);
    let lost = 0;
    const publish = (message: string): void => {
      if (clock.monotonic() < 1_000) lost += 1;
      else broadcast.publish(message);
    };
    const late = startProcess(['x'], { clock, broadcast: { ...broadcast, publish }, openMs: 30_000 });
    await heard();
    expect([late.state('x'), lost]).toEqual(['closed', 1]);
    clock.advance(1_000);
    await heard();
    expect(late.state('x')).toBe('open');
  });

  test('whoever asks just after others were answered hears the next answer, and so do all who ask meanwhile', async () => {
    const hub: BroadcastHub = new Set();
    const said = listenIn(hub);
    const clock = createManualClock();
    const join = () => startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub), openMs: 30_000 });
    const first = join();
    await heard();
    first.trip('x');
    createMemoryBroadcast(hub).publish(JSON.stringify({ breaker: 'ask' }));
    await heard();
    said.length = 0;
    clock.advance(500);
    const late = [join(), join(), join()];
    await heard();
    expect(late.map((each) => each.state('x'))).toEqual(['closed', 'closed', 'closed']);
    clock.advance(500);
    await heard();
    expect(late.map((each) => each.state('x'))).toEqual(['open', 'open', 'open']);
    expect(said.filter((text) => text.includes('opened'))).toHaveLength(1);
  });

  test('another address of the same name, and another name, are not meant', async () => {
    const hub: BroadcastHub = new Set();
    const clock = createManualClock();
    const first = startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub) });
    const elsewhere = startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub), address: 'b:1' });
    await heard();
    first.trip('x');
    await heard();
    expect([first.state('x'), elsewhere.state('x')]).toEqual(['open', 'closed']);
  });

  test('a reset is a reset everywhere, also where nothing was open; of an unknown name it is none', async () => {
    const hub: BroadcastHub = new Set();
    const said = listenIn(hub);
    const clock = createManualClock();
    const [first, second] = [0, 1].map(() => startProcess(['x'], { clock, broadcast: createMemoryBroadcast(hub) }));
    await heard();
    first?.trip('x');
    second?.trip('x');
    await heard();
    said.length = 0;
    expect(second?.desk.reset('nothing')).toBe(false);
    expect(second?.desk.reset('x')).toBe(true);
    await heard();
    expect([first?.state('x'), second?.state('x')]).toEqual(['closed', 'closed']);
    expect(said.map((text) => JSON.parse(text))).toEqual([{ breaker: 'reset', name: 'x' }]);
  });

  test('ten thousand that open at once are told of as far as the others can bear', async () => {
    const hub: BroadcastHub = new Set();
    const said = listenIn(hub);
    const clock = createManualClock();
    const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
    const one = startProcess(names, { clock, broadcast: createMemoryBroadcast(hub) });
    await heard();
    for (const name of names.slice(0, 1_000)) one.trip(name);
    await heard();
    expect(said.length).toBeWithin(150, 202);
  });

  for (const rubbish of [
    '',
    'null',
    '[]',
    '{"breaker":"opened"}',
    '{"breaker":"opened","name":"x","address":"a:1","for_ms":"1"}',
    '{"breaker":"opened","name":"x","address":"a:1","for_ms":-5}',
    '{"breaker":"closed","name":{},"address":"a:1"}',
    '{"breaker":"sing"}',
    '{"breaker":"opened","name":"x"',
    '\u0000\u0001',
  ])
    test(`what is not understood changes nothing: ${JSON.stringify(rubbish)}`, async () => {
      const hub: BroadcastHub = new Set();
      const one = startProcess(['x'], { clock: createManualClock(), broadcast: createMemoryBroadcast(hub) });
      await heard();
      createMemoryBroadcast(hub).publish(rubbish);
      await heard();
      expect([one.state('x'), one.changes]).toEqual(['closed', []]);
    });
});
