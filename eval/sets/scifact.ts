/* Abstracts of papers: which of them speak of a claim. */

import { z } from 'zod';
import { createLexicalIndex } from '../../src/context/lexical/create-index.ts';
import { ndcgAt, recallAt } from '../measure/ranking.ts';
import type { EvalSet } from './eval-set.ts';

const paper = z.object({ id: z.string(), title: z.string(), text: z.string() });
const claim = z.object({ query: z.string(), relevant: z.array(z.string()) });

/** Anserini's BM25 has .6789 on the set's test queries. */
const BAR = 0.695;

export const scifact: EvalSet = {
  name: 'scifact',
  about: 'SciFact: papers for claims, lexical.',
  files: ['knowledge/scifact/corpus.jsonl.gz', 'knowledge/scifact/queries-*.jsonl'],
  run: async (data) => {
    const index = createLexicalIndex();
    for (const line of await data.lines('knowledge/scifact/corpus.jsonl.gz')) {
      const { id, title, text } = paper.parse(line);
      index.put({ id, group: id, position: 0, text, about: title });
    }
    const claims = (await data.lines('knowledge/scifact/queries-*.jsonl')).map((line) => claim.parse(line));
    const rankings = claims.map(({ query, relevant }) => ({
      ranked: index.search({ text: query, limit: 100 }).map(({ id }) => id),
      wanted: relevant,
    }));
    return [
      { what: 'nDCG@10', samples: rankings.map(({ ranked, wanted }) => ndcgAt(10, ranked, wanted)), atLeast: BAR },
      { what: 'recall@20', samples: rankings.map(({ ranked, wanted }) => recallAt(20, ranked, wanted)) },
      { what: 'recall@100', samples: rankings.map(({ ranked, wanted }) => recallAt(100, ranked, wanted)) },
    ];
  },
};
