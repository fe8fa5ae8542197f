/* A gateway of this command's own, for where none runs: the same configuration, on a free port of loopback, until the command is done. */

import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';

export interface OwnGateway extends AsyncDisposable {
  readonly url: string;
}

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
const LINES_MAX = 40;

/** `flags`: those of `start`. Rejects, with what it said, when it does not come up. */
export async function startOwnGateway(
  {
    flags,
    env,
    cwd,
  }: { readonly flags: readonly string[]; readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string },
  { clock }: { readonly clock: Clock },
): Promise<OwnGateway> {
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      '--no-orphans',
      ...process.execArgv,
      resolve(process.argv[1] ?? ''),
      'start',
      ...flags,
      '--host',
      '127.0.0.1',
      '--port',
      '0',
    ],
    cwd,
    env: { ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  });
  const said: string[] = [];
  const ready = Promise.withResolvers<string>();
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: Readable.fromWeb(output as Parameters<typeof Readable.fromWeb>[0]) }).on('line', (line) => {
      said.push(line);
      if (said.length > LINES_MAX) said.shift();
      const url = /https?:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (url !== undefined) ready.resolve(url);
    });
  }
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    using _late = clock.after(STOP_MS_MAX, () => child.kill('SIGKILL'));
    await child.exited;
  };
  using _deadline = clock.after(START_MS_MAX, () => ready.reject(new Error(`it was not ready after ${START_MS_MAX} ms`)));
  try {
    const early = child.exited.then((code): never => {
      throw new Error(`it ended with code ${code}`);
    });
    const url = await Promise.race([ready.promise, early]);
    // Its end is awaited below; that it ends then is no failure.
    early.catch(() => undefined);
    return { url, [Symbol.asyncDispose]: end };
  } catch (cause) {
    await end();
    throw new Error(
      `a gateway of its own could not be started: ${cause instanceof Error ? cause.message : String(cause)}\n${said.join('\n')}`,
      { cause },
    );
  }
}
