/* Questions that time alone tells the answers of, over invented histories: through the memory engine, as it comes. */

import type { RecalledMemory } from '../../src/context/memory/memory.ts';
import { type TimeHistory, timeHistories } from '../cases/time-case.ts';
import type { EvalSet, Figure } from './eval-set.ts';
import { memoryStage } from './memory-stage.ts';

const DEPTH = 5;
const BAR = 0.95;

interface Asked {
  readonly kind: string;
  readonly isApart: boolean;
  readonly isFound: number;
  readonly isFirst: number;
}

export const timeQuestions: EvalSet = {
  name: 'time-questions',
  about:
    'Questions with dates, spans, months, days told from today, weekdays, orders of sessions, as-of: what answers them is among the first 5.',
  files: [],
  run: async () => {
    const asked = (await Promise.all(timeHistories().map(ask))).flat();
    const figure = (what: string, some: readonly Asked[], atLeast?: number): Figure => ({
      what,
      samples: some.map(({ isFound }) => isFound),
      ...(atLeast === undefined ? {} : { atLeast }),
    });
    const kinds = [...new Set(asked.map(({ kind }) => kind))].sort();
    return [
      figure(`answered@${DEPTH}`, asked, BAR),
      figure(
        `answered@${DEPTH}, histories that nothing was tuned on`,
        asked.filter(({ isApart }) => isApart),
        BAR,
      ),
      { what: 'answered first', samples: asked.map(({ isFirst }) => isFirst) },
      ...kinds.map((kind) =>
        figure(
          `answered@${DEPTH}, ${kind}`,
          asked.filter((each) => each.kind === kind),
        ),
      ),
    ];
  },
};

async function ask(history: TimeHistory): Promise<Asked[]> {
  await using stage = memoryStage(history.nowMs);
  const partition = stage.user(history.name);
  const turnIds = new Map<string, string>();
  for (const [place, { saidMs, turns }] of history.conversations.entries()) {
    const said = turns.map(({ role, text }) => ({ role, text, saidMs }));
    const { turns: ids } = await stage.engine.remember(partition, { session: `session ${place}`, turns: said, infer: true });
    for (const [at, { label }] of turns.entries()) if (label !== undefined) turnIds.set(label, ids[at] ?? '');
  }
  const asked: Asked[] = [];
  for (const { kind, text, answers } of history.questions) {
    const { memories } = await stage.engine.recall(partition, { query: text, limit: DEPTH });
    const ids = new Set(answers.map((label) => turnIds.get(label) ?? ''));
    const place = memories.findIndex((one) => tells(one, ids));
    const isFound = place >= 0;
    asked.push({ kind, isApart: history.isApart, isFound: isFound ? 1 : 0, isFirst: place === 0 ? 1 : 0 });
  }
  return asked;
}

/** A turn, or what was drawn from it. */
function tells({ memory }: RecalledMemory, turns: ReadonlySet<string>): boolean {
  return turns.has(memory.id) || memory.sources.some((source) => turns.has(source));
}
