/*
 * Real processes for tests: started, watched until ready, and gone when the test is over, whatever became of it.
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export const ROOT = join(import.meta.dir, '../..');

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to PATH, HOME and TMPDIR, which is all that is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looked for in each line of both outputs. */
  readonly readyPattern: RegExp;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Where it runs, and keeps its files unless it is told otherwise. Default: the project's root. */
  readonly cwd?: string;
}

export interface ProcessExit {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
}

export interface StartedProcess extends AsyncDisposable {
  readonly pid: number;
  /** What `readyPattern` found. */
  readonly ready: RegExpExecArray;
  /** Lines so far; the oldest of very many are dropped. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Resolves when all that it printed is in `stdout` and `stderr`. */
  readonly exited: Promise<ProcessExit>;
  kill(signal: NodeJS.Signals): void;
}

/** Enough for any test; a load test that logs each request does not fill the memory with them. */
const LINES_MAX = 200_000;
const LAST_WORDS_MS = 2_000;

/** Killed when the test run ends, for a test that was itself ended could not. */
const running = new Set<Bun.Subprocess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Resolves when the process has said that it is ready. Throws, with all that it printed, when it ends or stays silent instead. */
export async function startProcess(options: ProcessOptions): Promise<StartedProcess> {
  const child = Bun.spawn([options.command, ...options.args], {
    cwd: options.cwd ?? ROOT,
    env: { ...inherited(), ...options.env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  running.add(child);
  const exited = child.exited.then(async (): Promise<ProcessExit> => {
    running.delete(child);
    // What it said last is still on its way; a child of its own may keep the outputs open.
    await Promise.race([Promise.all([stdout.ended, stderr.ended]), Bun.sleep(LAST_WORDS_MS)]);
    return { code: child.exitCode, signal: child.signalCode === null ? null : String(child.signalCode) };
  });

  const ready = Promise.withResolvers<RegExpExecArray>();
  const look = (line: string) => {
    const found = options.readyPattern.exec(line);
    if (found !== null) ready.resolve(found);
  };
  const stdout = collectLines(child.stdout, look);
  const stderr = collectLines(child.stderr, look);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const timer = setTimeout(() => ready.reject(new Error(`not ready after ${timeoutMs} ms`)), timeoutMs);
  const early = exited.then(({ code, signal }): never => {
    throw new Error(`ended with ${signal ?? `code ${code}`} before it was ready`);
  });

  try {
    const found = await Promise.race([ready.promise, early]);
    return {
      pid: child.pid,
      ready: found,
      stdout: stdout.lines,
      stderr: stderr.lines,
      exited,
      kill: (signal) => child.kill(signal),
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    const said = [...stdout.lines, ...stderr.lines].slice(-100).join('\n');
    throw new Error(`${options.command} ${options.args.join(' ')}: ${String(error)}\n${said}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

export interface GatehouseOptions extends Omit<ProcessOptions, 'command' | 'args'> {
  /** Default: the sources. */
  readonly program?: string;
}

/** Starts a command of ours: `gatehouse <args>`, on the Bun that runs the tests. */
export function startGatehouse(args: readonly string[], { program, ...options }: GatehouseOptions): Promise<StartedProcess> {
  return startProcess({
    ...options,
    command: process.execPath,
    args: [`--config=${join(ROOT, 'bunfig.toml')}`, program ?? join(ROOT, 'src/main.ts'), ...args],
    // Must be there before the process starts: see bin/runtime.mjs.
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '65535', ...options.env },
  });
}

/** No variable of the developer's own shell changes what a test sees. */
function inherited(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'SystemRoot']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

interface Collected {
  readonly lines: readonly string[];
  readonly ended: Promise<void>;
}

function collectLines(output: ReadableStream<Uint8Array>, look: (line: string) => void): Collected {
  const lines: string[] = [];
  const reader = createInterface({ input: Readable.fromWeb(output as Parameters<typeof Readable.fromWeb>[0]) });
  reader.on('line', (line) => {
    if (lines.length >= LINES_MAX) lines.splice(0, LINES_MAX / 2);
    lines.push(line);
    look(line);
  });
  return { lines, ended: new Promise((resolve) => void reader.once('close', () => resolve())) };
}
