/*
 * Vectors in PostgreSQL with pgvector: a table for each space, whose column has its length, with partition and id as its key, and an HNSW index
 * over all of it.
 *
 * Which way a search goes is decided here, for a partition is a filter that the index knows nothing of: of a partition that is small every vector is
 * compared (by the key, exactly); of a large one the index is walked until enough of the partition's own are found (pgvector's iterative
 * scan, 0.8 and later).
 */

import { SQL } from 'bun';
import { type Abortable, onAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { createLru } from '../../base/lru.ts';
import type { Partition } from '../record/record-store.ts';
import { vectorFault } from './vector-fault.ts';
import type { VectorEntry, VectorHit, VectorSearch, VectorSpace, VectorStore } from './vector-store.ts';

export interface PostgresVectorsConfig {
  /** `postgres://[user:password@]host[:port]/database`. Holds a secret: never log it. */
  readonly url: string;
  readonly connectionsMax: number;
  /** Longest time of one call. */
  readonly timeoutMs: number;
}

export interface PostgresVectorsDeps {
  readonly clock: Clock;
}

/** Up to so many vectors a partition is scanned. */
const SCANNED_MAX = 20_000;
/** HNSW takes `vector` up to 2,000 numbers and `halfvec` up to 4,000; longer ones are scanned. */
const INDEXED_MAX = 2_000;
const HALF_INDEXED_MAX = 4_000;
const EF_SEARCH_MAX = 1_000;
const EF_SEARCH_MIN = 100;
/** How long the size of a partition is believed. */
const SIZE_FRESH_MS = 60_000;
const SIZES_MAX = 10_000;
/** Two who make the same table at once: the second waits. */
const LOCK = 4_120_017;

const REGISTRY = `
  CREATE TABLE IF NOT EXISTS gatehouse_vector_spaces (name text PRIMARY KEY, dimensions integer NOT NULL)`;

interface Size {
  readonly isLarge: boolean;
  readonly untilMs: number;
}

/** Dials nothing yet. */
export function createPostgresVectors(config: PostgresVectorsConfig, deps: PostgresVectorsDeps): VectorStore {
  return new PostgresVectors(config, deps);
}

class PostgresVectors implements VectorStore {
  readonly #sql: SQL;
  readonly #config: PostgresVectorsConfig;
  readonly #clock: Clock;
  /** Spaces that are known to be there, with the length of their vectors. */
  readonly #known = new Map<string, number>();
  readonly #sizes = createLru<Size>({ bytesMax: SIZES_MAX, entriesMax: SIZES_MAX });

  constructor(config: PostgresVectorsConfig, { clock }: PostgresVectorsDeps) {
    this.#config = config;
    this.#clock = clock;
    // Statements are not prepared: a pooler in between may give each to another connection.
    this.#sql = new SQL(config.url, {
      max: config.connectionsMax,
      idleTimeout: 60,
      connectionTimeout: Math.ceil(config.timeoutMs / 1_000),
      prepare: false,
    });
  }

  async put(partition: Partition, space: VectorSpace, entries: readonly VectorEntry[]): Promise<void> {
    for (const { vector } of entries) checkLength(vector, space.dimensions);
    // Of an id that comes twice the later counts.
    const rows = [...new Map(entries.map((entry) => [entry.id, entry])).values()];
    await this.#run(async (sql) => {
      await this.#ensure(sql, space);
      const values = rows.map(({ id, group, vector }) => ({ id: base64(id), group: base64(group), vector: textOf(vector) }));
      await sql.unsafe(
        `INSERT INTO ${tableOf(space.name)} (partition, id, "group", vector)
         SELECT $1::bytea, decode(x.id, 'base64'), decode(x."group", 'base64'), x.vector::vector
         FROM json_to_recordset($2::text::json) AS x(id text, "group" text, vector text)
         ON CONFLICT (partition, id) DO UPDATE SET "group" = excluded."group", vector = excluded.vector`,
        [keyOf(partition), JSON.stringify(values)],
      );
    });
  }

  async search({ partition, space, vector, limit }: VectorSearch, signal?: AbortSignal): Promise<VectorHit[]> {
    checkLength(vector, space.dimensions);
    return this.#run(async (sql) => {
      const dimensions = await this.#dimensionsOf(sql, space.name);
      if (dimensions === undefined) return [];
      checkLength(vector, dimensions);
      const given = [keyOf(partition), textOf(vector), limit];
      const isLarge = dimensions <= HALF_INDEXED_MAX && (await this.#isLarge(sql, partition, space.name));
      const rows: readonly HitRow[] = isLarge
        ? await sql.begin(async (transaction) => {
            const ef = Math.min(EF_SEARCH_MAX, Math.max(EF_SEARCH_MIN, limit));
            await transaction.unsafe(`SET LOCAL hnsw.ef_search = ${ef}; SET LOCAL hnsw.iterative_scan = strict_order`);
            return transaction.unsafe(indexedSearch(space.name, dimensions), given);
          })
        : await sql.unsafe(exactSearch(space.name), given);
      return rows.map(({ id, score }) => ({ id: id.toString(), score: Math.max(-1, Math.min(1, Number(score))) }));
    }, signal);
  }

  async delete(partition: Partition, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const list = JSON.stringify(ids.map(base64));
    await this.#inAll(
      (table) =>
        `DELETE FROM ${table} WHERE partition = $1::bytea AND id IN (SELECT decode(value, 'base64') FROM json_array_elements_text($2::text::json))`,
      [keyOf(partition), list],
    );
  }

  async deleteGroup(partition: Partition, group: string): Promise<void> {
    await this.#inAll(
      (table) => `DELETE FROM ${table} WHERE partition = $1::bytea AND "group" = $2::bytea`,
      [keyOf(partition), Buffer.from(group)],
    );
  }

  async erase(partition: Partition): Promise<void> {
    await this.#inAll((table) => `DELETE FROM ${table} WHERE partition = $1::bytea`, [keyOf(partition)]);
  }

  async spaces(partition: Partition): Promise<{ readonly name: string; readonly vectors: number }[]> {
    return this.#run(async (sql) => {
      const found: { name: string; vectors: number }[] = [];
      for (const name of await this.#names(sql)) {
        const rows: readonly { count: number | string }[] = await sql.unsafe(
          `SELECT count(*) AS count FROM ${tableOf(name)} WHERE partition = $1::bytea`,
          [keyOf(partition)],
        );
        const vectors = Number(rows[0]?.count ?? 0);
        if (vectors > 0) found.push({ name, vectors });
      }
      return found;
    });
  }

  /** The table stays: other partitions may be in it, or just come to be. */
  async dropSpace(partition: Partition, name: string): Promise<void> {
    await this.#run(async (sql) => {
      if ((await this.#dimensionsOf(sql, name)) === undefined) return;
      await sql.unsafe(`DELETE FROM ${tableOf(name)} WHERE partition = $1::bytea`, [keyOf(partition)]);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sql.close({ timeout: 1 });
  }

  async #inAll(statement: (table: string) => string, given: readonly unknown[]): Promise<void> {
    await this.#run(async (sql) => {
      for (const name of await this.#names(sql)) await sql.unsafe(statement(tableOf(name)), [...given]);
    });
  }

  async #names(sql: SQL): Promise<string[]> {
    if (!(await this.#hasRegistry(sql))) return [];
    const rows: readonly { name: string }[] = await sql.unsafe('SELECT name FROM gatehouse_vector_spaces ORDER BY name');
    return rows.map(({ name }) => name);
  }

  async #hasRegistry(sql: SQL): Promise<boolean> {
    if (this.#known.size > 0) return true;
    const rows: readonly { found: unknown }[] = await sql.unsafe("SELECT to_regclass('gatehouse_vector_spaces') AS found");
    return rows[0]?.found !== null && rows[0] !== undefined;
  }

  async #dimensionsOf(sql: SQL, name: string): Promise<number | undefined> {
    const known = this.#known.get(name);
    if (known !== undefined || !(await this.#hasRegistry(sql))) return known;
    const rows: readonly { dimensions: number }[] = await sql.unsafe('SELECT dimensions FROM gatehouse_vector_spaces WHERE name = $1', [
      name,
    ]);
    const found = rows[0]?.dimensions;
    if (found !== undefined) this.#known.set(name, found);
    return found;
  }

  async #ensure(sql: SQL, { name, dimensions }: VectorSpace): Promise<void> {
    const found = await this.#dimensionsOf(sql, name);
    if (found === dimensions) return;
    if (found !== undefined) throw new Error(`the space '${name}' is for vectors of ${found} numbers, not ${dimensions}`);
    await sql.begin(async (transaction) => {
      await transaction.unsafe(`SELECT pg_advisory_xact_lock(${LOCK})`);
      await makeExtension(transaction);
      await transaction.unsafe(REGISTRY);
      for (const statement of tableStatements(name, dimensions)) await transaction.unsafe(statement);
      await transaction.unsafe('INSERT INTO gatehouse_vector_spaces VALUES ($1, $2) ON CONFLICT DO NOTHING', [name, dimensions]);
    });
    this.#known.clear();
    const made = await this.#dimensionsOf(sql, name);
    if (made !== dimensions) throw new Error(`the space '${name}' is for vectors of ${made} numbers, not ${dimensions}`);
  }

  async #isLarge(sql: SQL, partition: Partition, name: string): Promise<boolean> {
    const key = `${name} ${keyOf(partition).toString()}`;
    const known = this.#sizes.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonic()) return known.isLarge;
    const rows: readonly { count: number | string }[] = await sql.unsafe(
      `SELECT count(*) AS count FROM (SELECT 1 FROM ${tableOf(name)} WHERE partition = $1::bytea LIMIT ${SCANNED_MAX + 1}) AS some`,
      [keyOf(partition)],
    );
    const isLarge = Number(rows[0]?.count ?? 0) > SCANNED_MAX;
    this.#sizes.set(key, { isLarge, untilMs: this.#clock.monotonic() + SIZE_FRESH_MS }, 1);
    return isLarge;
  }

  /** In time, or not at all; what was given up on may still happen. */
  #run<T>(run: (sql: SQL) => Promise<T>, signal?: Abortable): Promise<T> {
    const { timeoutMs } = this.#config;
    return new Promise<T>((resolve, reject) => {
      const timer = this.#clock.after(timeoutMs, () => reject(vectorFault(new Error(`PostgreSQL did not answer within ${timeoutMs} ms`))));
      const leaving = signal === undefined ? undefined : onAbort(signal, () => reject(signal.reason));
      run(this.#sql)
        .then(resolve, (error: unknown) => {
          // The database may have been put back to how it was, without what was known of it.
          this.#known.clear();
          reject(vectorFault(error));
        })
        .finally(() => {
          timer[Symbol.dispose]();
          leaving?.[Symbol.dispose]();
        });
    });
  }
}

