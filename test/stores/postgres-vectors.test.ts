/* The driver for PostgreSQL, against PGlite with pgvector. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { PostgresConnection } from '../../src/stores/postgres/postgres-connection.ts';
import type { Partition } from '../../src/stores/record/record-store.ts';
import { vectorConformance } from '../../src/stores/vector/conformance.ts';
import { createPostgresVectors } from '../../src/stores/vector/postgres-vectors.ts';
import type { VectorSpace, VectorStore } from '../../src/stores/vector/vector-store.ts';
import { type PgliteServer, startPglite } from '../harness/pglite.ts';

const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
const SPACE: VectorSpace = { name: 'space-2', dimensions: 2 };
const X = Float32Array.of(1, 0);

let server: PgliteServer;
beforeAll(async () => {
  server = await startPglite({ pgvector: true });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});
/** All connections to PGlite are one session to it: what one has prepared is in the way of the next. */
const reset = () => server.database.exec('DROP SCHEMA IF EXISTS gatehouse CASCADE; DEALLOCATE ALL');

function driver(
  url: string,
  { timeoutMs = 30_000, faults = [], scannedMax = 20_000 }: { timeoutMs?: number; faults?: string[]; scannedMax?: number } = {},
): VectorStore {
  const connection = new PostgresConnection(
    { url, readTimeoutMs: timeoutMs, writeTimeoutMs: timeoutMs, connectionsMax: 1 },
    { clock: systemClock, random: Math.random, onFault: (message) => void faults.push(message) },
  );
  return Object.assign(createPostgresVectors(connection, { scannedMax }), {
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  });
}

vectorConformance('PostgreSQL', {
  many: 300,
  create: async () => {
    await reset();
    return driver(server.url);
  },
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

describe('the driver for PostgreSQL', () => {
  test('says that pgvector is missing, and how to come by it', async () => {
    await using bare = await startPglite({ pgvector: false });
    const faults: string[] = [];
    await using store = driver(bare.url, { faults });
    const failure = await failureOf(store.put(ANN, SPACE, [{ id: 'a', group: '', vector: X }]));
    expect(failure).toBeInstanceOf(GatewayError);
    expect((failure as GatewayError).code).toBe('storage_unavailable');
    expect(faults[0]).toContain('this server has no pgvector, which vectors need: install it there');
  });

  test('walks the index where a partition is large, and finds its own alone', async () => {
    await reset();
    await using store = driver(server.url, { scannedMax: 50 });
    const space: VectorSpace = { name: 'large-3', dimensions: 3 };
    const around = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        id: `${prefix}${index}`,
        group: '',
        vector: Float32Array.of(Math.cos(index / 100), Math.sin(index / 100), 0),
      }));
    await store.put(ANN, space, around('a', 200));
    // Nearer than all but one of hers.
    await store.put({ ...ANN, name: 'bob' }, space, around('b', 60));
    await server.database.exec('ANALYZE; SET enable_seqscan = off; SET enable_sort = off');
    try {
      const hits = await store.search({ partition: ANN, space, vector: Float32Array.of(1, 0, 0), limit: 5 });
      expect(hits.map(({ id }) => id)).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
      expect(hits[4]?.score).toBeCloseTo(Math.cos(0.04), 4);
    } finally {
      await server.database.exec('RESET ALL');
    }
  });

  test('takes vectors that are too long for an index', async () => {
    await reset();
    await using store = driver(server.url);
    for (const dimensions of [2_500, 4_096]) {
      const vector = new Float32Array(dimensions);
      vector[7] = 1;
      const space: VectorSpace = { name: `long-${dimensions}`, dimensions };
      await store.put(ANN, space, [{ id: 'a', group: '', vector }]);
      expect(await store.search({ partition: ANN, space, vector, limit: 1 })).toEqual([{ id: 'a', score: 1 }]);
    }
  });

  test('keeps ids with a NUL apart', async () => {
    await reset();
    await using store = driver(server.url);
    const partition: Partition = { ...ANN, name: 'nul\0user' };
    await store.put(partition, SPACE, [{ id: 'a\0b', group: 'g\0', vector: X }]);
    expect(await store.search({ partition, space: SPACE, vector: X, limit: 1 })).toEqual([{ id: 'a\0b', score: 1 }]);
    await store.erase(partition);
    expect(await store.spaces(partition)).toEqual([]);
  });

  test('rejects when nobody is there, and in time when nobody answers', async () => {
    await using absent = driver('postgres://nobody@127.0.0.1:1/none?sslmode=disable', { timeoutMs: 5_000 });
    expect(await failureOf(absent.erase(ANN))).toBeInstanceOf(GatewayError);
    const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    try {
      const faults: string[] = [];
      await using store = driver(`postgres://nobody@127.0.0.1:${silent.port}/none?sslmode=disable`, { timeoutMs: 200, faults });
      expect(await failureOf(store.erase(ANN))).toBeInstanceOf(GatewayError);
      expect(faults).toEqual(['PostgreSQL takes longer than 200 ms']);
    } finally {
      silent.stop(true);
    }
  });
});
