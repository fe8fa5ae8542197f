/* Documents in a SQLite file, or in memory, behind a thread of their own. It starts with the first call: who stores nothing pays nothing. */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { AddResult, DocumentRecord, DocumentStore } from './document-store.ts';
import { IN_MEMORY, type SqliteDocuments } from './sqlite-documents.ts';

export interface SqliteStoreDeps {
  readonly clock: Clock;
  /** What went wrong, for the log: the caller is told no more than that something did. */
  readonly onFault: (message: string) => void;
}

type Method = keyof SqliteDocuments;

/** To the thread. */
export interface DocumentCall {
  readonly number: number;
  readonly path: string;
  readonly method: Method;
  readonly given: readonly unknown[];
}

/** From the thread, in the order of the calls. */
export type DocumentReply =
  | { readonly number: number; readonly ok: true; readonly value: unknown }
  | { readonly number: number; readonly ok: false; readonly message: string };

/** Longer than a wait for another process that writes. */
const CALL_TIMEOUT_MS = 10_000;
const CALLS_MAX = 1_000;

/** `records`: `memory`, or `sqlite:` and the path of a file, which is made with its folder when it is not there. */
export function createSqliteDocumentStore(records: string, deps: SqliteStoreDeps): DocumentStore {
  const thread = new SqliteThread(records === 'memory' ? IN_MEMORY : records.slice('sqlite:'.length), deps);
  return {
    add: (document, limits) => thread.call<AddResult>('add', [document, limits], transferable(document.text)),
    find: (owner, id) => thread.call<DocumentRecord | undefined>('find', [owner, id]),
    findContent: (owner, { collection, sha256 }) => thread.call<DocumentRecord | undefined>('findContent', [owner, { collection, sha256 }]),
    text: (owner, id) => thread.call<Uint8Array | undefined>('text', [owner, id]),
    list: (owner, query) => thread.call<DocumentRecord[]>('list', [owner, query]),
    delete: (owner, id) => thread.call<boolean>('delete', [owner, id]),
    [Symbol.asyncDispose]: () => thread.close(),
  };
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: Disposable;
}

class SqliteThread {
  readonly #path: string;
  readonly #deps: SqliteStoreDeps;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #number = 0;
  #isClosed = false;

  constructor(path: string, deps: SqliteStoreDeps) {
    this.#path = path;
    this.#deps = deps;
  }

  call<T>(method: Method, given: readonly unknown[], transfer: ArrayBuffer[] = []): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#fault('it is closed'));
    if (this.#pending.size >= CALLS_MAX) return Promise.reject(this.#fault(`more than ${CALLS_MAX} calls are waiting`));
    return this.#send(method, given, transfer) as Promise<T>;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#worker === undefined) return;
    // What was asked before is done first: calls are answered in their order.
    await this.#send('close', [], []).catch(() => undefined);
    this.#worker.terminate();
  }

  #send(method: Method, given: readonly unknown[], transfer: ArrayBuffer[]): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const number = this.#number++;
    return new Promise((resolve, reject) => {
      const deadline = this.#deps.clock.after(CALL_TIMEOUT_MS, () => {
        this.#pending.delete(number);
        reject(this.#fault(`'${method}' takes longer than ${CALL_TIMEOUT_MS} ms`));
      });
      this.#pending.set(number, { resolve, reject, deadline });
      worker.postMessage({ number, path: this.#path, method, given } satisfies DocumentCall, transfer);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL('sqlite-program.ts', import.meta.url));
    // It must not keep a process alive that has nothing else to do.
    worker.unref();
    worker.addEventListener('message', ({ data }: MessageEvent<DocumentReply>) => this.#take(data));
    worker.addEventListener('error', (event) => {
      this.#worker = undefined;
      for (const number of this.#pending.keys()) this.#take({ number, ok: false, message: event.message });
    });
    return worker;
  }

  #take(reply: DocumentReply): void {
    const pending = this.#pending.get(reply.number);
    if (pending === undefined) return;
    this.#pending.delete(reply.number);
    pending.deadline[Symbol.dispose]();
    if (reply.ok) pending.resolve(reply.value);
    else pending.reject(this.#fault(reply.message));
  }

  #fault(message: string): GatewayError {
    this.#deps.onFault(message);
    return new GatewayError('storage_unavailable', 'documents can be neither stored nor read at the moment', { retryAfterMs: 5_000 });
  }
}

/** The whole buffer can be handed to the thread; a part of a larger one is copied. */
function transferable(bytes: Uint8Array): ArrayBuffer[] {
  return bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? [bytes.buffer] : [];
}
