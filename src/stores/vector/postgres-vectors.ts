/* Vectors in PostgreSQL with pgvector: the calls. What they do there is in postgres-vectors-schema.ts. */

import type { SQL } from 'bun';
import { raceAbort } from '../../base/abort.ts';
import type { PostgresConnection, PostgresTables } from '../postgres/postgres-connection.ts';
import { decodeText, encodeText } from '../postgres/postgres-text.ts';
import { partitionKey } from '../record/partition-key.ts';
import type { Partition } from '../record/record-store.ts';
import { VECTORS } from './postgres-vectors-schema.ts';
import type { VectorEntry, VectorHit, VectorSearch, VectorSpace, VectorStore } from './vector-store.ts';

export interface PostgresVectorsConfig {
  /** Partitions of up to so many vectors are searched exactly. */
  readonly scannedMax: number;
}

const DEFAULTS: PostgresVectorsConfig = { scannedMax: 20_000 };

/** The connection stays its owner's: closing the store leaves it open. */
export function createPostgresVectors(connection: PostgresConnection, config = DEFAULTS): VectorStore {
  return new PostgresVectors(config, connection.tables(VECTORS, 'Vectors'));
}

class PostgresVectors implements VectorStore {
  readonly #config: PostgresVectorsConfig;
  readonly #tables: PostgresTables;

  constructor(config: PostgresVectorsConfig, tables: PostgresTables) {
    this.#config = config;
    this.#tables = tables;
  }

  async put(partition: Partition, { name, dimensions }: VectorSpace, entries: readonly VectorEntry[]): Promise<void> {
    for (const { vector } of entries) checkLength(vector, dimensions);
    // Of an id that comes twice the later counts.
    const rows = [...new Map(entries.map((entry) => [entry.id, entry])).values()];
    await this.#tables.write((sql) => {
      const ids = textArray(
        sql,
        rows.map(({ id }) => encodeText(id)),
      );
      const groups = textArray(
        sql,
        rows.map(({ group }) => encodeText(group)),
      );
      const vectors = textArray(
        sql,
        rows.map(({ vector }) => textOf(vector)),
      );
      return sql`SELECT gatehouse.vectors_put(${name}, ${dimensions}::integer, ${partitionKey(partition)}, ${ids}, ${groups}, ${vectors})`;
    });
  }

  async search({ partition, space, vector, limit }: VectorSearch, signal?: AbortSignal): Promise<VectorHit[]> {
    checkLength(vector, space.dimensions);
    const { scannedMax } = this.#config;
    const found = this.#tables.read<{ out_id: string; out_score: number | string }>(
      (sql) => sql`
        SELECT * FROM gatehouse.vectors_near(${space.name}, ${partitionKey(partition)}, ${textOf(vector)}, ${limit}::integer, ${scannedMax}::integer)`,
    );
    const rows = await (signal === undefined ? found : raceAbort(found, signal));
    return rows.map(({ out_id: id, out_score: score }) => ({ id: decodeText(id), score: Math.max(-1, Math.min(1, Number(score))) }));
  }

  async delete(partition: Partition, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#delete(partition, { ids });
  }

  async deleteGroup(partition: Partition, group: string): Promise<void> {
    await this.#delete(partition, { group });
  }

  async erase(partition: Partition): Promise<void> {
    await this.#delete(partition, {});
  }

  async spaces(partition: Partition): Promise<{ readonly name: string; readonly vectors: number }[]> {
    const rows = await this.#tables.read<{ out_name: string; out_vectors: string }>(
      (sql) => sql`SELECT * FROM gatehouse.vectors_spaces(${partitionKey(partition)})`,
    );
    return rows.map(({ out_name: name, out_vectors: vectors }) => ({ name, vectors: Number(vectors) }));
  }

  /** The table stays: other partitions may be in it, or just come to be. */
  async dropSpace(partition: Partition, space: string): Promise<void> {
    await this.#delete(partition, { space });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #delete(partition: Partition, { space, ids, group }: Which): Promise<void> {
    const given = group === undefined ? null : encodeText(group);
    await this.#tables.write((sql) => {
      const list = ids === undefined ? null : textArray(sql, ids.map(encodeText));
      return sql`SELECT gatehouse.vectors_delete(${partitionKey(partition)}, ${space ?? null}, ${list}, ${given})`;
    });
  }
}

/** All of a partition, or what all of these name. */
interface Which {
  readonly space?: string;
  readonly ids?: readonly string[];
  readonly group?: string;
}

function textArray(sql: SQL, texts: readonly string[]): unknown {
  return sql.array([...texts], 'TEXT');
}

function textOf(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

function checkLength(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) throw new Error(`a vector of ${vector.length} numbers in a space of ${dimensions}`);
}