interface HitRow {
  readonly id: Buffer;
  readonly score: number | string;
}

function exactSearch(name: string): string {
  // Materialised: the planner must not take the index over all partitions, and filter what it finds.
  return `WITH own AS MATERIALIZED (SELECT id, vector FROM ${tableOf(name)} WHERE partition = $1::bytea)
    SELECT id, 1 - (vector <=> $2::text::vector) AS score FROM own ORDER BY vector <=> $2::text::vector, id LIMIT $3::int`;
}

function indexedSearch(name: string, dimensions: number): string {
  const distance =
    dimensions <= INDEXED_MAX ? 'vector <=> $2::text::vector' : `vector::halfvec(${dimensions}) <=> $2::text::halfvec(${dimensions})`;
  return `SELECT id, 1 - (${distance}) AS score FROM ${tableOf(name)} WHERE partition = $1::bytea ORDER BY ${distance} LIMIT $3::int`;
}

function tableStatements(name: string, dimensions: number): string[] {
  const table = tableOf(name);
  const column = dimensions <= INDEXED_MAX ? 'vector vector_cosine_ops' : `(vector::halfvec(${dimensions})) halfvec_cosine_ops`;
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
      partition bytea NOT NULL, id bytea NOT NULL, "group" bytea NOT NULL, vector vector(${dimensions}) NOT NULL, PRIMARY KEY (partition, id)
    )`,
    `CREATE INDEX IF NOT EXISTS ${indexOf(name, 'group')} ON ${table} (partition, "group")`,
    ...(dimensions <= HALF_INDEXED_MAX ? [`CREATE INDEX IF NOT EXISTS ${indexOf(name, 'near')} ON ${table} USING hnsw (${column})`] : []),
  ];
}

async function makeExtension(sql: SQL): Promise<void> {
  const rows: readonly { installed: unknown; available: unknown }[] = await sql.unsafe(
    `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS installed,
            (SELECT default_version FROM pg_available_extensions WHERE name = 'vector') AS available`,
  );
  const { installed = null, available = null } = rows[0] ?? {};
  if (installed !== null) return;
  if (available === null)
    throw new Error(
      'this PostgreSQL has no pgvector: install it on its server (the package is called postgresql-…-pgvector), or keep vectors elsewhere (state.vectors)',
    );
  try {
    await sql.unsafe('CREATE EXTENSION IF NOT EXISTS vector');
  } catch (cause) {
    throw new Error(
      'pgvector is there, but this user may not enable it: have an administrator run CREATE EXTENSION vector in this database',
      { cause },
    );
  }
}

/** Names of identifiers are cut after 63 bytes; a space's may be as long itself. */
function tableOf(name: string): string {
  return `"gatehouse_vectors_${hashOf(name)}"`;
}

function indexOf(name: string, what: string): string {
  return `"gatehouse_vectors_${hashOf(name)}_${what}"`;
}

function hashOf(name: string): string {
  return new Bun.CryptoHasher('sha256').update(name).digest('hex').slice(0, 16);
}

/** Text of PostgreSQL knows no NUL; bytes do. */
function keyOf({ tenant, kind, name }: Partition): Buffer {
  return Buffer.from(JSON.stringify([tenant, kind, name]));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function textOf(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

function checkLength(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) throw new Error(`a vector of ${vector.length} numbers in a space of ${dimensions}`);
}
