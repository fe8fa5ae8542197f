/* How far something long has come, as one line that is written over itself. Where nobody sees it nothing is written. */

import { isatty } from 'node:tty';
import type { CommandIo } from './command.ts';

export interface Progress extends Disposable {
  /** `done` of `total`, in whatever unit; `told`: in words, after the bar. */
  at(done: number, total: number, told?: string): void;
}

const STDERR = 2;
const WIDTH = 30;

/** Disposing it takes the line away. */
export function createProgress(io: Pick<CommandIo, 'stderr'>, what: string, isSeen = isatty(STDERR)): Progress {
  let last = '';
  const write = (line: string): void => {
    if (!isSeen || line === last) return;
    last = line;
    io.stderr(`\r\u001b[K${line}`);
  };
  return {
    at: (done, total, told = '') => write(`${what} ${bar(done, total)} ${told}`.trimEnd()),
    [Symbol.dispose]: () => write(''),
  };
}

/** Pure. */
export function bar(done: number, total: number): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const full = Math.round(share * WIDTH);
  return `[${'█'.repeat(full)}${'·'.repeat(WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

/** `12.3 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
