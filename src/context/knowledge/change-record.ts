import type { Partition, RecordStore } from '../../stores/record/record-store.ts';
import { parseBody } from './knowledge-records.ts';

/**
 * Reads a record, decides and writes as one step, whoever else writes to the partition. Resolves with what was written; undefined where `change` wants nothing
 * to be.
 */
export async function changeRecord<Body>(
  records: RecordStore,
  partition: Partition,
  { id, kind, change }: { readonly id: string; readonly kind: string; readonly change: (now: Body | undefined) => Body | undefined },
): Promise<Body | undefined> {
  for (;;) {
    const { head } = await records.changes(partition, Number.MAX_SAFE_INTEGER, 1);
    const [record] = await records.get(partition, [id]);
    const next = change(record === undefined ? undefined : (parseBody(record) as Body));
    if (next === undefined) return undefined;
    const { applied } = await records.apply(partition, [{ id, group: '', kind, body: JSON.stringify(next) }], { expectedHead: head });
    if (applied) return next;
  }
}
