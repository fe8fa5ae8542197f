/* What waits in an outbox, in a SQLite file that several processes may share: the statements. */

import type { Database, Statement } from 'bun:sqlite';
import type { Partition } from '../record/record-store.ts';
import { emptyLog, openSqlite } from '../sqlite-file.ts';

const TABLES = {
  component: 'outbox',
  version: 1,
  schema: `
    CREATE TABLE outbox_entries (
      number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
      bytes INTEGER NOT NULL, added_ms INTEGER NOT NULL, taken_until_ms INTEGER NOT NULL DEFAULT 0, entry TEXT NOT NULL
    ) STRICT;
    CREATE INDEX outbox_by_partition ON outbox_entries (tenant, kind, name, number);
    CREATE TABLE outbox_totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
    INSERT INTO outbox_totals VALUES (0, 0);
    CREATE TABLE outbox_lease (owner TEXT NOT NULL, until_ms INTEGER NOT NULL) STRICT;`,
};

export interface OutboxTotals {
  readonly entries: number;
  /** Of the entries, as JSON. */
  readonly bytes: number;
}

export interface Batch {
  readonly partition: Partition;
  readonly numbers: readonly number[];
  /** As they were handed in, in that order. */
  readonly entries: readonly string[];
}

interface EntryRow {
  readonly number: number;
  readonly entry: string;
}

/** A batch is as much of a partition as goes with one call: entries, and bytes beyond which no further entry is taken. */
const BATCH_ENTRIES_MAX = 100;
const BATCH_BYTES_MAX = 1_048_576;

export class OutboxFile {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();
  #owesCheckpoint = true;

  /** Throws the system's or SQLite's error when the file cannot be opened. */
  constructor(path: string) {
    this.#database = openSqlite(path, TABLES);
  }

