/* Words and meanings together, with a real embedding model (eval/embedding-server.py): better than either alone? */

import { z } from 'zod';
import { fuse, type Scored } from '../../src/context/embedding/fusion.ts';
import { createLexicalIndex } from '../../src/context/lexical/create-index.ts';
import type { Partition } from '../../src/stores/record/record-store.ts';
import { openSqliteVectors } from '../../src/stores/vector/sqlite-vectors.ts';
import type { EvalData } from '../data.ts';
import { embeddedTexts } from '../embedded-texts.ts';
import { ndcgAt, recallAt } from '../measure/ranking.ts';
import type { EvalSet, Figure } from './eval-set.ts';

const paper = z.object({ id: z.string(), title: z.string(), text: z.string() });
const claim = z.object({ query: z.string(), relevant: z.array(z.string()) });
const sources = z.array(
  z.object({ original_uuid: z.string(), chunks: z.array(z.object({ original_index: z.number(), content: z.string() })) }),
);
const question = z.object({ query: z.string(), golden_chunk_uuids: z.array(z.tuple([z.string(), z.number()])) });

const MODEL = 'all-minilm-l6-v2';
const POOL = 100;
const BATCH = 1_000;
const PARTITION: Partition = { tenant: 'evaluation', kind: 'knowledge', name: 'fusion' };

interface Unit {
  readonly id: string;
  readonly group: string;
  readonly position: number;
  readonly text: string;
  readonly about: string;
}

interface Question {
  readonly query: string;
  readonly wanted: readonly string[];
}

type Metric = (ranked: readonly string[], wanted: readonly string[]) => number;

export const fusion: EvalSet = {
  name: 'fusion',
  about: 'Words, meanings (all-MiniLM-L6-v2) and both on SciFact and code chunks.',
  files: ['knowledge/scifact/corpus.jsonl.gz', 'knowledge/scifact/queries-*.jsonl', 'knowledge/code-chunks/*.json*'],
  needsEmbedder: true,
  run: async (data) => [
    ...(await compared(data, await scifact(data), {
      what: 'SciFact nDCG@10',
      metric: (ranked, wanted) => ndcgAt(10, ranked, wanted),
      gain: 0.01,
    })),
    ...(await compared(data, await codeChunks(data), { what: 'code Pass@10', metric: (ranked, wanted) => recallAt(10, ranked, wanted) })),
  ],
};

interface Corpus {
  readonly units: readonly Unit[];
  readonly questions: readonly Question[];
}

async function scifact(data: EvalData): Promise<Corpus> {
  const papers = (await data.lines('knowledge/scifact/corpus.jsonl.gz')).map((line) => paper.parse(line));
  const claims = (await data.lines('knowledge/scifact/queries-*.jsonl')).map((line) => claim.parse(line));
  return {
    units: papers.map(({ id, title, text }) => ({ id, group: id, position: 0, text, about: title })),
    questions: claims.map(({ query, relevant }) => ({ query, wanted: relevant })),
  };
}

async function codeChunks(data: EvalData): Promise<Corpus> {
  const files = (await data.json('knowledge/code-chunks/documents.json.gz')).flatMap((file) => sources.parse(file));
  const questions = (await data.lines('knowledge/code-chunks/queries-*.jsonl')).map((line) => question.parse(line));
  return {
    units: files.flatMap(({ original_uuid: group, chunks }) =>
      chunks.map(({ original_index: position, content }) => ({ id: `${group}:${position}`, group, position, text: content, about: '' })),
    ),
    questions: questions.map(({ query, golden_chunk_uuids: golden }) => ({
      query,
      wanted: golden.map(([group, position]) => `${group}:${position}`),
    })),
  };
}

interface Judge {
  readonly what: string;
  readonly metric: Metric;
  /** What both must gain over either alone; absent: it is told and not judged. */
  readonly gain?: number;
}

/** Both arms as the gateway has them, and what becomes of them together. */
async function compared(data: EvalData, { units, questions }: Corpus, { what, metric, gain }: Judge): Promise<Figure[]> {
  const index = createLexicalIndex();
  for (const unit of units) index.put(unit);
  const search = await denseSearch(data, units);
  const asked = await embedded(
    data,
    questions.map(({ query }) => query),
  );
  const scores = { lexical: [] as number[], dense: [] as number[], both: [] as number[] };
  for (const [number, { query, wanted }] of questions.entries()) {
    const words = index.search({ text: query, limit: POOL });
    const meanings = await search(asked[number] ?? new Float32Array(0));
    scores.lexical.push(metric(idsOf(words), wanted));
    scores.dense.push(metric(idsOf(meanings), wanted));
    scores.both.push(metric(idsOf(fuse(words, meanings)), wanted));
  }
  const bar = gain === undefined ? {} : { atLeast: gain };
  return [
    { what: `${what}, words`, samples: scores.lexical },
    { what: `${what}, meanings`, samples: scores.dense },
    { what: `${what}, both`, samples: scores.both },
    { what: `${what}, both over words`, samples: differences(scores.both, scores.lexical), ...bar },
    { what: `${what}, both over meanings`, samples: differences(scores.both, scores.dense), ...bar },
  ];
}

async function denseSearch(data: EvalData, units: readonly Unit[]): Promise<(vector: Float32Array) => Promise<Scored[]>> {
  const vectors = await embedded(
    data,
    units.map(({ about, text }) => (about === '' ? text : `${about}\n${text}`)),
  );
  const space = { name: MODEL, dimensions: vectors[0]?.length ?? 0 };
  const store = openSqliteVectors({ path: ':memory:', bytesMax: 256 * 1_048_576 }, { now: () => 0, pause: async () => {} });
  for (let from = 0; from < units.length; from += BATCH) {
    const entries = units
      .slice(from, from + BATCH)
      .map(({ id, group }, at) => ({ id, group, vector: vectors[from + at] ?? new Float32Array(0) }));
    await store.put(PARTITION, space, entries);
  }
  return (vector) => store.search({ partition: PARTITION, space, vector, limit: POOL });
}

function embedded(data: EvalData, texts: readonly string[]): Promise<Float32Array[]> {
  if (data.embedder === undefined) throw new Error('this set needs an embedding server');
  return embeddedTexts({ url: data.embedder, model: MODEL, texts });
}

function idsOf(hits: readonly Scored[]): string[] {
  return hits.map(({ id }) => id);
}

function differences(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value - (b[index] ?? 0));
}
