/* The driver for Qdrant, against a stand-in that speaks as Qdrant does; and the stand-in against Qdrant's own client. */
import { describe, expect, test } from 'bun:test';
import { QdrantClient } from '@qdrant/js-client-rest';
import { GatewayError } from '../../src/base/errors.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import type { Partition } from '../../src/stores/record/record-store.ts';
import { vectorConformance } from '../../src/stores/vector/conformance.ts';
import { createQdrantVectors } from '../../src/stores/vector/qdrant-vectors.ts';
import type { VectorSpace, VectorStore } from '../../src/stores/vector/vector-store.ts';
import { type FakeQdrant, startFakeQdrant } from '../harness/qdrant.ts';

const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
const BOB: Partition = { tenant: 'one', kind: 'memory', name: 'bob' };
const SPACE: VectorSpace = { name: 'space-2', dimensions: 2 };
const X = Float32Array.of(1, 0);
const Y = Float32Array.of(0, 1);

function driver(qdrant: Pick<FakeQdrant, 'url'>, more: { apiKey?: string; timeoutMs?: number } = {}): VectorStore {
  return createQdrantVectors({ url: qdrant.url, prefix: 'gatehouse-', timeoutMs: 5_000, ...more }, { clock: systemClock, fetch });
}

vectorConformance('Qdrant', {
  create: () => {
    const qdrant = startFakeQdrant({ apiKey: 'secret' });
    const store = driver(qdrant, { apiKey: 'secret' });
    const close = store[Symbol.asyncDispose].bind(store);
    store[Symbol.asyncDispose] = async () => {
      await close();
      await qdrant[Symbol.asyncDispose]();
    };
    return store;
  },
});

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

