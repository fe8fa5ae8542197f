/*
 * Vectors in Qdrant: a collection for each space, a point for each vector, with its partition as a tenant's key in the payload: what has one is
 * indexed by it (`is_tenant`, `payload_m`), and every call names it in its filter. Points have UUIDs made of partition and id, so that the same
 * vector put twice is one; the id itself is in the payload.
 */

import { uuidV5 } from '../../base/uuid-v5.ts';
import { partitionKey } from '../record/partition-key.ts';
import type { Partition } from '../record/record-store.ts';
import { storageFault } from '../storage-fault.ts';
import { memberOf, type QdrantCall, QdrantClient, type QdrantConfig, type QdrantDeps } from './qdrant-client.ts';
import type { VectorEntry, VectorHit, VectorSearch, VectorSpace, VectorStore } from './vector-store.ts';

export interface QdrantVectorsConfig extends QdrantConfig {
  /** Beginning of its collections' names: letters, digits, `_` and `-`. */
  readonly prefix: string;
}

/** One request holds so many numbers at most: Qdrant takes 32 MB. */
const NUMBERS_MAX = 256 * 1_024;
/** For points' UUIDs; any would do. */
const UUID_SPACE = '6d0cb5b8-2f0c-5d0a-9c39-8f2f1b6a7f10';
const LINKS = 16;

type Call = (method: 'PUT' | 'POST', path: string, body: unknown) => Promise<unknown>;

/** Dials nothing yet. */
export function createQdrantVectors(config: QdrantVectorsConfig, deps: QdrantDeps): VectorStore {
  return new QdrantVectors(config, new QdrantClient(config, deps));
}

class QdrantVectors implements VectorStore {
  readonly #prefix: string;
  readonly #client: QdrantClient;
  /** Collections that are known to be there, with the length of their vectors. */
  readonly #known = new Map<string, number>();

  constructor({ prefix }: QdrantVectorsConfig, client: QdrantClient) {
    this.#prefix = prefix;
    this.#client = client;
  }

