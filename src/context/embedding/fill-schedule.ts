/*
 * Which partition gets its vectors next: a page of each in turn, so that a large collection does not keep the memories of users waiting. When the
 * model or a store fails, all wait for a while, longer each time, and then one page tries for all; after a restart the partitions that are behind are
 * found by looking at all.
 */

import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { partitionKey } from '../../stores/record/partition-key.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import type { TextOf } from './dense-arm.ts';
import type { PartitionFiller } from './fill-partition.ts';

export interface FillScheduleConfig {
  /** Partitions at once. */
  readonly parallel: number;
  /** Longest time that a page may take. */
  readonly pageTimeoutMs: number;
}

export interface FillScheduleDeps {
  readonly filler: PartitionFiller;
  readonly records: RecordStore;
  /** What is embedded of a partition's records; undefined: nothing. */
  readonly textOf: (partition: Partition) => TextOf | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What went wrong, when it begins to; and that it is over. */
  readonly onFault: (message: string) => void;
  readonly onRecovery: () => void;
}

/** An outage must not cost much more time than it took. */
const BACKOFF = { baseMs: 1_000, capMs: 15_000 };
const BACKOFF_MIN_MS = 250;
const QUEUE_MAX = 10_000;
/** Partitions are looked for while fewer than this wait. */
const QUEUE_LOW = 100;
const LOOK_PAGE = 100;
const LOOK_PAUSE_MS = 20;
const LOOK_SOON_MS = 60_000;
/** What another process has left behind is found in so much time. */
const LOOK_AGAIN_MS = 3_600_000;

interface Running {
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export class FillSchedule implements AsyncDisposable {
  readonly #config: FillScheduleConfig;
  readonly #deps: FillScheduleDeps;
  readonly #queue = new Map<string, Partition>();
  readonly #running = new Map<string, Running>();
  /** Told of while their page was under way. */
  readonly #again = new Set<string>();
  readonly #waiting = new Map<string, number>();
  readonly #stop = new AbortController();
  /** Rounds that failed, one after another. */
  #failures = 0;
  #pause: Disposable | undefined;
  #isLooking = false;
  #nextLook: Disposable | undefined;

  constructor(config: FillScheduleConfig, deps: FillScheduleDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#look();
  }

  get waiting(): number {
    let sum = 0;
    for (const count of this.#waiting.values()) sum += count;
    return sum;
  }

  changed(partition: Partition, waiting = 1): void {
    if (this.#stop.signal.aborted || this.#deps.textOf(partition) === undefined) return;
    const key = partitionKey(partition);
    if (!this.#waiting.has(key) && this.#waiting.size >= QUEUE_MAX) {
      // Too many to be remembered: they are found by looking.
      this.#lookSoon(LOOK_SOON_MS);
      return;
    }
    this.#waiting.set(key, Math.max(waiting, this.#waiting.get(key) ?? 0));
    if (this.#running.has(key)) this.#again.add(key);
    else this.#queue.set(key, partition);
    this.#run();
  }

  /** Ends what is under way for a partition, and forgets it; resolves when nothing is written for it any more. */
  async cancel(partition: Partition): Promise<void> {
    const key = partitionKey(partition);
    for (;;) {
      this.#queue.delete(key);
      this.#again.delete(key);
      this.#waiting.delete(key);
      const running = this.#running.get(key);
      if (running === undefined) return;
      running.controller.abort(new Error('the partition is erased'));
      await running.done;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the gateway ends'));
    this.#pause?.[Symbol.dispose]();
    this.#nextLook?.[Symbol.dispose]();
    for (const { controller } of this.#running.values()) controller.abort(this.#stop.signal.reason);
    await Promise.all(Array.from(this.#running.values(), ({ done }) => done));
  }

  get #pagesMax(): number {
    return this.#failures > 0 ? 1 : this.#config.parallel;
  }

  #run(): void {
    while (this.#pause === undefined && !this.#stop.signal.aborted && this.#running.size < this.#pagesMax) {
      const [next] = this.#queue;
      if (next === undefined) return;
      const [key, partition] = next;
      this.#queue.delete(key);
      const controller = new AbortController();
      const done = this.#page(partition, controller).finally(() => {
        this.#running.delete(key);
        if (this.#again.delete(key)) this.changed(partition);
        this.#run();
      });
      this.#running.set(key, { controller, done });
    }
  }

  /** Never rejects. */
  async #page(partition: Partition, controller: AbortController): Promise<void> {
    const { clock, filler, textOf } = this.#deps;
    const { signal } = controller;
    const key = partitionKey(partition);
    const timer = clock.after(this.#config.pageTimeoutMs, () => controller.abort(new Error('embedding takes too long')));
    try {
      const of = textOf(partition);
      if (of === undefined) return;
      const filled = await filler.takePage({ partition, textOf: of, signal });
      if (this.#failures > 0) this.#deps.onRecovery();
      this.#failures = 0;
      this.#waiting.delete(key);
      if (filled.kind === 'more') this.#later(partition, filled.waiting);
      if (filled.kind === 'leased') this.#after(filled.forMs, partition);
    } catch (error) {
      // Erased, or all of it ends.
      if (!this.#waiting.has(key) || this.#stop.signal.aborted) return;
      this.#failed(error);
      this.#later(partition, this.#waiting.get(key) ?? 1);
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #later(partition: Partition, waiting: number): void {
    const key = partitionKey(partition);
    this.#waiting.set(key, waiting);
    this.#queue.set(key, partition);
  }

  #after(delayMs: number, partition: Partition): void {
    this.#deps.clock.after(delayMs, () => this.changed(partition));
  }

  #failed(error: unknown): void {
    const { clock, random, onFault } = this.#deps;
    // What was under way beside a page that failed fails with it.
    if (this.#pause !== undefined) return;
    this.#failures += 1;
    if (this.#failures === 1) onFault(error instanceof Error ? error.message : String(error));
    this.#pause = clock.after(Math.max(BACKOFF_MIN_MS, backoffMs(this.#failures, random(), BACKOFF)), () => {
      this.#pause = undefined;
      this.#run();
    });
  }

  #lookSoon(delayMs: number): void {
    this.#nextLook ??= this.#deps.clock.after(delayMs, () => {
      this.#nextLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#lookThrough()
      .then(
        () => this.#lookSoon(LOOK_AGAIN_MS),
        (error: unknown) => {
          if (this.#stop.signal.aborted) return;
          this.#failed(error);
          this.#lookSoon(LOOK_SOON_MS);
        },
      )
      .finally(() => {
        this.#isLooking = false;
      });
  }

  async #lookThrough(): Promise<void> {
    const { records, filler, clock, textOf } = this.#deps;
    let after: Partition | undefined;
    for (;;) {
      const page = await records.heads({ limit: LOOK_PAGE, ...(after === undefined ? {} : { after }) });
      for (const { tenant, kind, name, head } of page) {
        this.#stop.signal.throwIfAborted();
        const partition: Partition = { tenant, kind, name };
        if (textOf(partition) === undefined) continue;
        const waiting = await filler.waiting(partition, head);
        if (waiting > 0) this.changed(partition, waiting);
        while (this.#queue.size > QUEUE_LOW) await clock.sleep(LOOK_PAUSE_MS, this.#stop.signal);
      }
      after = page.at(-1);
      if (page.length < LOOK_PAGE) return;
      await clock.sleep(LOOK_PAUSE_MS, this.#stop.signal);
    }
  }
}
