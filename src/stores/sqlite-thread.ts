/* SQLite behind a thread of its own: the calls, their bounds, and what runs on the thread. */

import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';

export interface SqliteStoreDeps {
  readonly clock: Clock;
  /** What went wrong, for the log: the caller is told no more than that something did. */
  readonly onFault: (message: string) => void;
}

export interface SqliteThreadConfig {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** The program of the thread: it calls `serveSqlite`. */
  readonly program: URL;
  /** What is stored, for messages. */
  readonly what: string;
}

/** To the thread. */
interface SqliteCall {
  readonly number: number;
  readonly path: string;
  readonly method: string;
  readonly given: readonly unknown[];
}

/** From the thread, in the order of the calls. */
type SqliteReply =
  | { readonly number: number; readonly ok: true; readonly value: unknown }
  | { readonly number: number; readonly ok: false; readonly message: string };

/** Longer than a wait for another process that writes. */
const CALL_TIMEOUT_MS = 10_000;
const CALLS_MAX = 1_000;
export const IN_MEMORY = ':memory:';

/** `records`: `memory`, or `sqlite:` and the path of a file, which is made with its folder when it is not there. */
export function sqlitePath(records: string): string {
  return records === 'memory' ? IN_MEMORY : records.slice('sqlite:'.length);
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly deadline: Disposable;
}

/** A thread that runs the methods of one class on one database. It starts with the first call: who stores nothing pays nothing. */
export class SqliteThread<Method extends string> {
  readonly #config: SqliteThreadConfig;
  readonly #deps: SqliteStoreDeps;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #number = 0;
  #isClosed = false;

  constructor(config: SqliteThreadConfig, deps: SqliteStoreDeps) {
    this.#config = config;
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

  #send(method: Method | 'close', given: readonly unknown[], transfer: ArrayBuffer[]): Promise<unknown> {
    const worker = (this.#worker ??= this.#start());
    const number = this.#number++;
    return new Promise((resolve, reject) => {
      const deadline = this.#deps.clock.after(CALL_TIMEOUT_MS, () => {
        this.#pending.delete(number);
        reject(this.#fault(`'${method}' takes longer than ${CALL_TIMEOUT_MS} ms`));
      });
      this.#pending.set(number, { resolve, reject, deadline });
      worker.postMessage({ number, path: this.#config.path, method, given } satisfies SqliteCall, transfer);
    });
  }

  #start(): Worker {
    const worker = new Worker(this.#config.program);
    // It must not keep a process alive that has nothing else to do.
    worker.unref();
    worker.addEventListener('message', ({ data }: MessageEvent<SqliteReply>) => this.#take(data));
    worker.addEventListener('error', (event) => {
      this.#worker = undefined;
      for (const number of this.#pending.keys()) this.#take({ number, ok: false, message: event.message });
    });
    return worker;
  }

  #take(reply: SqliteReply): void {
    const pending = this.#pending.get(reply.number);
    if (pending === undefined) return;
    this.#pending.delete(reply.number);
    pending.deadline[Symbol.dispose]();
    if (reply.ok) pending.resolve(reply.value);
    else pending.reject(this.#fault(reply.message));
  }

  #fault(message: string): GatewayError {
    this.#deps.onFault(message);
    return new GatewayError('storage_unavailable', `${this.#config.what} can be neither stored nor read at the moment`, {
      retryAfterMs: 5_000,
    });
  }
}

interface ThreadScope {
  addEventListener(name: 'message', listener: (event: { data: SqliteCall }) => void): void;
  postMessage(message: SqliteReply, transfer: ArrayBuffer[]): void;
}

/** Answers calls with the methods of what `open` gives. It is opened when it is first needed, and anew after it could not be: a disk may come back. */
export function serveSqlite(scope: ThreadScope, open: (path: string) => { close(): void }): void {
  let opened: { close(): void } | undefined;
  const answer = ({ path, method, given }: SqliteCall): unknown => {
    if (method === 'close') {
      opened?.close();
      opened = undefined;
      return undefined;
    }
    opened ??= open(path);
    const run = (opened as unknown as Record<string, (...given: readonly unknown[]) => unknown>)[method];
    if (run === undefined) throw new Error(`there is no method '${method}'`);
    return run.apply(opened, [...given]);
  };
  scope.addEventListener('message', ({ data: call }) => {
    try {
      scope.postMessage({ number: call.number, ok: true, value: answer(call) }, []);
    } catch (error) {
      scope.postMessage({ number: call.number, ok: false, message: error instanceof Error ? error.message : String(error) }, []);
    }
  });
}
