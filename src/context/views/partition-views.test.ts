/* Whatever order writers, readers, pauses, evictions and erasures come in: a view is what a fresh one would be. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { rejection } from '../../../test/harness/rejection.ts';
import type { Partition, RecordStore, StoredRecord } from '../../stores/record/record-store.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import { type PartitionView, PartitionViews } from './partition-views.ts';

/** What the log says, and how often it was told. */
class Copy implements PartitionView {
  readonly bodies = new Map<string, string>();
  applied = 0;

  get bytes(): number {
    return this.bodies.size * 100;
  }

  apply({ id, body }: StoredRecord): void {
    this.applied += 1;
    if (body === null) this.bodies.delete(id);
    else this.bodies.set(id, body);
  }
}

const PARTITIONS: readonly Partition[] = ['ann', 'bob', 'cid'].map((name) => ({ tenant: 't', kind: 'memory', name }));
const [ANN = { tenant: '', kind: 'memory', name: '' } as const] = PARTITIONS;
const change = (id: string, body: string | null) => ({ id, group: id.slice(0, 1), kind: 'turn', body });

type Turn = () => Promise<void>;

/** The store, but that each call waits for its turn before and after, and that a page has three records at most. */
function inTurns(store: RecordStore, turn: Turn): RecordStore {
  const around = async <T>(call: () => Promise<T>): Promise<T> => {
    await turn();
    const result = await call();
    await turn();
    return result;
  };
  return {
    apply: (...given) => around(() => store.apply(...given)),
    get: (...given) => around(() => store.get(...given)),
    changes: (partition, after, limit) => around(() => store.changes(partition, after, Math.min(3, limit))),
    deleteGroup: (...given) => around(() => store.deleteGroup(...given)),
    erase: (...given) => around(() => store.erase(...given)),
    partitions: (query) => around(() => store.partitions(query)),
    heads: (query) => around(() => store.heads(query)),
    note: (...given) => around(() => store.note(...given)),
    setNote: (...given) => around(() => store.setNote(...given)),
    [Symbol.asyncDispose]: async () => {},
  };
}

function viewsOf(records: RecordStore, turn: Turn, bytesMax = 1_000_000): PartitionViews<Copy> {
  let time = 0;
  return new PartitionViews<Copy>(
    { bytesMax },
    {
      records,
      create: () => new Copy(),
      // Every second record takes longer than a slice.
      now: () => (time += 2),
      pause: turn,
    },
  );
}

async function truth(store: RecordStore, partition: Partition): Promise<Record<string, string>> {
  const view = await viewsOf(store, async () => {}).at(partition);
  return Object.fromEntries(view.bodies);
}

const told = (view: Copy): Record<string, string> => Object.fromEntries(view.bodies);

const idOf = fc.constantFrom('a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'd1');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), ids: fc.array(idOf, { minLength: 1, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), ids: fc.array(idOf, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('group' as const), ids: fc.tuple(idOf) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('erase' as const, 'erase behind' as const), ids: fc.constant([]) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('read' as const, 'read twice' as const, 'warm' as const), ids: fc.constant([]) }),
  },
);
const steps = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 1 }), step), { minLength: 1, maxLength: 25 });

