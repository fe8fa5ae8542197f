/* An embedder over whatever the gateway's models are asked by: prefixes, checks, length 1, and a memory for the latest questions. */

import { raceAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { GatewayError } from '../../base/errors.ts';
import { createLru } from '../../base/lru.ts';
import type { VectorSpace } from '../../stores/vector/vector-store.ts';
import type { ContextModels, EmbeddedBatch, ModelOwner } from '../context-models.ts';
import type { Asking, EmbeddedTexts, Embedder, EmbeddingSpec, Reranker } from './embedder.ts';
import type { EmbeddingsConfig, RerankerConfig } from './embedding-config.ts';
import { prefixesOf } from './prefixes.ts';

export interface EmbedderDeps {
  readonly models: Pick<ContextModels, 'embed'>;
  readonly clock: Clock;
}

const QUERY_CACHE_BYTES = 16 * 1_048_576;
const QUERIES_MAX = 20_000;
const QUERY_OVERHEAD_BYTES = 200;
/** Questions at once; who comes then is told that there is no answer. */
const QUERIES_UNDER_WAY_MAX = 256;
/** How long a question is waited for, when whoever asked waits no longer: models that sleep take seconds to wake. */
const QUERY_TIMEOUT_MS = 20_000;
const DIMENSIONS_MAX = 4_096;
const SPACE_MODEL_CHARS = 40;
const HASH_CHARS = 10;

/** `target`: what the configured name means (`provider/model`). */
export function embeddingSpec(config: EmbeddingsConfig, target: string): EmbeddingSpec {
  const known = prefixesOf(target);
  return {
    model: config.model,
    target,
    ...(config.dimensions === undefined ? {} : { dimensions: config.dimensions }),
    documentPrefix: config.document_prefix ?? known.document,
    queryPrefix: config.query_prefix ?? known.query,
  };
}

/** Safe in files and columns; another one where anything differs that vectors depend on. */
export function spaceOf(spec: EmbeddingSpec, dimensions: number): VectorSpace {
  const { target, documentPrefix, queryPrefix, dimensions: asked = 0 } = spec;
  const hash = new Bun.CryptoHasher('sha256')
    .update(JSON.stringify([target, asked, dimensions, documentPrefix, queryPrefix]))
    .digest('hex');
  const model = target
    .slice(target.indexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, SPACE_MODEL_CHARS);
  return { name: `${model}-${dimensions}-${hash.slice(0, HASH_CHARS)}`, dimensions };
}

export function createEmbedder(spec: EmbeddingSpec, deps: EmbedderDeps): Embedder {
  return new ModelEmbedder(spec, deps);
}

class ModelEmbedder implements Embedder {
  readonly spec: EmbeddingSpec;
  readonly #deps: EmbedderDeps;
  readonly #queries = createLru<EmbeddedTexts>({ bytesMax: QUERY_CACHE_BYTES, entriesMax: QUERIES_MAX });
  readonly #underWay = new Map<string, Promise<EmbeddedTexts>>();
  #space: VectorSpace | undefined;
  #epoch = 0;

  constructor(spec: EmbeddingSpec, deps: EmbedderDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  get space(): VectorSpace | undefined {
    return this.#space;
  }

  async embed(texts: readonly string[], kind: 'document' | 'query', { owner, signal }: Asking): Promise<EmbeddedTexts> {
    const { model, target, dimensions, documentPrefix, queryPrefix } = this.spec;
    if (texts.length === 0) throw new Error('there is nothing to embed');
    const prefix = kind === 'document' ? documentPrefix : queryPrefix;
    const request = {
      model,
      target,
      texts: texts.map((text) => prefix + text),
      kind,
      owner,
      ...(dimensions === undefined ? {} : { dimensions }),
    };
    const batch = await this.#deps.models.embed(request, signal);
    const vectors = checkedVectors(batch, texts.length);
    // A model that is another one by now under its old name shows by the length, if at all.
    if (this.#space?.dimensions !== batch.dimensions) this.#space = spaceOf(this.spec, batch.dimensions);
    return { space: this.#space, vectors };
  }

  async embedQuery(text: string, { owner, signal }: Asking): Promise<EmbeddedTexts> {
    const key = queryKey(text, owner);
    const known = this.#queries.get(key);
    if (known !== undefined && known.space.name === this.#space?.name) return known;
    let underWay = this.#underWay.get(key);
    if (underWay === undefined) {
      if (this.#underWay.size >= QUERIES_UNDER_WAY_MAX)
        throw new GatewayError('overloaded', 'too many questions wait for the embedding model');
      underWay = this.#ask(key, text, owner);
      this.#underWay.set(key, underWay);
    }
    return raceAbort(underWay, signal);
  }

  forget(): void {
    this.#epoch += 1;
    this.#queries.clear();
    this.#underWay.clear();
  }

  /** Waits on after whoever asked has gone: the answer is remembered, and a model that had to be loaded is there for the next question. */
  async #ask(key: string, text: string, owner: ModelOwner): Promise<EmbeddedTexts> {
    const epoch = this.#epoch;
    const controller = new AbortController();
    const giveUp = () => controller.abort(new GatewayError('deadline_exceeded', 'the embedding model did not answer in time'));
    using _timer = this.#deps.clock.after(QUERY_TIMEOUT_MS, giveUp);
    try {
      const { signal } = controller;
      const answer = await raceAbort(this.embed([text], 'query', { owner, signal }), signal);
      const bytes = answer.space.dimensions * Float32Array.BYTES_PER_ELEMENT + QUERY_OVERHEAD_BYTES;
      if (epoch === this.#epoch) this.#queries.set(key, answer, bytes);
      return answer;
    } finally {
      if (epoch === this.#epoch) this.#underWay.delete(key);
    }
  }
}

/** Nothing that a user asked is kept as text, and no tenant is answered from what another asked. */
function queryKey(text: string, { tenant, user }: ModelOwner): string {
  return new Bun.CryptoHasher('sha256').update(JSON.stringify([tenant, user ?? null, text])).digest('base64');
}

/** Of length 1; throws `upstream_reply_invalid` for what is none. */
function checkedVectors({ values, dimensions }: EmbeddedBatch, count: number): Float32Array[] {
  if (!Number.isSafeInteger(dimensions) || dimensions < 1 || dimensions > DIMENSIONS_MAX)
    throw invalid(`vectors of ${dimensions} numbers: 1 to ${DIMENSIONS_MAX} are supported`);
  if (values.length !== count * dimensions) throw invalid('not one vector for each text');
  return Array.from({ length: count }, (_, index) => normalised(values.subarray(index * dimensions, (index + 1) * dimensions)));
}

function normalised(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const norm = Math.sqrt(sum);
  if (!Number.isFinite(norm) || norm === 0) throw invalid('a vector without a direction, or with what is no number');
  return vector.map((value) => value / norm);
}

function invalid(what: string): GatewayError {
  return new GatewayError('upstream_reply_invalid', `the embedding model answered with ${what}`);
}

export interface RerankerDeps {
  readonly models: Pick<ContextModels, 'rerank'>;
}

export function createReranker({ model }: Pick<RerankerConfig, 'model'>, { models }: RerankerDeps): Reranker {
  return {
    async rerank(query, texts, { owner, signal }) {
      if (texts.length === 0) return [];
      const scores = await models.rerank({ model, query, texts, owner }, signal);
      if (scores.length !== texts.length || !scores.every(Number.isFinite))
        throw new GatewayError('upstream_reply_invalid', 'the reranking model did not answer with one number for each text');
      return scores;
    },
  };
}
