/* The memory engine as the gateway runs it, over records in memory, at a time that the evaluation says. */

import { createManualClock } from '../../src/base/manual-clock.ts';
import type { MemoryEngine, MemoryPartition } from '../../src/context/memory/memory.ts';
import { memoryConfig } from '../../src/context/memory/memory-config.ts';
import { createMemoryEngine } from '../../src/context/memory/memory-engine.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';

export interface EvalMemory extends AsyncDisposable {
  readonly memory: MemoryEngine;
  partition(user: string): MemoryPartition;
}

export function openEvalMemory(nowMs: number): EvalMemory {
  const records = openSqliteRecords(':memory:');
  const clock = createManualClock(nowMs);
  const config = { ...memoryConfig.parse({}), indexBytesMax: 1_073_741_824 };
  const memory = createMemoryEngine(config, { records, clock, pause: async () => {} });
  return {
    memory,
    partition: (name) => ({ tenant: 'eval', kind: 'memory', name }),
    [Symbol.asyncDispose]: () => records[Symbol.asyncDispose](),
  };
}
