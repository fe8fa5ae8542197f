/* A dense arm over stores in memory and a model that is told what to do. */
import { expect } from 'bun:test';
import { createManualClock, type ManualClock } from '../../src/base/manual-clock.ts';
import type { ContextModels, EmbedTextsRequest } from '../../src/context/context-models.ts';
import { createDenseArm, type WarmableArm } from '../../src/context/embedding/create-dense-arm.ts';
import { embeddingSpec } from '../../src/context/embedding/create-embedder.ts';
import type { DenseArm } from '../../src/context/embedding/dense-arm.ts';
import { embeddingsConfig } from '../../src/context/embedding/embedding-config.ts';
import type { Partition, RecordChange, RecordStore } from '../../src/stores/record/record-store.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { openSqliteVectors } from '../../src/stores/vector/sqlite-vectors.ts';
import type { VectorStore } from '../../src/stores/vector/vector-store.ts';

/** Texts with the same words are near each other; another seed is another model. */
function meaning(text: string, dimensions: number, seed: string): number[] {
  const vector = Array.from({ length: dimensions }, () => 0.01);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    const hash = Number(Bun.hash(seed + word) % BigInt(dimensions));
    vector[hash] = (vector[hash] ?? 0) + 1;
  }
  return vector;
}

interface FakeModel {
  dimensions: number;
  seed: string;
  /** What a request meets before it is answered. */
  meet: (request: EmbedTextsRequest) => Promise<void> | void;
  readonly requests: EmbedTextsRequest[];
}

function createFake(): FakeModel & Pick<ContextModels, 'embed'> {
  const fake: FakeModel & Pick<ContextModels, 'embed'> = {
    dimensions: 256,
    seed: 'a',
    meet: () => {},
    requests: [],
    async embed(request) {
      fake.requests.push(request);
      const { dimensions, seed } = fake;
      await fake.meet(request);
      return { values: Float32Array.from(request.texts.flatMap((text) => meaning(text, dimensions, seed + request.model))), dimensions };
    },
  };
  return fake;
}

export interface Rig {
  readonly records: RecordStore;
  readonly vectors: VectorStore;
  readonly model: ReturnType<typeof createFake>;
  readonly clock: ManualClock;
  readonly faults: string[];
  arm(model?: string): WarmableArm;
  write(partition: Partition, texts: Readonly<Record<string, string | null>>): Promise<void>;
}

export function createRig(): Rig {
  const records = openSqliteRecords(':memory:');
  const vectors = openSqliteVectors({ path: ':memory:', bytesMax: 1_048_576 }, { now: () => 0, pause: async () => {} });
  const model = createFake();
  const clock = createManualClock();
  const faults: string[] = [];
  return {
    records,
    vectors,
    model,
    clock,
    faults,
    arm: (name = 'local/all-minilm') =>
      createDenseArm(
        {
          ...embeddingsConfig.parse({ model: name, batch: 8 }),
          place: 'embedded',
          searchTimeoutMs: 100,
          spec: embeddingSpec(embeddingsConfig.parse({ model: name }), name),
        },
        {
          records,
          vectors,
          models: model,
          textOf: ({ kind }) => (kind === 'memory' ? ({ body }) => (JSON.parse(body ?? '{}') as { text?: string }).text : undefined),
          clock,
          random: () => 0.5,
          holder: crypto.randomUUID(),
          onFault: (message) => void faults.push(message),
          onRecovery: () => void faults.push('recovered'),
        },
      ),
    async write(partition, texts) {
      const changes = Object.entries(texts).map(
        ([id, text]): RecordChange => ({ id, group: 'g', kind: 'turn', body: text === null ? null : JSON.stringify({ text }) }),
      );
      await records.apply(partition, changes);
    },
  };
}

export const ANN: Partition = { tenant: 'one', kind: 'memory', name: 'ann' };
export const BOB: Partition = { tenant: 'one', kind: 'memory', name: 'bob' };

export const TEXTS = { tea: 'I like green tea in the morning', dog: 'My dog is called Rufus', job: 'I work as a nurse in Leeds' };

/** What a search finds, best first; nothing may be left out of it. */
export async function ids(arm: DenseArm, partition: Partition, query: string): Promise<string[]> {
  const { hits, leftOut } = await arm.search(partition, query, 10);
  expect(leftOut).toEqual([]);
  return hits.map(({ id }) => id);
}

export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (await isTrue()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it never came to be');
}
