import { type Abortable, onAbort } from '../../base/abort.ts';

/** So many at once; others wait for their turn, first come first served. Who may wait at all is bounded elsewhere. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Disposing the slot gives it back. Rejects with the signal's reason when that comes first. */
  async take(signal: Abortable): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#release();
      },
    };
  }

  #turn(signal: Abortable): Promise<void> {
    return new Promise((resolve, reject) => {
      const leaving = onAbort(signal, () => {
        this.#waiting.delete(go);
        reject(signal.reason);
      });
      const go = (): void => {
        leaving[Symbol.dispose]();
        resolve();
      };
      this.#waiting.add(go);
    });
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
