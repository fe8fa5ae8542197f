/*
 * What is on its way to records that are kept elsewhere. What was handed in is on this machine's disk before the caller goes on, and is
 * delivered as soon as the store takes it: a store that is down, slow or frozen loses nothing, and nobody waits for it.
 *
 *   append ──on the disk──▶ waiting ──taken──▶ deliver ──it resolved──▶ deleted here
 *                              ▲                  │ it rejected: the partition waits, longer each time
 *                              └──────────────────┘
 *
 * An entry is whatever JSON can hold, and `deliver` makes of it what it means.
 *
 * What holds:
 *   - what `append` has resolved for is delivered, also after `kill -9`, and nothing is delivered that was not handed in;
 *   - a partition's entries are delivered in the order in which they were handed in; a partition that cannot be written holds up no other;
 *   - an entry may be delivered twice: `deliver` must make one of the two;
 *   - an entry that is refused for what it is (a GatewayError that says never to try again) is told and dropped: it must not hold up what comes after it;
 *   - it is bounded in bytes: when it is full the oldest stay, and `append` rejects;
 *   - of several processes that share the file one delivers at a time. When it is gone another one takes over.
 */

import { backoffMs } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { partitionKey } from '../record/partition-key.ts';
import { checkPartition } from '../record/record-limits.ts';
import type { Partition } from '../record/record-store.ts';
import { storageFault } from '../storage-fault.ts';
import { type Batch, OutboxFile, type OutboxTotals } from './outbox-file.ts';

export interface OutboxConfig {
  /** The file, which is made with its folder when it is not there. */
  readonly path: string;
  readonly bytesMax: number;
}

export interface OutboxDeps<Entry> {
  /** Takes the oldest entries of a partition to where they belong, in their order. Rejects when they are not there: then all of them come again. */
  readonly deliver: (partition: Partition, entries: readonly Entry[]) => Promise<void>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What went wrong, for the log: each outage is told once. */
  readonly onFault: (message: string) => void;
  /** Something of the partition has arrived: whoever has a view of it may look. */
  readonly onDelivered?: (partition: Partition, entries: number) => void;
}

export interface OutboxStatus extends OutboxTotals {
  /** When the oldest of them was handed in, in milliseconds since the Unix epoch; undefined when nothing waits. */
  readonly oldestMs: number | undefined;
}

/** Rejects with `storage_unavailable` when the file cannot be written. */
export interface Outbox<Entry> extends AsyncDisposable {
  /** Resolves when it is on the disk. Rejects with `storage_unavailable` when the outbox is full. */
  append(partition: Partition, entry: Entry): Promise<void>;
  /** What waits for a partition, in its order: for those who read meanwhile. */
  pending(partition: Partition): Promise<Entry[]>;
  /** Deletes what waits for a partition, and waits for what is on its way: before the partition itself is erased. How many entries were deleted. */
  erase(partition: Partition): Promise<number>;
  status(): Promise<OutboxStatus>;
}

/** Of the one who delivers: so long may others wait after it was killed. */
const LEASE_MS = 15_000;
/** How often those look who do not deliver, and after what others handed in. */
const LOOK_MS = 1_000;
/** Longer than a store takes to say yes or no. */
const TAKEN_MS = 60_000;
const PARTITIONS_AT_ONCE = 8;
const PARTITIONS_KNOWN = 256;
const BACKOFF = { baseMs: 200, capMs: 10_000 };
const ERASE_POLL_MS = 20;

/** Opens the file and begins to deliver what is there. Throws the system's or SQLite's error when it cannot be opened. */
export function openOutbox<Entry>(config: OutboxConfig, deps: OutboxDeps<Entry>): Outbox<Entry> {
  return new SqliteOutbox(config, deps);
}

interface Failing {
  readonly attempts: number;
  readonly untilMs: number;
}

class SqliteOutbox<Entry> implements Outbox<Entry> {
  readonly #config: OutboxConfig;
  readonly #deps: OutboxDeps<Entry>;
  readonly #file: OutboxFile;
  readonly #owner = crypto.randomUUID();
  readonly #closing = new AbortController();
  readonly #delivering: Promise<void>;
  /** By their keys; those that failed last. */
  readonly #failing = new Map<string, Failing>();
  /** Partitions whose entries go one at a time, for one of them was refused. */
  readonly #oneByOne = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #leasedUntilMs = 0;
  #isOutageTold = false;

  constructor(config: OutboxConfig, deps: OutboxDeps<Entry>) {
    this.#config = config;
    this.#deps = deps;
    this.#file = new OutboxFile(config.path);
    this.#delivering = this.#deliverAll();
  }

  async append(partition: Partition, entry: Entry): Promise<void> {
    checkPartition(partition);
    const text = JSON.stringify(entry);
    const { bytesMax } = this.#config;
    if (!this.#guarded(() => this.#file.append(partition, text, { nowMs: this.#deps.clock.now(), bytesMax }))) {
      this.#deps.onFault(`the outbox is full: ${bytesMax} bytes wait for the store of records`);
      throw storageFault('Memories');
    }
    this.#wake.resolve();
  }

