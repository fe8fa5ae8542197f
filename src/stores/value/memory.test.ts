import { expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { createMemoryValueStore } from './memory.ts';

const { signal } = new AbortController();
const options = { ttlMs: 1_000, signal };

test('it never holds more bytes than allowed, keys and bookkeeping included', () => {
  const store = createMemoryValueStore({ bytesMax: 100_000, entriesMax: 1_000_000 }, { clock: createManualClock() });
  for (let index = 0; index < 10_000; index += 1) {
    store.set(`key ${index}`, new Uint8Array(index % 700), options);
    expect(store.bytes).toBeLessThanOrEqual(100_000);
  }
  expect(store.get('key 9999', signal)).toHaveLength(9999 % 700);
  expect(store.get('key 0', signal)).toBeUndefined();
});

test('a value over the budget is not stored, nor its predecessor kept', () => {
  const store = createMemoryValueStore({ bytesMax: 10_000, entriesMax: 10 }, { clock: createManualClock() });
  store.set('a', new Uint8Array(10), options);
  store.set('a', new Uint8Array(10_000), options);
  expect([store.get('a', signal), store.bytes]).toEqual([undefined, 0]);
});

test('a small part of a large buffer does not keep the buffer', () => {
  const store = createMemoryValueStore({ bytesMax: 10_000, entriesMax: 10 }, { clock: createManualClock() });
  store.set('a', new Uint8Array(1_000_000).subarray(5, 10), options);
  expect(store.get('a', signal)?.buffer.byteLength).toBe(5);
});

test('what is over its time takes no room once it was asked for', () => {
  const clock = createManualClock();
  const store = createMemoryValueStore({ bytesMax: 10_000, entriesMax: 10 }, { clock });
  store.set('a', new Uint8Array(10), options);
  clock.advance(1_000);
  expect([store.get('a', signal), store.bytes]).toEqual([undefined, 0]);
});
