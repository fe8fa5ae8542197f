import { expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { createGuard, GUARD_DEFAULTS } from '../guard.ts';
import { createSkippingValueStore } from './skipping.ts';
import type { ValueStore } from './value-store.ts';

const { signal } = new AbortController();

/** A remote store whose writes arrive when they are let through, whatever their sender has made of them. */
function setup() {
  const clock = createManualClock();
  const kept = new Map<string, Uint8Array>();
  const sent: { readonly arrive: () => void; readonly fail: () => void }[] = [];
  const primary: ValueStore = {
    get: async (key) => kept.get(key),
    set: (key, bytes) =>
      new Promise<void>((resolve, reject) => {
        const arrive = (): void => {
          kept.set(key, bytes);
          resolve();
        };
        sent.push({ arrive, fail: () => reject(new Error('the connection was given up')) });
      }),
    delete: async (key) => void kept.delete(key),
    deletePrefix: async (prefix) => {
      const found = [...kept.keys()].filter((key) => key.startsWith(prefix));
      for (const key of found) kept.delete(key);
      return found.length;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  const guard = createGuard(GUARD_DEFAULTS, { clock, random: () => 0.5 });
  const values = createSkippingValueStore({ primary, guard, clock });
  const write = (key: string) => values.set(key, Uint8Array.of(1), { ttlMs: 60_000, signal });
  const deleteAll = (prefix: string) => Promise.resolve(values.deletePrefix(prefix, signal));
  return { clock, kept, sent, write, deleteAll };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

test('a write that was given up and arrives late is deleted with the others', async () => {
  const { clock, kept, sent, write, deleteAll } = setup();
  const written = write('ann:1');
  clock.advance(GUARD_DEFAULTS.deadlineMs);
  await written;
  sent[0]?.fail();
  await settled();
  const deleting = deleteAll('ann:');
  await settled();
  sent[0]?.arrive();
  expect(kept.size).toBe(1);
  clock.advance(1_000);
  expect(await deleting).toBe(1);
  expect(kept.size).toBe(0);
});

test('nobody waits where all was written, or what was not is of others', async () => {
  const { clock, sent, write, deleteAll } = setup();
  const written = write('ann:1');
  sent[0]?.arrive();
  await written;
  const others = write('bob:1');
  expect(await deleteAll('ann:')).toBe(1);
  clock.advance(GUARD_DEFAULTS.deadlineMs);
  await others;
});
