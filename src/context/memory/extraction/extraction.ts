/*
 * Facts that a model draws from turns, later and in the background. It only adds: what it says ended keeps its text and its time.
 *
 * How far it has come is a note in the partition. Before the model is asked, the batch is written into the note; the ids of what it draws follow
 * from the batch. So after a crash, at whichever moment, the same turns are asked about again, and what was written already is not written twice.
 */

import { asError } from '../../../base/as-error.ts';
import type { Clock } from '../../../base/clock.ts';
import { GatewayError } from '../../../base/errors.ts';
import { estimateTextTokens } from '../../../catalog/text-tokens.ts';
import type { Partition, RecordChange, RecordStore } from '../../../stores/record/record-store.ts';
import type { ContextModels } from '../../context-models.ts';
import type { Memory, MemoryPartition } from '../memory.ts';
import type { MemoryBook } from '../memory-book.ts';
import { MemoryDraft } from '../memory-draft.ts';
import { changeOf } from '../memory-record.ts';
import { idFrom, stemsOf } from '../memory-text.ts';
import { settle } from '../settling.ts';
import { memoryOf } from '../statement.ts';
import type { ExtractionConfig } from './extraction-config.ts';
import { type Note, notesOf } from './notes.ts';
import { extractionPrompt } from './prompt.ts';

export interface ExtractionDeps {
  readonly records: RecordStore;
  readonly ask: ContextModels['ask'];
  readonly clock: Clock;
  readonly pause: () => Promise<void>;
  readonly book: (partition: MemoryPartition) => Promise<MemoryBook>;
  /** Writes what is decided on the memories as they are. */
  readonly write: (partition: MemoryPartition, decide: (book: MemoryBook) => readonly RecordChange[]) => Promise<void>;
}

interface Progress {
  /** Everything up to here has been asked about, or given up. */
  readonly seq: number;
  /** The batch that is being asked about ends here; then `since` tells when that began. */
  readonly until?: number;
  readonly since?: number;
  readonly day: number;
  readonly calls: number;
  readonly tokens: number;
}

/** Turns of a user that nobody has asked about. */
interface Waiting {
  readonly partition: MemoryPartition;
  /** As far as is known. */
  turns: number;
  readonly sinceMs: number;
}

interface Batch {
  readonly turns: readonly Memory[];
  /** The number of the last record that was looked at. */
  readonly until: number;
  /** User's turns behind it, as far as was read. */
  readonly waiting: number;
}

const NOTE = 'extracted';
const DAY_MS = 86_400_000;
const PAGE = 500;
const KNOWN_MAX = 20;
const OUTPUT_TOKENS_MAX = 4_000;
const TRIES = 2;
/** So many users in a row for whom the model could not be asked. */
const FAILURES_MAX = 3;
/** Another process that has begun a batch is given so long before it is taken for dead, beside the timeout of its calls. */
const CLAIM_GRACE_MS = 30_000;

export class Extraction {
  readonly #config: ExtractionConfig;
  readonly #deps: ExtractionDeps;
  /** Users whose turns may wait, with how many are known to. */
  readonly #waiting = new Map<string, Waiting>();
  #isScanned = false;
  #run: Promise<void> | undefined;
  #isStopped = false;

