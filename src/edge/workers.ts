/*
 * Several processes on one port (Linux): a parent that serves nothing starts N workers, and the kernel spreads connections over them
 * (SO_REUSEPORT). Each is a whole gateway: what they share, they share through Redis.
 *
 *   worker ends by itself   started again, after a wait that doubles while it keeps happening
 *   nobody ever starts      given up after three tries: what keeps one from starting keeps all
 *   SIGTERM, SIGINT         passed on as SIGTERM, once; when all have ended, so does the parent. A second one kills
 *   SIGHUP                  passed on: each reloads
 */

import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/system-clock.ts';
import type { ReportExchange } from './worker-link.ts';

/** In a worker's environment: its number, from 0. */
const WORKER_VARIABLE = 'GATEHOUSE_WORKER';

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether this process is a worker, and not the one that starts them. */
export function isWorker(env: Environment): boolean {
  return env[WORKER_VARIABLE] !== undefined;
}

/** Whether what all of them know is for this process to say: it is the only one, or the first worker. */
export function speaksForAll(env: Environment): boolean {
  return (env[WORKER_VARIABLE] ?? '0') === '0';
}

export interface SuperviseOptions {
  readonly count: number;
  /** Arguments of the program that is running, which each worker gets. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** What to tell people. */
  readonly io: { stderr(text: string): void };
  readonly clock?: Clock;
  /** Passes on what they tell each other; default: nothing. */
  readonly exchange?: ReportExchange;
  /** Called once, when all of them accept requests. */
  readonly onReady?: (url: string) => void;
}

/** Whoever lived this long started well. */
const STARTED_MS = 5_000;
/** Tries of one worker, before anyone has started well, after which there is no point in trying on. */
const STARTS_MAX = 3;
const BACKOFF_MIN_MS = 200;
const BACKOFF_MAX_MS = 10_000;

/** Runs until told to stop, or until the workers cannot start; resolves with the exit code. */
export async function superviseWorkers(options: SuperviseOptions): Promise<number> {
  if (process.platform !== 'linux') {
    options.io.stderr('gatehouse: several workers need Linux: start with one, or several instances behind a load balancer\n');
    return 1;
  }
  const supervisor = new Supervisor(options);
  const listeners = {
    SIGTERM: () => supervisor.stop(),
    SIGINT: () => supervisor.stop(),
    SIGHUP: () => supervisor.signal('SIGHUP'),
  };
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener);
  try {
    return await supervisor.run();
  } finally {
    for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener);
  }
}

class Supervisor {
  readonly #options: SuperviseOptions;
  readonly #clock: Clock;
  readonly #running = new Set<Bun.Subprocess>();
  /** Ends the waits between restarts. */
  readonly #stopping = new AbortController();
  #someoneStarted = false;
  #exitCode = 0;
  readonly #ready = new Set<number>();

  constructor(options: SuperviseOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  async run(): Promise<number> {
    await Promise.all(Array.from({ length: this.#options.count }, (_, number) => this.#keepAlive(number)));
    return this.#exitCode;
  }

  stop(): void {
    if (this.#stopping.signal.aborted) this.signal('SIGKILL');
    else this.#stopAll(0);
  }

  signal(signal: NodeJS.Signals): void {
    for (const worker of this.#running) worker.kill(signal);
  }

  #stopAll(exitCode: number): void {
    this.#exitCode ||= exitCode;
    this.#stopping.abort();
    this.signal('SIGTERM');
  }

  async #keepAlive(number: number): Promise<void> {
    const { signal } = this.#stopping;
    let failuresInARow = 0;
    while (!signal.aborted) {
      const startMs = this.#clock.monotonic();
      const exitCode = await this.#runOnce(number);
      if (signal.aborted) {
        this.#exitCode ||= exitCode;
        return;
      }
      const livedLong = this.#clock.monotonic() - startMs >= STARTED_MS;
      this.#someoneStarted ||= livedLong;
      failuresInARow = livedLong ? 1 : failuresInARow + 1;
      if (failuresInARow >= STARTS_MAX && !this.#someoneStarted) {
        this.#options.io.stderr(`gatehouse: worker ${number} does not start (exit code ${exitCode})\n`);
        this.#stopAll(exitCode === 0 ? 1 : exitCode);
        return;
      }
      const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (failuresInARow - 1));
      this.#options.io.stderr(`gatehouse: worker ${number} ended with exit code ${exitCode}: starting it again in ${backoffMs} ms\n`);
      await this.#clock.sleep(backoffMs, signal).catch(() => undefined);
    }
  }

  async #runOnce(number: number): Promise<number> {
    const { args, env, exchange } = this.#options;
    const link = exchange?.join(
      (message) => {
        try {
          worker.send(message);
        } catch {
          // It has ended, or is about to: then it has nothing to tell.
        }
      },
      (url) => this.#nowReady(number, url),
    );
    const worker = Bun.spawn({
      // `--no-orphans`: a worker does not outlive a parent that was killed.
      cmd: [process.execPath, '--no-orphans', ...process.execArgv, process.argv[1] ?? '', ...args],
      env: { ...env, [WORKER_VARIABLE]: String(number) },
      stdio: ['ignore', 'inherit', 'inherit'],
      // A group of its own: Ctrl-C in a terminal reaches the parent alone, and each worker is told once.
      detached: true,
      ...(link === undefined ? {} : { ipc: (message: unknown) => link.received(message), serialization: 'json' as const }),
    });
    this.#running.add(worker);
    try {
      const exitCode = await worker.exited;
      // Told to stop before it could listen to signals: then it had not begun to serve either.
      return worker.signalCode === 'SIGTERM' && this.#stopping.signal.aborted ? 0 : exitCode;
    } finally {
      this.#running.delete(worker);
      link?.left();
    }
  }

  #nowReady(number: number, url: string): void {
    const before = this.#ready.size;
    this.#ready.add(number);
    if (this.#ready.size > before && this.#ready.size === this.#options.count) this.#options.onReady?.(url);
  }
}