describe('views of partitions', () => {
  test('are what a fresh one would be, after any interleaving of two processes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), steps, fc.constantFrom(150, 1_000_000), async (scheduler, given, bytesMax) => {
        await using store = openSqliteRecords(':memory:');
        const turn = () => scheduler.schedule(Promise.resolve());
        const slow = inTurns(store, turn);
        // Two processes: each has views of its own on the one store.
        const processes = [viewsOf(slow, turn, bytesMax), viewsOf(slow, turn, bytesMax)];
        let body = 0;
        const run = async (views: PartitionViews<Copy>, partition: Partition, { kind, ids }: (typeof given)[number][2]): Promise<void> => {
          switch (kind) {
            case 'apply':
              await views.apply(
                partition,
                ids.map((id) => change(id, String((body += 1)))),
              );
              return;
            case 'delete':
              await views.apply(
                partition,
                ids.map((id) => change(id, null)),
              );
              return;
            case 'group':
              await slow.deleteGroup(partition, (ids[0] ?? 'a').slice(0, 1));
              return;
            case 'erase':
              await views.erase(partition);
              return;
            case 'erase behind':
              await slow.erase(partition);
              return;
            case 'read':
              await views.at(partition);
              return;
            case 'warm':
              await views.warm(partition, turn);
              return;
            case 'read twice':
              await Promise.all([views.at(partition), views.at(partition), views.at(partition)]);
          }
        };
        const all = given.map(([where, which, what]) => run(processes[which] ?? viewsOf(slow, turn), PARTITIONS[where] ?? ANN, what));
        await scheduler.waitFor(Promise.all(all));
        for (const partition of PARTITIONS) {
          const want = await truth(store, partition);
          for (const views of processes) expect(told(await scheduler.waitFor(views.at(partition)))).toEqual(want);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('show whoever has written what was written, and all that anybody had before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 12 }), async (scheduler, writers) => {
        await using store = openSqliteRecords(':memory:');
        const turn = () => scheduler.schedule(Promise.resolve());
        const slow = inTurns(store, turn);
        const processes = [viewsOf(slow, turn), viewsOf(slow, turn)];
        const acknowledged = new Set<string>();
        const write = async (which: number, name: string): Promise<void> => {
          const views = processes[which] ?? viewsOf(slow, turn);
          await slow.apply(ANN, [change(`${name}-1`, '1'), change(`${name}-2`, '2')]);
          acknowledged.add(`${name}-1`).add(`${name}-2`);
          const before = [...acknowledged];
          const { bodies } = await views.at(ANN);
          for (const id of before) expect(bodies.has(id)).toBe(true);
        };
        await scheduler.waitFor(Promise.all(writers.map((which, index) => write(which, `w${index}`))));
      }),
      { numRuns: 200 },
    );
  });

  test('are made beforehand while there is room, and never at the cost of others', async () => {
    await using store = openSqliteRecords(':memory:');
    for (const partition of PARTITIONS)
      await store.apply(partition, [change('a', '1'), change('b', '1'), change('c', '1'), change('d', '1')]);
    const [ann = ANN, bob = ANN, cid = ANN] = PARTITIONS;
    const views = viewsOf(
      inTurns(store, async () => {}),
      async () => {},
      700,
    );
    let ways = 0;
    const giveWay = async () => void (ways += 1);
    expect(await views.warm(ann, giveWay)).toBe(true);
    expect(ways).toBe(1);
    const before = (await views.at(ann)).applied;
    expect(before).toBe(4);
    // The first page of three fits, with what is there, and the second does not.
    expect(await views.warm(bob, giveWay)).toBe(false);
    expect(await views.warm(cid, giveWay)).toBe(false);
    expect(PARTITIONS.map((partition) => views.holds(partition))).toEqual([true, false, false]);
    expect(told(await views.at(bob))).toEqual({ a: '1', b: '1', c: '1', d: '1' });
  });

  test('that are being made beforehand are gone on with by who asks, not made twice', async () => {
    await using store = openSqliteRecords(':memory:');
    await store.apply(
      ANN,
      Array.from({ length: 10 }, (_, index) => change(`a${index}`, '1')),
    );
    const views = viewsOf(
      inTurns(store, async () => {}),
      async () => {},
    );
    const asked = Promise.withResolvers<void>();
    const warmed = views.warm(ANN, async () => asked.promise);
    await Bun.sleep(0);
    const view = await views.at(ANN);
    expect(view.bodies.size).toBe(10);
    asked.resolve();
    expect(await warmed).toBe(true);
    expect(view.applied).toBe(10);
  });

  test('begin anew where a partition was erased while its log was read', async () => {
    await using store = openSqliteRecords(':memory:');
    const body = 'x'.repeat(400_000);
    await store.apply(
      ANN,
      Array.from({ length: 6 }, (_, index) => change(`old${index}`, body)),
    );
    let reads = 0;
    const meddling: RecordStore = {
      ...inTurns(store, async () => {}),
      changes: async (...given) => {
        const page = await store.changes(...given);
        reads += 1;
        if (reads === 1) await store.erase(ANN);
        if (reads === 3) await store.apply(ANN, [change('new', '1')]);
        return page;
      },
    };
    const views = viewsOf(meddling, async () => {});
    expect(told(await views.at(ANN))).toEqual({});
    expect(told(await views.at(ANN))).toEqual({ new: '1' });
  });

  test('begin anew where a database was put back to how it was', async () => {
    await using store = openSqliteRecords(':memory:');
    await store.apply(ANN, [change('a', '1'), change('b', '1')]);
    let isBack = false;
    const restored: RecordStore = {
      ...inTurns(store, async () => {}),
      changes: async (partition, after, limit) => {
        const page = await store.changes(partition, isBack ? 0 : after, limit);
        if (!isBack) return page;
        return { ...page, head: 1, records: page.records.filter(({ seq }) => seq > after && seq <= 1) };
      },
    };
    const views = viewsOf(restored, async () => {});
    expect(told(await views.at(ANN))).toEqual({ a: '1', b: '1' });
    isBack = true;
    expect(told(await views.at(ANN))).toEqual({ a: '1' });
  });

  test('take each change in once, however many ask at the same time', async () => {
    await using store = openSqliteRecords(':memory:');
    const views = viewsOf(store, async () => {});
    await store.apply(ANN, [change('a', '1'), change('b', '1'), change('c', '1')]);
    const [view] = await Promise.all(Array.from({ length: 20 }, () => views.at(ANN)));
    expect(view?.applied).toBe(3);
    await views.apply(ANN, [change('d', '1')]);
    expect((await views.at(ANN)).applied).toBe(4);
  });

  test('say so when the store cannot be read, and go on where they were when it can', async () => {
    await using store = openSqliteRecords(':memory:');
    let isDown = false;
    const flaky: RecordStore = {
      ...inTurns(store, async () => {}),
      changes: (...given) => (isDown ? Promise.reject(new Error('down')) : store.changes(...given)),
    };
    const views = viewsOf(flaky, async () => {});
    await store.apply(ANN, [change('a', '1')]);
    await views.at(ANN);
    isDown = true;
    await store.apply(ANN, [change('b', '1')]);
    const outcomes = await Promise.allSettled([views.at(ANN), views.at(ANN), views.at(ANN)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    isDown = false;
    const view = await views.at(ANN);
    expect([told(view), view.applied]).toEqual([{ a: '1', b: '1' }, 2]);
  });

  test('hold no more than they may, but for the one in use', async () => {
    await using store = openSqliteRecords(':memory:');
    const views = viewsOf(store, async () => {}, 250);
    for (const partition of PARTITIONS) await views.apply(partition, [change('a', '1'), change('b', '1')]);
    expect([views.size, views.bytes]).toEqual([1, 200]);
    await views.apply(ANN, [change('c', '1'), change('d', '1')]);
    expect([views.size, views.bytes]).toEqual([1, 400]);
    expect(await views.erase(ANN)).toBe(4);
    expect([views.size, views.bytes]).toEqual([0, 0]);
  });
});

