/*
 * The one owner of connections to a PostgreSQL: a small pool, which every store of a thread shares. Each call has a deadline, and stands behind a
 * breaker (guard.ts), so that an outage costs nothing after its first moments.
 *
 * A call that is given up on is cancelled at the server. Where the server does not even take that in, its connections are as good as dead
 * (a frozen machine, a cable cut), and the pool is dropped with all that waits on it: the next call dials anew.
 *
 * Statements are prepared once per connection. What changes something is one statement each, or one function of ours: whole or not at all, and
 * no lock waits for a word of the client's.
 */

import { SQL } from 'bun';
import type { Clock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import { createGuard, GUARD_DEFAULTS, type Guard, type StoreFault } from '../guard.ts';
import { storageFault } from '../storage-fault.ts';
import { isAbsence, migrate, type PostgresComponent, sqlState } from './postgres-schema.ts';

export interface PostgresConfig {
  /** `postgres://[user[:password]@]host[:port]/database[?sslmode=…]`. Holds a secret: never log it. */
  readonly url: string;
  /** Longest wait for what reads. */
  readonly readTimeoutMs: number;
  /** Longest wait for what writes. */
  readonly writeTimeoutMs: number;
  readonly connectionsMax: number;
}

export interface PostgresDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** What went wrong, for the log, without a secret: the caller is told no more than that something did. */
  readonly onFault: (message: string) => void;
}

/** Makes the query of a call: with `sql` alone, and nothing else but what it is given. */
type Build<Row> = (sql: SQL) => SQL.Query<Row[]>;

/** The tables of one component: they are made before the first call. Calls reject with `storage_unavailable`. */
export interface PostgresTables {
  read<Row>(build: Build<Row>): Promise<Row[]>;
  write<Row>(build: Build<Row>): Promise<Row[]>;
}

/** For the whole of a dial: TCP, TLS, login. */
const CONNECT_TIMEOUT_S = 3;
/** Longest wait for a cancelled call to end. */
const CANCEL_MS_MAX = 1_000;
const CALLS_MAX = 1_000;
/** What lost against another transaction was undone as a whole, and may be done again. */
const ATTEMPTS_MAX = 3;

export class PostgresConnection implements AsyncDisposable {
  readonly #config: PostgresConfig;
  readonly #deps: PostgresDeps;
  readonly #guards: Readonly<Record<'read' | 'write', Guard>>;
  readonly #ready = new Map<string, Promise<void>>();
  /** Components whose tables were there at least once. */
  readonly #prepared = new Set<string>();
  #pool: SQL;
  #isClosed = false;

  /** Dials with the first call. Throws a TypeError about a bad URL. */
  constructor(config: PostgresConfig, deps: PostgresDeps) {
    this.#config = config;
    this.#deps = deps;
    const guard = (deadlineMs: number) => createGuard({ ...GUARD_DEFAULTS, deadlineMs, callsMax: CALLS_MAX }, deps);
    this.#guards = { read: guard(config.readTimeoutMs), write: guard(config.writeTimeoutMs) };
    this.#pool = this.#dial();
  }

  /** `what`: what is kept there, as the subject of a sentence in the plural. */
  tables(component: PostgresComponent, what: string): PostgresTables {
    return {
      read: (build) => this.#call('read', { component, what, build }),
      write: (build) => this.#call('write', { component, what, build }),
    };
  }

  /** Asks what no tables of ours are needed for, in the time of a read. */
  ask<Row>(build: Build<Row>): Promise<Row[]> {
    return this.#call('read', { component: undefined, what: 'What is stored', build });
  }

  /** Whether it answers, in the time of a read. Says nothing of what went wrong: whoever asks tells it. */
  async ping(): Promise<boolean> {
    if (this.#isClosed) return false;
    const run = new Run<unknown>();
    return this.#guards.read.run(
      async () => {
        await run.start((sql) => sql`SELECT 1`, this.#pool);
        return true;
      },
      (fault) => {
        run.giveUp();
        if (fault === 'timeout') this.#watch(run);
        return false;
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#pool.close({ timeout: 0 });
  }

  async #call<Row>(kind: 'read' | 'write', call: Call<Row>): Promise<Row[]> {
    if (this.#isClosed) throw this.#fault(call, 'it is closed');
    const { component } = call;
    const run = new Run<Row>();
    const guarded = async (): Promise<Outcome<Row>> => this.#attempt(kind, call, run);
    // To dial and to make tables takes longer than to read.
    const pace = component === undefined || this.#prepared.has(component.name) ? kind : 'write';
    const outcome = await this.#guards[pace].run(guarded, (fault): Outcome<Row> => {
      run.giveUp();
      if (fault === 'timeout') this.#watch(run);
      return { kind: 'given up', fault };
    });
    switch (outcome.kind) {
      case 'done':
        return outcome.rows;
      case 'refused':
        throw this.#fault(call, messageOf(outcome.error), outcome.error);
      case 'given up':
        throw this.#fault(call, this.#reason(pace, outcome.fault, run), run.error);
    }
  }

  /** Rejects where the server is to blame; what it says about the statement is an outcome. */
  async #attempt<Row>(kind: 'read' | 'write', { component, build }: Call<Row>, run: Run<Row>): Promise<Outcome<Row>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (component !== undefined) await this.#prepare(component);
        return { kind: 'done', rows: await run.start(build, this.#pool) };
      } catch (error) {
        run.error = error;
        if (run.isGivenUp) throw error;
        const code = sqlState(error) ?? '';
        if (isAbsence(error) && component !== undefined) this.#ready.delete(component.name);
        const mayRepeat = code.startsWith('40') || isAbsence(error) || (kind === 'read' && isConnectionLoss(error));
        if (mayRepeat && attempt < ATTEMPTS_MAX) continue;
        if (isRefusal(code)) return { kind: 'refused', error };
        throw error;
      }
    }
  }

