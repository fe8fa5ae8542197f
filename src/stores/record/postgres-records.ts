/* Records in PostgreSQL: the calls. What they do there is in postgres-records-schema.ts. */

import type { SQL } from 'bun';
import type { PostgresConnection, PostgresTables } from '../postgres/postgres-connection.ts';
import { decodeText, decodeTextOrNull, encodeText, encodeTextOrNull } from '../postgres/postgres-text.ts';
import { storageFault } from '../storage-fault.ts';
import { RECORDS } from './postgres-records-schema.ts';
import type { RecordArchive, RecordLoad } from './record-archive.ts';
import { checkGroup, checkIds, checkLimit, checkNote, checkPage, checkPartition, countingChanges, RECORD_LIMITS } from './record-limits.ts';
import type {
  ApplyOptions,
  ApplyResult,
  ChangePage,
  Partition,
  PartitionHead,
  PartitionQuery,
  PartitionSummary,
  RecordChange,
  StoredRecord,
} from './record-store.ts';

/** Numbers come as text: they are of 64 bits. */
interface RecordRow {
  readonly id: string;
  readonly group: string;
  readonly kind: string;
  readonly seq: string;
  readonly body: string | null;
}

interface PageRow extends Partial<Record<keyof RecordRow, string | null>> {
  readonly generation: string;
  readonly head: string;
}

interface PartitionRow {
  readonly tenant: string;
  readonly kind: Partition['kind'];
  readonly name: string;
  readonly head: string;
  /** Where they are counted. */
  readonly records: string | null;
}

/** The connection stays its owner's: closing the store leaves it open. */
export function createPostgresRecords(connection: PostgresConnection): RecordArchive {
  return new PostgresRecords(connection.tables(RECORDS, 'Memories and documents'));
}

class PostgresRecords implements RecordArchive {
  readonly #tables: PostgresTables;

  constructor(tables: PostgresTables) {
    this.#tables = tables;
  }

