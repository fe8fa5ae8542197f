import { expect, test } from 'bun:test';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../base/system-clock.ts';
import type { Partition } from '../record/record-store.ts';
import { openSqliteRecords } from '../record/sqlite-records.ts';
import { createRewrite } from './sqlite-rewrite.ts';

const onFault = (message: string): never => {
  throw new Error(message);
};

/** A linear congruential generator: the same rows each time. */
function createNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
}

test('of what was erased nothing is left in the file, and of the rest everything is there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-rewrite-'));
  try {
    const path = join(folder, 'r.db');
    await using records = openSqliteRecords(path);
    const number = createNumbers(2);
    const people = Array.from(
      { length: 100 },
      (_, index): Partition => ({ tenant: `t${index}`, kind: 'memory', name: `name-of-${index}-x` }),
    );
    const ids = people.map((): string[] => []);
    for (let row = 0; row < 6_000; row += 1) {
      const index = Math.floor(number() * people.length);
      const person = people[index] ?? expect.unreachable();
      const own = ids[index] ?? [];
      const id = number() < 0.7 || own.length === 0 ? `${index}-${row}` : (own[Math.floor(number() * own.length)] ?? '');
      own.push(id);
      const text = `told-by-${index}-x ${'y'.repeat(Math.floor(number() * number() * 3_000))}`;
      await records.apply(person, [{ id, group: 'g', kind: 'turn', body: number() < 0.1 ? null : JSON.stringify({ text }) }]);
    }
    const erased = people.filter((_, index) => index % 5 === 0);
    for (const person of erased) await records.erase(person);
    const rewrite = createRewrite(path, { clock: systemClock, onFault });
    // At once, as requests come; and while somebody reads.
    const outcomes = await Promise.all([rewrite(), rewrite(), rewrite(), records.partitions({ limit: 10 })]);
    expect(outcomes.slice(0, 3)).toEqual(['done', 'done', 'done']);
    const left: string[] = [];
    for (const file of await readdir(folder)) {
      const text = (await readFile(join(folder, file))).toString('latin1');
      for (const [found, index] of text.matchAll(/(?:told-by|name-of)-(\d+)-x/g)) if (Number(index) % 5 === 0) left.push(found);
    }
    expect(left).toEqual([]);
    expect((await records.partitions({ limit: 1_000 })).length).toBe(80);
    await records.apply(people[0] ?? expect.unreachable(), [{ id: 'after', group: 'g', kind: 'turn', body: '{}' }]);
    expect(await records.get(people[0] ?? expect.unreachable(), ['after'])).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('where there is no file there is nothing to do', async () => {
  expect(await createRewrite(undefined, { clock: systemClock, onFault })()).toBe('done');
  expect(await createRewrite(join(tmpdir(), crypto.randomUUID()), { clock: systemClock, onFault })()).toBe('done');
});
