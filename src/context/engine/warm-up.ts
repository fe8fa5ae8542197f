/*
 * Makes in the background what chats after a start would else wait for in vain: the indexes of collections, those that were used last first, and of users, those
 * with the longest logs first (a small one is made within a chat's deadline); then, where vectors are scanned in this process, these too.
 *
 * It is bounded by the memory for indexes, for which nothing else is dropped, and by counts. Between pages it lets calls that somebody waits for go first, and who
 * asks for what is being made goes on with it by himself.
 */

import type { Clock } from '../../base/clock.ts';
import type { Partition, PartitionHead, RecordStore } from '../../stores/record/record-store.ts';
import type { ContextConfig } from '../context-config.ts';
import type { LocalKnowledgeEngine } from '../knowledge/knowledge-engine.ts';
import type { MemoryPartition } from '../memory/memory.ts';
import type { LocalMemoryEngine } from '../memory/memory-engine.ts';
import type { Dense } from './build-dense.ts';

export interface WarmUpDeps {
  readonly records: Pick<RecordStore, 'heads'>;
  readonly memory: Pick<LocalMemoryEngine, 'warm'>;
  readonly knowledge: Pick<LocalKnowledgeEngine, 'warm'>;
  readonly dense: Pick<Dense, 'warm'>;
  readonly clock: Clock;
  /** Lets others go on. */
  readonly pause: () => Promise<void>;
  /** Calls under way that somebody waits for. */
  readonly isBusy: () => boolean;
}

export interface WarmedUp {
  /** Collections and users that were looked at. */
  readonly collections: number;
  readonly users: number;
  readonly tookMs: number;
}

const LOOK_PAGE = 100;
/** Partitions that are looked at; of more, the rest is made when it is asked for. */
const LOOK_MAX = 20_000;
/** Users whose index is made: those with the longest logs. */
const USERS_MAX = 1_000;
const COLLECTIONS_MAX = 1_000;
/** Longest wait for calls to end before the next page is taken: a gateway that is never idle gets warm too. */
const GIVE_WAY_MAX_MS = 60;
const GIVE_WAY_STEP_MS = 2;

export class WarmUp implements Disposable {
  readonly #deps: WarmUpDeps;
  readonly #stop = new AbortController();
  #running: Promise<WarmedUp> | undefined;

  constructor(deps: WarmUpDeps) {
    this.#deps = deps;
  }

  /** Rejects with what a store says; what was made until then is made. */
  run(config: ContextConfig): Promise<WarmedUp> {
    this.#running ??= this.#run(config).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  [Symbol.dispose](): void {
    this.#stop.abort(new Error('the gateway ends'));
  }

  async #run({ memory, knowledge }: ContextConfig): Promise<WarmedUp> {
    const { clock, dense } = this.#deps;
    const startMs = clock.monotonic();
    const found = await this.#partitions();
    const isHere = memory.enabled && memory.remote === undefined;
    const users = isHere ? largest(found.filter(isMemory), USERS_MAX) : [];
    const chunks = knowledge.enabled ? found.filter(({ kind }) => kind === 'knowledge') : [];
    const collections = await this.#deps.knowledge.warm(largest(chunks, COLLECTIONS_MAX), this.#giveWay);
    await this.#deps.memory.warm(users, this.#giveWay);
    await dense.warm([...collections, ...users]);
    return { collections: collections.length, users: users.length, tookMs: clock.monotonic() - startMs };
  }

  async #partitions(): Promise<PartitionHead[]> {
    const found: PartitionHead[] = [];
    let after: Partition | undefined;
    while (found.length < LOOK_MAX) {
      const page = await this.#deps.records.heads({ limit: LOOK_PAGE, ...(after === undefined ? {} : { after }) });
      found.push(...page);
      after = page.at(-1);
      if (page.length < LOOK_PAGE) break;
      await this.#giveWay();
    }
    return found;
  }

  readonly #giveWay = async (): Promise<void> => {
    const { clock, pause, isBusy } = this.#deps;
    await pause();
    this.#stop.signal.throwIfAborted();
    for (let waitedMs = 0; isBusy() && waitedMs < GIVE_WAY_MAX_MS; waitedMs += GIVE_WAY_STEP_MS) {
      await clock.sleep(GIVE_WAY_STEP_MS, this.#stop.signal);
    }
  };
}

function largest<T extends PartitionHead>(partitions: readonly T[], count: number): T[] {
  return partitions.toSorted((a, b) => b.head - a.head).slice(0, count);
}

function isMemory(partition: PartitionHead): partition is PartitionHead & MemoryPartition {
  return partition.kind === 'memory';
}
