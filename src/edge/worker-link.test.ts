import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { createReportExchange, createWorkerLink, type LinkedWorker, type WorkerLink } from './worker-link.ts';

/** A report is a number, and those of several add up. */
const parse = (message: unknown) => (typeof message === 'number' ? message : undefined);
const depart = (reports: readonly number[]) => reports.reduce((sum, report) => sum + report, 0);

interface Worker {
  readonly link: WorkerLink<number>;
  readonly atParent: LinkedWorker;
  counted: number;
  /** Takes no messages any more. */
  silent: boolean;
  /** The channel to the parent is broken. */
  cut: boolean;
}

function setUp(count: number) {
  const clock = createManualClock();
  const exchange = createReportExchange<number>({ clock, parse, depart });
  const ready: string[] = [];
  const start = (): Worker => {
    let listener: (message: unknown) => void = () => {};
    // What crosses between processes is text.
    const over = (message: unknown) => JSON.parse(JSON.stringify(message)) as unknown;
    const worker = { counted: 0, silent: false, cut: false } as Worker;
    const atParent = exchange.join(
      (message) => queueMicrotask(() => void (worker.silent || listener(over(message)))),
      (url) => ready.push(url),
    );
    const link = createWorkerLink<number>(
      {
        send(message) {
          if (worker.cut) throw new Error('the channel is closed');
          queueMicrotask(() => atParent.received(over(message)));
        },
        onMessage: (next) => void (listener = next),
      },
      { clock, parse, report: () => worker.counted },
    );
    return Object.assign(worker, { link, atParent });
  };
  const workers = Array.from({ length: count }, start);
  for (const { link } of workers) link.ready('http://here');
  return { clock, exchange, ready, start, workers };
}

const settled = () => Bun.sleep(0);

describe('workers that tell each other what they counted', () => {
  test('whichever is asked knows of all the others', async () => {
    const { workers, ready, clock } = setUp(4);
    await settled();
    expect(ready).toHaveLength(4);
    for (const [index, worker] of workers.entries()) worker.counted = 10 ** index;
    for (const [index, { link }] of workers.entries())
      expect((await link.others()).toSorted((a, b) => a - b)).toEqual([1, 10, 100, 1_000].toSpliced(index, 1));
    expect(clock.pending).toBe(0);
  });

  test('those who ask at once are answered once', async () => {
    const { workers } = setUp(2);
    await settled();
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers');
    second.counted = 7;
    expect(await Promise.all([first.link.others(), first.link.others(), second.link.others()])).toEqual([[7], [7], [0]]);
  });

  test('one that is silent is waited for no longer than half a second, and stands for what it said last', async () => {
    const { workers, clock } = setUp(3);
    await settled();
    const [first, second, third] = workers;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three workers');
    second.counted = 5;
    third.counted = 6;
    expect(await first.link.others()).toEqual([5, 6]);
    second.silent = true;
    second.counted = 50;
    third.counted = 60;
    const asked = first.link.others();
    await settled();
    clock.advance(500);
    expect(await asked).toEqual([5, 60]);
  });

  test('one that ended stays in the sum, also several of them, and its successor adds to it', async () => {
    const { workers, start } = setUp(2);
    await settled();
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers');
    second.counted = 5;
    expect(await first.link.others()).toEqual([5]);
    second.counted = 8;
    second.atParent.left();
    // What it counted after it was last asked is lost; nothing of what was told is.
    expect(await first.link.others()).toEqual([5]);
    const third = start();
    third.link.ready('http://here');
    third.counted = 1;
    await settled();
    expect(depart(await first.link.others())).toBe(6);
    third.atParent.left();
    expect(depart(await first.link.others())).toBe(6);
  });

  test('one that ends while it is asked is not waited for', async () => {
    const { workers } = setUp(2);
    await settled();
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers');
    second.silent = true;
    const asked = first.link.others();
    await settled();
    second.atParent.left();
    expect(await asked).toEqual([]);
  });

  test('a parent that is gone or silent is no reason to fail: what was known last is told', async () => {
    const { workers, clock } = setUp(2);
    await settled();
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers');
    second.counted = 5;
    await first.link.others();
    first.cut = true;
    expect(await first.link.others()).toEqual([5]);
    first.cut = false;
    first.silent = true;
    const asked = first.link.others();
    await settled();
    clock.advance(1_000);
    expect(await asked).toEqual([5]);
    // And the next question is a new one.
    first.silent = false;
    second.counted = 9;
    expect(await first.link.others()).toEqual([9]);
  });

  test('rubbish on the channel changes nothing', async () => {
    const { workers } = setUp(2);
    await settled();
    const [first, second] = workers;
    if (first === undefined || second === undefined) throw new Error('two workers');
    for (const rubbish of [null, 1, 'x', {}, { kind: 'report' }, { kind: 'report', ticket: 99, report: 'no number' }, { kind: 'collect' }])
      second.atParent.received(rubbish);
    second.counted = 3;
    expect(await first.link.others()).toEqual([3]);
  });
});
