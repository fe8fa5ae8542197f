/* Writes records without end, three at a time, and says so each time; for tests that end it in the middle. */
import { systemClock } from '../../src/base/system-clock.ts';
import { PostgresConnection } from '../../src/stores/postgres/postgres-connection.ts';
import { createPostgresRecords } from '../../src/stores/record/postgres-records.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';

const [, , where = '', writer = ''] = process.argv;
const store = where.startsWith('postgres:')
  ? createPostgresRecords(
      new PostgresConnection(
        { url: where, readTimeoutMs: 10_000, writeTimeoutMs: 20_000, connectionsMax: 2 },
        { clock: systemClock, random: Math.random, onFault: (message) => process.stderr.write(`${message}\n`) },
      ),
    )
  : openSqliteRecords(where);
for (let index = 0; index < 3_000; index += 1) {
  const body = JSON.stringify({ text: 'some text '.repeat(index % 400) });
  const changes = ['a', 'b', 'c'].map((part) => ({ id: `${writer}-${index}-${part}`, group: '', kind: 'turn', body }));
  await store.apply({ tenant: 't', kind: 'memory', name: 'ann' }, changes);
  process.stdout.write(`wrote ${index}\n`);
  // SQLite gives its lock to whoever asks at the right moment: one who always asks leaves none to the others.
  await Bun.sleep(1);
}
await Bun.sleep(60_000);
