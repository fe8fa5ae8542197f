import { expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { createGuard, GUARD_DEFAULTS, type StoreFault } from '../guard.ts';
import { createFallbackCounterStore } from './fallback.ts';
import { createMemoryCounterStore } from './memory.ts';

const { signal } = new AbortController();
const bucket = { key: 'a:m', limit: 10, windowMs: 60_000 };

/** A shared store that can be switched off. */
function harness(replicas: number) {
  const clock = createManualClock();
  const shared = createMemoryCounterStore({ keysMax: 100 }, { clock });
  const faults: StoreFault[] = [];
  let isDown = false;
  const whenUp = <T>(run: () => T) => {
    if (isDown) throw new Error('down');
    return run();
  };
  const store = createFallbackCounterStore({
    primary: {
      take: (...args) => whenUp(() => shared.take(...args)),
      add: (...args) => whenUp(() => shared.add(...args)),
      peek: (...args) => whenUp(() => shared.peek(...args)),
      [Symbol.asyncDispose]: async () => {},
    },
    local: createMemoryCounterStore({ keysMax: 100 }, { clock }),
    guard: createGuard(GUARD_DEFAULTS, { clock, random: () => 0 }),
    replicas: () => replicas,
    onFault: (fault) => faults.push(fault),
  });
  return { clock, store, faults, setDown: (value: boolean) => (isDown = value) };
}

test('while the shared store is there, it decides', async () => {
  const { store, faults } = harness(3);
  expect((await store.take([{ ...bucket, cost: 10 }], signal)).allowed).toBe(true);
  expect((await store.take([bucket], signal)).allowed).toBe(false);
  expect(faults).toEqual([]);
});

for (const row of [
  { name: 'a single replica allows the whole limit', replicas: 1, limit: 10, want: 10 },
  { name: 'each of several allows its part', replicas: 3, limit: 10, want: 3 },
  { name: 'but at least one', replicas: 50, limit: 10, want: 1 },
]) {
  test(`while it is away, ${row.name}`, async () => {
    const { store, faults, setDown } = harness(row.replicas);
    setDown(true);
    let allowed = 0;
    for (let index = 0; index < 20; index += 1) {
      if ((await store.take([{ ...bucket, limit: row.limit }], signal)).allowed) allowed += 1;
    }
    expect(allowed).toBe(row.want);
    expect(faults).toEqual([...Array<StoreFault>(5).fill('error'), ...Array<StoreFault>(15).fill('open')]);
  });
}

test('totals are estimated from what this replica sees', async () => {
  const { store, setDown } = harness(3);
  setDown(true);
  expect((await store.add({ key: 'a', amount: 4, windowMs: 60_000 }, signal)).total).toBe(12);
  expect((await store.peek('a', signal)).total).toBe(12);
});

test('when it is back, it decides again', async () => {
  const { clock, store, setDown } = harness(1);
  expect((await store.take([{ ...bucket, cost: 4 }], signal)).buckets[0]?.remaining).toBe(6);
  setDown(true);
  for (let index = 0; index < 5; index += 1) await store.take([bucket], signal);
  setDown(false);
  clock.advance(1_000);
  await store.take([{ ...bucket, cost: 0 }], signal);
  expect((await store.take([{ ...bucket, cost: 0 }], signal)).buckets[0]?.remaining).toBe(6);
});

test('a caller who has gone is not served', () => {
  const { store } = harness(1);
  expect(() => store.take([bucket], AbortSignal.abort(new Error('gone')))).toThrow('gone');
});
