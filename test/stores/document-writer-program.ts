/* Adds documents without end, and says so of each; for tests that end it in the middle. */
import { systemClock } from '../../src/base/system-clock.ts';
import { newDocument } from '../../src/stores/document/conformance.ts';
import { createSqliteDocumentStore } from '../../src/stores/document/sqlite-store.ts';

const [, , path, round] = process.argv;
const store = createSqliteDocumentStore(`sqlite:${path}`, {
  clock: systemClock,
  onFault: (message) => process.stderr.write(`${message}\n`),
});
for (let index = 0; ; index += 1) {
  const text = 'some text '.repeat(20_000 + index);
  await store.add(newDocument({ tenant: 't', user: 'u' }, `${round}-${index}`, { text }), { documentsMax: 1e6, bytesMax: 1e12 });
  process.stdout.write(`added ${index}\n`);
}
