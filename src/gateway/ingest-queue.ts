/*
 * Files on their way into collections: announced in the store, then read from the documents and handed to the engine, a few at a time. What is announced is
 * never lost: a file that the process was ended over is taken up again, by this process after its restart or by another.
 */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { AnnouncedFile, CollectionFile, KnowledgeEngine } from '../context/knowledge/knowledge.ts';
import type { DocumentStore } from '../stores/document/document-store.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface IngestQueueDeps {
  readonly knowledge: KnowledgeEngine;
  readonly documents: DocumentStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface WaitingFile {
  readonly tenant: string;
  readonly collection: string;
  /** Announced before. */
  readonly file: Pick<AnnouncedFile, 'id' | 'owner' | 'filename' | 'attributes' | 'chunking'>;
}

interface UrgentFile {
  readonly file: WaitingFile;
  readonly resolve: (indexed: CollectionFile | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

/** Files that are read at once. */
const PARALLEL = 2;
/** Those beyond it stay in the store, and are taken up when there is room. */
const WAITING_MAX = 10_000;
const LOOK_EVERY_MS = 10_000;
const TAKEN_MAX = 200;

export class IngestQueue implements Disposable {
  readonly #deps: IngestQueueDeps;
  readonly #waiting = new Map<string, WaitingFile>();
  readonly #urgent: UrgentFile[] = [];
  readonly #running = new Map<string, Promise<void>>();
  #look: Disposable | undefined;
  #isOver = false;

  constructor(deps: IngestQueueDeps) {
    this.#deps = deps;
  }

  /** Begins to look for files from before; else they are looked for when there are some of now. */
  look(): void {
    if (this.#look === undefined) this.#lookIn(0);
  }

  /** Files that are announced, and not ready yet. */
  get size(): number {
    return this.#urgent.length + this.#waiting.size + this.#running.size;
  }

  add(files: readonly WaitingFile[]): void {
    for (const file of files) {
      if (this.#waiting.size >= WAITING_MAX) break;
      this.#waiting.set(keyOf(file), file);
    }
    if (this.#look === undefined) this.#lookIn(LOOK_EVERY_MS);
    this.#work();
  }

  /** Before all that nobody waits for. Rejects with what the engine or a store says. */
  now(file: WaitingFile): Promise<CollectionFile | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<CollectionFile | undefined>();
    this.#urgent.push({ file, resolve, reject });
    this.#work();
    return promise;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#waiting.clear();
    for (const { reject } of this.#urgent.splice(0)) reject(new GatewayError('draining', 'the gateway is stopping'));
    this.#look?.[Symbol.dispose]();
  }

  #work(): void {
    while (this.#running.size < PARALLEL && !this.#isOver) {
      const urgent = this.#urgent.shift();
      // Given again while it is read: it is read again afterwards.
      const next = urgent?.file ?? this.#waiting.values().find((file) => !this.#running.has(keyOf(file)));
      if (next === undefined) return;
      const key = keyOf(next);
      if (urgent === undefined) this.#waiting.delete(key);
      const slot = urgent === undefined ? key : `now ${key}`;
      const running = this.#run(next, urgent).finally(() => {
        this.#running.delete(slot);
        this.#work();
      });
      this.#running.set(slot, running);
    }
  }

  async #run(file: WaitingFile, urgent: UrgentFile | undefined): Promise<void> {
    const { knowledge, logger } = this.#deps;
    const { tenant, collection } = file;
    try {
      const indexed = await this.#index(file);
      urgent?.resolve(indexed);
    } catch (cause) {
      urgent?.reject(cause);
      // What was removed meanwhile wants nothing more; and a store that is away comes back: the file is taken up later.
      if (cause instanceof GatewayError && (cause.code === 'resource_unknown' || cause.code === 'storage_unavailable')) return;
      logger.error('a file could not be indexed', { reason: cause instanceof Error ? cause.message : String(cause) });
      const error = { code: 'server_error', message: 'the file could not be indexed' } as const;
      await knowledge.fail(tenant, collection, { file: file.file.id, error }).catch(() => undefined);
    }
  }

  async #index({ tenant, collection, file }: WaitingFile): Promise<CollectionFile | undefined> {
    const { knowledge, documents } = this.#deps;
    const owner = { tenant, user: file.owner };
    const record = await documents.find(owner, file.id);
    const text = record === undefined ? undefined : await documents.text(owner, file.id);
    if (record === undefined || text === undefined) {
      await knowledge.fail(tenant, collection, { file: file.id, error: { code: 'invalid_file', message: 'the file is there no more' } });
      return undefined;
    }
    const { pageStarts: pages } = JSON.parse(record.facts) as { pageStarts?: number[] };
    const { mediaType } = record;
    return knowledge.index(tenant, collection, { ...file, mediaType, text, announced: true, ...(pages === undefined ? {} : { pages }) });
  }

  #lookIn(delayMs: number): void {
    if (this.#isOver) return;
    this.#look = this.#deps.clock.after(delayMs, () => {
      this.#takeUp().catch((cause: unknown) => {
        this.#deps.logger.warn('files that are not indexed yet could not be looked for', {
          reason: cause instanceof Error ? cause.message : String(cause),
        });
      });
    });
  }

  async #takeUp(): Promise<void> {
    try {
      if (this.#waiting.size > 0) return;
      const taken = await this.#deps.knowledge.takeUnfinished(TAKEN_MAX);
      this.add(taken.filter((file) => !this.#running.has(keyOf(file))));
    } finally {
      this.#lookIn(LOOK_EVERY_MS);
    }
  }
}

function keyOf({ tenant, collection, file }: { tenant: string; collection: string; file: { id: string } }): string {
  return JSON.stringify([tenant, collection, file.id]);
}
