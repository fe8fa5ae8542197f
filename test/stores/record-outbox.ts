/* An outbox of records, as tests of the outbox use it: each entry is some new ones of a partition, and `onlyNew` makes one of what arrives twice. It takes no deletions. */

import { GatewayError } from '../../src/base/errors.ts';
import { type Outbox, type OutboxConfig, type OutboxDeps, openOutbox } from '../../src/stores/outbox/outbox.ts';
import { checkPartition, countingChanges, RECORD_LIMITS } from '../../src/stores/record/record-limits.ts';
import type { Partition, RecordChange, RecordStore } from '../../src/stores/record/record-store.ts';

export type RecordOutbox = Outbox<readonly RecordChange[]>;

export interface RecordOutboxDeps extends Omit<OutboxDeps<readonly RecordChange[]>, 'deliver'> {
  /** Where everything is to go. */
  readonly records: RecordStore;
}

/** `append` rejects with `request_invalid` what the store would not take. Throws the system's or SQLite's error when the file cannot be opened. */
export function openRecordOutbox(config: OutboxConfig, { records, ...deps }: RecordOutboxDeps): RecordOutbox {
  const outbox = openOutbox<readonly RecordChange[]>(config, {
    ...deps,
    deliver: (partition, entries) => deliver(records, partition, entries),
  });
  return {
    async append(partition, changes) {
      checkPartition(partition);
      const counting = countingChanges(changes, { onlyNew: true });
      if (counting.some(({ body }) => body === null)) throw new GatewayError('request_invalid', 'an outbox takes new records alone');
      if (counting.length > 0) await outbox.append(partition, counting);
    },
    pending: (partition) => outbox.pending(partition),
    erase: (partition) => outbox.erase(partition),
    status: () => outbox.status(),
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  };
}

/** As many at once as one call takes. */
async function deliver(records: RecordStore, partition: Partition, entries: readonly (readonly RecordChange[])[]): Promise<void> {
  let together: RecordChange[] = [];
  for (const entry of entries) {
    if (together.length + entry.length > RECORD_LIMITS.records) {
      await records.apply(partition, together, { onlyNew: true });
      together = [];
    }
    together.push(...entry);
  }
  if (together.length > 0) await records.apply(partition, together, { onlyNew: true });
}
