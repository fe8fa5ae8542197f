/*
 * `backup`: a consistent copy of the database, made while the gateway writes to it. SQLite reads it as it was at one moment (VACUUM INTO), and what is
 * written meanwhile waits for nobody. The copy gets its name when it is whole.
 */

import { access, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { appendManifest, BackupError, type BackupManifest, hashBytes, type OnProgress } from './backup-file.ts';
import type { CopyOrder, CopyReply } from './copy-program.ts';
import type { SqliteFacts } from './sqlite-facts.ts';

export interface BackupOrder {
  /** The database, absolute. */
  readonly from: string;
  /** Absolute. */
  readonly to: string;
  /** What is there under that name may be replaced. */
  readonly force: boolean;
  /** The release that makes it. */
  readonly version: string;
}

export interface BackupDeps {
  readonly clock: Clock;
  readonly onProgress: OnProgress;
}

const POLL_MS = 100;

/** Throws a BackupError about what does not go, and leaves nothing behind then. */
export async function backup({ from, to, force, version }: BackupOrder, { clock, onProgress }: BackupDeps): Promise<BackupManifest> {
  const source = await stat(from).catch(() => undefined);
  if (source === undefined)
    throw new BackupError(`there is no database at ${from}: nothing was stored yet, or it is elsewhere (state.records)`);
  const target = await stat(to).catch(() => undefined);
  if (target !== undefined && target.ino === source.ino && target.dev === source.dev) throw new BackupError(`${to} is the database itself`);
  if (target !== undefined && !force) throw new BackupError(`${to} is there already: name another file, or add --force`);
  const partial = join(dirname(to), `.${basename(to)}.${crypto.randomUUID()}.partial`);
  await createPrivate(partial);
  try {
    const facts = await copyDatabase({ from, to: partial }, { clock, onProgress: (done) => onProgress(done, source.size) });
    const { size: bytes } = await stat(partial);
    const manifest: BackupManifest = {
      format: 1,
      gatehouse: version,
      created: new Date(clock.now()).toISOString(),
      bytes,
      sha256: await hashBytes(partial, bytes),
      components: { ...facts.components },
      counts: { ...facts.counts },
    };
    await appendManifest(partial, manifest);
    onProgress(source.size, source.size);
    await publish(partial, to, force);
    return manifest;
  } finally {
    await rm(partial, { force: true });
    await rm(`${partial}-journal`, { force: true });
  }
}

async function createPrivate(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    throw new BackupError(`${dirname(path)} cannot be written: ${messageOf(error)}`);
  }
}

/** Gives it its name. Without `force` not even one that has just come is replaced. */
async function publish(partial: string, to: string, force: boolean): Promise<void> {
  if (force) {
    await rename(partial, to);
  } else {
    try {
      await link(partial, to);
    } catch (error) {
      if (await isThere(to)) throw new BackupError(`${to} is there already: name another file, or add --force`);
      // A file system without links.
      if (messageOf(error) !== '') await rename(partial, to);
    }
  }
  await syncFolder(dirname(to));
}

/** A name is on the disk when its folder is. Where folders cannot be opened, the system takes care of it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  try {
    await folder?.sync();
  } catch {
    // Not every file system does this.
  } finally {
    await folder?.close();
  }
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function copyDatabase(
  order: CopyOrder,
  { clock, onProgress }: { clock: Clock; onProgress: (done: number) => void },
): Promise<SqliteFacts> {
  const worker = new Worker(new URL('copy-program.ts', import.meta.url));
  const watching = new AbortController();
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(POLL_MS, watching.signal);
      onProgress((await stat(order.to)).size);
    }
  };
  const watched = watch().catch(() => {});
  try {
    const reply = await new Promise<CopyReply>((resolve) => {
      worker.addEventListener('message', ({ data }: MessageEvent<CopyReply>) => resolve(data));
      worker.addEventListener('error', ({ message }) => resolve({ fault: message }));
      worker.postMessage(order, []);
    });
    if ('fault' in reply) throw new BackupError(`${order.from} cannot be copied: ${reply.fault}`);
    return reply.facts;
  } finally {
    watching.abort();
    await watched;
    worker.terminate();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
