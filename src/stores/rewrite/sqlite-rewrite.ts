/*
 * `secure_delete` overwrites what is deleted where it stands. But SQLite moves rows between pages when pages are split and merged, and what is moved leaves a
 * copy in the unused part of the page that it came from: of a thousand texts that were deleted, about one stays so (measured). Whoever has promised that
 * nothing is left has the file written anew: VACUUM copies what is there, and nothing else.
 */

import { stat } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import type { RewriteOrder, RewriteReply } from './rewrite-program.ts';

export interface RewriteDeps {
  readonly clock: Clock;
  readonly onFault: (message: string) => void;
}

/** `left`: the file is too large for it. Rejects with `storage_unavailable` where it could not be done: ask again. */
export type Rewrite = () => Promise<'done' | 'left'>;

/** About ten seconds for a disk of today; those who write wait for as long. */
const BYTES_MAX = 256 * 1_048_576;
const TIMEOUT_MS = 120_000;

/** `path`: of the database; undefined where it is in memory or elsewhere, and there is nothing to do. One at a time: who comes meanwhile shares the next. */
export function createRewrite(path: string | undefined, deps: RewriteDeps): Rewrite {
  if (path === undefined) return async () => 'done';
  let running: Promise<unknown> | undefined;
  let next: Promise<'done' | 'left'> | undefined;
  const begin = (): Promise<'done' | 'left'> => {
    next = undefined;
    const run = rewrite(path, deps);
    const settled: Promise<void> = run
      .catch(() => undefined)
      .then(() => {
        if (running === settled) running = undefined;
      });
    running = settled;
    return run;
  };
  // What runs already may have passed by what was deleted since.
  return () => (running === undefined ? begin() : (next ??= running.then(begin)));
}

async function rewrite(path: string, { clock, onFault }: RewriteDeps): Promise<'done' | 'left'> {
  // Nothing was stored yet.
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'done';
  if (found.size > BYTES_MAX) return 'left';
  const worker = new Worker(new URL('rewrite-program.ts', import.meta.url));
  const { promise, resolve } = Promise.withResolvers<RewriteReply>();
  const timer = clock.after(TIMEOUT_MS, () => resolve({ fault: `it was not done after ${TIMEOUT_MS} ms` }));
  try {
    worker.addEventListener('message', ({ data }: MessageEvent<RewriteReply>) => resolve(data));
    worker.addEventListener('error', ({ message }) => resolve({ fault: message }));
    const order: RewriteOrder = { path };
    worker.postMessage(order, []);
    const reply = await promise;
    if ('whole' in reply && reply.whole) return 'done';
    onFault('fault' in reply ? reply.fault : 'the log could not be emptied: somebody reads');
    throw new GatewayError('storage_unavailable', 'the file of the store could not be written anew: ask again', { retryAfterMs: 1_000 });
  } finally {
    timer[Symbol.dispose]();
    worker.terminate();
  }
}
