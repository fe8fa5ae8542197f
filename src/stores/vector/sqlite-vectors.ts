/*
 * Vectors in a SQLite file, in the thread that this runs in: for a thread that does nothing else, or a command. They are scanned in memory
 * (vector-matrix.ts), one partition at a time, which is loaded when it is first asked for; the file is the truth, also of what other
 * processes write there:
 *
 *   - a row's number grows and is never used again, so what came later is found by it;
 *   - what was deleted elsewhere stays in the memory of this process until there is much of it, and is found no more: every hit is
 *     read from the file, to be scored by its floats.
 */

import type { Database, Statement } from 'bun:sqlite';
import type { Partition } from '../record/record-store.ts';
import { emptyLog, openSqlite } from '../sqlite-file.ts';
import { RowMemory } from './int8-dots.ts';
import { type ScanHit, VectorMatrix } from './vector-matrix.ts';
import type { VectorEntry, VectorHit, VectorSearch, VectorSpace, VectorStore } from './vector-store.ts';

export const SQLITE_VECTORS = {
  component: 'vectors',
  version: 1,
  schema: `
    CREATE TABLE vector_spaces (
      number INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind TEXT NOT NULL, partition TEXT NOT NULL, name TEXT NOT NULL,
      dimensions INTEGER NOT NULL, vectors INTEGER NOT NULL, UNIQUE (tenant, kind, partition, name)
    ) STRICT;
    CREATE TABLE vectors (
      number INTEGER PRIMARY KEY AUTOINCREMENT, space INTEGER NOT NULL REFERENCES vector_spaces (number), id TEXT NOT NULL,
      "group" TEXT NOT NULL, vector BLOB NOT NULL, UNIQUE (space, id)
    ) STRICT;
    CREATE INDEX vectors_by_number ON vectors (space);
    CREATE INDEX vectors_by_group ON vectors (space, "group");`,
};

export interface SqliteVectorsConfig {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** All that is held in memory to be scanned; what does not fit is scanned in the file, slowly. */
  readonly bytesMax: number;
}

export interface SqliteVectorsDeps {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Lets others go on: a large partition is loaded by slices. */
  readonly pause: () => Promise<void>;
}

interface SpaceRow {
  readonly number: number;
  readonly name: string;
  readonly dimensions: number;
  readonly vectors: number;
}

interface Held {
  readonly matrix: VectorMatrix;
  /** The last row that is in it. */
  last: number;
  users: number;
  /** Much of it is in the file no more: it goes as soon as nobody uses it. */
  isStale: boolean;
  loading: Promise<boolean> | undefined;
}

const PAGE = 512;
const SLICE_MS = 4;
/** Hits beyond those asked for that are scored by floats: rounding changes places among the last of them. */
const SPARE_MIN = 32;
/** Rows in memory that the file has no more, before all is loaded anew. */
const DEAD_MAX = 256;

/** Throws the system's or SQLite's error when the file cannot be opened. */
export function openSqliteVectors(config: SqliteVectorsConfig, deps: SqliteVectorsDeps): VectorStore {
  return new SqliteVectors(openSqlite(config.path, SQLITE_VECTORS), config, deps);
}

class SqliteVectors implements VectorStore {
  readonly #database: Database;
  readonly #deps: SqliteVectorsDeps;
  readonly #bytesMax: number;
  readonly #memory: RowMemory;
  readonly #statements = new Map<string, Statement>();
  /** By the number of the space, in the order of use, the latest last. */
  readonly #held = new Map<number, Held>();

  constructor(database: Database, config: SqliteVectorsConfig, deps: SqliteVectorsDeps) {
    this.#database = database;
    this.#deps = deps;
    this.#bytesMax = config.bytesMax;
    this.#memory = new RowMemory(config.bytesMax);
  }