describe('the driver for Qdrant', () => {
  test('asks as Qdrant’s own client does', async () => {
    await using qdrant = startFakeQdrant();
    const client = new QdrantClient({ url: qdrant.url, checkCompatibility: false });
    const store = driver(qdrant);
    await store.put(ANN, SPACE, [{ id: 'a', group: 'g', vector: X }]);
    await store.search({ partition: ANN, space: SPACE, vector: X, limit: 3 });
    await store.spaces(ANN);
    await store.deleteGroup(ANN, 'g');
    await store.delete(ANN, ['a']);
    await store.erase(ANN);
    const ours = qdrant.requests.splice(0).filter(({ method, path }) => method !== 'GET' || path === '/collections');

    const name = 'theirs';
    const partition = { key: 'partition', match: { value: '["one","memory","ann"]' } };
    const put = ours.find(({ path }) => path.endsWith('/points'))?.body as { points: { id: string }[] } | undefined;
    const id = put?.points[0]?.id;
    await client.createCollection(name, { vectors: { size: 2, distance: 'Cosine' }, hnsw_config: { m: 0, payload_m: 16 } });
    await client.createPayloadIndex(name, { wait: true, field_name: 'partition', field_schema: { type: 'keyword', is_tenant: true } });
    await client.createPayloadIndex(name, { wait: true, field_name: 'group', field_schema: { type: 'keyword' } });
    const payload = { partition: partition.match.value, group: 'g', id: 'a' };
    await client.upsert(name, { wait: true, points: [{ id: id ?? '', vector: [1, 0], payload }] });
    await client.query(name, { query: [1, 0], filter: { must: [partition] }, limit: 3, with_payload: ['partition', 'id'] });
    await client.getCollections();
    await client.count(name, { filter: { must: [partition] }, exact: true });
    await client.getCollections();
    await client.delete(name, { wait: true, filter: { must: [partition, { key: 'group', match: { value: 'g' } }] } });
    await client.getCollections();
    await client.delete(name, { wait: true, points: [id ?? ''] });
    await client.getCollections();
    await client.delete(name, { wait: true, filter: { must: [partition] } });
    const theirs = qdrant.requests.map((request) => ({ ...request, path: request.path.replace('/theirs', '/gatehouse-space-2') }));
    expect(ours.map(({ method, path }) => `${method} ${path}`)).toEqual(theirs.map(({ method, path }) => `${method} ${path}`));
    for (const [index, { path, body }] of ours.entries())
      expect({ path, body }).toEqual({ path, body: withoutUndefined(theirs[index]?.body) });
  });

  test('hands out nothing of another partition, whatever Qdrant says', async () => {
    await using qdrant = startFakeQdrant();
    await using store = driver(qdrant);
    await store.put(ANN, SPACE, [{ id: 'mine', group: '', vector: X }]);
    await store.put(BOB, SPACE, [{ id: 'theirs', group: '', vector: X }]);
    qdrant.meet = ({ path, body }) => {
      if (!path.endsWith('/query')) return undefined;
      // As if it had lost its filter.
      (body as { filter?: unknown }).filter = undefined;
      return undefined;
    };
    expect((await store.search({ partition: ANN, space: SPACE, vector: X, limit: 10 })).map(({ id }) => id)).toEqual(['mine']);
  });

  test('believes no answer of which nothing is what was asked for', async () => {
    await using qdrant = startFakeQdrant();
    await using store = driver(qdrant);
    await store.put(ANN, SPACE, [{ id: 'mine', group: '', vector: X }]);
    for (const point of [
      { id: 7, score: 0.5 },
      { id: 7, score: null, payload: { partition: '["one","memory","ann"]', id: 'mine' } },
    ]) {
      qdrant.meet = () => Response.json({ result: { points: [point] }, status: 'ok', time: 0 });
      expect(await failureOf(store.search({ partition: ANN, space: SPACE, vector: X, limit: 1 }))).toMatchObject({
        code: 'storage_unavailable',
      });
    }
  });

  test('leaves nothing of what was erased', async () => {
    await using qdrant = startFakeQdrant();
    await using store = driver(qdrant);
    const canary: Partition = { ...ANN, name: 'canary-user' };
    await store.put(canary, SPACE, [{ id: 'canary-a', group: 'canary-g', vector: X }]);
    await store.put(canary, { name: 'other', dimensions: 2 }, [{ id: 'canary-b', group: '', vector: Y }]);
    await store.put(ANN, SPACE, [{ id: 'stays', group: '', vector: X }]);
    expect(qdrant.dump()).toContain('canary');
    await store.erase(canary);
    expect(qdrant.dump()).not.toContain('canary');
    expect(qdrant.dump()).toContain('stays');
  });

  for (const { name, meet } of [
    { name: 'is refused', meet: () => Response.json({ status: { error: 'Service internal error: disk full' }, time: 0 }, { status: 500 }) },
    { name: 'gets HTML', meet: () => new Response('<html>') },
    { name: 'is sent elsewhere', meet: () => Response.redirect('http://127.0.0.1:1/') },
    { name: 'gets another result', meet: () => Response.json({ result: 7, status: 'ok', time: 0 }) },
    {
      name: 'is told to come back',
      meet: () => Response.json({ result: { operation_id: 1, status: 'acknowledged' }, status: 'ok', time: 0 }),
    },
    {
      name: 'is told that it took too long',
      meet: () => Response.json({ result: { operation_id: 1, status: 'wait_timeout' }, status: 'ok', time: 0 }),
    },
  ]) {
    test(`rejects when it ${name}`, async () => {
      await using qdrant = startFakeQdrant();
      await using store = driver(qdrant);
      await store.put(ANN, SPACE, [{ id: 'a', group: '', vector: X }]);
      qdrant.meet = meet;
      for (const failure of [
        await failureOf(store.put(ANN, SPACE, [{ id: 'b', group: '', vector: X }])),
        await failureOf(store.search({ partition: ANN, space: SPACE, vector: X, limit: 1 })),
        await failureOf(store.erase(ANN)),
      ]) {
        expect(failure).toBeInstanceOf(GatewayError);
        expect((failure as GatewayError).code).toBe('storage_unavailable');
        expect((failure as GatewayError).message).not.toContain('disk');
      }
      qdrant.meet = undefined;
      await store.put(ANN, SPACE, [{ id: 'b', group: '', vector: Y }]);
      expect((await store.search({ partition: ANN, space: SPACE, vector: Y, limit: 1 })).map(({ id }) => id)).toEqual(['b']);
    });
  }

  test('gives up in time, also for whoever asked', async () => {
    await using qdrant = startFakeQdrant();
    await using store = driver(qdrant);
    await store.put(ANN, SPACE, [{ id: 'a', group: '', vector: X }]);
    qdrant.meet = () => new Promise(() => {});
    await using hasty = driver(qdrant, { timeoutMs: 50 });
    expect(await failureOf(hasty.erase(ANN))).toBeInstanceOf(GatewayError);
    const controller = new AbortController();
    const search = failureOf(
      driver(qdrant, { timeoutMs: 60_000 }).search({ partition: ANN, space: SPACE, vector: X, limit: 1 }, controller.signal),
    );
    controller.abort(new Error('gone'));
    expect(await search).toEqual(new Error('gone'));
  });

  test('says what is wrong with a key that is missing', async () => {
    await using qdrant = startFakeQdrant({ apiKey: 'right' });
    const failure = await failureOf(driver(qdrant, { apiKey: 'wrong' }).erase(ANN));
    expect(String((failure as Error).cause)).toContain('401: Invalid API key');
    expect(String((failure as Error).cause)).not.toContain('wrong');
  });

  test('does not put vectors into a collection for others', async () => {
    await using qdrant = startFakeQdrant();
    await using store = driver(qdrant);
    const client = new QdrantClient({ url: qdrant.url, checkCompatibility: false });
    await client.createCollection('gatehouse-space-2', { vectors: { size: 5, distance: 'Cosine' } });
    const failure = await failureOf(store.put(ANN, SPACE, [{ id: 'a', group: '', vector: X }]));
    expect(String((failure as Error).cause)).toContain('is for vectors of 5 numbers, not 2');
  });
});

function withoutUndefined(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
