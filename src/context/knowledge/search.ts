/*
 * One search: by words and by meaning in every collection that is asked, for every way in which the question was put; then one list of it all, without
 * what says the same twice; and the reranker's word about the best of them.
 */

import type { Clock } from '../../base/clock.ts';
import type { RecordStore } from '../../stores/record/record-store.ts';
import type { DenseArm } from '../embedding/dense-arm.ts';
import type { Reranker } from '../embedding/embedder.ts';
import { fuse, type Scored } from '../embedding/fusion.ts';
import { knownHits } from '../embedding/known-hits.ts';
import { compileFilter } from './attribute-filter.ts';
import type { Chunk, FoundChunk, KnowledgeAnswer, KnowledgeQuery } from './knowledge.ts';
import { aboutChunk, chunkJson, chunksOf, readableChunk, type StoredChunk } from './knowledge-records.ts';
import type { ChunksView, FilesView } from './knowledge-views.ts';
import { NearDuplicates } from './near-duplicates.ts';

export interface SearchDeps {
  readonly records: RecordStore;
  readonly dense?: DenseArm;
  readonly reranker?: Reranker;
  readonly clock: Clock;
  readonly pause: () => Promise<void>;
}

export interface SearchSettings {
  readonly denseShare: number;
  /** What the reranker is shown at most. */
  readonly candidates: number;
  /** How long it may take. */
  readonly rerankMs: number;
}

/** A collection as it is while the search goes on. */
export interface SearchedCollection {
  readonly id: string;
  readonly tenant: string;
  readonly files: FilesView;
  readonly chunks: ChunksView;
}

/** Where lists of words and of meanings are fused, each is at least so long: their shape is part of what the fusion goes by. */
const FUSED_POOL_MIN = 100;
/** Words alone: for each that is wanted and beyond, to make up for those that say the same or go on where another ends. */
const POOL_PER_HIT = 2;
const POOL_SPARE = 2;
/** Where that was too few, once more with so many times as much. */
const POOL_GROWTH = 6;
const DENSE_MAX = 1_000;
/** Texts that are read beyond those that are wanted: each reading costs more than a text. */
const SPARE = 3;

interface Candidate {
  readonly id: string;
  readonly score: number;
  readonly lexical: number;
  readonly dense: number;
}

interface Loaded extends Candidate {
  readonly chunk: Chunk;
  readonly group: string;
  readonly about: string;
  /** Chunks in its text. */
  readonly joined: number;
}

interface Reranking {
  readonly reranker: Reranker;
  readonly texts: readonly string[];
  readonly query: string;
  readonly leftOut: Set<string>;
  /** Whose documents they are. */
  readonly tenant: string;
}

export class Search {
  readonly #settings: SearchSettings;
  readonly #deps: SearchDeps;

  constructor(settings: SearchSettings, deps: SearchDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async run(collections: readonly SearchedCollection[], query: KnowledgeQuery): Promise<KnowledgeAnswer> {
    const leftOut = new Set<string>();
    const { reranker } = this.#deps;
    const isReranked = reranker !== undefined && query.rerank !== false;
    const wanted = isReranked ? Math.max(query.limit, this.#settings.candidates) : query.limit;
    const loaded = await this.#best(collections, { query, wanted, leftOut });
    let found = loaded.map(
      ({ chunk, score, lexical, dense }): FoundChunk => ({
        chunk,
        score,
        parts: { lexical, ...(this.#deps.dense === undefined ? {} : { dense }) },
      }),
    );
    if (isReranked && found.length > 1) {
      const texts = loaded.map(({ about, chunk }) => `${about}\n\n${chunk.text}`);
      found = await this.#rerank(found, {
        reranker,
        texts,
        query: query.queries.join('\n'),
        leftOut,
        tenant: collections[0]?.tenant ?? '',
      });
    }
    const { scoreMin = 0 } = query;
    return { chunks: found.filter(({ score }) => score >= scoreMin).slice(0, query.limit), leftOut: [...leftOut] };
  }

  /** So many as are wanted, of what each says something of its own. */
  async #best(
    collections: readonly SearchedCollection[],
    { query, wanted, leftOut }: { query: KnowledgeQuery; wanted: number; leftOut: Set<string> },
  ): Promise<Loaded[]> {
    const isFused = this.#deps.dense !== undefined && (query.denseShare ?? this.#settings.denseShare) > 0;
    const pool = isFused ? Math.max(FUSED_POOL_MIN, wanted * 2) : wanted * POOL_PER_HIT + POOL_SPARE;
    const ranked = await this.#rank(collections, { query, pool, leftOut });
    const loaded = await this.#load(collections, ranked, { wanted, leftOut });
    if (loaded.length >= wanted || ranked.length < pool) return loaded;
    return this.#load(collections, await this.#rank(collections, { query, pool: pool * POOL_GROWTH, leftOut }), { wanted, leftOut });
  }

  /** Every hit of every collection, best first; ids are those of records behind the place of the collection. */
  async #rank(
    collections: readonly SearchedCollection[],
    { query, pool, leftOut }: { query: KnowledgeQuery; pool: number; leftOut: Set<string> },
  ): Promise<Candidate[]> {
    const share = query.denseShare ?? this.#settings.denseShare;
    const accepts = collections.map((collection) => acceptOf(collection, query));
    const lists = await Promise.all(
      query.queries.map(async (text) => {
        const dense = share === 0 ? [] : this.#denseHits(collections, { text, pool, accepts, leftOut });
        const words: Scored[] = [];
        for (const [place, { chunks }] of collections.entries()) {
          const accept = accepts[place];
          const hits = chunks.index.search({ text, limit: pool, ...(accept === undefined ? {} : { accept }) });
          for (const { id, score } of hits) words.push({ id: `${place} ${id}`, score });
          await this.#deps.pause();
        }
        return combined(words, await dense, share);
      }),
    );
    return together(lists);
  }