  async put(partition: Partition, space: VectorSpace, entries: readonly VectorEntry[]): Promise<void> {
    for (const { vector } of entries) checkLength(vector, space.dimensions);
    // Of an id that comes twice the later counts.
    const points = [...new Map(entries.map((entry) => [entry.id, entry])).values()].map(({ id, group, vector }) => ({
      id: pointOf(partition, id),
      vector: [...vector],
      payload: { partition: partitionKey(partition), group, id },
    }));
    await this.#ensure(space);
    const size = Math.max(1, Math.floor(NUMBERS_MAX / space.dimensions));
    for (let from = 0; from < points.length; from += size) {
      const batch = { points: points.slice(from, from + size) };
      await this.#change({ method: 'PUT', path: `${this.#path(space.name)}/points?wait=true`, body: batch }).catch((error: unknown) => {
        // The collection may be gone.
        this.#known.delete(space.name);
        throw error;
      });
    }
  }

  async search({ partition, space, vector, limit }: VectorSearch, signal?: AbortSignal): Promise<VectorHit[]> {
    checkLength(vector, space.dimensions);
    const result = await this.#client.call({
      method: 'POST',
      path: `${this.#path(space.name)}/points/query`,
      body: { query: [...vector], filter: only(partition), limit, with_payload: ['partition', 'id'] },
      ...(signal === undefined ? {} : { signal }),
      accept: NOT_FOUND,
    });
    if (result === undefined) return [];
    const points = memberOf(result, 'points');
    if (!Array.isArray(points)) throw storageFault('Vectors', new Error('Qdrant answers a query without points'));
    const key = partitionKey(partition);
    const hits = points.flatMap((point: unknown) => {
      const payload = memberOf(point, 'payload');
      const id = memberOf(payload, 'id');
      const score = memberOf(point, 'score');
      // Whatever it says: what is not of this partition is not handed out.
      if (memberOf(payload, 'partition') !== key || typeof id !== 'string' || typeof score !== 'number') return [];
      return [{ id, score: Math.max(-1, Math.min(1, score)) }];
    });
    if (hits.length === 0 && points.length > 0)
      throw storageFault('Vectors', new Error('Qdrant answers with points that were not asked for'));
    return hits;
  }

  async delete(partition: Partition, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#deleteAll({ points: ids.map((id) => pointOf(partition, id)) });
  }

  async deleteGroup(partition: Partition, group: string): Promise<void> {
    await this.#deleteAll({ filter: { must: [...only(partition).must, { key: 'group', match: { value: group } }] } });
  }

  async erase(partition: Partition): Promise<void> {
    await this.#deleteAll({ filter: only(partition) });
  }

  async spaces(partition: Partition): Promise<{ readonly name: string; readonly vectors: number }[]> {
    const counted = await Promise.all(
      (await this.#names()).map(async (name) => {
        const body = { filter: only(partition), exact: true };
        const result = await this.#client.call({ method: 'POST', path: `${this.#path(name)}/points/count`, body, accept: NOT_FOUND });
        const vectors = memberOf(result, 'count');
        return { name, vectors: typeof vectors === 'number' ? vectors : 0 };
      }),
    );
    return counted.filter(({ vectors }) => vectors > 0);
  }

  /** The collection stays: other partitions may be in it, or just come to be. */
  async dropSpace(partition: Partition, name: string): Promise<void> {
    await this.#deleteIn(name, { filter: only(partition) });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #deleteAll(selector: unknown): Promise<void> {
    await Promise.all((await this.#names()).map((name) => this.#deleteIn(name, selector)));
  }

  async #deleteIn(name: string, selector: unknown): Promise<void> {
    await this.#change({ method: 'POST', path: `${this.#path(name)}/points/delete?wait=true`, body: selector, accept: NOT_FOUND });
  }

  /** Rejects unless it is done. */
  async #change(call: QdrantCall): Promise<void> {
    const result = await this.#client.call(call);
    const status = memberOf(result, 'status');
    if (result !== undefined && status !== 'completed')
      throw storageFault('Vectors', new Error(`Qdrant has not done it yet: ${String(status)}`));
  }

  /** Names of the spaces that are there. */
  async #names(): Promise<string[]> {
    const result = await this.#client.call({ method: 'GET', path: '/collections' });
    const collections = memberOf(result, 'collections');
    if (!Array.isArray(collections)) throw storageFault('Vectors', new Error('Qdrant answers without its collections'));
    return collections.flatMap((collection: unknown) => {
      const name = memberOf(collection, 'name');
      return typeof name === 'string' && name.startsWith(this.#prefix) ? [name.slice(this.#prefix.length)] : [];
    });
  }

  /** Makes the collection where it is not there. Rejects when it is there, for vectors of another length. */
  async #ensure({ name, dimensions }: VectorSpace): Promise<void> {
    let found = this.#known.get(name);
    if (found === undefined) {
      const call: Call = (method, path, body) => this.#client.call({ method, path, body, accept: EXISTS });
      found = await this.#dimensionsOf(name);
      if (found === undefined) {
        await call('PUT', this.#path(name), {
          vectors: { size: dimensions, distance: 'Cosine' },
          // An index for each partition, and none over all of them.
          hnsw_config: { m: 0, payload_m: LINKS },
        });
        // Another process may have been first, with another length.
        found = await this.#dimensionsOf(name);
      }
      await call('PUT', `${this.#path(name)}/index?wait=true`, {
        field_name: 'partition',
        field_schema: { type: 'keyword', is_tenant: true },
      });
      await call('PUT', `${this.#path(name)}/index?wait=true`, { field_name: 'group', field_schema: { type: 'keyword' } });
      if (found !== undefined) this.#known.set(name, found);
    }
    if (found !== dimensions)
      throw storageFault(
        'Vectors',
        new Error(`the collection '${this.#prefix}${name}' is for vectors of ${found} numbers, not ${dimensions}`),
      );
  }

  async #dimensionsOf(name: string): Promise<number | undefined> {
    const result = await this.#client.call({ method: 'GET', path: this.#path(name), accept: NOT_FOUND });
    const size = memberOf(memberOf(memberOf(memberOf(result, 'config'), 'params'), 'vectors'), 'size');
    return typeof size === 'number' ? size : undefined;
  }

  #path(name: string): string {
    return `/collections/${encodeURIComponent(this.#prefix + name)}`;
  }
}

const NOT_FOUND = [404];
const EXISTS = [409];

function only(partition: Partition): { readonly must: readonly object[] } {
  return { must: [{ key: 'partition', match: { value: partitionKey(partition) } }] };
}

function pointOf(partition: Partition, id: string): string {
  return uuidV5(UUID_SPACE, JSON.stringify([partitionKey(partition), id]));
}

function checkLength(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) throw new Error(`a vector of ${vector.length} numbers in a space of ${dimensions}`);
}
