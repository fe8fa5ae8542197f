import { createLru } from '../../../src/base/lru.ts';

/*
 * Why lru.ts keeps a list of its own: the cost of dropping the oldest and adding one, at 100,000 entries, beside a plain Map.
 * Run: node bin/gatehouse.mjs run bench/micro/base/lru.ts
 */

const ENTRIES = 100_000;
const ROUNDS = 200_000;

function nanoseconds(run: (index: number) => void): string {
  const startMs = performance.now();
  for (let index = 0; index < ROUNDS; index += 1) run(index);
  return `${(((performance.now() - startMs) * 1e6) / ROUNDS).toFixed(0)} ns`;
}

const map = new Map<string, number>();
const lru = createLru<number>({ bytesMax: Infinity, entriesMax: ENTRIES });
for (let index = 0; index < ENTRIES; index += 1) {
  map.set(`old ${index}`, index);
  lru.set(`old ${index}`, index, 1);
}
const ofMap = nanoseconds((index) => {
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
  map.set(`new ${index}`, index);
});
const ofLru = nanoseconds((index) => void lru.set(`new ${index}`, index, 1));
const ofUse = nanoseconds((index) => void lru.get(`new ${ROUNDS - 1 - (index % ENTRIES)}`));
process.stdout.write(`drop the oldest and add one: Map ${ofMap}, lru ${ofLru}; use one: lru ${ofUse}\n`);
