/* Long conversations: which turns hold the answer to a question. Words alone, without time, decay or a model. */

import { createLexicalIndex } from '../../src/context/lexical/create-index.ts';
import { recallAt } from '../measure/ranking.ts';
import type { EvalSet } from './eval-set.ts';
import { dayInWords, type LocomoConversation, locomoOf } from './locomo-data.ts';

const BARS = new Map([
  [5, 0.68],
  [10, 0.77],
  [25, 0.84],
  [50, 0.89],
]);
const SESSIONS_BAR = 0.96;

export const lexicalLocomo: EvalSet = {
  name: 'lexical-locomo',
  about: 'LoCoMo: recall of evidence turns by words alone, all categories; a session among the first 10.',
  files: ['memory/locomo-*.json'],
  run: async (data) => {
    const conversations = await locomoOf(data);
    const rankings = conversations.flatMap((conversation) => {
      const index = createLexicalIndex();
      for (const [position, { id, session, date, speaker, text }] of conversation.turns.entries()) {
        index.put({ id, group: String(session), position, text: `${speaker}: ${text}`, about: dayInWords(date) });
      }
      return conversation.questions.map(({ question, evidence }) => {
        const ranked = index.search({ text: question, limit: 200 }).map(({ id }) => id);
        return { ranked, wanted: evidence, isSessionFound: isSessionFound(conversation, ranked, evidence) };
      });
    });
    return [
      ...Array.from(BARS, ([depth, atLeast]) => ({
        what: `recall@${depth}`,
        samples: rankings.map(({ ranked, wanted }) => recallAt(depth, ranked, wanted)),
        atLeast,
      })),
      { what: 'session any@10', samples: rankings.map((ranking) => (ranking.isSessionFound ? 1 : 0)), atLeast: SESSIONS_BAR },
    ];
  },
};

/** Whether a session that holds evidence is among the first 10; sessions stand in the order of their best turns. */
function isSessionFound({ turns }: LocomoConversation, ranked: readonly string[], evidence: readonly string[]): boolean {
  const sessionOf = new Map(turns.map(({ id, session }) => [id, session]));
  const first = new Set([...new Set(ranked.map((id) => sessionOf.get(id)))].slice(0, 10));
  return evidence.some((id) => first.has(sessionOf.get(id)));
}
