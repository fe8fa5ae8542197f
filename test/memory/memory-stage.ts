/* The memory routes over the engine that is shipped, with every store in memory. */

import { systemClock } from '../../src/base/system-clock.ts';
import { contextConfig } from '../../src/context/context-config.ts';
import type { Collection, CollectionFile, KnowledgeEngine } from '../../src/context/knowledge/knowledge.ts';
import { createMemoryEngine } from '../../src/context/memory/memory-engine.ts';
import { createMemoryRoutes } from '../../src/gateway/memory-routes.ts';
import { createSqliteDocumentStore } from '../../src/stores/document/sqlite-store.ts';
import { openSqliteRecords } from '../../src/stores/record/sqlite-records.ts';
import { createMemoryValueStore } from '../../src/stores/value/memory.ts';
import { createSqliteVendorObjectStore } from '../../src/stores/vendor-object/sqlite-store.ts';
import { type CallerKey, createRouteCaller } from '../harness/route-caller.ts';

export const ALICE = 'sk-alice-00000000';
export const BOB = 'sk-bob-0000000000';
export const SERVICE = 'sk-service-000000';
export const STRANGER = 'sk-stranger-00000';

const KEYS: readonly CallerKey[] = [
  { name: 'alice', key: ALICE, tenant: 't1', user: 'alice' },
  { name: 'bob', key: BOB, tenant: 't1', user: 'bob' },
  { name: 'service', key: SERVICE, tenant: 't1' },
  { name: 'stranger', key: STRANGER, tenant: 't2' },
];

export interface Answer {
  readonly status: number;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what an API answers is looked into here and there
  readonly json: any;
  readonly headers: Headers;
}

/** Collections with their files, and nothing else of a knowledge engine. */
export class Shelf {
  readonly collections: Collection[] = [];
  readonly files = new Map<string, CollectionFile[]>();

  get engine(): Pick<KnowledgeEngine, 'collections' | 'deleteCollection' | 'removeDocument'> {
    return {
      collections: async () => [...this.collections],
      deleteCollection: async (_, id) => this.#drop(id),
      removeDocument: async (_, document) => {
        const holding = [...this.files].filter(([, files]) => files.some(({ id }) => id === document));
        for (const [collection, files] of holding) {
          const others = files.filter(({ id }) => id !== document);
          this.files.set(collection, others);
        }
        return holding.length;
      },
    };
  }

  async #drop(id: string): Promise<boolean> {
    const index = this.collections.findIndex((one) => one.id === id);
    if (index !== -1) this.collections.splice(index, 1);
    return index !== -1;
  }
}

export function createMemoryStage(settings: { readonly enabled?: boolean } = {}) {
  const clock = systemClock;
  const config = contextConfig.parse({}).memory;
  const records = openSqliteRecords(':memory:');
  const memory = createMemoryEngine({ ...config, indexBytesMax: 1e9 }, { records, clock, pause: async () => {} });
  const onFault = (message: string): void => {
    throw new Error(message);
  };
  const documents = createSqliteDocumentStore('memory', { clock, onFault });
  const vendorObjects = createSqliteVendorObjectStore('memory', { clock, onFault });
  const values = createMemoryValueStore({ bytesMax: 10_000_000, entriesMax: 10_000 }, { clock });
  const shelf = new Shelf();
  const log: { readonly message: string; readonly fields: unknown }[] = [];
  const told: string[] = [];
  const note = (message: string, fields?: unknown): void => void log.push({ message, fields });
  const routes = createMemoryRoutes(
    { enabled: settings.enabled ?? true },
    {
      context: { memory, knowledge: shelf.engine },
      documents,
      values,
      vendorObjects,
      rewrite: async () => 'done',
      tellOthers: (scope) => void told.push(scope),
      clock,
      logger: { debug: note, info: note, warn: note, error: note },
      createId: () => crypto.randomUUID(),
    },
  );
  const call = createRouteCaller(routes, KEYS);
  const ask = async (
    key: string,
    method: string,
    path: string,
    ...[body, headers = {}]: readonly [body?: unknown, headers?: Record<string, string>]
  ): Promise<Answer> => {
    const reply = await call(
      new Request(`http://gateway${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
    const text = await reply.text();
    const isJson = reply.headers.get('content-type')?.startsWith('application/json') === true;
    return { status: reply.status, text, json: isJson ? JSON.parse(text) : undefined, headers: reply.headers };
  };
  return {
    ask,
    call,
    memory,
    documents,
    vendorObjects,
    values,
    shelf,
    log,
    told,
    async [Symbol.asyncDispose]() {
      await documents[Symbol.asyncDispose]();
      await vendorObjects[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
    },
  };
}