  constructor(config: ExtractionConfig, deps: ExtractionDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** User's turns that are known to wait. */
  get waiting(): number {
    let sum = 0;
    for (const { turns } of this.#waiting.values()) sum += turns;
    return sum;
  }

  /** New turns were written. */
  added(partition: MemoryPartition, turns: number): void {
    const name = nameOf(partition);
    const known = this.#waiting.get(name);
    if (known === undefined) this.#waiting.set(name, { partition, turns, sinceMs: this.#deps.clock.now() });
    else known.turns += turns;
  }

  erased(partition: MemoryPartition): void {
    this.#waiting.delete(nameOf(partition));
  }

  /** Asks about nobody any more: what is being asked ends as it began. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Asks about all that waits and may be asked about now. Who calls meanwhile waits for the same. Rejects when a store or the model cannot be used. */
  run(): Promise<void> {
    this.#run ??= this.#all().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  async #all(): Promise<void> {
    if (!this.#isScanned) await this.#scan();
    let failure: Error | undefined;
    let failures = 0;
    for (const [name, entry] of Array.from(this.#waiting)) {
      if (this.#isStopped) break;
      if (entry.turns < this.#config.batch && this.#deps.clock.now() - entry.sinceMs < this.#config.wait) continue;
      try {
        const left = await this.#one(entry.partition);
        if (left === 0) this.#waiting.delete(name);
        else entry.turns = left;
        failures = 0;
      } catch (error) {
        // One user's turns must not hold up another's; but a model that fails for all is not asked about all.
        failure = asError(error);
        failures += 1;
        if (failures === FAILURES_MAX) break;
      }
      await this.#deps.pause();
    }
    if (failure !== undefined) throw failure;
  }

  /** After a start: whose turns wait, nobody has told. */
  async #scan(): Promise<void> {
    let after: Partition | undefined;
    do {
      const page = await this.#deps.records.heads({ limit: 100, ...(after === undefined ? {} : { after }) });
      for (const { tenant, kind, name, head } of page) {
        if (kind !== 'memory') continue;
        const partition: MemoryPartition = { tenant, kind, name };
        const { seq } = await this.#progress(partition);
        if (seq < head && !this.#waiting.has(nameOf(partition)))
          this.#waiting.set(nameOf(partition), { partition, turns: 0, sinceMs: -Infinity });
      }
      after = page.at(-1);
      await this.#deps.pause();
    } while (after !== undefined);
    this.#isScanned = true;
  }

  /** Resolves with how many turns still wait. */
  async #one(partition: MemoryPartition): Promise<number> {
    for (;;) {
      const progress = await this.#progress(partition);
      const nowMs = this.#deps.clock.now();
      const isClaimed = (progress.since ?? -Infinity) + TRIES * this.#config.timeout + CLAIM_GRACE_MS > nowMs;
      const batch = await this.#batch(partition, progress);
      if (batch.turns.length === 0) {
        if (batch.until > progress.seq) await this.#setProgress(partition, without(progress, batch.until));
        return 0;
      }
      const left = batch.turns.filter(({ role }) => role === 'user').length + batch.waiting;
      if (isClaimed || this.#isStopped || !(await this.#extract(partition, batch, progress))) return left;
    }
  }

  /** False: not now. */
  async #extract(partition: MemoryPartition, batch: Batch, before: Progress): Promise<boolean> {
    const nowMs = this.#deps.clock.now();
    const known = knownTo(await this.#deps.book(partition), batch.turns);
    const prompt = extractionPrompt(batch.turns, known);
    const cost = estimateTextTokens(prompt.messages.map(({ content }) => content)) + OUTPUT_TOKENS_MAX;
    const day = Math.floor(nowMs / DAY_MS);
    let spent = before.day === day ? { calls: before.calls, tokens: before.tokens } : { calls: 0, tokens: 0 };
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (spent.calls >= this.#config.calls_per_day || spent.tokens + cost > this.#config.tokens_per_day) return false;
      spent = { calls: spent.calls + 1, tokens: spent.tokens + cost };
      await this.#setProgress(partition, { seq: before.seq, until: batch.until, since: nowMs, day, ...spent });
      const notes = await this.#ask(partition, { batch, known, prompt, isLast: tries === TRIES - 1, before: { ...before, day, ...spent } });
      if (notes === undefined) continue;
      await this.#write(partition, batch, notes);
      break;
    }
    // What could not be read twice is left at that: the turns are there, and what the rules found.
    await this.#setProgress(partition, { seq: batch.until, day, ...spent });
    return true;
  }

  async #ask(
    partition: MemoryPartition,
    asked: {
      readonly batch: Batch;
      readonly known: readonly Memory[];
      readonly prompt: ReturnType<typeof extractionPrompt>;
      readonly isLast: boolean;
      readonly before: Progress;
    },
  ): Promise<Note[] | undefined> {
    const { model, timeout } = this.#config;
    const cancel = new AbortController();
    using _timer = this.#deps.clock.after(timeout, () => cancel.abort(new GatewayError('upstream_timeout', 'the model took too long')));
    try {
      const owner = { tenant: partition.tenant, user: partition.name };
      const request = { model, ...asked.prompt, outputTokensMax: OUTPUT_TOKENS_MAX, owner };
      const { text } = await this.#deps.ask(request, cancel.signal);
      return notesOf(text, asked.batch.turns, asked.known);
    } catch (error) {
      if (!asked.isLast || isRefusal(error)) return undefined;
      // The claim is given back: whoever comes next may try.
      await this.#setProgress(partition, without(asked.before, asked.before.seq));
      throw error;
    }
  }

  #write(partition: MemoryPartition, batch: Batch, notes: readonly Note[]): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const key = batch.turns.map(({ id }) => id).join(' ');
    return this.#deps.write(partition, (book) => {
      const draft = new MemoryDraft(book);
      for (const [index, { statement, turns }] of notes.entries()) {
        const told = turns.filter(({ id }) => book.get(id) !== undefined);
        const last = told.at(-1);
        const id = idFrom('extracted', key, index);
        // Deleted meanwhile, or written before a crash.
        if (last === undefined || !draft.isFree(id)) continue;
        settle(draft, { ...memoryOf(statement, last, nowMs), id, sources: told.map((turn) => turn.id).sort() });
      }
      return draft.changed.map(changeOf);
    });
  }

  /** The next turns behind the cursor: as many as are asked about at once, or those of the batch that was begun. */
  async #batch(partition: MemoryPartition, { seq, until }: Progress): Promise<Batch> {
    const turns: Memory[] = [];
    let users = 0;
    let waiting = 0;
    let last = seq;
    for (let after = seq; ; ) {
      const { records } = await this.#deps.records.changes(partition, after, PAGE);
      for (const { kind, body, seq: number } of records) {
        const turn = kind === 'turn' && body !== null ? (JSON.parse(body) as Memory) : undefined;
        const isFull = users >= this.#config.batch || turns.length >= 3 * this.#config.batch;
        if (until === undefined ? isFull : number > until) {
          waiting += turn?.role === 'user' ? 1 : 0;
          continue;
        }
        last = number;
        if (turn === undefined) continue;
        turns.push(turn);
        users += turn.role === 'user' ? 1 : 0;
      }
      after = records.at(-1)?.seq ?? after;
      if (records.length < PAGE || waiting > 0) break;
    }
    return { turns: users === 0 ? [] : turns, until: Math.max(last, until ?? 0), waiting };
  }

  async #progress(partition: MemoryPartition): Promise<Progress> {
    const note = await this.#deps.records.note(partition, NOTE);
    return note === undefined ? { seq: 0, day: 0, calls: 0, tokens: 0 } : (JSON.parse(note) as Progress);
  }