/** Cannot read what says `broken`. */
class Choosy extends Copy {
  override apply(record: StoredRecord): void {
    if (record.body === 'broken') throw new TypeError('unreadable');
    super.apply(record);
  }
}

describe('a record that cannot be read', () => {
  const rig = (mayMiss: boolean) => {
    const records = openSqliteRecords(':memory:');
    let nowMs = 0;
    let isLying = false;
    const lying = (found: readonly StoredRecord[]) =>
      found.map((each) => (isLying && each.id === 'b' ? { ...each, body: 'broken' } : each));
    const store: RecordStore = Object.assign(Object.create(records) as RecordStore, {
      changes: async (...given: Parameters<RecordStore['changes']>) => {
        const page = await records.changes(...given);
        return { ...page, records: lying(page.records) };
      },
      get: async (...given: Parameters<RecordStore['get']>) => lying(await records.get(...given)),
    });
    const views = new PartitionViews<Choosy>(
      { bytesMax: 1e9, mayMiss },
      { records: store, create: () => new Choosy(), now: () => nowMs, pause: async () => {} },
    );
    return {
      records,
      views,
      advance: (ms: number) => void (nowMs += ms),
      lie: (now: boolean) => void (isLying = now),
      ids: async () => [...(await views.at(ANN)).bodies.keys()].sort(),
    };
  };

  test('is passed over, and is there once it can be read', async () => {
    const { records, views, advance, lie, ids } = rig(true);
    await records.apply(
      ANN,
      ['a', 'b', 'c'].map((id) => change(id, 'fine')),
    );
    lie(true);
    expect(await ids()).toEqual(['a', 'c']);
    expect([views.isWhole(ANN), views.isDoubtful(ANN)]).toEqual([false, true]);
    advance(61_000);
    expect(await ids()).toEqual(['a', 'c']);
    expect([views.isWhole(ANN), views.isDoubtful(ANN)]).toEqual([false, false]);
    lie(false);
    advance(1_000);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect([views.isWhole(ANN), views.isDoubtful(ANN)]).toEqual([true, false]);
  });

  test('that is deleted or written anew is no gap any more', async () => {
    for (const body of [null, 'anew']) {
      const { records, views, lie, ids } = rig(true);
      await records.apply(ANN, [change('b', 'fine')]);
      lie(true);
      expect(await ids()).toEqual([]);
      lie(false);
      await records.apply(ANN, [change('b', body)]);
      await ids();
      expect(views.isWhole(ANN)).toBe(true);
    }
  });

  test('makes the whole view one that cannot be used, where nothing may be missing', async () => {
    const { records, lie, ids } = rig(false);
    await records.apply(
      ANN,
      ['a', 'b', 'c'].map((id) => change(id, 'fine')),
    );
    lie(true);
    expect(await rejection(ids())).toMatchObject({ code: 'storage_unavailable' });
    lie(false);
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });
});