  async #denseHits(
    collections: readonly SearchedCollection[],
    { text, pool, accepts, leftOut }: { text: string; pool: number; accepts: readonly (Accept | undefined)[]; leftOut: Set<string> },
  ): Promise<Scored[]> {
    const { dense } = this.#deps;
    if (dense === undefined) return [];
    const answers = await Promise.all(
      collections.map(async ({ id, tenant, chunks }, place) => {
        const accept = accepts[place];
        const limit = Math.min(DENSE_MAX, accept === undefined ? pool : DENSE_MAX);
        const answer = knownHits(await dense.search(chunksOf(tenant, id), text, limit), chunks.chunks);
        for (const part of answer.leftOut) leftOut.add(part);
        return answer.hits
          .filter((hit) => accept?.(hit.id) ?? true)
          .slice(0, pool)
          .map(({ id: hit, score }) => ({ id: `${place} ${hit}`, score }));
      }),
    );
    return answers.flat();
  }

  /** Texts of the best, until there are enough that say something of their own. */
  async #load(
    collections: readonly SearchedCollection[],
    ranked: readonly Candidate[],
    { wanted, leftOut }: { wanted: number; leftOut: Set<string> },
  ): Promise<Loaded[]> {
    const kept: Loaded[] = [];
    const known = new NearDuplicates();
    for (let from = 0; from < ranked.length && kept.length < wanted; ) {
      const page = ranked.slice(from, from + wanted - kept.length + SPARE);
      from += page.length;
      for (const loaded of await this.#texts(collections, page, leftOut)) {
        if (kept.length >= wanted) break;
        if (joinNeighbour(kept, loaded) || known.isKnown(loaded.chunk.text)) continue;
        kept.push(loaded);
      }
    }
    return kept;
  }

  /** In their order; without those that were deleted meanwhile, or cannot be read. */
  async #texts(collections: readonly SearchedCollection[], page: readonly Candidate[], leftOut: Set<string>): Promise<Loaded[]> {
    const byPlace = new Map<number, string[]>();
    for (const { id } of page) {
      const [place, record] = placeOf(id);
      byPlace.set(place, [...(byPlace.get(place) ?? []), record]);
    }
    const bodies = new Map<string, StoredChunk>();
    for (const [place, ids] of byPlace) {
      const collection = collections[place];
      if (collection === undefined) continue;
      for (const record of await this.#deps.records.get(chunksOf(collection.tenant, collection.id), ids)) {
        const chunk = readableChunk(record);
        if (chunk === undefined) leftOut.add('storage');
        else bodies.set(`${place} ${record.id}`, chunk);
      }
    }
    return page.flatMap((candidate): Loaded[] => {
      const [place, id] = placeOf(candidate.id);
      const collection = collections[place];
      const seen = collection?.chunks.chunks.get(id);
      const file = seen === undefined ? undefined : collection?.files.found.get(seen.group);
      const body = bodies.get(candidate.id);
      if (collection === undefined || seen === undefined || file === undefined || body === undefined) return [];
      const chunk = chunkJson({ id, collection: collection.id, file: file.id, stored: file.stored }, body);
      return [{ ...candidate, chunk, group: `${place} ${seen.group}`, about: aboutChunk(body), joined: 1 }];
    });
  }

  async #rerank(found: readonly FoundChunk[], { reranker, texts, query, leftOut, tenant }: Reranking): Promise<FoundChunk[]> {
    const aborter = new AbortController();
    using _deadline = this.#deps.clock.after(this.#settings.rerankMs, () => aborter.abort(new Error('the reranker takes too long')));
    try {
      const scores = await reranker.rerank(query, texts, { owner: { tenant }, signal: aborter.signal });
      const isShare = scores.every((score) => score >= 0 && score <= 1);
      return found
        .map(({ chunk, parts }, at): FoundChunk => {
          const raw = scores[at] ?? Number.NEGATIVE_INFINITY;
          const score = isShare ? raw : 1 / (1 + Math.exp(-raw));
          return { chunk, score, parts: { ...parts, rerank: score } };
        })
        .sort((a, b) => b.score - a.score);
    } catch {
      // Its word would have been the last, not the only one.
      leftOut.add('reranker');
      return [...found];
    }
  }
}

