/*
 * What a store of records takes: pure, and the same for every driver. Keys are held short enough for an index of any database, and text must be
 * well-formed Unicode: a lone surrogate cannot be written as UTF-8, so two keys that differ would become one.
 */

import { GatewayError } from '../../base/errors.ts';
import { type ApplyOptions, PARTITION_KINDS, type Partition, type RecordChange } from './record-store.ts';

const MIB = 1_048_576;

/** Bytes are of UTF-8. */
export const RECORD_LIMITS = {
  tenantBytes: 256,
  nameBytes: 1_024,
  idBytes: 1_024,
  groupBytes: 1_024,
  kindBytes: 64,
  bodyBytes: MIB,
  noteNameBytes: 256,
  noteBytes: MIB,
  /** Changes of one `apply`, ids of one `get`, records of one page. */
  records: 10_000,
  /** All bodies of one `apply`. */
  applyBytes: 64 * MIB,
  /** A page ends with the record whose body reaches it. */
  pageBytes: MIB,
} as const;

/** Throws `request_invalid`. */
export function checkPartition({ tenant, kind, name }: Partition): void {
  checkText('the tenant of a partition', tenant, { max: RECORD_LIMITS.tenantBytes });
  checkText('the name of a partition (a user, a collection)', name, { max: RECORD_LIMITS.nameBytes });
  if (!PARTITION_KINDS.includes(kind)) throw new GatewayError('request_invalid', `there are no partitions of the kind '${kind as string}'`);
}

/**
 * The changes that count: of several of one record in one call the last, or with `onlyNew` the first. In the order in which they were given.
 * Throws `request_invalid`.
 */
export function countingChanges(changes: readonly RecordChange[], { onlyNew = false }: ApplyOptions): RecordChange[] {
  checkCount('changes', changes.length);
  const byId = new Map<string, RecordChange>();
  let bytes = 0;
  for (const change of changes) {
    bytes += checkChange(change);
    if (byId.has(change.id)) {
      if (onlyNew) continue;
      byId.delete(change.id);
    }
    byId.set(change.id, change);
  }
  if (bytes > RECORD_LIMITS.applyBytes)
    throw new GatewayError('request_invalid', `at most ${RECORD_LIMITS.applyBytes / MIB} MiB of records can be written at once`);
  return [...byId.values()];
}

/** Throws `request_invalid`. */
export function checkIds(ids: readonly string[]): void {
  checkCount('ids', ids.length);
  for (const id of ids) checkText('the id of a record', id, { min: 1, max: RECORD_LIMITS.idBytes });
}

/** Throws `request_invalid`. */
export function checkGroup(group: string): void {
  checkText('the group of a record', group, { max: RECORD_LIMITS.groupBytes });
}

/** Throws `request_invalid`. */
export function checkPage(after: number, limit: number): void {
  if (!Number.isSafeInteger(after) || after < 0)
    throw new GatewayError('request_invalid', 'a page begins after a whole number of at least 0');
  checkLimit(limit);
}

/** Throws `request_invalid`. */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > RECORD_LIMITS.records)
    throw new GatewayError('request_invalid', `a page has 1 to ${RECORD_LIMITS.records} entries`);
}

/** Throws `request_invalid`. */
export function checkNote(name: string, value = ''): void {
  checkText('the name of a note', name, { min: 1, max: RECORD_LIMITS.noteNameBytes });
  checkText('a note', value, { max: RECORD_LIMITS.noteBytes });
}

/** Bytes of its body. */
function checkChange({ id, group, kind, body }: RecordChange): number {
  checkText('the id of a record', id, { min: 1, max: RECORD_LIMITS.idBytes });
  checkGroup(group);
  checkText('the kind of a record', kind, { min: 1, max: RECORD_LIMITS.kindBytes });
  return body === null ? 0 : checkText('the body of a record', body, { max: RECORD_LIMITS.bodyBytes });
}

function checkText(what: string, text: string, { min = 0, max }: { readonly min?: number; readonly max: number }): number {
  if (typeof text !== 'string') throw new GatewayError('request_invalid', `${what} must be text`);
  // No character takes less than a byte: what is far too long is not looked at any further.
  const bytes = text.length > max ? text.length : Buffer.byteLength(text);
  if (bytes < min) throw new GatewayError('request_invalid', `${what} must not be empty`);
  if (bytes > max) throw new GatewayError('request_invalid', `${what} may have ${max} bytes at most`);
  if (!text.isWellFormed())
    throw new GatewayError('request_invalid', `${what} must be well-formed Unicode (it has half of a surrogate pair)`);
  return bytes;
}

function checkCount(what: string, count: number): void {
  if (count > RECORD_LIMITS.records)
    throw new GatewayError('request_invalid', `at most ${RECORD_LIMITS.records} ${what} can be given at once`);
}
