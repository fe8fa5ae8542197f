/* Records in a SQLite file, in the thread that this runs in: for a thread that does nothing else, or a command. */

import type { Database, Statement } from 'bun:sqlite';
import { GatewayError } from '../../base/errors.ts';
import { emptyLog, openSqlite } from '../sqlite-file.ts';
import { SqliteSync } from '../sqlite-sync.ts';
import { storageFault } from '../storage-fault.ts';
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

export const SQLITE_RECORDS = {
  component: 'records',
  version: 1,
  schema: `
    CREATE TABLE record_partitions (
      number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
      generation TEXT NOT NULL, head INTEGER NOT NULL, UNIQUE (tenant, kind, name)
    ) STRICT;
    CREATE TABLE records (
      number INTEGER PRIMARY KEY, partition INTEGER NOT NULL REFERENCES record_partitions (number), id TEXT NOT NULL,
      "group" TEXT NOT NULL, kind TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT, UNIQUE (partition, id)
    ) STRICT;
    CREATE UNIQUE INDEX records_by_seq ON records (partition, seq);
    CREATE INDEX records_by_group ON records (partition, "group");
    CREATE TABLE record_notes (
      partition INTEGER NOT NULL REFERENCES record_partitions (number), name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (partition, name)
    ) STRICT, WITHOUT ROWID;`,
};

const UPSERT = `INSERT INTO records (partition, id, "group", kind, seq, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (partition, id) DO`;
const REPLACE = 'UPDATE SET "group" = excluded."group", kind = excluded.kind, seq = excluded.seq, body = excluded.body';

interface PartitionRow {
  readonly number: number;
  readonly generation: string;
  readonly head: number;
}

/**
 * `path`: a file, or `:memory:`. Throws the system's or SQLite's error when it cannot be opened.
 * `onFault`: what went wrong later, for the log; the caller is told no more than that something did.
 */
export function openSqliteRecords(path: string, onFault: (message: string) => void = () => {}): RecordArchive {
  return new SqliteRecords(openSqlite(path, SQLITE_RECORDS, { synced: 'later' }), new SqliteSync(path), onFault);
}

class SqliteRecords implements RecordArchive {
  readonly #database: Database;
  readonly #sync: SqliteSync;
  readonly #onFault: (message: string) => void;
  readonly #statements = new Map<string, Statement>();
  /** What was deleted is still in the log of what was written, until that is emptied; also what another process deleted before it was ended. */
  #owesCheckpoint = true;

  constructor(database: Database, sync: SqliteSync, onFault: (message: string) => void) {
    this.#database = database;
    this.#sync = sync;
    this.#onFault = onFault;
  }

