/* One at a time for each name: what this process writes of one user does not get in its own way. */

import type { MemoryPartition } from './memory.ts';

export class Turnstile {
  readonly #tails = new Map<string, Promise<unknown>>();

  run<T>(name: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(name) ?? Promise.resolve();
    const run = before.then(job, job);
    this.#tails.set(name, run);
    const leave = (): void => {
      if (this.#tails.get(name) === run) this.#tails.delete(name);
    };
    run.then(leave, leave);
    return run;
  }
}

/** One string for each user of each tenant. */
export function ownerKey({ tenant, name }: MemoryPartition): string {
  return JSON.stringify([tenant, name]);
}
