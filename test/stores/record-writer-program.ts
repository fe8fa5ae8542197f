/* Writes records without end, three at a time, and says so each time; for tests that end it in the middle. */
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';

const [, , path = '', writer = ''] = process.argv;
const store = openSqliteRecords(path);
for (let index = 0; index < 3_000; index += 1) {
  const body = JSON.stringify({ text: 'some text '.repeat(index % 400) });
  const changes = ['a', 'b', 'c'].map((part) => ({ id: `${writer}-${index}-${part}`, group: '', kind: 'turn', body }));
  await store.apply({ tenant: 't', kind: 'memory', name: 'ann' }, changes);
  process.stdout.write(`wrote ${index}\n`);
}
await Bun.sleep(60_000);
