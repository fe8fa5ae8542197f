/* Facts that changed: what is so comes before what was, and what was is found when it is asked for. */

import type { Memory, MemoryPartition } from '../../src/context/memory/memory.ts';
import { type Asked, type ChangedFact, changedFacts as cases, smallTalk } from '../cases/case-text.ts';
import { randomOf } from '../measure/bootstrap.ts';
import type { EvalSet } from './eval-set.ts';
import { type MemoryStage, memoryStage } from './memory-stage.ts';

const DAY_MS = 86_400_000;
const ASKED_MS = Date.UTC(2025, 11, 1, 12);
/** Between what was told lie so many conversations of so many turns. */
const CHATS = 8;
const CHAT_TURNS = 6;
const SEED = 20_251_201;

interface Outcome {
  readonly question: string;
  readonly isFirst: boolean;
  readonly isAmongThree: boolean;
  readonly found: readonly Memory[];
}

export interface CaseOutcome {
  readonly told: ChangedFact;
  /** Nothing was tuned on it. */
  readonly isKept: boolean;
  readonly now: readonly Outcome[];
  readonly before: readonly Outcome[];
}

export const changedFacts: EvalSet = {
  name: 'changed-facts',
  about: '200 own cases: the current fact first; the old one among three when it is asked for.',
  files: [],
  run: async () => {
    const outcomes = await changedFactOutcomes();
    const now = (kept: boolean): number[] => part(outcomes, kept).flatMap((each) => each.now.map(({ isFirst }) => Number(isFirst)));
    const before = (kept: boolean): number[] =>
      part(outcomes, kept).flatMap((each) => each.before.map(({ isAmongThree }) => Number(isAmongThree)));
    return [
      { what: 'current first', samples: [...now(false), ...now(true)], atLeast: 0.95 },
      { what: 'current first, cases kept apart', samples: now(true) },
      { what: 'former among 3', samples: [...before(false), ...before(true)], atLeast: 0.9 },
      { what: 'former among 3, cases kept apart', samples: before(true) },
    ];
  },
};

function part(outcomes: readonly CaseOutcome[], kept: boolean): CaseOutcome[] {
  return outcomes.filter(({ isKept }) => isKept === kept);
}

export async function changedFactOutcomes(): Promise<CaseOutcome[]> {
  const talk = await smallTalk();
  const random = randomOf(SEED);
  const outcomes: CaseOutcome[] = [];
  await using stage = memoryStage(ASKED_MS);
  for (const [index, told] of (await cases()).entries()) {
    const user = stage.user(index);
    const turns = await tell(stage, { user, told, talk, random });
    const ask = (asked: readonly Asked[]): Promise<Outcome[]> => Promise.all(asked.map((each) => answer(stage, user, { each, turns })));
    outcomes.push({ told, isKept: index % 3 === 2, now: await ask(told.now), before: await ask(told.before) });
  }
  return outcomes;
}

interface Telling {
  readonly user: MemoryPartition;
  readonly told: ChangedFact;
  readonly talk: readonly string[];
  readonly random: () => number;
}

/** Each statement in a conversation of its own, with small talk before, between and after. Resolves with the turns' ids. */
async function tell({ engine }: MemoryStage, { user, told, talk, random }: Telling): Promise<string[]> {
  const pick = (): string => talk[Math.floor(random() * talk.length)] ?? '';
  const chat = (): string[] => Array.from({ length: CHAT_TURNS }, pick);
  const first = Date.parse(told.told[0]?.date ?? '');
  const conversations: { readonly saidMs: number; readonly texts: readonly string[]; readonly place?: number }[] = told.told.map(
    ({ date, text }, index) => {
      const place = Math.floor(random() * CHAT_TURNS);
      return { saidMs: Date.parse(date) + (10 + 2 * index) * 3_600_000, texts: chat().toSpliced(place, 0, text), place };
    },
  );
  for (let number = 0; number < CHATS; number += 1) {
    const saidMs = first + Math.floor(random() * ((ASKED_MS - first) / DAY_MS)) * DAY_MS + 15 * 3_600_000;
    conversations.push({ saidMs, texts: chat() });
  }
  const ids: string[] = [];
  for (const [number, { saidMs, texts, place }] of conversations.entries()) {
    const turns = texts.flatMap((text, at) => [
      { role: 'user' as const, text, saidMs: saidMs + at * 60_000 },
      { role: 'assistant' as const, text: 'Sure, here you go.', saidMs: saidMs + at * 60_000 + 30_000 },
    ]);
    const { turns: written } = await engine.remember(user, { session: `s${number}`, firstTurn: 0, turns, infer: true });
    if (place !== undefined) ids.push(written[2 * place] ?? '');
  }
  return ids;
}

async function answer(
  { engine }: MemoryStage,
  user: MemoryPartition,
  { each, turns }: { readonly each: Asked; readonly turns: readonly string[] },
): Promise<Outcome> {
  const { memories } = await engine.recall(user, { query: each.question, limit: 5 });
  const wanted = turns[each.answer] ?? '';
  const hits = memories.map(({ memory }) => memory.id === wanted || memory.sources.includes(wanted));
  return {
    question: each.question,
    isFirst: hits[0] === true,
    isAmongThree: hits.slice(0, 3).includes(true),
    found: memories.map(({ memory }) => memory),
  };
}
