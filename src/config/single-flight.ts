/*
 * One run at a time, and one that waits. Who asks during a run shares the one after it, which sees everything that was there when
 * it was asked for: so nothing is missed, and a thousand requests make two runs.
 */

export interface SingleFlight<Argument, Result> {
  /** Of those who share a run, the first one's argument counts. */
  start(argument: Argument): Promise<Result>;
  /** Resolves when nothing runs or waits. */
  settled(): Promise<void>;
}

/** `run` must not reject. */
export function createSingleFlight<Argument, Result>(run: (argument: Argument) => Promise<Result>): SingleFlight<Argument, Result> {
  let running: Promise<Result> | undefined;
  let queued: Promise<Result> | undefined;

  const begin = (argument: Argument): Promise<Result> => {
    const mine = run(argument).finally(() => {
      if (running === mine) running = undefined;
    });
    running = mine;
    return mine;
  };

  return {
    start(argument) {
      if (queued !== undefined) return queued;
      if (running === undefined) return begin(argument);
      queued = running.then(() => {
        queued = undefined;
        return begin(argument);
      });
      return queued;
    },
    async settled() {
      while (running !== undefined || queued !== undefined) await (queued ?? running);
    },
  };
}
