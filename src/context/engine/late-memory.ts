/*
 * Memory whose records are elsewhere, and may be away: what is to be remembered then waits in a file of this machine, and is remembered when
 * they are back, as if it were then, but for the time at which it was said.
 */

import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { openOutbox } from '../../stores/outbox/outbox.ts';
import { sqlitePath } from '../../stores/sqlite-thread.ts';
import type { StateConfig } from '../../stores/state-config.ts';
import type { CountedPlace, MemoryEngine, MemoryPartition, Remembered, RememberRequest } from '../memory/memory.ts';
import { checkRequest } from '../memory/remember-limits.ts';
import { turnIds } from '../memory/remembering.ts';

export interface LateMemoryDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onFault: (message: string) => void;
}

/** Throws the system's or SQLite's error when the file cannot be opened. Turns whose place is not told wait where the request allows it: their ids are not known. */
export function withOutbox(
  memory: MemoryEngine,
  config: Pick<StateConfig, 'outbox' | 'outbox_bytes_max'>,
  deps: LateMemoryDeps,
): MemoryEngine & AsyncDisposable {
  const { clock } = deps;
  const outbox = openOutbox<RememberRequest>(
    { path: sqlitePath(config.outbox), bytesMax: config.outbox_bytes_max },
    {
      ...deps,
      deliver: async (partition, requests) => {
        for (const request of requests) await memory.remember(partition as MemoryPartition, request);
      },
    },
  );
  return {
    async remember(partition, given): Promise<Remembered> {
      // By when it was said it is known again, should it be written, the answer be lost, and all of it come once more.
      const nowMs = clock.now();
      const request = given.mayWait === true ? { ...given, turns: given.turns.map((said) => ({ saidMs: nowMs, ...said })) } : given;
      try {
        return await memory.remember(partition, request);
      } catch (error) {
        const { counted, ...rest } = request;
        const firstTurn = request.firstTurn ?? trusted(counted);
        if (!isAway(error) || (firstTurn === undefined && request.mayWait !== true)) throw error;
        checkRequest(request);
        const turns = request.turns.map((said) => ({ saidMs: nowMs, ...said }));
        const late = { ...rest, turns, ...(firstTurn === undefined ? {} : { firstTurn }) };
        await outbox.append(partition, late);
        return { turns: firstTurn === undefined ? [] : turnIds({ ...late, firstTurn }), events: [] };
      }
    },
    async erase(partition) {
      const waiting = await outbox.erase(partition);
      const counts = await memory.erase(partition);
      return waiting === 0 ? counts : { ...counts, waiting };
    },
    recall: (...given) => memory.recall(...given),
    profile: (...given) => memory.profile(...given),
    touch: (...given) => memory.touch(...given),
    get: (...given) => memory.get(...given),
    list: (...given) => memory.list(...given),
    update: (...given) => memory.update(...given),
    delete: (...given) => memory.delete(...given),
    deleteMatching: (...given) => memory.deleteMatching(...given),
    history: (...given) => memory.history(...given),
    users: (...given) => memory.users(...given),
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  };
}

/** While the store is away nobody knows what is there. Then the caller's count holds, unless it begins at nothing: that may be one which sends no more. */
function trusted(counted: CountedPlace | undefined): number | undefined {
  return counted !== undefined && counted.place > 0 ? counted.place : undefined;
}

function isAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'storage_unavailable';
}
