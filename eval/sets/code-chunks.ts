/* Chunks of source code: which of them answer a question. A file's chunks are one group, and its name is not known. */

import { z } from 'zod';
import { createLexicalIndex } from '../../src/context/lexical/create-index.ts';
import { recallAt } from '../measure/ranking.ts';
import type { EvalSet } from './eval-set.ts';

const sources = z.array(
  z.object({ original_uuid: z.string(), chunks: z.array(z.object({ original_index: z.number(), content: z.string() })) }),
);
const question = z.object({ query: z.string(), golden_chunk_uuids: z.array(z.tuple([z.string(), z.number()])) });

/** Published for a dense model (voyage-2): .809, .872, .901. */
const BARS = new Map([
  [5, 0.81],
  [10, 0.87],
  [20, 0.905],
]);

export const codeChunks: EvalSet = {
  name: 'code-chunks',
  about: 'Code chunks: share of the wanted chunks among the first (Pass@k), lexical.',
  files: ['knowledge/code-chunks/documents.json.gz', 'knowledge/code-chunks/queries-*.jsonl'],
  run: async (data) => {
    const index = createLexicalIndex();
    for (const file of await data.json('knowledge/code-chunks/documents.json.gz')) {
      for (const { original_uuid: group, chunks } of sources.parse(file)) {
        for (const { original_index: position, content } of chunks) {
          index.put({ id: `${group}:${position}`, group, position, text: content, about: '' });
        }
      }
    }
    const questions = (await data.lines('knowledge/code-chunks/queries-*.jsonl')).map((line) => question.parse(line));
    const rankings = questions.map(({ query, golden_chunk_uuids: golden }) => ({
      ranked: index.search({ text: query, limit: 20 }).map(({ id }) => id),
      wanted: golden.map(([group, position]) => `${group}:${position}`),
    }));
    return Array.from(BARS, ([depth, atLeast]) => ({
      what: `Pass@${depth}`,
      samples: rankings.map(({ ranked, wanted }) => recallAt(depth, ranked, wanted)),
      atLeast,
    }));
  },
};
