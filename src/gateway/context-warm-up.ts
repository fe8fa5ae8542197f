/*
 * When memory and knowledge are got ready behind a start: a moment after the gateway listens, when nobody is being served, so that neither readiness nor the first
 * answer waits for it; on a gateway that is never idle a few seconds later all the same.
 *
 *   waiting ──a quiet moment──▶ warming ──made──▶ warm
 *      │                           └──a store is away──▶ waiting, longer
 *      └──nothing to get ready──▶ warm
 *
 * Who has nothing stored, or has switched both off, pays neither the thread nor the memory: then it starts with the first call.
 */

import type { Clock } from '../base/clock.ts';
import type { WarmedUp } from '../context/engine/warm-up.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ContextWarmUpDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether there is anything to get ready, as it is now. */
  readonly isWorthIt: () => boolean;
  /** Exchanges under way. */
  readonly running: () => number;
  readonly warm: () => Promise<WarmedUp>;
}

/** After the gateway listens. */
const BEGIN_MS = 500;
const LOOK_MS = 100;
/** So often it is looked for a moment in which nobody is served. */
const LOOKS_MAX = 25;
const AGAIN_MS = 30_000;

export class ContextWarmUp implements Disposable {
  readonly #deps: ContextWarmUpDeps;
  #state: 'waiting' | 'warming' | 'warm' | 'over' = 'waiting';
  #timer: Disposable | undefined;
  #failures = 0;

  constructor(deps: ContextWarmUpDeps) {
    this.#deps = deps;
  }

  /** What was there at the start is ready, or nothing was. */
  get isWarm(): boolean {
    return this.#state === 'warm';
  }

  /** Called when the gateway listens, and when there may be more to get ready than before. */
  begin(): void {
    if (this.#state === 'warming' || this.#state === 'over') return;
    this.#state = 'waiting';
    this.#later(BEGIN_MS, LOOKS_MAX);
  }

  [Symbol.dispose](): void {
    this.#state = 'over';
    this.#timer?.[Symbol.dispose]();
  }

  #later(delayMs: number, looks: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#deps.clock.after(delayMs, () => {
      if (this.#deps.running() > 0 && looks > 0) this.#later(LOOK_MS, looks - 1);
      else if (this.#deps.isWorthIt()) this.#warm();
      else this.#state = 'warm';
    });
  }

  #warm(): void {
    this.#state = 'warming';
    this.#deps.warm().then(
      (warmed) => this.#done(warmed),
      (error: unknown) => this.#failed(error),
    );
  }

  #done({ collections, users, tookMs }: WarmedUp): void {
    if (this.#state !== 'warming') return;
    this.#state = 'warm';
    this.#failures = 0;
    this.#deps.logger.info('Memory and knowledge are ready', { collections, users, took_ms: Math.round(tookMs) });
  }

  #failed(error: unknown): void {
    if (this.#state !== 'warming') return;
    this.#failures += 1;
    if (this.#failures === 1)
      this.#deps.logger.warn('memory and knowledge could not be got ready; what is asked for is made then', { reason: messageOf(error) });
    this.#state = 'waiting';
    this.#later(AGAIN_MS, LOOKS_MAX);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
