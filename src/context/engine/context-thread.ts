/*
 * The context engines in a thread of their own, as the gateway's main thread sees them. The thread starts with the first call: who uses neither
 * memory nor knowledge pays nothing. When it ends by itself, the calls under way fail and the next one starts it anew: what is
 * known lies in the stores.
 */

import type { Clock } from '../../base/clock.ts';
import type { ContextEngine, ContextStatus } from '../context-engine.ts';
import type { AskRequest, ContextModels, EmbedTextsRequest, RerankTextsRequest } from '../context-models.ts';
import type { KnowledgeEngine } from '../knowledge/knowledge.ts';
import type { MemoryEngine } from '../memory/memory.ts';
import type { EngineConfig } from './engine-config.ts';
import { Link, type LinkMessage, type Serve } from './link.ts';
import type { WarmedUp } from './warm-up.ts';

export interface ContextThreadDeps {
  readonly clock: Clock;
  /** What the engines ask. */
  readonly models: ContextModels;
  /** What went wrong there, for the log. */
  readonly onFault: (message: string) => void;
}

/** Milliseconds. */
const QUICK_MS = 5_000;
const WRITE_MS = 30_000;
/** A document of the largest size, cut and indexed on a busy machine; a user or a collection with all that there is. */
const LONG_MS = 600_000;
const CALLS_MAX = 2_000;

const MEMORY_CALLS = {
  remember: WRITE_MS,
  recall: QUICK_MS,
  profile: QUICK_MS,
  touch: WRITE_MS,
  get: QUICK_MS,
  list: QUICK_MS,
  update: WRITE_MS,
  delete: WRITE_MS,
  deleteMatching: LONG_MS,
  history: QUICK_MS,
  users: QUICK_MS,
  erase: LONG_MS,
} as const satisfies Record<keyof MemoryEngine, number>;

const KNOWLEDGE_CALLS = {
  createCollection: WRITE_MS,
  collection: QUICK_MS,
  collections: QUICK_MS,
  overviews: QUICK_MS,
  updateCollection: WRITE_MS,
  deleteCollection: LONG_MS,
  announce: WRITE_MS,
  index: LONG_MS,
  fail: WRITE_MS,
  takeUnfinished: WRITE_MS,
  file: QUICK_MS,
  findFiles: QUICK_MS,
  files: QUICK_MS,
  batch: QUICK_MS,
  cancelBatch: WRITE_MS,
  setAttributes: WRITE_MS,
  chunks: QUICK_MS,
  removeFile: LONG_MS,
  removeDocument: LONG_MS,
  search: QUICK_MS,
  searchFor: QUICK_MS,
} as const satisfies Record<keyof KnowledgeEngine, number>;

export interface ContextThread extends ContextEngine {
  /**
   * What the engines are made from, from now on. They go on while they take it over, with the stores and the memory for indexes that they have: `state` must be the
   * same.
   */
  configure(config: EngineConfig): void;
  /** Starts the thread, and has it make what chats will ask for before they do. Rejects with `storage_unavailable`. */
  warm(): Promise<WarmedUp>;
}

export function createContextThread(config: EngineConfig, deps: ContextThreadDeps): ContextThread {
  const thread = new EngineThread(config, deps);
  const call = <T>(method: string, given: readonly unknown[], timeoutMs: number): Promise<T> => thread.call(method, given, timeoutMs);
  return {
    memory: remote('memory', MEMORY_CALLS, call) as unknown as MemoryEngine,
    knowledge: remote('knowledge', KNOWLEDGE_CALLS, call) as unknown as KnowledgeEngine,
    status: () => (thread.isRunning ? call<ContextStatus>('status', [], QUICK_MS) : Promise.resolve(IDLE)),
    configure: (next) => thread.configure(next),
    warm: () => call<WarmedUp>('warm', [], LONG_MS),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}

const IDLE: ContextStatus = { indexes: 0, indexBytes: 0, unextracted: 0 };

type Call = (method: string, given: readonly unknown[], timeoutMs: number) => Promise<unknown>;

/** What has the methods of an engine, each of which asks the thread. */
function remote(name: string, calls: Readonly<Record<string, number>>, call: Call): Readonly<Record<string, unknown>> {
  const methods = Object.entries(calls).map(([method, timeoutMs]) => [
    method,
    (...given: readonly unknown[]) => call(`${name}.${method}`, given, timeoutMs),
  ]);
  return Object.fromEntries(methods) as Readonly<Record<string, unknown>>;
}

class EngineThread {
  #config: EngineConfig;
  readonly #deps: ContextThreadDeps;
  #running: { readonly worker: Worker; readonly link: Link } | undefined;
  #isClosed = false;

  constructor(config: EngineConfig, deps: ContextThreadDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  call<T>(method: string, given: readonly unknown[], timeoutMs: number): Promise<T> {
    if (this.#isClosed) return Promise.reject(new Error('the context engines are closed'));
    const { link } = (this.#running ??= this.#start());
    return link.call<T>(method, given, { timeoutMs });
  }

  configure(config: EngineConfig): void {
    this.#config = config;
    if (this.#running === undefined || this.#isClosed) return;
    const { onFault } = this.#deps;
    this.#running.link.call('configure', [config], { timeoutMs: LONG_MS }).catch((error: unknown) => {
      onFault(`the new configuration could not be taken on, and the one before goes on: ${String(error)}`);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const running = this.#running;
    if (running === undefined) return;
    // What is being written is written first.
    await running.link.call('close', [], { timeoutMs: QUICK_MS }).catch((error: unknown) => this.#deps.onFault(String(error)));
    running.worker.terminate();
    running.link.lose('the gateway ends');
  }

  #start(): { readonly worker: Worker; readonly link: Link } {
    const { clock, onFault } = this.#deps;
    const worker = new Worker(new URL('thread-program.ts', import.meta.url));
    // It must not keep a process alive that has nothing else to do.
    worker.unref();
    const post = (message: unknown): void => worker.postMessage(message, []);
    const link = new Link({ what: 'memory and knowledge', callsMax: CALLS_MAX }, { post }, { clock, onFault, serve: this.#serve });
    const lose = (reason: string): void => {
      if (this.#running?.worker === worker) this.#running = undefined;
      onFault(`the thread of the context engines ended: ${reason}`);
      link.lose('memory and knowledge failed');
    };
    worker.addEventListener('message', ({ data }: MessageEvent<LinkMessage>) => link.take(data));
    worker.addEventListener('error', (event) => lose(event.message));
    worker.addEventListener('close', () => {
      if (!this.#isClosed) lose('without a word');
    });
    post(this.#config);
    return { worker, link };
  }

  /** What the engines say to the gateway. */
  readonly #serve: Serve = (method, [given], signal) => {
    const { models, onFault } = this.#deps;
    switch (method) {
      case 'report':
        return onFault(String(given));
      case 'models.embed':
        return models.embed(given as EmbedTextsRequest, signal);
      case 'models.rerank':
        return models.rerank(given as RerankTextsRequest, signal);
      case 'models.ask':
        return models.ask(given as AskRequest, signal);
      default:
        throw new Error(`there is no method '${method}'`);
    }
  };
}
