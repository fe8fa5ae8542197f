/* Records in a SQLite file, in the thread that this runs in: for a thread that does nothing else, or a command. */

import type { Database, Statement } from 'bun:sqlite';
import { openSqlite } from '../sqlite-file.ts';
import type {
  ApplyOptions,
  ApplyResult,
  ChangePage,
  Partition,
  PartitionSummary,
  RecordChange,
  RecordStore,
  StoredRecord,
} from './record-store.ts';

const TABLES = {
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

interface PartitionRow {
  readonly number: number;
  readonly generation: string;
  readonly head: number;
}

/** `path`: a file, or `:memory:`. Throws the system's or SQLite's error when it cannot be opened. */
export function openSqliteRecords(path: string): RecordStore {
  return new SqliteRecords(openSqlite(path, TABLES));
}

class SqliteRecords implements RecordStore {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  async apply(partition: Partition, changes: readonly RecordChange[], options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#write(() => {
      const { number, head } = this.#open(partition);
      if (options.expectedHead !== undefined && options.expectedHead !== head) return { applied: false, head };
      const write = this.#statement(
        `INSERT INTO records (partition, id, "group", kind, seq, body) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (partition, id) DO ${options.onlyNew === true ? 'NOTHING' : 'UPDATE SET "group" = excluded."group", kind = excluded.kind, seq = excluded.seq, body = excluded.body'}`,
      );
      let last = head;
      for (const { id, group, kind, body } of changes) last += Math.min(1, write.run(number, id, group, kind, last + 1, body).changes);
      if (last !== head) this.#setHead(number, last);
      return { applied: true, head: last };
    });
  }

  async get(partition: Partition, ids: readonly string[]): Promise<StoredRecord[]> {
    const found = this.#find(partition);
    if (found === undefined || ids.length === 0) return [];
    return this.#all<StoredRecord>(
      'SELECT id, "group", kind, seq, body FROM records WHERE partition = ? AND id IN (SELECT value FROM json_each(?)) AND body IS NOT NULL',
      [found.number, JSON.stringify(ids)],
    );
  }

  async changes(partition: Partition, after: number, limit: number): Promise<ChangePage> {
    const read = this.#database.transaction((): ChangePage => {
      const found = this.#find(partition);
      if (found === undefined) return { generation: '', records: [], head: 0 };
      const { number, generation, head } = found;
      if (after >= head) return { generation, records: [], head };
      const records = this.#all<StoredRecord>(
        'SELECT id, "group", kind, seq, body FROM records WHERE partition = ? AND seq > ? ORDER BY seq LIMIT ?',
        [number, after, limit],
      );
      return { generation, records, head };
    });
    return read();
  }

  async deleteGroup(partition: Partition, group: string): Promise<number> {
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
      if (ids.length > 0) this.#setHead(found.number, head);
      return ids.length;
    });
  }

  async erase(partition: Partition): Promise<number> {
    const count = this.#write(() => {
      const found = this.#find(partition);
      if (found === undefined) return 0;
      const [row] = this.#all<{ count: number }>('SELECT count(*) AS count FROM records WHERE partition = ? AND body IS NOT NULL', [
        found.number,
      ]);
      this.#statement('DELETE FROM record_notes WHERE partition = ?').run(found.number);
      this.#statement('DELETE FROM records WHERE partition = ?').run(found.number);
      this.#statement('DELETE FROM record_partitions WHERE number = ?').run(found.number);
      return row?.count ?? 0;
    });
    // What was deleted is still in the log of what was written, until that is emptied.
    this.#database.run('PRAGMA wal_checkpoint(TRUNCATE)');
    return count;
  }

  async partitions(query: { readonly tenant?: string; readonly after?: Partition; readonly limit: number }): Promise<PartitionSummary[]> {
    const { tenant, after, limit } = query;
    return this.#all<PartitionSummary>(
      `SELECT tenant, kind, name, head, (SELECT count(*) FROM records WHERE partition = p.number AND body IS NOT NULL) AS records
       FROM record_partitions p WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR (tenant, kind, name) > (?2, ?3, ?4))
       ORDER BY tenant, kind, name LIMIT ?5`,
      [tenant ?? null, after?.tenant ?? null, after?.kind ?? null, after?.name ?? null, limit],
    );
  }

  async note(partition: Partition, name: string): Promise<string | undefined> {
    const found = this.#find(partition);
    if (found === undefined) return undefined;
    return this.#all<{ value: string }>('SELECT value FROM record_notes WHERE partition = ? AND name = ?', [found.number, name])[0]?.value;
  }

  async setNote(partition: Partition, name: string, value: string): Promise<void> {
    this.#write(() => {
      const { number } = this.#open(partition);
      this.#statement('INSERT INTO record_notes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
        number,
        name,
        value,
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#database.close();
  }

  #find({ tenant, kind, name }: Partition): PartitionRow | undefined {
    return this.#all<PartitionRow>('SELECT number, generation, head FROM record_partitions WHERE tenant = ? AND kind = ? AND name = ?', [
      tenant,
      kind,
      name,
    ])[0];
  }

  #open(partition: Partition): PartitionRow {
    const found = this.#find(partition);
    if (found !== undefined) return found;
    const { tenant, kind, name } = partition;
    const generation = crypto.randomUUID();
    const { lastInsertRowid } = this.#statement(
      'INSERT INTO record_partitions (tenant, kind, name, generation, head) VALUES (?, ?, ?, ?, 0)',
    ).run(tenant, kind, name, generation);
    return { number: Number(lastInsertRowid), generation, head: 0 };
  }

  #setHead(number: number, head: number): void {
    this.#statement('UPDATE record_partitions SET head = ? WHERE number = ?').run(head, number);
  }

  /** Takes the place of the one writer before it reads what its decisions rest on. */
  #write<T>(run: () => T): T {
    return this.#database.transaction(run).immediate();
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