  /** False: it would be more than `bytesMax`. It is on the disk when this returns. */
  append(partition: Partition, entry: string, { nowMs, bytesMax }: { nowMs: number; bytesMax: number }): boolean {
    const bytes = Buffer.byteLength(entry);
    return this.#write(() => {
      const grown = this.#run('UPDATE outbox_totals SET entries = entries + 1, bytes = bytes + ?1 WHERE bytes + ?1 <= ?2', [
        bytes,
        bytesMax,
      ]);
      if (grown === 0) return false;
      this.#run('INSERT INTO outbox_entries (tenant, kind, name, bytes, added_ms, entry) VALUES (?, ?, ?, ?, ?, ?)', [
        ...keyOf(partition),
        bytes,
        nowMs,
        entry,
      ]);
      return true;
    });
  }

  /** Whether this owner is now the one who delivers: until then nobody else is. */
  lease(owner: string, nowMs: number, untilMs: number): boolean {
    return this.#write(() => {
      const [held] = this.#all<{ owner: string; untilMs: number }>('SELECT owner, until_ms AS untilMs FROM outbox_lease', []);
      if (held !== undefined && held.owner !== owner && held.untilMs > nowMs) return false;
      this.#run('DELETE FROM outbox_lease', []);
      this.#run('INSERT INTO outbox_lease VALUES (?, ?)', [owner, untilMs]);
      return true;
    });
  }

  release(owner: string): void {
    this.#write(() => this.#run('DELETE FROM outbox_lease WHERE owner = ?', [owner]));
  }

  /** Partitions for which something waits, the longest-waiting first. */
  waiting(limit: number): Partition[] {
    return this.#all<Partition>('SELECT tenant, kind, name FROM outbox_entries GROUP BY tenant, kind, name ORDER BY min(number) LIMIT ?', [
      limit,
    ]);
  }

  /** The oldest entries of a partition, which are somebody's until then. Undefined: there is nothing. */
  take(partition: Partition, untilMs: number, entriesMax = BATCH_ENTRIES_MAX): Batch | undefined {
    return this.#write(() => {
      const taken: EntryRow[] = [];
      let bytes = 0;
      for (const row of this.#oldest(partition, entriesMax)) {
        if (taken.length > 0 && bytes + row.entry.length > BATCH_BYTES_MAX) break;
        taken.push(row);
        bytes += row.entry.length;
      }
      const numbers = taken.map(({ number }) => number);
      if (numbers.length === 0) return undefined;
      this.#run('UPDATE outbox_entries SET taken_until_ms = ? WHERE number IN (SELECT value FROM json_each(?))', [
        untilMs,
        JSON.stringify(numbers),
      ]);
      return { partition, numbers, entries: taken.map(({ entry }) => entry) };
    });
  }

  /** They are not taken any more. */
  putBack(numbers: readonly number[]): void {
    this.#write(() =>
      this.#run('UPDATE outbox_entries SET taken_until_ms = 0 WHERE number IN (SELECT value FROM json_each(?))', [JSON.stringify(numbers)]),
    );
  }

  remove(numbers: readonly number[]): void {
    this.#delete('number IN (SELECT value FROM json_each(?))', [JSON.stringify(numbers)]);
  }

  /** Deletes what waits for a partition and is nobody's just now. How many that were, and how many are left because they are. */
  removeFree(partition: Partition, nowMs: number): { readonly removed: number; readonly left: number } {
    const removed = this.#delete('tenant = ? AND kind = ? AND name = ? AND taken_until_ms <= ?', [...keyOf(partition), nowMs]);
    const [row] = this.#all<{ count: number }>(
      'SELECT count(*) AS count FROM outbox_entries WHERE tenant = ? AND kind = ? AND name = ?',
      keyOf(partition),
    );
    return { removed, left: row?.count ?? 0 };
  }

  /** All that waits for a partition, in its order. */
  pending(partition: Partition): string[] {
    const rows = this.#all<EntryRow>(
      'SELECT number, entry FROM outbox_entries WHERE tenant = ? AND kind = ? AND name = ? ORDER BY number',
      keyOf(partition),
    );
    return rows.map(({ entry }) => entry);
  }

  totals(): OutboxTotals {
    return this.#all<OutboxTotals>('SELECT entries, bytes FROM outbox_totals', [])[0] ?? { entries: 0, bytes: 0 };
  }

  /** When the oldest entry was added; undefined when there is none. */
  oldestMs(): number | undefined {
    return this.#all<{ ms: number }>('SELECT added_ms AS ms FROM outbox_entries ORDER BY number LIMIT 1', [])[0]?.ms;
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#database.close();
  }

  #oldest(partition: Partition, limit: number): EntryRow[] {
    return this.#all<EntryRow>(
      'SELECT number, entry FROM outbox_entries WHERE tenant = ? AND kind = ? AND name = ? ORDER BY number LIMIT ?',
      [...keyOf(partition), limit],
    );
  }

  #delete(condition: string, given: readonly (string | number)[]): number {
    return this.#write(() => {
      const [sum] = this.#all<OutboxTotals>(
        `SELECT count(*) AS entries, coalesce(sum(bytes), 0) AS bytes FROM outbox_entries WHERE ${condition}`,
        given,
      );
      if (sum === undefined || sum.entries === 0) return 0;
      this.#run(`DELETE FROM outbox_entries WHERE ${condition}`, given);
      this.#run('UPDATE outbox_totals SET entries = entries - ?, bytes = bytes - ?', [sum.entries, sum.bytes]);
      this.#owesCheckpoint = true;
      return sum.entries;
    });
  }

  #write<T>(run: () => T): T {
    const result = this.#database.transaction(run).immediate();
    // What was deleted is text of somebody's.
    if (this.#owesCheckpoint) this.#owesCheckpoint = !emptyLog(this.#database);
    return result;
  }

  #all<Row>(sql: string, given: readonly (string | number)[]): Row[] {
    return this.#statement(sql).all(...given) as Row[];
  }

  /** How many rows it changed. */
  #run(sql: string, given: readonly (string | number)[]): number {
    return this.#statement(sql).run(...given).changes;
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

function keyOf({ tenant, kind, name }: Partition): [tenant: string, kind: string, name: string] {
  return [tenant, kind, name];
}
