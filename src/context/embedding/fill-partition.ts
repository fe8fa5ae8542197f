/*
 * Gives the records of one partition their vectors, a page of its log at a time: embeds what is new, removes what is gone, and notes how far it has
 * come. Whoever does a page twice does no harm.
 */

import { createLru, type Lru } from '../../base/lru.ts';
import { partitionKey } from '../../stores/record/partition-key.ts';
import type { ChangePage, Partition, RecordStore, StoredRecord } from '../../stores/record/record-store.ts';
import type { VectorSpace, VectorStore } from '../../stores/vector/vector-store.ts';
import type { Slots } from '../documents/slots.ts';
import type { TextOf } from './dense-arm.ts';
import { advanced, currentSide, type DenseSide, type DenseState, finished, parseDenseState, waitingIn } from './dense-state.ts';
import { type Document, embedDocuments, TEXT_CHARS_MAX } from './embed-documents.ts';
import type { Embedder } from './embedder.ts';

export interface FillConfig {
  /** Texts in one request. */
  readonly batch: number;
  /** Requests at once. */
  readonly parallel: number;
  /** Of the note on a partition that tells how far its vectors have come. */
  readonly noteName: string;
}

export interface FillDeps {
  readonly records: RecordStore;
  readonly vectors: VectorStore;
  readonly embedder: Embedder;
  readonly slots: Slots;
  /** Wall milliseconds. */
  readonly now: () => number;
  /** Tells this process from others on the same store. */
  readonly holder: string;
  /** A record that gets no vector, and why. */
  readonly onSkip: (reason: string) => void;
}

export type Filled =
  | { readonly kind: 'done' }
  | { readonly kind: 'more'; readonly waiting: number }
  /** Another process is at it. */
  | { readonly kind: 'leased'; readonly forMs: number };

const PAGE_MIN = 64;
const PAGE_MAX = 1_000;
const LEASE_MS = 60_000;
const KNOWN_TEXTS_MAX = 100_000;
const UNNOTED_MAX = 1_000;
const COUNTED_MAX = 10_000;
/** So often a record that cannot be read is tried, a while apart each time: a store that lies for a moment costs it no vector, one that is damaged stops no others. */
const UNREAD_TRIES_MAX = 5;
const UNREAD_MAX = 1_000;
/** So often in a row a model may be another one under its old name: behind that name are several, and what one makes the next undoes. */
const TURNS_MAX = 3;
const TURNED_MAX = 10_000;

interface Work {
  readonly partition: Partition;
  readonly textOf: TextOf;
  readonly signal: AbortSignal;
}

interface Done {
  readonly put: readonly Document[];
  readonly space: VectorSpace | undefined;
  /** Number of the last change that was dealt with. */
  readonly last: number;
}

interface Refused {
  readonly state: DenseState | undefined;
  /** Spaces of vectors that were put. */
  readonly made: readonly VectorSpace[];
  /** Undefined: that they are of several models, or of one that changes all the time. */
  readonly fault?: Error | undefined;
}

/** A partition's log, and what is known of its vectors, at one moment. */
interface Look {
  readonly state: DenseState | undefined;
  readonly page: ChangePage;
  readonly cursor: number;
  /** The space whose vectors need not be made again; undefined: there is none. */
  readonly known: VectorSpace | undefined;
}