  async put(partition: Partition, space: VectorSpace, entries: readonly VectorEntry[]): Promise<void> {
    const { dimensions } = space;
    for (const { vector } of entries) checkLength(vector, dimensions);
    this.#write(() => {
      const found = this.#find(partition, space.name) ?? this.#open(partition, space);
      if (found.dimensions !== dimensions) throw new Error(`vectors of ${dimensions} numbers in a space of ${found.dimensions}`);
      const insert = this.#statement('INSERT INTO vectors (space, id, "group", vector) VALUES (?, ?, ?, ?)');
      let added = 0;
      for (const { id, group, vector } of entries) {
        added += 1 - this.#deleteRows(found.number, 'id = ?', id);
        insert.run(found.number, id, group, bytesOf(vector));
      }
      this.#count(found.number, added);
    });
  }

  async search({ partition, space, vector, limit }: VectorSearch, signal?: AbortSignal): Promise<VectorHit[]> {
    const found = this.#find(partition, space.name);
    if (found === undefined) return [];
    checkLength(vector, found.dimensions);
    const held = this.#holdOf(found);
    held.users += 1;
    try {
      const isThere = await this.#load(found, held);
      signal?.throwIfAborted();
      const spare = Math.max(SPARE_MIN, Math.ceil(limit / 2)) + Math.max(0, held.matrix.size - found.vectors);
      const hits = isThere ? held.matrix.scan(vector, limit + spare) : await this.#scanFile(found, vector, limit);
      return this.#score(found.number, hits, vector).slice(0, limit);
    } finally {
      held.users -= 1;
      if (held.users === 0) this.#tidy(found.number, held);
      this.#evict(0);
    }
  }

  async delete(partition: Partition, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    this.#write(() => {
      for (const { number } of this.#all(partition)) {
        let deleted = 0;
        for (const id of ids) deleted += this.#deleteRows(number, 'id = ?', id);
        this.#count(number, -deleted);
      }
    });
  }

  async deleteGroup(partition: Partition, group: string): Promise<void> {
    this.#write(() => {
      for (const { number } of this.#all(partition)) this.#count(number, -this.#deleteRows(number, '"group" = ?', group));
    });
  }

  async erase(partition: Partition): Promise<void> {
    this.#drop(this.#all(partition));
  }

  async spaces(partition: Partition): Promise<{ readonly name: string; readonly vectors: number }[]> {
    return this.#all(partition).map(({ name, vectors }) => ({ name, vectors }));
  }

  async dropSpace(partition: Partition, name: string): Promise<void> {
    const found = this.#find(partition, name);
    if (found !== undefined) this.#drop([found]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  #drop(spaces: readonly SpaceRow[]): void {
    if (spaces.length === 0) return;
    this.#write(() => {
      for (const { number } of spaces) {
        this.#statement('DELETE FROM vectors WHERE space = ?').run(number);
        this.#statement('DELETE FROM vector_spaces WHERE number = ?').run(number);
      }
    });
    for (const { number } of spaces) this.#forget(number);
    emptyLog(this.#database);
  }

  #holdOf({ number, dimensions }: SpaceRow): Held {
    const held = this.#held.get(number) ?? {
      matrix: new VectorMatrix(this.#memory, dimensions),
      last: 0,
      users: 0,
      isStale: false,
      loading: undefined,
    };
    this.#held.delete(number);
    this.#held.set(number, held);
    return held;
  }

  /** What is stale, or was erased while it was in use, gives its memory back. */
  #tidy(number: number, held: Held): void {
    const isHeld = this.#held.get(number) === held;
    if (isHeld && !held.isStale) return;
    held.matrix.clear();
    if (isHeld) this.#held.delete(number);
  }

  #forget(number: number): void {
    this.#held.get(number)?.matrix.clear();
    this.#held.delete(number);
  }

  /** Takes in what came later. False where it does not fit. */
  #load(space: SpaceRow, held: Held): Promise<boolean> {
    held.loading ??= this.#catchUp(space, held).finally(() => {
      held.loading = undefined;
    });
    return held.loading;
  }

  async #catchUp({ number, vectors }: SpaceRow, held: Held): Promise<boolean> {
    let sliceEndMs = this.#deps.now() + SLICE_MS;
    for (;;) {
      const rows = this.#rows<{ number: number; vector: Uint8Array }>(
        'SELECT number, vector FROM vectors WHERE space = ? AND number > ? ORDER BY number LIMIT ?',
        [number, held.last, PAGE],
      );
      for (const row of rows) {
        if (!this.#make(held, floatsOf(row.vector), row.number)) return false;
        held.last = row.number;
      }
      if (rows.length < PAGE) break;
      if (this.#deps.now() < sliceEndMs) continue;
      await this.#deps.pause();
      sliceEndMs = this.#deps.now() + SLICE_MS;
    }
    held.isStale = held.matrix.size - vectors > Math.max(DEAD_MAX, vectors / 8);
    return true;
  }

  /** Room is made by dropping others. */
  #make(held: Held, vector: Float32Array, number: number): boolean {
    if (held.matrix.put(number, vector)) return true;
    this.#evict(1);
    if (held.matrix.put(number, vector)) return true;
    held.matrix.clear();
    held.last = 0;
    return false;
  }

  /** Drops the least recently used until so many blocks are free, and all fits. */
  #evict(blocksFree: number): void {
    let bytes = 0;
    for (const { matrix } of this.#held.values()) bytes += matrix.bytes;
    for (const [number, { matrix, users }] of this.#held) {
      if (bytes <= this.#bytesMax && this.#memory.used + blocksFree <= this.#memory.blocksMax) return;
      if (users > 0) continue;
      bytes -= matrix.bytes;
      this.#forget(number);
    }
  }

  async #scanFile({ number }: SpaceRow, vector: Float32Array, limit: number): Promise<ScanHit[]> {
    let best: ScanHit[] = [];
    for (let last = 0; ; ) {
      const rows = this.#rows<{ number: number; vector: Uint8Array }>(
        'SELECT number, vector FROM vectors WHERE space = ? AND number > ? ORDER BY number LIMIT ?',
        [number, last, PAGE],
      );
      const scored = rows.map((row) => ({ number: row.number, score: cosine(floatsOf(row.vector), vector) }));
      best = [...best, ...scored].toSorted((a, b) => b.score - a.score || a.number - b.number).slice(0, limit);
      last = rows.at(-1)?.number ?? last;
      if (rows.length < PAGE) return best;
      await this.#deps.pause();
    }
  }

  #score(space: number, hits: readonly ScanHit[], vector: Float32Array): VectorHit[] {
    if (hits.length === 0) return [];
    return this.#rows<{ id: string; vector: Uint8Array }>(
      'SELECT id, vector FROM vectors WHERE space = ? AND number IN (SELECT value FROM json_each(?))',
      [space, JSON.stringify(hits.map(({ number }) => number))],
    )
      .map((row) => ({ id: row.id, score: cosine(floatsOf(row.vector), vector) }))
      .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  }

  #find({ tenant, kind, name: partition }: Partition, name: string): SpaceRow | undefined {
    return this.#rows<SpaceRow>(
      'SELECT number, name, dimensions, vectors FROM vector_spaces WHERE tenant = ? AND kind = ? AND partition = ? AND name = ?',
      [tenant, kind, partition, name],
    )[0];
  }

  #all({ tenant, kind, name: partition }: Partition): SpaceRow[] {
    return this.#rows<SpaceRow>(
      'SELECT number, name, dimensions, vectors FROM vector_spaces WHERE tenant = ? AND kind = ? AND partition = ? ORDER BY name',
      [tenant, kind, partition],
    );
  }

  #open({ tenant, kind, name: partition }: Partition, { name, dimensions }: VectorSpace): SpaceRow {
    const { lastInsertRowid } = this.#statement(
      'INSERT INTO vector_spaces (tenant, kind, partition, name, dimensions, vectors) VALUES (?, ?, ?, ?, ?, 0)',
    ).run(tenant, kind, partition, name, dimensions);
    return { number: Number(lastInsertRowid), name, dimensions, vectors: 0 };
  }

  /** How many there were; they are in no memory of this process either. */
  #deleteRows(space: number, where: string, given: string): number {
    const rows = this.#rows<{ number: number }>(`DELETE FROM vectors WHERE space = ? AND ${where} RETURNING number`, [space, given]);
    const matrix = this.#held.get(space)?.matrix;
    for (const { number } of rows) matrix?.remove(number);
    return rows.length;
  }

  #count(space: number, added: number): void {
    this.#statement('UPDATE vector_spaces SET vectors = vectors + ? WHERE number = ?').run(added, space);
  }

  #write(run: () => void): void {
    this.#database.transaction(run).immediate();
  }

  #rows<Row>(sql: string, given: readonly (string | number)[]): Row[] {
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

function checkLength(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) throw new Error(`a vector of ${vector.length} numbers in a space of ${dimensions}`);
}

/** Both are of length 1. */
function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return Math.max(-1, Math.min(1, sum));
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The numbers may begin at any byte. */
function floatsOf(bytes: Uint8Array): Float32Array {
  if (bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return new Float32Array(bytes.slice().buffer);
}
