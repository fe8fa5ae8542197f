import { readFileSync } from 'node:fs';

/** Resident memory of a process, in MiB. Linux alone tells; elsewhere it is 0. */
export function residentMib(pid: number): number {
  if (process.platform !== 'linux') return 0;
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (found === null) throw new Error(`process ${pid} has no resident memory`);
  return Number(found[1]) / 1_024;
}

export interface MemoryWatch extends Disposable {
  /** The most that the process had at any time, on top of what it had when the watch began, in MiB. */
  grownMib(): number;
  /** What it has now, on top of what it had when the watch began, in MiB. Below 0 when it has less. */
  leftMib(): number;
}

/** Reads the resident memory of a process ten times a second. */
export function watchMemory(pid: number): MemoryWatch {
  const atStart = residentMib(pid);
  let largest = atStart;
  const read = () => {
    largest = Math.max(largest, residentMib(pid));
  };
  const timer = setInterval(read, 100);
  return {
    grownMib() {
      read();
      return largest - atStart;
    },
    leftMib: () => residentMib(pid) - atStart,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
