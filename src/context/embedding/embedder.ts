/* The ports for models that the context engines ask: they lie behind the gateway's own targets, and may be slow, absent or wrong. */

import type { VectorSpace } from '../../stores/vector/vector-store.ts';

export interface Embedder {
  /** What its vectors are; undefined until the model has answered once. */
  readonly space: VectorSpace | undefined;
  /**
   * Vectors of length 1, in the order of the texts. A document and a question for it may want different prefixes. Rejects with a GatewayError when
   * the model cannot be asked or its answer is not what was asked for (a count, a length, a number that is none).
   */
  embed(texts: readonly string[], kind: 'document' | 'query', signal: AbortSignal): Promise<EmbeddedTexts>;
}

export interface EmbeddedTexts {
  readonly space: VectorSpace;
  readonly vectors: readonly Float32Array[];
}

export interface Reranker {
  /** Scores in the order of the texts, higher is better. Rejects like an embedder. */
  rerank(query: string, texts: readonly string[], signal: AbortSignal): Promise<readonly number[]>;
}
