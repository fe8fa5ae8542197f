/* A memory engine as the gateway runs it, over records in memory, at a time that is told. */

import { createManualClock, type ManualClock } from '../../src/base/manual-clock.ts';
import { contextConfig } from '../../src/context/context-config.ts';
import type { MemoryEngine, MemoryPartition } from '../../src/context/memory/memory.ts';
import { createMemoryEngine } from '../../src/context/memory/memory-engine.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';

export interface MemoryStage extends AsyncDisposable {
  readonly engine: MemoryEngine;
  readonly clock: ManualClock;
  /** Another user. */
  readonly user: (name: string | number) => MemoryPartition;
}

export function memoryStage(startMs: number): MemoryStage {
  const clock = createManualClock(startMs);
  const records = openSqliteRecords(':memory:');
  const config = { ...contextConfig.parse({}).memory, indexBytesMax: 64 * 1_048_576 };
  return {
    engine: createMemoryEngine(config, { records, clock, pause: async () => {} }),
    clock,
    user: (name) => ({ tenant: 'eval', kind: 'memory', name: String(name) }),
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}
