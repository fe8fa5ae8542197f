/* The real gateway as a process of its own: `gatehouse start`, on a free port of loopback, with a folder of its own to live in. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { raceAbort, withDeadline } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';

export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Lines of its log, the last first. */
  findLog(matches: (line: string) => boolean): string | undefined;
}

export interface GatewayProcessConfig {
  readonly config: object;
  /** Beside what every process needs. Nothing else of the caller's environment is seen: it might name real providers. */
  readonly variables: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const LINES_MAX = 2_000;
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'BUN_CONFIG_MAX_HTTP_REQUESTS'];

/** Resolves when it serves. Rejects, with what it said, when it does not come up. */
export async function startGatewayProcess(
  { config, variables, environment }: GatewayProcessConfig,
  deps: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<GatewayProcess> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-demo-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'gatehouse.json');
  await writeFile(file, JSON.stringify(config, undefined, 2));

  const kept = INHERITED.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]] as const]));
  const child = Bun.spawn({
    // `--no-orphans`: it does not outlive a demo that was killed.
    cmd: [process.execPath, '--no-orphans', ...process.execArgv, resolve(process.argv[1] ?? ''), ...startArguments(file)],
    cwd: folder,
    env: { ...Object.fromEntries(kept), ...variables },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    // A group of its own: Ctrl-C in a terminal reaches the demo alone, which then ends it in good order.
    detached: true,
  });
  opened.defer(() => end(child, deps.clock));

  const lines: string[] = [];
  const ready = Promise.withResolvers<string>();
  const read = (output: ReadableStream<Uint8Array>) =>
    createInterface({ input: Readable.fromWeb(output as Parameters<typeof Readable.fromWeb>[0]) }).on('line', (line) => {
      if (lines.length >= LINES_MAX) lines.splice(0, LINES_MAX / 2);
      lines.push(line);
      const url = readyUrl(line);
      if (url !== undefined) ready.resolve(url);
    });
  read(child.stdout);
  read(child.stderr);
  const early = child.exited.then((code): never => {
    throw new Error(`the gateway ended with code ${code} before it was ready:\n${lines.slice(-20).join('\n')}`);
  });
  const late = () => new Error(`the gateway was not ready after ${START_MS_MAX} ms:\n${lines.slice(-20).join('\n')}`);
  using deadline = withDeadline(deps.signal, { deadlineMs: START_MS_MAX, clock: deps.clock, reason: late });
  const url = await raceAbort(Promise.race([ready.promise, early]), deadline.signal);
  const closers = opened.move();
  return {
    url,
    pid: child.pid,
    findLog: (matches) => lines.findLast(matches),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };
}

function startArguments(file: string): string[] {
  return ['start', '--config', file, '--host', '127.0.0.1', '--port', '0'];
}

/** The URL in the log line that says so. */
function readyUrl(line: string): string | undefined {
  if (!line.startsWith('{') || !line.includes('is ready')) return undefined;
  try {
    const { url } = JSON.parse(line) as { url?: unknown };
    return typeof url === 'string' ? url : undefined;
  } catch {
    // A line for people that looks like JSON.
    return undefined;
  }
}

/** Asks it to finish, and does not wait for ever. */
async function end(child: Bun.Subprocess, clock: Clock): Promise<void> {
  child.kill('SIGTERM');
  using _ = clock.after(STOP_MS_MAX, () => child.kill('SIGKILL'));
  await child.exited;
}
