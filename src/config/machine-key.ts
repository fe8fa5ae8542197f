/*
 * The key for this machine: made at the first start without keys, and kept, so that clients set up once go on working. It lives
 * with the user's settings, not with a project: `~/.config/gatehouse/key`, readable by its owner alone.
 */

import { chmod, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MachineKey } from './zero-config.ts';

const KEY = /^sk-gatehouse-[\w-]{32}$/;
const OTHERS_MAY_READ = 0o077;

export function machineKeyPath(userConfigFolder: string): string {
  return join(userConfigFolder, 'gatehouse', 'key');
}

/** The key that is there, without making one. */
export async function readMachineKey(path: string): Promise<MachineKey | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  if (!KEY.test(text.trim())) return undefined;
  const warnings: string[] = [];
  if (process.platform !== 'win32' && ((await stat(path)).mode & OTHERS_MAY_READ) !== 0) {
    await chmod(path, 0o600).catch(() => undefined);
    warnings.push(`${path} could be read by others on this machine; it was made private, and can be deleted to get a new key`);
  }
  return { key: text.trim(), warnings };
}

/** The key that is there, or a new one. Where it cannot be kept it lasts for this run, and the warning says so. `randomBytes`: 24 of them. */
export async function keepMachineKey(path: string, randomBytes: Uint8Array): Promise<MachineKey> {
  const known = await readMachineKey(path);
  if (known !== undefined) return known;
  const key = `sk-gatehouse-${Buffer.from(randomBytes).toString('base64url')}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await place(path, `${key}\n`);
    return (await readMachineKey(path)) ?? { key, warnings: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { key, warnings: [`the key for this machine cannot be kept in ${path} and lasts for this run alone: ${why}`] };
  }
}

/** Of several first starts at once one places its key, whole, and the others find it. What was there and is no key is replaced. */
async function place(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, path);
  } catch {
    if ((await readMachineKey(path)) === undefined) await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
