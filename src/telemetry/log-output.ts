import { write } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import type { LogOutput } from './log-sink.ts';

const RETRY_MS = 20;

/** Writes to a file descriptor that is open already (1 is standard output), whatever kind of file it is, without blocking the event loop. */
export function createFileOutput(descriptor: number, clock: Clock): LogOutput {
  const idle = new AbortController().signal;
  return {
    async write(text) {
      let rest: Uint8Array = new TextEncoder().encode(text);
      while (rest.length > 0) {
        const written = await writeSome(descriptor, rest);
        // Another holder of the same pipe may have made it non-blocking; then it is full when it says "again".
        if (written === 'again') await clock.sleep(RETRY_MS, idle);
        else rest = rest.subarray(written);
      }
    },
  };
}

function writeSome(descriptor: number, bytes: Uint8Array): Promise<number | 'again'> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EAGAIN' || error.code === 'EINTR') resolve('again');
      else reject(error);
    });
  });
}