  #setProgress(partition: MemoryPartition, progress: Progress): Promise<void> {
    return this.#deps.records.setNote(partition, NOTE, JSON.stringify(progress));
  }
}

/** The model takes these turns amiss (too long, against its rules): it will another time too. */
function isRefusal(error: unknown): boolean {
  return error instanceof GatewayError && [400, 413, 422].includes(error.status);
}

function without({ day, calls, tokens }: Progress, seq: number): Progress {
  return { seq, day, calls, tokens };
}

/** The facts that the turns may say again, or end: those that share most words with them, and those drawn from them. */
function knownTo(book: MemoryBook, turns: readonly Memory[]): Memory[] {
  const counts = new Map<string, number>();
  const drawn = new Set(turns.flatMap(({ id }) => [...book.view.drawnFrom(id)]));
  for (const turn of turns) {
    if (turn.role !== 'user') continue;
    for (const stem of stemsOf(turn.text)) for (const id of book.withStem(stem)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const id of drawn) counts.set(id, Infinity);
  return [...counts]
    .sort(([a, countA], [b, countB]) => (countB === countA ? (a < b ? -1 : 1) : countB - countA))
    .flatMap(([id]) => book.get(id) ?? [])
    .filter(({ validToMs }) => validToMs === undefined)
    .slice(0, KNOWN_MAX);
}

function nameOf({ tenant, name }: MemoryPartition): string {
  return JSON.stringify([tenant, name]);
}
