/* A preference that was said once, among 200 turns about other things: whether a chat is told of it, though its question has no word of it. */

import { z } from 'zod';
import { statementsOf } from '../../src/context/memory/rules/rules.ts';
import { smallTalk } from '../cases/case-text.ts';
import { randomOf } from '../measure/bootstrap.ts';
import type { EvalSet } from './eval-set.ts';
import { type LocomoConversation, locomoOf, timeOf } from './locomo-data.ts';
import { type MemoryStage, memoryStage } from './memory-stage.ts';

const row = z.object({ topic: z.string(), preference: z.string(), question: z.string() });

/** So many are told to the engine, spread over all of them: each with 200 turns takes its time. */
const CASES_MAX = 120;
const DISTRACTORS = 200;
/** The rest is small talk with an assistant. */
const FROM_LOCOMO = 150;
const SESSION_TURNS = 20;
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1, 9);
const ASKED_MS = Date.UTC(2025, 11, 1, 12);
const PROFILE_TOKENS = 300;
const MEMORIES = 5;
const SEED = 5_001;

export const preferences: EvalSet = {
  name: 'preferences',
  about:
    'PrefEval: a preference among 200 turns is in the context (profile lane and five memories); how many of LoCoMo’s turns count as one.',
  files: ['memory/prefeval-*.jsonl', 'memory/locomo-*.json'],
  run: async (data) => {
    const [rows, conversations, talk] = await Promise.all([data.lines('memory/prefeval-*.jsonl'), locomoOf(data), smallTalk()]);
    const turns = conversations.flatMap((conversation) => conversation.turns.map(({ text }) => text));
    const cases = z.array(row).parse(rows);
    const found = await measure(spread(cases, CASES_MAX), turns, talk);
    return [
      { what: 'taken for a preference', samples: cases.map(({ preference }) => Number(isPreference(preference, START_MS))) },
      { what: 'in the context', samples: found.map(({ lane, recalled }) => Number(lane || recalled)), atLeast: 0.9 },
      { what: 'in the profile lane', samples: found.map(({ lane }) => Number(lane)) },
      { what: 'recalled among 5', samples: found.map(({ recalled }) => Number(recalled)) },
      { what: 'LoCoMo turns taken for a preference', samples: conversations.flatMap(flags) },
    ];
  },
};

interface Found {
  readonly lane: boolean;
  readonly recalled: boolean;
}

async function measure(cases: readonly z.infer<typeof row>[], turns: readonly string[], talk: readonly string[]): Promise<Found[]> {
  const random = randomOf(SEED);
  const found: Found[] = [];
  await using stage = memoryStage(ASKED_MS);
  for (const [index, { preference, question }] of cases.entries()) {
    const pool = (texts: readonly string[], count: number): string[] =>
      Array.from({ length: count }, () => texts[Math.floor(random() * texts.length)] ?? '');
    const said = [...pool(turns, FROM_LOCOMO), ...pool(talk, DISTRACTORS - FROM_LOCOMO)];
    said.sort(() => random() - 0.5);
    const place = Math.floor(random() * said.length);
    found.push(await ask(stage, { user: index, said: said.toSpliced(place, 0, preference), place, question }));
  }
  return found;
}

interface Case {
  readonly user: number;
  readonly said: readonly string[];
  readonly place: number;
  readonly question: string;
}

async function ask(stage: MemoryStage, { user, said, place, question }: Case): Promise<Found> {
  const { engine } = stage;
  const partition = stage.user(user);
  let wanted = '';
  for (let start = 0; start < said.length; start += SESSION_TURNS) {
    const saidMs = START_MS + (start / SESSION_TURNS) * 30 * DAY_MS;
    const turns = said
      .slice(start, start + SESSION_TURNS)
      .map((text, at) => ({ role: 'user' as const, text, saidMs: saidMs + at * 60_000 }));
    const { turns: ids } = await engine.remember(partition, { session: `s${start}`, firstTurn: 0, turns, infer: true });
    if (place >= start && place < start + SESSION_TURNS) wanted = ids[place - start] ?? '';
  }
  const [lane, recall] = await Promise.all([
    engine.profile(partition, PROFILE_TOKENS),
    engine.recall(partition, { query: question, limit: MEMORIES }),
  ]);
  return {
    lane: lane.some(({ sources }) => sources.includes(wanted)),
    recalled: recall.memories.some(({ memory }) => memory.id === wanted || memory.sources.includes(wanted)),
  };
}

const LANE: ReadonlySet<string> = new Set(['preference', 'profile', 'instruction']);

function spread<T>(items: readonly T[], max: number): T[] {
  const step = Math.max(1, items.length / max);
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}

function isPreference(text: string, eventMs: number): boolean {
  return statementsOf({ text, eventMs }).some(({ kind }) => LANE.has(kind));
}

/** One per turn: whether it would fill the profile lane. */
function flags({ turns }: LocomoConversation): number[] {
  return turns.map(({ text, date }) => Number(isPreference(text, timeOf(date))));
}
