/*
 * What the operating system says that a process and all its children used: CPU time and resident memory.
 *
 * CPU comes from /proc/PID/stat (utime + stime of the process, its threads, its live children and those it has reaped), which
 * counts in ticks of 10 ms, and from /proc/PID/task/TID/schedstat, which counts nanoseconds but forgets threads that ended. Where both agree
 * within three ticks the finer one is used; where they do not, a thread has ended and the ticks are right.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ is 100 on every Linux that Bun and Node run on (proc(5)). */
const TICK_US = 10_000;
const TICKS_APART_MAX = 3;

export interface CpuReading {
  readonly ticks: number;
  readonly threadsUs: ReadonlyMap<string, number>;
}

export interface MemoryReading {
  readonly rssBytes: number;
  /** The sum of each process's own highest value, so never less than the true peak. */
  readonly peakBytes: number;
}

/** CPU time of `pid` and its descendants so far. A process that has ended counts nothing. */
export function readCpu(pid: number): CpuReading {
  const threadsUs = new Map<string, number>();
  let ticks = 0;
  for (const member of processTree(pid)) {
    const fields = statFields(member);
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5); the split begins at field 3.
    for (let field = 11; field <= 14; field += 1) ticks += Number(fields[field] ?? 0);
    for (const thread of listDirectory(`/proc/${member}/task`)) {
      const spent = readText(`/proc/${member}/task/${thread}/schedstat`).split(' ')[0];
      threadsUs.set(`${member}/${thread}`, Number(spent ?? 0) / 1_000);
    }
  }
  return { ticks, threadsUs };
}

/** CPU time in microseconds spent between two readings of the same process. */
export function cpuBetweenUs(before: CpuReading, after: CpuReading): number {
  const coarseUs = (after.ticks - before.ticks) * TICK_US;
  let fineUs = 0;
  for (const [thread, spentUs] of after.threadsUs) fineUs += spentUs - (before.threadsUs.get(thread) ?? 0);
  const processes = new Set([...after.threadsUs.keys()].map((thread) => thread.split('/')[0])).size;
  return Math.abs(fineUs - coarseUs) <= TICK_US * TICKS_APART_MAX * Math.max(1, processes) ? fineUs : coarseUs;
}

/**
 * What everything on this machine together spent on one core so far, in microseconds. Interrupts are counted: most kernels
 * charge theirs to the process that they interrupted as well, and a share of others must not come out below zero for it.
 */
export function readCoreUs(core: number): number {
  const line = new RegExp(`^cpu${core} (.+)$`, 'm').exec(readText('/proc/stat'))?.[1] ?? '';
  const [user, nice, system, , , interrupts, softInterrupts] = line.split(' ').map(Number);
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (interrupts ?? 0) + (softInterrupts ?? 0)) * TICK_US;
}

export function readMemory(pid: number): MemoryReading {
  let rssBytes = 0;
  let peakBytes = 0;
  for (const member of processTree(pid)) {
    const status = readText(`/proc/${member}/status`);
    rssBytes += kilobytes(status, 'VmRSS') * 1024;
    peakBytes += kilobytes(status, 'VmHWM') * 1024;
  }
  return { rssBytes, peakBytes };
}

/** `pid` and every live descendant, parents first. */
export function processTree(pid: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const name of listDirectory('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(Number(name))[1] ?? -1);
    const siblings = childrenOf.get(parent);
    if (siblings === undefined) childrenOf.set(parent, [Number(name)]);
    else siblings.push(Number(name));
  }
  const tree = [pid];
  for (const member of tree) tree.push(...(childrenOf.get(member) ?? []));
  return tree;
}

/** The fields of /proc/PID/stat from the third on: the second is a name that may hold spaces and brackets. */
function statFields(pid: number): string[] {
  const text = readText(`/proc/${pid}/stat`);
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

/** A process may end while we read of it: that reads as nothing. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
