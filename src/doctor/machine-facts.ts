/*
 * What this machine allows the process: read from the kernel, as it tells it. Where it does not tell (another system, a container
 * that hides it), a fact is undefined, and whoever judges says so.
 */

import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';

export interface MachineFacts {
  readonly platform: string;
  readonly bunVersion: string;
  /** Soft limit of open files; Infinity where there is none. */
  readonly openFilesMax: number | undefined;
  /** The least of the machine's memory and the limits of the control groups we are in. */
  readonly memoryBytesMax: number;
  /** Whether a control group set that, and not the machine. */
  readonly isMemoryLimited: boolean;
  /** Cores, or the part of them that a control group allows. */
  readonly cpus: number;
}

/** `root`: where `/proc` and `/sys` are. */
export async function readMachine(root = '/'): Promise<MachineFacts> {
  const read = (path: string) => readFile(join(root, path), 'utf8').catch(() => undefined);
  const [limits, membership] = await Promise.all([read('proc/self/limits'), read('proc/self/cgroup')]);
  const group = await readGroup(cgroupFolders(membership), read);
  const total = totalmem();
  return {
    platform: process.platform,
    bunVersion: Bun.version,
    openFilesMax: openFiles(limits),
    memoryBytesMax: Math.min(total, group.memoryBytesMax),
    isMemoryLimited: group.memoryBytesMax < total,
    cpus: Math.min(availableParallelism(), group.cpus),
  };
}

/** Pure: the soft limit in `/proc/self/limits`. */
export function openFiles(limits: string | undefined): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  return soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft);
}

/** Pure: the folders of the group (version 2) and of all groups around it, from `/proc/self/cgroup`. */
export function cgroupFolders(membership: string | undefined): string[] {
  const path = /^0::(\/[^\n]*)$/m.exec(membership ?? '')?.[1] ?? '/';
  const parts = path.split('/').filter((part) => part !== '' && part !== '..');
  return Array.from({ length: parts.length + 1 }, (_, count) => ['sys/fs/cgroup', ...parts.slice(0, count)].join('/'));
}

interface GroupLimits {
  readonly memoryBytesMax: number;
  readonly cpus: number;
}

/** The least of what every group allows; also where version 1 is mounted. */
async function readGroup(folders: readonly string[], read: (path: string) => Promise<string | undefined>): Promise<GroupLimits> {
  const [memory, cpu, oldMemory, quota, period] = await Promise.all([
    Promise.all(folders.map((folder) => read(`${folder}/memory.max`))),
    Promise.all(folders.map((folder) => read(`${folder}/cpu.max`))),
    read('sys/fs/cgroup/memory/memory.limit_in_bytes'),
    read('sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    read('sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ]);
  return {
    memoryBytesMax: Math.min(...[...memory, oldMemory].map(limitIn)),
    cpus: Math.min(...[...cpu, `${quota?.trim() ?? 'max'} ${period?.trim() ?? ''}`].map(cpusIn)),
  };
}

function limitIn(text: string | undefined): number {
  const value = Number(text?.trim());
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : Infinity;
}

/** Pure: cores that `cpu.max` allows, from its quota and its period in microseconds: `150000 100000` is one and a half. */
export function cpusIn(text: string | undefined): number {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number);
  const cpus = (quota ?? Number.NaN) / (period ?? Number.NaN);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : Infinity;
}
