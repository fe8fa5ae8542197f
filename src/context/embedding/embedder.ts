/* The ports for models that the context engines ask: they lie behind the gateway's own targets, and may be slow, absent or wrong. */

import type { VectorSpace } from '../../stores/vector/vector-store.ts';
import type { ModelOwner } from '../context-models.ts';

/** What vectors depend on: two of them are compared only where all of this is the same. */
export interface EmbeddingSpec {
  /** A name from `models`, or `provider/model`. */
  readonly model: string;
  /** What that name meant: `provider/model`. Under another meaning of it, this is asked. */
  readonly target: string;
  /** As asked for; absent: as the model likes. */
  readonly dimensions?: number | undefined;
  readonly documentPrefix: string;
  readonly queryPrefix: string;
}

/** On whose behalf, and how long it is waited for. */
export interface Asking {
  readonly owner: ModelOwner;
  readonly signal: AbortSignal;
}

export interface Embedder {
  readonly spec: EmbeddingSpec;
  /** What its vectors are; undefined until the model has answered once. */
  readonly space: VectorSpace | undefined;
  /**
   * Vectors of length 1, in the order of the texts. A document and a question for it may want different prefixes. Rejects with a GatewayError when
   * the model cannot be asked or its answer is not what was asked for (a count, a length, a number that is none).
   */
  embed(texts: readonly string[], kind: 'document' | 'query', asking: Asking): Promise<EmbeddedTexts>;
  /** The vector of one question. The latest are remembered, and who asks the same meanwhile waits for the same answer. */
  embedQuery(text: string, asking: Asking): Promise<EmbeddedTexts>;
  /** Drops every question that is remembered. */
  forget(): void;
}

export interface EmbeddedTexts {
  readonly space: VectorSpace;
  readonly vectors: readonly Float32Array[];
}

export interface Reranker {
  /** Scores in the order of the texts, higher is better. Rejects like an embedder. */
  rerank(query: string, texts: readonly string[], asking: Asking): Promise<readonly number[]>;
}
