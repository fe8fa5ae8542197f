/* Long conversations, through the memory engine: which turns hold the answer to a question, asked just after the last session. */

import type { Decay } from '../../src/context/memory/memory.ts';
import { recallAt } from '../measure/ranking.ts';
import type { EvalSet } from './eval-set.ts';
import { type LocomoConversation, locomoOf, timeOf } from './locomo-data.ts';
import { memoryStage } from './memory-stage.ts';

const BARS = new Map([
  [5, 0.68],
  [10, 0.77],
  [25, 0.84],
  [50, 0.89],
]);
/** Enough for 50 turns when facts that were drawn from others stand among them. */
const DEPTH_MAX = 80;
const SESSIONS_BAR = 0.96;
/** What the default decay may cost of R@10. */
const DECAY_COST_BAR = 0.007;

/** As many as a chat is told: fewer are looked at closely for it. */
const CHAT_DEPTH = 5;

interface Answered {
  readonly ranked: readonly string[];
  /** Where no more than a chat is told were asked for. */
  readonly few: readonly string[];
  readonly wanted: readonly string[];
  readonly isSessionFound: boolean;
}

export const memoryLocomo: EvalSet = {
  name: 'memory-locomo',
  about:
    'LoCoMo through the memory engine with its defaults: recall of evidence turns, a session among the first 10, and what decay costs.',
  files: ['memory/locomo-*.json'],
  run: async (data) => {
    const conversations = await locomoOf(data);
    const all = await Promise.all(conversations.map(answered));
    const byDecay = (decay: Decay): Answered[] => all.flatMap((each) => each.get(decay) ?? []);
    const usual = byDecay('mild');
    const without = byDecay('off');
    return [
      ...Array.from(BARS, ([depth, atLeast]) => ({
        what: `recall@${depth}`,
        samples: usual.map(({ ranked, wanted }) => recallAt(depth, ranked, wanted)),
        atLeast,
      })),
      {
        what: `recall@${CHAT_DEPTH}, of ${CHAT_DEPTH} that are asked for`,
        samples: usual.map(({ few, wanted }) => recallAt(CHAT_DEPTH, few, wanted)),
        atLeast: BARS.get(CHAT_DEPTH) ?? 1,
      },
      { what: 'session any@10', samples: usual.map(({ isSessionFound }) => (isSessionFound ? 1 : 0)), atLeast: SESSIONS_BAR },
      {
        what: 'recall@10 that decay costs',
        samples: usual.map(({ ranked, wanted }, at) => recallAt(10, without[at]?.ranked ?? [], wanted) - recallAt(10, ranked, wanted)),
        atMost: DECAY_COST_BAR,
      },
    ];
  },
};

async function answered(conversation: LocomoConversation): Promise<Map<Decay, Answered[]>> {
  const { turns, questions } = conversation;
  await using stage = memoryStage(Math.max(...turns.map(({ date }) => timeOf(date))) + 60_000);
  const partition = stage.user('user');
  const names = new Map<string, string>();
  const users = new Set(turns.slice(0, 1).map(({ speaker }) => speaker));
  for (const session of new Set(turns.map((turn) => turn.session))) {
    const said = turns.filter((turn) => turn.session === session);
    const remembered = await stage.engine.remember(partition, {
      session: `session ${session}`,
      turns: said.map(({ speaker, text, date }) => ({
        role: users.has(speaker) ? 'user' : 'assistant',
        speaker,
        text,
        saidMs: timeOf(date),
      })),
      infer: true,
    });
    for (const [at, { id }] of said.entries()) names.set(remembered.turns[at] ?? '', id);
  }
  const sessionOf = new Map(turns.map(({ id, session }) => [id, session]));
  const found = new Map<Decay, Answered[]>();
  for (const decay of ['mild', 'off'] as const) {
    const list: Answered[] = [];
    for (const { question, evidence } of questions) {
      const recall = async (limit: number): Promise<string[]> => {
        const { memories } = await stage.engine.recall(partition, { query: question, limit, decay });
        // What was drawn from a turn stands for it.
        return [...new Set(memories.flatMap(({ memory }) => (memory.kind === 'turn' ? [memory.id] : memory.sources)))].flatMap(
          (id) => names.get(id) ?? [],
        );
      };
      const [ranked, few] = [await recall(DEPTH_MAX), await recall(CHAT_DEPTH)];
      const first = new Set([...new Set(ranked.map((id) => sessionOf.get(id)))].slice(0, 10));
      list.push({ ranked, few, wanted: evidence, isSessionFound: evidence.some((id) => first.has(sessionOf.get(id))) });
    }
    found.set(decay, list);
  }
  return found;
}