  async apply(partition: Partition, changes: readonly RecordChange[], options: ApplyOptions = {}): Promise<ApplyResult> {
    checkPartition(partition);
    const counting = countingChanges(changes, options);
    const [tenant, kind, name] = keyOf(partition);
    const { expectedHead = null, onlyNew = false } = options;
    const [row] = await this.#tables.write<{ out_applied: boolean; out_head: string }>((sql) => {
      const { ids, groups, kinds, bodies } = columnsOf(sql, counting);
      return sql`
        SELECT * FROM gatehouse.records_apply(
          ${tenant}, ${kind}, ${name}, ${expectedHead}::bigint, ${onlyNew}::boolean, ${ids}, ${groups}, ${kinds}, ${bodies})`;
    });
    return { applied: row?.out_applied === true, head: numberIn(row?.out_head) };
  }

  async get(partition: Partition, ids: readonly string[]): Promise<StoredRecord[]> {
    checkPartition(partition);
    checkIds(ids);
    if (ids.length === 0) return [];
    const [tenant, kind, name] = keyOf(partition);
    const rows = await this.#tables.read<RecordRow>(
      (sql) => sql`
        SELECT r.id, r."group", r.kind, r.seq, r.body FROM gatehouse.record_partitions p JOIN gatehouse.records r ON r.partition = p.number
        WHERE p.tenant = ${tenant} AND p.kind = ${kind} AND p.name = ${name} AND r.body IS NOT NULL
        AND r.id = ANY(${textArray(sql, ids.map(encodeText))})`,
    );
    return rows.map(recordOf);
  }

  async changes(partition: Partition, after: number, limit: number): Promise<ChangePage> {
    checkPartition(partition);
    checkPage(after, limit);
    const [tenant, kind, name] = keyOf(partition);
    // One statement: generation, head and records are of one moment. The length of a body is told without reading it.
    const rows = await this.#tables.read<PageRow>(
      (sql) => sql`
        SELECT p.generation, p.head, page.* FROM gatehouse.record_partitions p LEFT JOIN LATERAL (
          SELECT sized.id, sized."group", sized.kind, sized.seq, sized.body FROM (
            SELECT next.*, sum(octet_length(next.body)) OVER (ORDER BY next.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (
              SELECT * FROM gatehouse.records r WHERE r.partition = p.number AND r.seq > ${after}::bigint ORDER BY r.seq LIMIT ${limit}::bigint
            ) next
          ) sized WHERE coalesce(sized.before, 0) < ${RECORD_LIMITS.pageBytes}::bigint
        ) page ON true
        WHERE p.tenant = ${tenant} AND p.kind = ${kind} AND p.name = ${name} ORDER BY page.seq`,
    );
    const [first] = rows;
    if (first === undefined) return { generation: '', records: [], head: 0 };
    const records = rows.filter((row) => row.id !== null).map((row) => recordOf(row as RecordRow));
    return { generation: textIn(first.generation), records, head: numberIn(first.head) };
  }

  async deleteGroup(partition: Partition, group: string): Promise<number> {
    checkPartition(partition);
    checkGroup(group);
    const [tenant, kind, name] = keyOf(partition);
    const [row] = await this.#tables.write<{ count: string }>(
      (sql) => sql`SELECT gatehouse.records_delete_group(${tenant}, ${kind}, ${name}, ${encodeText(group)}) AS count`,
    );
    return numberIn(row?.count);
  }

  async erase(partition: Partition): Promise<number> {
    checkPartition(partition);
    const [tenant, kind, name] = keyOf(partition);
    const [row] = await this.#tables.write<{ count: string }>(
      (sql) => sql`SELECT gatehouse.records_erase(${tenant}, ${kind}, ${name}) AS count`,
    );
    return numberIn(row?.count);
  }

  async partitions(query: PartitionQuery): Promise<PartitionSummary[]> {
    return (await this.#partitions(query, true)).map((row) => ({ ...headOf(row), records: numberIn(row.records) }));
  }

  async heads(query: PartitionQuery): Promise<PartitionHead[]> {
    return (await this.#partitions(query, false)).map(headOf);
  }

  async note(partition: Partition, name: string): Promise<string | undefined> {
    checkNote(name);
    return (await this.#notes(partition, encodeText(name)))[0]?.[1];
  }

  async setNote(partition: Partition, note: string, value: string): Promise<void> {
    checkPartition(partition);
    checkNote(note, value);
    const [tenant, kind, name] = keyOf(partition);
    await this.#tables.write(
      (sql) => sql`SELECT gatehouse.records_note(${tenant}, ${kind}, ${name}, ${encodeText(note)}, ${encodeText(value)})`,
    );
  }

  async notes(partition: Partition): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries(await this.#notes(partition, null));
  }

  async load(partition: Partition, { records, head, notes }: RecordLoad): Promise<void> {
    checkPartition(partition);
    const [tenant, kind, name] = keyOf(partition);
    const names = Object.keys(notes).map(encodeText);
    const values = Object.values(notes).map(encodeText);
    await this.#tables.write((sql) => {
      const { ids, groups, kinds, bodies } = columnsOf(sql, records);
      const seqs = sql.array(
        records.map(({ seq }) => seq),
        'BIGINT',
      );
      return sql`
        SELECT gatehouse.records_load(${tenant}, ${kind}, ${name}, ${head}::bigint, ${ids}, ${groups}, ${kinds}, ${seqs}, ${bodies},
          ${textArray(sql, names)}, ${textArray(sql, values)})`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** All of them, or the one of this name. */
  async #notes(partition: Partition, note: string | null): Promise<[name: string, value: string][]> {
    checkPartition(partition);
    const [tenant, kind, name] = keyOf(partition);
    const rows = await this.#tables.read<{ name: string; value: string }>(
      (sql) => sql`
        SELECT n.name, n.value FROM gatehouse.record_partitions p JOIN gatehouse.record_notes n ON n.partition = p.number
        WHERE p.tenant = ${tenant} AND p.kind = ${kind} AND p.name = ${name} AND (${note}::text IS NULL OR n.name = ${note})
        ORDER BY n.name`,
    );
    return rows.map((row) => [decodeText(textIn(row.name)), decodeText(textIn(row.value))]);
  }

  #partitions(query: PartitionQuery, isCounted: boolean): Promise<PartitionRow[]> {
    checkLimit(query.limit);
    const tenant = query.tenant === undefined ? null : encodeText(query.tenant);
    const [afterTenant = null, afterKind = null, afterName = null] = query.after === undefined ? [] : keyOf(query.after);
    return this.#tables.read<PartitionRow>(
      (sql) => sql`
        SELECT p.tenant, p.kind, p.name, p.head,
          CASE WHEN ${isCounted}::boolean THEN (
            SELECT count(*) FROM gatehouse.records r WHERE r.partition = p.number AND r.body IS NOT NULL
          ) END AS records
        FROM gatehouse.record_partitions p
        WHERE (${tenant}::text IS NULL OR p.tenant = ${tenant})
        AND (${afterTenant}::text IS NULL OR (p.tenant, p.kind, p.name) > (${afterTenant}, ${afterKind}, ${afterName}))
        ORDER BY p.tenant, p.kind, p.name LIMIT ${query.limit}::bigint`,
    );
  }
}

function headOf({ tenant, kind, name, head }: PartitionRow): PartitionHead {
  return { tenant: decodeText(textIn(tenant)), kind, name: decodeText(textIn(name)), head: numberIn(head) };
}

function keyOf({ tenant, kind, name }: Partition): [tenant: string, kind: string, name: string] {
  return [encodeText(tenant), kind, encodeText(name)];
}

function columnsOf(sql: SQL, records: readonly RecordChange[]) {
  return {
    ids: textArray(
      sql,
      records.map(({ id }) => encodeText(id)),
    ),
    groups: textArray(
      sql,
      records.map(({ group }) => encodeText(group)),
    ),
    kinds: textArray(
      sql,
      records.map(({ kind }) => encodeText(kind)),
    ),
    bodies: textArray(
      sql,
      records.map(({ body }) => encodeTextOrNull(body)),
    ),
  };
}

function textArray(sql: SQL, texts: (string | null)[]) {
  return sql.array(texts, 'TEXT');
}

function recordOf({ id, group, kind, seq, body }: RecordRow): StoredRecord {
  return {
    id: decodeText(textIn(id)),
    group: decodeText(textIn(group)),
    kind: decodeText(textIn(kind)),
    seq: numberIn(seq),
    body: decodeTextOrNull(body === null ? null : textIn(body)),
  };
}

/** What is taken for a place in the log is one: whoever follows it would be lost for good. Throws `storage_unavailable`. */
function numberIn(value: unknown): number {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw storageFault('Memories and documents', new Error('PostgreSQL answers with what is no number'));
}

/** Throws `storage_unavailable`. */
function textIn(value: unknown): string {
  if (typeof value === 'string') return value;
  throw storageFault('Memories and documents', new Error('PostgreSQL answers with what is no text'));
}
