/* Texts to vectors in a store, in batches, for models that refuse some of them or all. */

import { asError } from '../../base/as-error.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Partition, StoredRecord } from '../../stores/record/record-store.ts';
import type { VectorEntry, VectorSpace, VectorStore } from '../../stores/vector/vector-store.ts';
import type { ModelOwner } from '../context-models.ts';
import type { Slots } from '../documents/slots.ts';
import type { Asking, EmbeddedTexts, Embedder } from './embedder.ts';

export interface Document {
  readonly record: StoredRecord;
  /** Not empty, and at most `TEXT_CHARS_MAX` long. */
  readonly text: string;
}

export interface EmbeddingWork {
  readonly partition: Partition;
  readonly documents: readonly Document[];
  readonly signal: AbortSignal;
}

export interface EmbeddingDeps {
  readonly vectors: VectorStore;
  readonly embedder: Embedder;
  readonly slots: Slots;
  /** Texts in one request. */
  readonly batch: number;
  /** A record that gets no vector, and why. */
  readonly onSkip: (reason: string) => void;
}

export interface Embedded {
  /** What may have vectors now. */
  readonly put: readonly Document[];
  /** Of these vectors; nearly always one. */
  readonly spaces: readonly VectorSpace[];
  /** What the store or the model said where not all have vectors; undefined: all have, but for those that the model cannot read. */
  readonly fault: Error | undefined;
}

/** Longer texts are cut: no model reads more, and some refuse it. */
export const TEXT_CHARS_MAX = 32_000;
const BATCH_CHARS_MAX = 400_000;
const CUTS_MAX = 4;
const HARMLESS_TEXT = 'a word';
const EMPTY = new Float32Array(0);

/** Rejects with the signal's reason alone. */
export async function embedDocuments({ partition, documents, signal }: EmbeddingWork, deps: EmbeddingDeps): Promise<Embedded> {
  const put: Document[] = [];
  const spaces = new Map<string, VectorSpace>();
  const run = async (batch: readonly Document[]): Promise<void> => {
    for (const made of await embedded(batch, { owner: ownerOf(partition), signal }, deps)) {
      signal.throwIfAborted();
      spaces.set(made.space.name, made.space);
      const entries = made.documents.map(
        ({ record }, index): VectorEntry => ({ id: record.id, group: record.group, vector: made.vectors[index] ?? EMPTY }),
      );
      // Before it is there, so that it is taken out again whatever becomes of the call.
      put.push(...made.documents);
      await deps.vectors.put(partition, made.space, entries);
    }
  };
  const results = await Promise.allSettled(batchesOf(documents, deps.batch).map(run));
  signal.throwIfAborted();
  const failed = results.find((result) => result.status === 'rejected');
  return { put, spaces: [...spaces.values()], fault: failed === undefined ? undefined : asError(failed.reason) };
}

/** On whose behalf a model is asked about a partition. */
export function ownerOf({ tenant, kind, name }: Partition): ModelOwner {
  return kind === 'memory' ? { tenant, user: name } : { tenant };
}

interface EmbeddedDocuments extends EmbeddedTexts {
  readonly documents: readonly Document[];
}

/** A batch that the model refuses is halved, until the one text that it cannot read is found; that one is cut, and then passed over. */
async function embedded(batch: readonly Document[], asking: Asking, deps: EmbeddingDeps): Promise<EmbeddedDocuments[]> {
  const texts = batch.map(({ text }) => text);
  try {
    return [{ ...(await embeddedTexts(texts, asking, deps)), documents: batch }];
  } catch (error) {
    const [only] = batch;
    if (!isRefusal(error) || only === undefined) throw error;
    if (batch.length === 1) return embeddedShorter(only, asking, deps);
    const middle = Math.ceil(batch.length / 2);
    return [...(await embedded(batch.slice(0, middle), asking, deps)), ...(await embedded(batch.slice(middle), asking, deps))];
  }
}

async function embeddedShorter(document: Document, asking: Asking, deps: EmbeddingDeps): Promise<EmbeddedDocuments[]> {
  let refusal: unknown;
  let { text } = document;
  for (let cut = 0; cut < CUTS_MAX && text.length > 1; cut += 1) {
    text = text.slice(0, Math.ceil(text.length / 2));
    try {
      return [{ ...(await embeddedTexts([text], asking, deps)), documents: [document] }];
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusal = error;
    }
  }
  // A model that refuses whatever it is given has nothing against this text.
  await embeddedTexts([HARMLESS_TEXT], asking, deps);
  deps.onSkip(refusal instanceof Error ? refusal.message : 'it is refused');
  return [];
}

async function embeddedTexts(texts: readonly string[], asking: Asking, { slots, embedder }: EmbeddingDeps): Promise<EmbeddedTexts> {
  using _slot = await slots.take(asking.signal);
  return await embedder.embed(texts, 'document', asking);
}

/** The model was there, and would not have these texts. */
function isRefusal(error: unknown): error is GatewayError {
  return error instanceof GatewayError && REFUSALS.has(error.code);
}

const REFUSALS: ReadonlySet<string> = new Set([
  'request_invalid',
  'field_invalid',
  'input_refused',
  'body_too_large',
  'context_length_exceeded',
  'content_policy_violation',
]);

function batchesOf(documents: readonly Document[], batchMax: number): Document[][] {
  const batches: Document[][] = [];
  let chars = 0;
  for (const document of documents) {
    const batch = batches.at(-1);
    if (batch === undefined || batch.length >= batchMax || chars + document.text.length > BATCH_CHARS_MAX) {
      batches.push([document]);
      chars = document.text.length;
    } else {
      batch.push(document);
      chars += document.text.length;
    }
  }
  return batches;
}