export class PartitionFiller {
  readonly #config: FillConfig;
  readonly #deps: FillDeps;
  readonly #pageSize: number;
  /** What text a record's vector was made of: notes on a record change it without changing what it says. */
  readonly #texts: Lru<string> = createLru({ bytesMax: KNOWN_TEXTS_MAX, entriesMax: KNOWN_TEXTS_MAX });
  /** How far it has come in partitions that have no vectors yet. */
  readonly #unnoted: Lru<number> = createLru({ bytesMax: UNNOTED_MAX, entriesMax: UNNOTED_MAX });
  /** Partitions whose vectors were there when they were counted, with the failures until then. */
  readonly #counted: Lru<number> = createLru({ bytesMax: COUNTED_MAX, entriesMax: COUNTED_MAX });
  /** Records that could not be read, and how often that was tried. */
  readonly #unread: Lru<number> = createLru({ bytesMax: UNREAD_MAX, entriesMax: UNREAD_MAX });
  /** Partitions whose last page was of another model than the one before, and how often that was so in a row. */
  readonly #turns: Lru<number> = createLru({ bytesMax: TURNED_MAX, entriesMax: TURNED_MAX });
  #failures = 0;

  constructor(config: FillConfig, deps: FillDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#pageSize = Math.min(PAGE_MAX, Math.max(PAGE_MIN, config.batch * config.parallel * 2));
  }

