/* Search by meaning in one partition, and the vectors that it needs made in the background. */

import { NEVER, raceAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { createLru, type Lru } from '../../base/lru.ts';
import { createGuard, GUARD_DEFAULTS, type Guard } from '../../stores/guard.ts';
import { partitionKey } from '../../stores/record/partition-key.ts';
import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import type { VectorHit, VectorStore } from '../../stores/vector/vector-store.ts';
import type { ContextModels } from '../context-models.ts';
import { Slots } from '../documents/slots.ts';
import { createEmbedder } from './create-embedder.ts';
import type { DenseAnswer, DenseArm, TextOf } from './dense-arm.ts';
import { type DenseSide, type DenseState, denseNote, isSameSpec, parseDenseState } from './dense-state.ts';
import { ownerOf } from './embed-documents.ts';
import type { EmbeddedTexts, Embedder, EmbeddingSpec } from './embedder.ts';
import type { EmbeddingsConfig } from './embedding-config.ts';
import { PartitionFiller } from './fill-partition.ts';
import { FillSchedule } from './fill-schedule.ts';

export interface DenseArmConfig extends Pick<EmbeddingsConfig, 'batch' | 'parallel' | 'timeout'> {
  /** Longest time that a search may take. */
  readonly searchTimeoutMs: number;
  readonly spec: EmbeddingSpec;
  /** Tells the store of vectors from others: what one has another lacks. */
  readonly place: string;
}

export interface DenseArmDeps {
  readonly records: RecordStore;
  readonly vectors: VectorStore;
  readonly models: Pick<ContextModels, 'embed'>;
  /** What is embedded of a partition's records; undefined: nothing. */
  readonly textOf: (partition: Partition) => TextOf | undefined;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Tells this process from others on the same stores. */
  readonly holder: string;
  /** For the log: what goes wrong in the background, once until it goes right again. */
  readonly onFault: (message: string) => void;
  readonly onRecovery: () => void;
}

const CALLS_MAX = 256;
/** Embedders of models that were configured before. */
const OTHERS_MAX = 8;
const LOOKED_AFTER_MAX = 10_000;
/** How soon it is looked again whether a partition in which nothing is found has lost its vectors, or whether they are of a model that is no more. */
const LOOK_AGAIN_MS = 5_000;
/** A page is several requests, one after another, and writing what they gave. */
const PAGE_REQUESTS = 8;

export interface WarmableArm extends DenseArm, AsyncDisposable {
  /** Has the store read the partition's vectors, where they hold no more than `bytesMax`. Resolves with the bytes that it read. Rejects with what a store says. */
  warm(partition: Partition, bytesMax: number): Promise<number>;
}

/** It begins at once to look for records without vectors. What is disposed makes no vectors any more, and still searches. */
export function createDenseArm(config: DenseArmConfig, deps: DenseArmDeps): WarmableArm {
  return new ModelDenseArm(config, deps);
}

class ModelDenseArm implements WarmableArm {
  readonly #config: DenseArmConfig;
  readonly #deps: DenseArmDeps;
  readonly #embedder: Embedder;
  readonly #noteName: string;
  /** Partitions in whose vectors nothing was found, with the monotonic time at which these were last looked after. */
  readonly #lookedAfter: Lru<number> = createLru({ bytesMax: LOOKED_AFTER_MAX, entriesMax: LOOKED_AFTER_MAX });
  readonly #others = new Map<string, Embedder>();
  readonly #filler: PartitionFiller;
  readonly #schedule: FillSchedule;
  readonly #modelGuard: Guard;
  /** For models that were configured before. */
  readonly #otherGuard: Guard;
  readonly #storeGuard: Guard;

  constructor(config: DenseArmConfig, deps: DenseArmDeps) {
    const { batch, parallel, timeout, spec, searchTimeoutMs, place } = config;
    this.#noteName = denseNote(place);
    const { records, vectors, clock, random, textOf, onFault, onRecovery, holder } = deps;
    this.#config = config;
    this.#deps = deps;
    this.#embedder = createEmbedder(spec, deps);
    const guard = { ...GUARD_DEFAULTS, deadlineMs: searchTimeoutMs, callsMax: CALLS_MAX };
    this.#modelGuard = createGuard(guard, deps);
    this.#otherGuard = createGuard(guard, deps);
    this.#storeGuard = createGuard(guard, deps);
    const bounded: Embedder = boundedEmbedder(this.#embedder, timeout, clock);
    const onSkip = (reason: string): void => onFault(`a record gets no vector: ${reason}`);
    this.#filler = new PartitionFiller(
      { batch, parallel, noteName: this.#noteName },
      { records, vectors, embedder: bounded, slots: new Slots(parallel), now: () => clock.now(), holder, onSkip },
    );
    this.#schedule = new FillSchedule(
      { parallel, pageTimeoutMs: timeout * PAGE_REQUESTS },
      { filler: this.#filler, records, textOf, clock, random, onFault, onRecovery },
    );
  }

  get waiting(): number {
    return this.#schedule.waiting;
  }

  changed(partition: Partition): void {
    this.#schedule.changed(partition);
  }

  async erase(partition: Partition): Promise<void> {
    await this.#schedule.cancel(partition);
    this.#filler.forget();
    this.#embedder.forget();
    for (const embedder of this.#others.values()) embedder.forget();
    await this.#deps.vectors.erase(partition);
  }

  search(partition: Partition, query: string, limit: number): Promise<DenseAnswer> {
    const progress: { missing: 'embeddings' | 'vectors' } = { missing: 'vectors' };
    return new Promise((resolve) => {
      const giveUp = (): void => resolve({ hits: [], leftOut: [progress.missing] });
      const timer = this.#deps.clock.after(this.#config.searchTimeoutMs, giveUp);
      this.#search(partition, query, { limit, progress })
        .then(resolve, giveUp)
        .finally(() => timer[Symbol.dispose]());
    });
  }

  async warm(partition: Partition, bytesMax: number): Promise<number> {
    const { records, vectors } = this.#deps;
    const serving = parseDenseState(await records.note(partition, this.#noteName))?.serving;
    if (serving === undefined) return 0;
    const { space } = serving;
    const count = (await vectors.spaces(partition)).find(({ name }) => name === space.name)?.vectors ?? 0;
    const bytes = count * space.dimensions;
    if (bytes === 0 || bytes > bytesMax) return 0;
    const vector = new Float32Array(space.dimensions);
    vector[0] = 1;
    await vectors.search({ partition, space, vector, limit: 1 });
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#schedule[Symbol.asyncDispose]();
  }

  async #search(partition: Partition, query: string, { limit, progress }: SearchOptions): Promise<DenseAnswer> {
    const { records, vectors } = this.#deps;
    // Both at once: nearly always the configured model is the one that is wanted.
    const asked = this.#ask(this.#embedder, partition, query);
    const state = parseDenseState(await records.note(partition, this.#noteName));
    const side = state?.serving;
    if (side === undefined) return NOTHING;
    progress.missing = 'embeddings';
    const isCurrent = isSameSpec(this.#config.spec, side.spec);
    const answer = await (isCurrent ? asked : this.#ask(this.#otherOf(side), partition, query));
    const wanted = answer?.space.name === side.space.name ? answer : await this.#inNewSpace(state, asked);
    const [vector] = wanted?.vectors ?? [];
    if (wanted === undefined || vector === undefined) {
      // The model may be another one by now under its old name. One that is now this and now that must not have them made all the time.
      if (answer !== undefined && this.#isDue(partitionKey(partition, side.space.name))) this.changed(partition);
      return { hits: [], leftOut: ['embeddings'] };
    }
    progress.missing = 'vectors';
    const hits = await this.#storeGuard.run(
      async () => checked(await vectors.search({ partition, space: wanted.space, vector, limit }), limit),
      () => {
        this.#filler.doubt();
        return undefined;
      },
    );
    if (hits === undefined) return { hits: [], leftOut: ['vectors'] };
    if (hits.length === 0) {
      this.#lookAfter(partition, side);
      return { hits, leftOut: ['vectors'] };
    }
    return { hits, leftOut: wanted === answer ? [] : ['embeddings'] };
  }

  /** The store may have lost what it had: then it is made anew. In the background, and not for each search. */
  #lookAfter(partition: Partition, side: DenseSide): void {
    const key = partitionKey(partition, side.space.name);
    if (!this.#isDue(key)) return;
    this.#filler.startAnewIfLost(partition, side).then(
      (found) => {
        // What is made anew may be lost again.
        if (found !== 'there') this.#lookedAfter.delete(key);
        if (found === 'lost') this.changed(partition);
      },
      () => void this.#lookedAfter.delete(key),
    );
  }

  #isDue(key: string): boolean {
    const nowMs = this.#deps.clock.monotonic();
    if (nowMs - (this.#lookedAfter.get(key) ?? Number.NEGATIVE_INFINITY) < LOOK_AGAIN_MS) return false;
    this.#lookedAfter.set(key, nowMs, 1);
    return true;
  }

  /** What is there so far of the vectors that are being made, where the model before cannot be asked any more. */
  async #inNewSpace(state: DenseState | undefined, asked: Promise<EmbeddedTexts | undefined>): Promise<EmbeddedTexts | undefined> {
    const answer = await asked;
    return answer !== undefined && answer.space.name === state?.filling?.space.name ? answer : undefined;
  }

  /** Undefined when there is no answer in time. */
  async #ask(embedder: Embedder, partition: Partition, query: string): Promise<EmbeddedTexts | undefined> {
    const guard = embedder === this.#embedder ? this.#modelGuard : this.#otherGuard;
    const asking = { owner: ownerOf(partition), signal: NEVER };
    return guard.run<EmbeddedTexts | undefined>(
      () => embedder.embedQuery(query, asking),
      () => undefined,
    );
  }

  #otherOf({ space, spec }: DenseSide): Embedder {
    let other = this.#others.get(space.name);
    if (other === undefined) {
      const [oldest] = this.#others.keys();
      if (oldest !== undefined && this.#others.size >= OTHERS_MAX) this.#others.delete(oldest);
      this.#others.set(space.name, (other = createEmbedder(spec, this.#deps)));
    }
    return other;
  }
}

interface SearchOptions {
  readonly limit: number;
  /** What a search that is given up on was waiting for. */
  readonly progress: { missing: 'embeddings' | 'vectors' };
}

const NOTHING: DenseAnswer = { hits: [], leftOut: [] };

/** Each request ends in time, whoever answers it. */
function boundedEmbedder(embedder: Embedder, timeoutMs: number, clock: Clock): Embedder {
  return {
    get space() {
      return embedder.space;
    },
    spec: embedder.spec,
    forget: () => embedder.forget(),
    embedQuery: (text, asking) => embedder.embedQuery(text, asking),
    async embed(texts, kind, { owner, signal }) {
      const controller = new AbortController();
      using _timer = clock.after(timeoutMs, () => controller.abort(new Error(`the embedding model did not answer within ${timeoutMs} ms`)));
      const onAbort = (): void => controller.abort(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await raceAbort(embedder.embed(texts, kind, { owner, signal: controller.signal }), controller.signal);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}

const ROUNDING = 1e-3;

/** Best first, each once, with a cosine that can be one; what a store says beyond that is dropped. Throws when all of it is nonsense. */
function checked(hits: readonly VectorHit[], limit: number): VectorHit[] {
  const seen = new Set<string>();
  const good = hits.filter(({ id, score }) => {
    const isGood = typeof id === 'string' && Number.isFinite(score) && Math.abs(score) <= 1 + ROUNDING && !seen.has(id);
    seen.add(id);
    return isGood;
  });
  if (good.length === 0 && hits.length > 0) throw new Error('the store of vectors answers with what are no hits');
  return good.toSorted((a, b) => b.score - a.score).slice(0, limit);
}