  async pending(partition: Partition): Promise<Entry[]> {
    return this.#guarded(() => this.#file.pending(partition)).map((text) => JSON.parse(text) as Entry);
  }

  async erase(partition: Partition): Promise<number> {
    let erased = 0;
    for (;;) {
      const { removed, left } = this.#guarded(() => this.#file.removeFree(partition, this.#deps.clock.now()));
      erased += removed;
      if (left === 0) return erased;
      await this.#deps.clock.sleep(ERASE_POLL_MS, this.#closing.signal);
    }
  }

  async status(): Promise<OutboxStatus> {
    return this.#guarded(() => ({ ...this.#file.totals(), oldestMs: this.#file.oldestMs() }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new Error('the outbox is closed'));
    this.#wake.resolve();
    // What is on its way is waited for: it ends within the store's own deadline.
    await this.#delivering;
    this.#file.close();
  }

  async #deliverAll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = Promise.withResolvers();
      let waitMs = LOOK_MS;
      try {
        waitMs = await this.#round();
      } catch (error) {
        this.#deps.onFault(`the outbox cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (waitMs > 0) await this.#rest(waitMs);
    }
    try {
      this.#file.release(this.#owner);
    } catch {
      // Then the lease runs out by itself.
    }
  }

  /** Delivers once to as many partitions as go at once. How long to wait before the next round, in milliseconds, unless something is handed in. */
  async #round(): Promise<number> {
    const nowMs = this.#deps.clock.now();
    if (!this.#holdsLease(nowMs)) return LOOK_MS;
    const waiting = this.#file.waiting(PARTITIONS_KNOWN);
    const due = waiting
      .filter((partition) => (this.#failing.get(partitionKey(partition))?.untilMs ?? 0) <= nowMs)
      .slice(0, PARTITIONS_AT_ONCE);
    if (due.length === 0) return this.#untilDueMs(waiting, nowMs);
    const delivered = await Promise.all(due.map((partition) => this.#deliver(partition)));
    return delivered.some(Boolean) ? 0 : this.#untilDueMs(waiting, this.#deps.clock.now());
  }

  /** Asks for it anew when half of it is over: each time is a write. */
  #holdsLease(nowMs: number): boolean {
    if (nowMs < this.#leasedUntilMs - LEASE_MS / 2) return true;
    const untilMs = nowMs + LEASE_MS;
    if (!this.#file.lease(this.#owner, nowMs, untilMs)) return false;
    this.#leasedUntilMs = untilMs;
    return true;
  }

  /** Whether something arrived. */
  async #deliver(partition: Partition): Promise<boolean> {
    const key = partitionKey(partition);
    const batch = this.#file.take(partition, this.#deps.clock.now() + TAKEN_MS, this.#oneByOne.has(key) ? 1 : undefined);
    if (batch === undefined) {
      this.#oneByOne.delete(key);
      return true;
    }
    try {
      await this.#deps.deliver(
        partition,
        batch.entries.map((text) => JSON.parse(text) as Entry),
      );
    } catch (error) {
      if (isForGood(error)) return this.#refused(key, batch, error);
      this.#fail(key, batch, error);
      return false;
    }
    this.#file.remove(batch.numbers);
    this.#failing.delete(key);
    this.#isOutageTold = false;
    this.#deps.onDelivered?.(partition, batch.entries.length);
    return true;
  }

  /** Which of several it was is found one by one. */
  #refused(key: string, { numbers }: Batch, error: Error): true {
    if (numbers.length > 1) {
      this.#file.putBack(numbers);
      this.#oneByOne.add(key);
      return true;
    }
    this.#file.remove(numbers);
    this.#deps.onFault(`one of what waited in the outbox was refused for good, and is dropped: ${error.message}`);
    return true;
  }

  #fail(key: string, { numbers }: Batch, error: unknown): void {
    this.#file.putBack(numbers);
    const attempts = (this.#failing.get(key)?.attempts ?? 0) + 1;
    const untilMs = this.#deps.clock.now() + backoffMs(attempts, 0.5 + this.#deps.random() / 2, BACKOFF);
    this.#failing.delete(key);
    this.#failing.set(key, { attempts, untilMs });
    const [oldest] = this.#failing.keys();
    if (this.#failing.size > PARTITIONS_KNOWN && oldest !== undefined) this.#failing.delete(oldest);
    if (this.#isOutageTold) return;
    this.#isOutageTold = true;
    this.#deps.onFault(`what is to be stored waits in the outbox: ${error instanceof Error ? error.message : String(error)}`);
  }

  #untilDueMs(waiting: readonly Partition[], nowMs: number): number {
    const dueMs = waiting.map((partition) => this.#failing.get(partitionKey(partition))?.untilMs ?? nowMs);
    return Math.max(1, Math.min(LOOK_MS, ...dueMs.map((untilMs) => untilMs - nowMs)));
  }

  async #rest(waitMs: number): Promise<void> {
    const over = new AbortController();
    const slept = this.#deps.clock.sleep(waitMs, over.signal).catch(() => {});
    await Promise.race([slept, this.#wake.promise]);
    over.abort();
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.#deps.onFault(`the outbox cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      throw storageFault('Memories', error);
    }
  }
}

function isForGood(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.row.retry === 'never';
}