  /** How many changes wait, as far as the note tells. */
  async waiting(partition: Partition, head: number): Promise<number> {
    const { records, embedder } = this.#deps;
    return waitingIn(parseDenseState(await records.note(partition, this.#config.noteName)), embedder.spec, head);
  }

  /** The store of vectors failed: when it is back, it may have lost what it had. */
  doubt(): void {
    this.#failures += 1;
  }

  /** Deals with the next page of the log. Rejects with what a store or the model says; what was done until then is done. */
  async takePage(work: Work): Promise<Filled> {
    try {
      return await this.#takePage(work);
    } catch (error) {
      this.doubt();
      throw error;
    }
  }

  async #takePage(work: Work): Promise<Filled> {
    const look = await this.#look(work);
    if (look === undefined) return DONE;
    const { state, page, cursor } = look;
    const forMs = this.#leasedMs(state);
    if (forMs > 0) return { kind: 'leased', forMs };
    const last = page.records.at(-1)?.seq;
    if (last === undefined) return this.#finish(work, state);
    if (page.head - cursor > this.#pageSize && state !== undefined) await this.#note(work, { ...state, lease: this.#lease() });

    const { documents, gone } = this.#sorted(work, look);
    if (gone.length > 0 && state !== undefined) await this.#deps.vectors.delete(work.partition, gone);
    const { put, space } = await this.#embedded(work, documents, look);
    if (!(await this.#isStill(work.partition, page, last))) {
      // Erased meanwhile by another process: what was put now belongs to nobody.
      if (put.length > 0)
        await this.#deps.vectors.delete(
          work.partition,
          put.map(({ record }) => record.id),
        );
      return { kind: 'more', waiting: 1 };
    }
    return this.#advance(work, look, { put, space, last });
  }

  async #advance(work: Work, { state, page }: Look, { put, space, last }: Done): Promise<Filled> {
    const { spec } = this.#deps.embedder;
    if (space !== undefined) await this.#checkTurn(work, state, space);
    const next = advanced(state, { spec, generation: page.generation, space, last });
    const isOver = last >= page.head;
    if (next === undefined) {
      // Nobody has vectors yet, so there is nothing to note the place with: it is kept here.
      if (isOver) this.#unnoted.delete(partitionKey(work.partition, page.generation));
      else this.#unnoted.set(partitionKey(work.partition, page.generation), last, 1);
      return isOver ? DONE : { kind: 'more', waiting: page.head - last };
    }
    await this.#note(work, next);
    const side = currentSide(next, spec) ?? next.serving;
    for (const { record, text } of put) this.#texts.set(this.#textKey(work.partition, side?.space, record.id), hashOf(text), 1);
    const done = side?.cursor ?? 0;
    return done < page.head ? { kind: 'more', waiting: page.head - done } : this.#finish(work, next);
  }

  /** Rejects where the model is this one and that one in turn: that is no reason to have everything made again and again. */
  async #checkTurn(work: Work, state: DenseState | undefined, space: VectorSpace): Promise<void> {
    const current = currentSide(state, this.#deps.embedder.spec);
    const key = partitionKey(work.partition);
    if (current === undefined || !isOther(space, current.space)) {
      this.#turns.delete(key);
      return;
    }
    const turns = (this.#turns.get(key) ?? 0) + 1;
    if (turns <= TURNS_MAX) {
      this.#turns.set(key, turns, 1);
      return;
    }
    // After a pause it may have come to rest.
    this.#turns.delete(key);
    await this.#refuse(work, { state, made: [space] });
  }

  /** Takes out what was just made where nobody would know of it, and rejects with the fault. */
  async #refuse({ partition }: Work, { state, made, fault }: Refused): Promise<never> {
    const inUse = new Set([state?.serving?.space.name, state?.filling?.space.name]);
    try {
      for (const { name } of made) if (!inUse.has(name)) await this.#deps.vectors.dropSpace(partition, name);
    } catch (error) {
      throw fault ?? error;
    }
    throw fault ?? new Error('the embedding model changes the length of its vectors from one answer to the next');
  }

  /** What has become of the vectors that were made; where the store has lost them, it is noted that none were. */
  async startAnewIfLost(partition: Partition, { space }: DenseSide): Promise<'there' | 'lost' | 'begun anew'> {
    const { records, vectors } = this.#deps;
    const { noteName } = this.#config;
    const found = await vectors.spaces(partition);
    if (found.some(({ name, vectors: count }) => name === space.name && count > 0)) return 'there';
    const state = parseDenseState(await records.note(partition, noteName));
    if (state?.serving?.space.name !== space.name) return 'begun anew';
    // Erased, or with nothing to embed.
    if ((await records.changes(partition, 0, 1)).generation !== state.generation) return 'there';
    this.forget();
    await records.setNote(partition, noteName, '');
    return 'lost';
  }

  /** Drops what it knows of any partition: hashes of texts, places in logs. */
  forget(): void {
    this.#texts.clear();
    this.#unnoted.clear();
    this.#counted.clear();
  }

  async #look({ partition }: Work): Promise<Look | undefined> {
    const { records, vectors, embedder } = this.#deps;
    const state = parseDenseState(await records.note(partition, this.#config.noteName));
    const current = currentSide(state, embedder.spec);
    const cursor = current?.cursor ?? 0;
    const page = await records.changes(partition, cursor, this.#pageSize);
    if (page.generation === '') {
      // Erased. What another process put just then goes too.
      await vectors.erase(partition);
      return undefined;
    }
    if (state !== undefined && (state.generation !== page.generation || cursor > page.head)) {
      // Another log than the one that the vectors were made of.
      await vectors.erase(partition);
      return this.#lookFrom(partition, 0, undefined);
    }
    // What is put now would hide that the rest is gone: a search that finds a little does not tell.
    if (current !== undefined && cursor > 0 && (await this.#isLost(partition, current.space)))
      return this.#lookFrom(partition, 0, undefined);
    // The model is another one by now under its old name: its vectors are made from the first record on, though nothing new is to be embedded.
    if (current !== undefined && page.records.length === 0 && isOther(embedder.space, current.space))
      return this.#lookFrom(partition, 0, state);
    const unnoted = current === undefined ? (this.#unnoted.get(partitionKey(partition, page.generation)) ?? 0) : 0;
    return unnoted === 0 ? { state, page, cursor, known: current?.space } : this.#lookFrom(partition, unnoted, state);
  }

  async #lookFrom(partition: Partition, cursor: number, state: DenseState | undefined): Promise<Look> {
    return { state, page: await this.#deps.records.changes(partition, cursor, this.#pageSize), cursor, known: undefined };
  }

  /** Whether the store has none of the vectors that were made; it is asked anew after each failure alone. */
  async #isLost(partition: Partition, space: VectorSpace): Promise<boolean> {
    const failures = this.#failures;
    const key = partitionKey(partition, space.name);
    if (this.#counted.get(key) === failures) return false;
    const found = await this.#deps.vectors.spaces(partition);
    const isThere = found.some(({ name, vectors }) => name === space.name && vectors > 0);
    if (isThere) this.#counted.set(key, failures, 1);
    return !isThere;
  }

  #sorted({ partition, textOf }: Work, { page, known }: Look): { documents: Document[]; gone: string[] } {
    const documents: Document[] = [];
    const gone: string[] = [];
    for (const record of page.records) {
      const text = record.body === null ? undefined : this.#textOf(partition, record, textOf)?.slice(0, TEXT_CHARS_MAX).trim();
      const key = this.#textKey(partition, known, record.id);
      if (text !== undefined && text !== '') {
        if (known === undefined || this.#texts.get(key) !== hashOf(text)) documents.push({ record, text });
      } else if (record.body === null || this.#texts.delete(key)) {
        gone.push(record.id);
        this.#texts.delete(key);
      }
    }
    return { documents, gone };
  }

  #textOf(partition: Partition, record: StoredRecord, textOf: TextOf): string | undefined {
    try {
      return textOf(record);
    } catch (error) {
      const key = partitionKey(partition, record.id);
      const tries = (this.#unread.get(key) ?? 0) + 1;
      this.#unread.set(key, tries, 1);
      if (tries < UNREAD_TRIES_MAX) throw error;
      this.#deps.onSkip('it cannot be read');
      return undefined;
    }
  }

  /** The model may become another one under its old name while a page is made: then what is not of one space is of no use. */
  async #embedded(work: Work, documents: readonly Document[], { state }: Look): Promise<Pick<Done, 'put' | 'space'>> {
    const { batch } = this.#config;
    const { put, spaces, fault } = await embedDocuments({ ...work, documents }, { ...this.#deps, batch });
    const [space, ...others] = spaces;
    if (fault === undefined && others.length === 0) return { put, space };
    return this.#refuse(work, { state, made: spaces, fault });
  }

  /** Whether the log is still the one that was read. */
  async #isStill(partition: Partition, { generation }: ChangePage, last: number): Promise<boolean> {
    return (await this.#deps.records.changes(partition, last, 1)).generation === generation;
  }

  /** The log has no more. */
  async #finish(work: Work, state: DenseState | undefined): Promise<Filled> {
    if (state === undefined) return DONE;
    const next = finished(state, this.#deps.embedder.spec);
    const { dropping, ...tidied } = next;
    if (JSON.stringify(next) !== JSON.stringify(state)) await this.#note(work, next);
    if (dropping === undefined) return DONE;
    for (const name of dropping) await this.#deps.vectors.dropSpace(work.partition, name);
    // Where the model is once more what it was, vectors of these texts are wanted again.
    this.#texts.clear();
    await this.#note(work, tidied);
    return DONE;
  }

  async #note({ partition, signal }: Work, state: DenseState): Promise<void> {
    signal.throwIfAborted();
    await this.#deps.records.setNote(partition, this.#config.noteName, JSON.stringify(state));
  }

  #lease(): NonNullable<DenseState['lease']> {
    return { holder: this.#deps.holder, untilMs: this.#deps.now() + LEASE_MS };
  }

  #leasedMs(state: DenseState | undefined): number {
    const { lease } = state ?? {};
    if (lease === undefined || lease.holder === this.#deps.holder) return 0;
    // A clock that was put forward must not hold it up for long.
    return Math.min(LEASE_MS, lease.untilMs - this.#deps.now());
  }

  #textKey(partition: Partition, space: VectorSpace | undefined, id: string): string {
    return hashOf(JSON.stringify([partitionKey(partition, space?.name ?? ''), id]));
  }
}

const DONE: Filled = { kind: 'done' };

function hashOf(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64');
}

function isOther(latest: VectorSpace | undefined, space: VectorSpace): boolean {
  return latest !== undefined && latest.name !== space.name;
}