  async apply(partition: Partition, changes: readonly RecordChange[], options: ApplyOptions = {}): Promise<ApplyResult> {
    checkPartition(partition);
    const counting = countingChanges(changes, options);
    return this.#write((): ApplyResult => {
      const found = this.#find(partition);
      const head = found?.head ?? 0;
      if (options.expectedHead !== undefined && options.expectedHead !== head) return { applied: false, head };
      let number = found?.number;
      let last = head;
      for (const change of counting) {
        if (change.body === null && (number === undefined || options.onlyNew === true)) continue;
        number ??= this.#add(partition);
        if (this.#change(number, change, { seq: last + 1, onlyNew: options.onlyNew === true })) last += 1;
      }
      if (number !== undefined && last !== head) this.#setHead(number, last);
      return { applied: true, head: last };
    });
  }

  async get(partition: Partition, ids: readonly string[]): Promise<StoredRecord[]> {
    checkPartition(partition);
    checkIds(ids);
    return this.#guarded(() => {
      const found = this.#find(partition);
      if (found === undefined || ids.length === 0) return [];
      return this.#all<StoredRecord>(
        'SELECT id, "group", kind, seq, body FROM records WHERE partition = ? AND id IN (SELECT value FROM json_each(?)) AND body IS NOT NULL',
        [found.number, JSON.stringify(ids)],
      );
    });
  }

  async changes(partition: Partition, after: number, limit: number): Promise<ChangePage> {
    checkPartition(partition);
    checkPage(after, limit);
    const read = this.#database.transaction((): ChangePage => {
      const found = this.#find(partition);
      if (found === undefined) return { generation: '', records: [], head: 0 };
      const { number, generation, head } = found;
      if (after >= head) return { generation, records: [], head };
      return { generation, records: this.#page(number, after, limit), head };
    });
    return this.#guarded(read);
  }

  async deleteGroup(partition: Partition, group: string): Promise<number> {
    checkPartition(partition);
    checkGroup(group);
    return this.#write(() => {
      const found = this.#find(partition);
      if (found === undefined) return 0;
      const ids = this.#all<{ id: string }>('SELECT id FROM records WHERE partition = ? AND "group" = ? AND body IS NOT NULL', [
        found.number,
        group,
      ]);
      let { head } = found;
      const remove = this.#statement('UPDATE records SET body = NULL, seq = ? WHERE partition = ? AND id = ?');
      for (const { id } of ids) remove.run(++head, found.number, id);
      if (ids.length === 0) return 0;
      this.#setHead(found.number, head);
      this.#owesCheckpoint = true;
      return ids.length;
    });
  }

  async erase(partition: Partition): Promise<number> {
    checkPartition(partition);
    return this.#write(() => {
      const found = this.#find(partition);
      if (found === undefined) return 0;
      const [row] = this.#all<{ count: number }>('SELECT count(*) AS count FROM records WHERE partition = ? AND body IS NOT NULL', [
        found.number,
      ]);
      this.#statement('DELETE FROM record_notes WHERE partition = ?').run(found.number);
      this.#statement('DELETE FROM records WHERE partition = ?').run(found.number);
      this.#statement('DELETE FROM record_partitions WHERE number = ?').run(found.number);
      this.#owesCheckpoint = true;
      return row?.count ?? 0;
    });
  }

  async partitions(query: PartitionQuery): Promise<PartitionSummary[]> {
    const count = '(SELECT count(*) FROM records WHERE partition = p.number AND body IS NOT NULL) AS records';
    return this.#partitions<PartitionSummary>(`tenant, kind, name, head, ${count}`, query);
  }

  async heads(query: PartitionQuery): Promise<PartitionHead[]> {
    return this.#partitions<PartitionHead>('tenant, kind, name, head', query);
  }

  async note(partition: Partition, name: string): Promise<string | undefined> {
    checkPartition(partition);
    checkNote(name);
    return this.#guarded(() => {
      const found = this.#find(partition);
      if (found === undefined) return undefined;
      return this.#all<{ value: string }>('SELECT value FROM record_notes WHERE partition = ? AND name = ?', [found.number, name])[0]
        ?.value;
    });
  }

  async setNote(partition: Partition, name: string, value: string): Promise<void> {
    checkPartition(partition);
    checkNote(name, value);
    await this.#write(() => {
      const found = this.#find(partition);
      if (found !== undefined) this.#note(found.number, name, value);
    });
  }

  async notes(partition: Partition): Promise<Readonly<Record<string, string>>> {
    checkPartition(partition);
    return this.#guarded(() => {
      const rows = this.#all<{ name: string; value: string }>('SELECT name, value FROM record_notes WHERE partition = ? ORDER BY name', [
        this.#find(partition)?.number ?? -1,
      ]);
      return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    });
  }

  async load(partition: Partition, { records, head, notes }: RecordLoad): Promise<void> {
    checkPartition(partition);
    await this.#write(() => {
      const number = this.#find(partition)?.number ?? this.#add(partition);
      const write = this.#statement(`${UPSERT} ${REPLACE} WHERE excluded.seq > seq`);
      for (const { id, group, kind, seq, body } of records) {
        if (write.run(number, id, group, kind, seq, body).changes > 0 && body === null) this.#owesCheckpoint = true;
      }
      this.#setHead(number, head);
      for (const [name, value] of Object.entries(notes)) this.#note(number, name, value);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Whoever still waits for the disk is told the truth first.
    await this.#sync.settle().catch(() => undefined);
    this.#sync[Symbol.dispose]();
    for (const statement of this.#statements.values()) statement.finalize();
    this.#database.close();
  }

  /** Whether it is one. */
  #change(partition: number, { id, group, kind, body }: RecordChange, { seq, onlyNew }: { seq: number; onlyNew: boolean }): boolean {
    if (body !== null)
      return this.#statement(`${UPSERT} ${onlyNew ? 'NOTHING' : REPLACE}`).run(partition, id, group, kind, seq, body).changes > 0;
    const remove = 'UPDATE records SET "group" = ?, kind = ?, seq = ?, body = NULL WHERE partition = ? AND id = ? AND body IS NOT NULL';
    const isThere = this.#statement(remove).run(group, kind, seq, partition, id).changes > 0;
    if (isThere) this.#owesCheckpoint = true;
    return isThere;
  }

  #partitions<Row>(columns: string, { tenant, after, limit }: PartitionQuery): Row[] {
    checkLimit(limit);
    return this.#guarded(() =>
      this.#all<Row>(
        `SELECT ${columns} FROM record_partitions p
         WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR (tenant, kind, name) > (?2, ?3, ?4)) ORDER BY tenant, kind, name LIMIT ?5`,
        [tenant ?? null, after?.tenant ?? null, after?.kind ?? null, after?.name ?? null, limit],
      ),
    );
  }

  #page(partition: number, after: number, limit: number): StoredRecord[] {
    const records: StoredRecord[] = [];
    let bytes = 0;
    const rows = this.#statement('SELECT id, "group", kind, seq, body FROM records WHERE partition = ? AND seq > ? ORDER BY seq LIMIT ?');
    for (const row of rows.iterate(partition, after, limit) as IterableIterator<StoredRecord>) {
      records.push(row);
      bytes += row.body?.length ?? 0;
      if (bytes >= RECORD_LIMITS.pageBytes) break;
    }
    return records;
  }

  #find({ tenant, kind, name }: Partition): PartitionRow | undefined {
    return this.#all<PartitionRow>('SELECT number, generation, head FROM record_partitions WHERE tenant = ? AND kind = ? AND name = ?', [
      tenant,
      kind,
      name,
    ])[0];
  }

  /** Its number. */
  #add({ tenant, kind, name }: Partition): number {
    const { lastInsertRowid } = this.#statement(
      'INSERT INTO record_partitions (tenant, kind, name, generation, head) VALUES (?, ?, ?, ?, 0)',
    ).run(tenant, kind, name, crypto.randomUUID());
    return Number(lastInsertRowid);
  }

  #setHead(number: number, head: number): void {
    this.#statement('UPDATE record_partitions SET head = ? WHERE number = ?').run(head, number);
  }

  #note(partition: number, name: string, value: string): void {
    this.#statement('INSERT INTO record_notes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
      partition,
      name,
      value,
    );
  }

  /** Takes the place of the one writer before it reads what its decisions rest on. Resolves when it is on the disk; at once, where nothing was written. */
  async #write<T>(run: () => T): Promise<T> {
    const before = this.#guarded(() => this.#changes());
    const result = this.#guarded(() => {
      const committed = this.#database.transaction(run).immediate();
      if (this.#owesCheckpoint) this.#owesCheckpoint = !emptyLog(this.#database);
      return committed;
    });
    if (this.#guarded(() => this.#changes()) === before) return result;
    try {
      await this.#sync.settle();
    } catch (error) {
      throw this.#fault(error);
    }
    return result;
  }

  /** Rows that this connection has ever changed. */
  #changes(): number {
    return this.#all<{ count: number }>('SELECT total_changes() AS count', [])[0]?.count ?? 0;
  }

  #guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw this.#fault(error);
    }
  }

  #fault(error: unknown): unknown {
    if (error instanceof GatewayError) return error;
    this.#onFault(error instanceof Error ? error.message : String(error));
    return storageFault('Memories and documents', error);
  }

  #all<Row>(sql: string, given: readonly (string | number | null)[]): Row[] {
    return this.#statement(sql).all(...given) as Row[];
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
