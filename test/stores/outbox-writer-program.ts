/* Hands records to an outbox without end, before a store that is away, and says so of each; for tests that end it in the middle. */
import { systemClock } from '../../src/base/system-clock.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { openRecordOutbox } from './record-outbox.ts';

const [, , path = '', round] = process.argv;
const away = Object.assign(openSqliteRecords(':memory:'), { apply: () => Promise.reject(new Error('away')) });
const outbox = openRecordOutbox(
  { path, bytesMax: 1_048_576_000 },
  { records: away, clock: systemClock, random: Math.random, onFault: () => {} },
);
for (let index = 0; ; index += 1) {
  const body = JSON.stringify({ text: 'some text '.repeat(index % 400) });
  await outbox.append({ tenant: 't', kind: 'memory', name: 'ann' }, [{ id: `${round}-${index}`, group: '', kind: 'turn', body }]);
  process.stdout.write(`took ${index}\n`);
}