type Accept = (id: string) => boolean;

/** Undefined where every chunk that is there may be found. Of a version that is being written, none is. */
function acceptOf({ files, chunks }: SearchedCollection, { filter }: KnowledgeQuery): Accept | undefined {
  const groupOf = (id: string): string => chunks.chunks.get(id)?.group ?? '';
  if (filter === undefined) return chunks.groups.size === files.found.size ? undefined : (id) => files.found.has(groupOf(id));
  const test = compileFilter(filter);
  const tested = new Map<string, boolean>();
  return (id) => {
    const group = groupOf(id);
    let isAllowed = tested.get(group);
    if (isAllowed === undefined) {
      const file = files.found.get(group);
      isAllowed = file !== undefined && test(file.stored.attributes);
      tested.set(group, isAllowed);
    }
    return isAllowed;
  };
}

/** Words alone keep how much better one is than another; both arms are put on one scale. */
function combined(words: readonly Scored[], meanings: readonly Scored[], share: number): Candidate[] {
  if (meanings.length > 0) return fuse(words, meanings, share);
  let best = 0;
  for (const { score } of words) best = Math.max(best, score);
  if (best <= 0) return [];
  return words.map(({ id, score }) => ({ id, score: score / best, lexical: score / best, dense: 0 })).sort((a, b) => b.score - a.score);
}

/** How much the best way to put the question counts beside the mean of all. */
const BEST_SHARE = 0.8;

function together(lists: readonly (readonly Candidate[])[]): Candidate[] {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return [...only];
  const all = new Map<string, { best: Candidate; sum: number }>();
  for (const candidate of lists.flat()) {
    const known = all.get(candidate.id);
    if (known === undefined) all.set(candidate.id, { best: candidate, sum: candidate.score });
    else {
      known.sum += candidate.score;
      if (candidate.score > known.best.score) known.best = candidate;
    }
  }
  return Array.from(all.values(), ({ best, sum }) => ({
    ...best,
    score: BEST_SHARE * best.score + (1 - BEST_SHARE) * (sum / lists.length),
  })).sort((a, b) => b.score - a.score);
}

function placeOf(id: string): [number, string] {
  const at = id.indexOf(' ');
  return [Number(id.slice(0, at)), id.slice(at + 1)];
}

/** A joined text is of three chunks at most. */
const JOINED_MAX = 3;

/** Puts a chunk to one that is there already, where the one begins before the other ends: what they share is told once. */
function joinNeighbour(kept: Loaded[], { group, chunk }: Loaded): boolean {
  for (const [at, other] of kept.entries()) {
    if (other.group !== group) continue;
    const { start, end, text } = other.chunk;
    if (chunk.start >= start && chunk.end <= end) return true;
    if (chunk.start > end || chunk.end < start || other.joined === JOINED_MAX) continue;
    const joined =
      chunk.start < start
        ? { ...chunk, id: other.chunk.id, text: chunk.text + text.slice(chunk.end - start), end: Math.max(end, chunk.end) }
        : { ...other.chunk, text: text + chunk.text.slice(end - chunk.start), end: chunk.end };
    kept[at] = { ...other, chunk: joined, joined: other.joined + 1 };
    return true;
  }
  return false;
}
