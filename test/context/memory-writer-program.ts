/* Remembers what a user says, over and over from the beginning, and says so each time; for tests that end it in the middle. */
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../src/base/system-clock.ts';
import { contextConfig } from '../../src/context/context-config.ts';
import { createMemoryEngine } from '../../src/context/memory/memory-engine.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';

const [, , path = '', first = '0'] = process.argv;
const CITIES = ['Berlin', 'Paris', 'Rome', 'Oslo', 'Madrid'];
const START_MS = Date.UTC(2025, 0, 1);

const config = { ...contextConfig.parse({}).memory, indexBytesMax: 1e8 };
const engine = createMemoryEngine(config, { records: openSqliteRecords(path), clock: systemClock, pause: () => setImmediate() });
for (let index = Number(first); index < 2_000; index += 1) {
  await engine.remember(
    { tenant: 't', kind: 'memory', name: 'ann' },
    {
      session: `s${Math.floor(index / 10)}`,
      firstTurn: 2 * (index % 10),
      infer: true,
      turns: [
        { role: 'user', text: `I live in ${CITIES[index % CITIES.length]} now.`, saidMs: START_MS + index * 60_000 },
        { role: 'assistant', text: `Noted, number ${index}.`, saidMs: START_MS + index * 60_000 + 1 },
      ],
    },
  );
  process.stdout.write(`wrote ${index}\n`);
}
await Bun.sleep(60_000);
