/* What the cases of the suite stand on: partitions, hostile texts, the whole log. */

import { GatewayError } from '../../base/errors.ts';
import { RECORD_LIMITS } from './record-limits.ts';
import type { Partition, RecordChange, RecordStore, StoredRecord } from './record-store.ts';

export interface RecordCase {
  readonly name: string;
  readonly run: (store: RecordStore, another: RecordStore) => Promise<void>;
}

export const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
export const OTHERS: readonly Partition[] = [
  { tenant: 'one', kind: 'memory', name: 'bob' },
  { tenant: 'one', kind: 'memory', name: '' },
  { tenant: 'one', kind: 'knowledge', name: 'ann' },
  { tenant: 'one', kind: 'collections', name: 'ann' },
  { tenant: 'two', kind: 'memory', name: 'ann' },
  { tenant: '', kind: 'memory', name: 'oneann' },
  { tenant: 'one', kind: 'memory', name: 'ann ' },
  { tenant: 'one', kind: 'memory', name: 'ANN' },
  { tenant: 'one', kind: 'memory', name: 'ann\u0000' },
];

/** What a careless statement, a text in C, or an escape of a driver's own would stumble over. */
export const HOSTILE = [
  `' OR 1=1 --`,
  `"; DROP TABLE records; --`,
  'a\u0000b',
  'a\u0001b',
  'a\u0001\u0001b',
  'a\u0001\u0002b',
  '\u0000',
  '\u{1f600}\u{10ffff}',
  '\\',
  '\\x41',
  '{"a","b"}',
  'NULL',
  'null',
  ',',
  ' ',
  '\n\r\t',
  '%_',
  '$1',
  'é', // one code point
  'e\u0301', // two, which look the same
  '\u202e\u200b\ufeff',
  'x'.repeat(RECORD_LIMITS.idBytes),
  '\u0000'.repeat(RECORD_LIMITS.idBytes),
];

export const put = (id: string, more: Partial<RecordChange> = {}): RecordChange => ({
  id,
  group: 'g',
  kind: 'turn',
  body: JSON.stringify({ text: id }),
  ...more,
});
export const remove = (id: string): RecordChange => put(id, { body: null });
export const ids = (records: readonly StoredRecord[]) => records.map(({ id }) => id);

/** The whole log, page after page. */
export async function wholeLog(store: RecordStore, partition: Partition, limit = 10_000): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (;;) {
    const page = await store.changes(partition, records.at(-1)?.seq ?? 0, limit);
    records.push(...page.records);
    if ((records.at(-1)?.seq ?? 0) >= page.head) return records;
  }
}

export async function refusal(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatewayError)) throw new Error(`a GatewayError was expected, not ${String(error)}`);
  return error;
}