  #prepare(component: PostgresComponent): Promise<void> {
    let ready = this.#ready.get(component.name);
    if (ready === undefined) {
      ready = migrate(this.#pool, component).then(() => void this.#prepared.add(component.name));
      this.#ready.set(component.name, ready);
      // Whoever comes after a failure tries again.
      ready.catch(() => {
        if (this.#ready.get(component.name) === ready) this.#ready.delete(component.name);
      });
    }
    return ready;
  }

  /** A call that cannot even be cancelled says that its connection is dead. */
  #watch(run: Run<unknown>): void {
    const pool = this.#pool;
    const timer = this.#deps.clock.after(CANCEL_MS_MAX, () => {
      if (this.#pool !== pool || this.#isClosed) return;
      this.#pool = this.#dial();
      pool.close({ timeout: 0 }).catch(() => {});
    });
    run.ended.then(
      () => timer[Symbol.dispose](),
      () => {},
    );
  }

  #dial(): SQL {
    const { url, connectionsMax } = this.#config;
    const { pathname } = new URL(url);
    return new SQL(url, {
      max: connectionsMax,
      connectionTimeout: CONNECT_TIMEOUT_S,
      connection: { application_name: 'gatehouse' },
      // Or a variable of the environment would win over the URL.
      ...(pathname.length > 1 ? { database: decodeURIComponent(pathname.slice(1)) } : {}),
    });
  }

  #reason(kind: 'read' | 'write', fault: StoreFault, run: Run<unknown>): string | undefined {
    switch (fault) {
      case 'timeout':
        return `PostgreSQL takes longer than ${kind === 'read' ? this.#config.readTimeoutMs : this.#config.writeTimeoutMs} ms`;
      case 'error':
        return messageOf(run.error);
      case 'busy':
        return `more than ${CALLS_MAX} calls to PostgreSQL are waiting`;
      case 'open':
        // It was told when it opened.
        return undefined;
    }
  }

  #fault({ what }: Pick<Call<unknown>, 'what'>, message: string | undefined, cause?: unknown): GatewayError {
    if (message !== undefined) this.#deps.onFault(withoutPassword(message, this.#config.url));
    return storageFault(what, cause);
  }
}

interface Call<Row> {
  readonly component: PostgresComponent | undefined;
  readonly what: string;
  readonly build: Build<Row>;
}

type Outcome<Row> =
  | { readonly kind: 'done'; readonly rows: Row[] }
  /** By the server, which is well. */
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'given up'; readonly fault: StoreFault };

/** One call, from its statement on. */
class Run<Row> {
  error: unknown;
  isGivenUp = false;
  #query: SQL.Query<Row[]> | undefined;
  readonly #ended = Promise.withResolvers<void>();

  /** Resolves when nothing of it is under way any more. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async start(build: Build<Row>, sql: SQL): Promise<Row[]> {
    if (this.isGivenUp) throw new Error('it was given up');
    this.#query = build(sql);
    try {
      return await this.#query;
    } finally {
      if (this.isGivenUp) this.#ended.resolve();
    }
  }

  giveUp(): void {
    this.isGivenUp = true;
    if (this.#query === undefined) this.#ended.resolve();
    else this.#query.cancel().catch(() => {});
  }
}

/** Of the classes that speak of the statement and its data alone: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isRefusal(code: string): boolean {
  return /^(?:22|23|42|P0)/.test(code);
}

function isConnectionLoss(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_POSTGRES_CONNECTION_CLOSED' || sqlState(error) === '57P01';
}

function messageOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const state = sqlState(error);
  const said = typeof message === 'string' ? message : String(error);
  return state === undefined ? `${said}${typeof code === 'string' ? ` (${code})` : ''}` : `PostgreSQL says: ${said} (${state})`;
}

/** A server may repeat what it was sent. */
function withoutPassword(said: string, url: string): string {
  const { password } = new URL(url);
  return password === '' ? said : said.replaceAll(password, '••••').replaceAll(decodeURIComponent(password), '••••');
}
