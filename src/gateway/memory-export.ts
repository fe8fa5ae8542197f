/*
 * All that is remembered of a user, as lines of JSON: memories with their history, turns word for word, and documents with their texts. It is written
 * as it is read, a part at a time; the last line says that it is whole.
 */

import type { Clock } from '../base/clock.ts';
import { MEMORY_KINDS, type Memory, type MemoryEngine, type MemoryPartition } from '../context/memory/memory.ts';
import { timeText } from '../context/memory/memory-times.ts';
import { principalFact } from '../pipeline/facts.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ByteStream } from '../pipeline/reply.ts';
import type { DocumentPosition, DocumentStore } from '../stores/document/document-store.ts';
import { partitionOf } from './memory-access.ts';
import { checked, ownerNames, readQuery } from './memory-fields.ts';
import { historyJson, memoryJson } from './memory-json.ts';
import { everyPage } from './memory-pages.ts';

export interface ExportDeps {
  readonly engine: MemoryEngine;
  readonly documents: DocumentStore;
  readonly clock: Clock;
}

/** `GET /v1/users/{id}/export` */
export function createExport(deps: ExportDeps): Handler {
  return async (request, exchange) => {
    readQuery(request, []);
    const { user_id: user } = checked(ownerNames, { user_id: request.params?.['id'] ?? '' });
    const partition = partitionOf(exchange.get(principalFact), user);
    const lines = linesOf(partition, deps);
    // What is wrong with the store is told by a status, and not by a stream that ends.
    const first = await lines.next();
    return {
      status: 200,
      headers: {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'cache-control': 'no-store',
        'content-disposition': 'attachment; filename="export.jsonl"',
      },
      body: encoded(first, lines),
    };
  };
}

type Lines = AsyncGenerator<readonly object[], void, undefined>;

async function* encoded(first: IteratorResult<readonly object[], void>, lines: Lines): ByteStream {
  try {
    for (let step = first; step.done !== true; step = await lines.next())
      if (step.value.length > 0) yield Buffer.from(step.value.map((line) => `${JSON.stringify(line)}\n`).join(''));
  } finally {
    await lines.return();
  }
}

async function* linesOf(partition: MemoryPartition, { engine, documents, clock }: ExportDeps): Lines {
  const counts = { memories: 0, documents: 0 };
  yield [{ type: 'export', user_id: partition.name, exported_at: timeText(clock.now()) }];
  for await (const memories of everyPage(engine, { partition, filter: {}, kinds: MEMORY_KINDS, expired: true })) {
    counts.memories += memories.length;
    yield await Promise.all(memories.map((memory) => memoryLine(engine, partition, memory)));
  }
  const owner = { tenant: partition.tenant, user: partition.name };
  let after: DocumentPosition | undefined;
  do {
    const page = await documents.list(owner, { limit: DOCUMENTS_AT_ONCE, after });
    for (const record of page) {
      const text = await documents.text(owner, record.id);
      // It was deleted meanwhile.
      if (text === undefined) continue;
      counts.documents += 1;
      const { id, filename, mediaType, collection, createdMs, metadata } = record;
      yield [
        {
          type: 'document',
          id,
          filename,
          media_type: mediaType,
          collection: collection === '' ? null : collection,
          created_at: timeText(createdMs),
          metadata: JSON.parse(metadata) as unknown,
          text: new TextDecoder().decode(text),
        },
      ];
    }
    after = page.length < DOCUMENTS_AT_ONCE ? undefined : page.at(-1);
  } while (after !== undefined);
  yield [{ type: 'end', ...counts }];
}

const DOCUMENTS_AT_ONCE = 100;

async function memoryLine(engine: MemoryEngine, partition: MemoryPartition, memory: Memory): Promise<object> {
  const events = await engine.history(partition, memory.id);
  return { type: 'memory', ...memoryJson(partition, memory), history: historyJson(partition, memory.id, events) };
}
