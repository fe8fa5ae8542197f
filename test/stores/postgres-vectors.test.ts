/* The driver for PostgreSQL, against PGlite with pgvector. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
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

function driver(url: string, timeoutMs = 30_000): VectorStore {
  return createPostgresVectors({ url, connectionsMax: 1, timeoutMs }, { clock: systemClock });
}

vectorConformance('PostgreSQL', {
  create: async () => {
    await server.database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
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
    await using store = driver(bare.url);
    const failure = await failureOf(store.put(ANN, SPACE, [{ id: 'a', group: '', vector: X }]));
    expect(failure).toBeInstanceOf(GatewayError);
    expect((failure as GatewayError).code).toBe('storage_unavailable');
    expect(String((failure as Error).cause)).toContain('has no pgvector: install it');
    expect(await store.search({ partition: ANN, space: SPACE, vector: X, limit: 1 })).toEqual([]);
  });

  test('walks the index where a partition is large, and finds its own alone', async () => {
    await server.database.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await using store = driver(server.url);
    const space: VectorSpace = { name: 'large-4', dimensions: 4 };
    await store.put(ANN, space, [{ id: 'near', group: '', vector: Float32Array.of(0, 0, 0, 1) }]);
    await store.put({ ...ANN, name: 'bob' }, space, [{ id: 'theirs', group: '', vector: Float32Array.of(0, 0, 0, 1) }]);
    const [table] = (
      await server.database.query<{ name: string }>("SELECT tablename AS name FROM pg_tables WHERE tablename LIKE 'gatehouse_vectors_%'")
    ).rows;
    await server.database.exec(`
      INSERT INTO ${table?.name} SELECT convert_to('["one","memory","ann"]', 'UTF8'), convert_to('v' || n, 'UTF8'), '', ('[' || cos(n) || ',' || sin(n) || ',0.5,-0.5]')::vector
      FROM generate_series(1, 20100) AS n; ANALYZE`);
    const hits = await store.search({ partition: ANN, space, vector: Float32Array.of(0, 0, 0, 1), limit: 3 });
    expect(hits[0]).toEqual({ id: 'near', score: 1 });
    expect(hits.length).toBe(3);
    expect(hits.map(({ id }) => id)).not.toContain('theirs');
  });

  test('takes vectors that are too long for an index', async () => {
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
    await using store = driver(server.url);
    const partition: Partition = { ...ANN, name: 'nul\0user' };
    await store.put(partition, SPACE, [{ id: 'a\0b', group: 'g\0', vector: X }]);
    expect(await store.search({ partition, space: SPACE, vector: X, limit: 1 })).toEqual([{ id: 'a\0b', score: 1 }]);
    await store.erase(partition);
    expect(await store.spaces(partition)).toEqual([]);
  });

  test('rejects when nobody is there, and in time when nobody answers', async () => {
    await using absent = driver('postgres://nobody@127.0.0.1:1/none?sslmode=disable', 5_000);
    expect(await failureOf(absent.erase(ANN))).toBeInstanceOf(GatewayError);
    const silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
    try {
      await using store = driver(`postgres://nobody@127.0.0.1:${silent.port}/none?sslmode=disable`, 200);
      const failure = await failureOf(store.erase(ANN));
      expect(String((failure as Error).cause)).toContain('did not answer within 200 ms');
    } finally {
      silent.stop(true);
    }
  });
});
