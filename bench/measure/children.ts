/*
 * The processes of a bench: pinned to a core, allowed as many open files as the system lets us, and gone when the bench
 * is, whether it ends, throws or is interrupted. Only processes started here, and their own children, are ever ended.
 */
import { closeSync, openSync } from 'node:fs';
import type { Subprocess } from 'bun';
import { processTree } from './process-usage.ts';

/** The system under test has this core to itself; the load generator, the upstream and the bench share the other. */
export const SUBJECT_CORE = 0;
export const LOAD_CORE = 1;

const READY_MS_MAX = 20_000;
const STOP_MS_MAX = 5_000;

export interface ChildOptions {
  readonly command: readonly string[];
  readonly core: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where what it prints goes: a file's path, or nothing for /dev/null. Errors go to `errorsPath`, else the same way. */
  readonly outputPath?: string;
  readonly errorsPath?: string;
}

export interface Child {
  readonly pid: number;
  /** True once the process has ended. */
  ended(): boolean;
  stop(): Promise<void>;
}

const live = new Set<number>();

process.on('exit', () => {
  for (const pid of live) killTree(pid);
});
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.on(name, () => process.exit(code));
}

/**
 * The command as it is run: on one core, with the soft limit on open files raised to the hard one, and told to end when the
 * bench is killed outright, where the system has the means (setpriv, of util-linux).
 */
export function pinned(command: readonly string[], core: number): string[] {
  const tied = Bun.which('setpriv') === null ? [] : ['setpriv', '--pdeathsig', 'TERM'];
  return ['sh', '-c', 'ulimit -n "$(ulimit -Hn)" && exec "$@"', 'sh', ...tied, 'taskset', '-c', String(core), ...command];
}

/** Starts a process that is stopped with the bench at the latest. */
export function startChild(options: ChildOptions): Child {
  const output = openOutput(options.outputPath);
  const errors = openOutput(options.errorsPath ?? options.outputPath);
  const child = Bun.spawn(pinned(options.command, options.core), {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: 'ignore',
    stdout: output,
    stderr: errors,
  });
  for (const descriptor of [output, errors]) if (typeof descriptor === 'number') closeSync(descriptor);
  return own(child);
}

/** Takes a started process under the same care. */
export function own(child: Pick<Subprocess, 'pid' | 'exited' | 'exitCode' | 'signalCode'>): Child {
  live.add(child.pid);
  const forget = () => live.delete(child.pid);
  child.exited.then(forget, forget);
  return {
    pid: child.pid,
    ended: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      const tree = processTree(child.pid);
      signal(child.pid, 'SIGTERM');
      await Promise.race([child.exited, Bun.sleep(STOP_MS_MAX)]);
      // A launcher that is gone may have left its child: the tree was read before.
      for (const pid of tree) signal(pid, 'SIGKILL');
      await child.exited;
    },
  };
}

/** Waits until `path` answers with any status below 500. Throws when the process ends first, or after 20 s. */
export async function ready(child: Child, port: number, path: string): Promise<void> {
  const endMs = performance.now() + READY_MS_MAX;
  while (performance.now() < endMs) {
    if (child.ended()) throw new Error('it ended before it was ready');
    try {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) });
      await reply.arrayBuffer();
      if (reply.status < 500) return;
    } catch {
      // Not listening yet.
    }
    await Bun.sleep(20);
  }
  throw new Error(`it did not answer ${path} within ${READY_MS_MAX / 1_000} s`);
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

function openOutput(path: string | undefined): number | 'ignore' {
  return path === undefined ? 'ignore' : openSync(path, 'w');
}

function killTree(pid: number): void {
  for (const member of processTree(pid)) signal(member, 'SIGKILL');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
