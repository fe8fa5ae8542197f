/*
 * A turn and what was drawn from it say the same. One of them stays where the better one stands; the other makes room for what says something
 * else, for a chat is given few. Words that were only cut out of a short turn give way to the turn: it says when and to whom they were said.
 */

import type { Memory, RecalledMemory } from '../memory.ts';
import { byScore } from './score.ts';

/** What remains of a memory that says what a better one has said. */
const REDUNDANT_FACTOR = 0.5;
/** A longer turn is more than what was cut out of it. */
const TURN_CHARS_MAX = 600;

/** `memories`: best first. The same ones, best first. */
export function withoutEchoes(memories: readonly RecalledMemory[]): RecalledMemory[] {
  const turns = new Map(memories.flatMap((each) => (each.memory.kind === 'turn' ? [[each.memory.id, each] as const] : [])));
  /** What stands already, or something that says the same. */
  const told = new Set<string>();
  const judged: RecalledMemory[] = [];
  const echo = ({ memory, score, parts }: RecalledMemory): void => {
    judged.push({ memory, score: score * REDUNDANT_FACTOR, parts: { ...parts, echo: REDUNDANT_FACTOR } });
  };
  for (const recalled of memories) {
    const { memory, score } = recalled;
    const sources = memory.kind === 'turn' ? [memory.id] : memory.sources;
    const isEcho = sources.length > 0 && sources.every((turn) => told.has(turn));
    for (const turn of sources) told.add(turn);
    const whole = isEcho || memory.kind === 'turn' ? undefined : wholeOf(memory, turns);
    if (isEcho) echo(recalled);
    else if (whole === undefined) judged.push(recalled);
    else {
      judged.push({ ...whole, score });
      echo(recalled);
    }
  }
  // A turn that took the place of a fact comes by its own score once more.
  return distinct(judged.sort(byScore));
}

/** The turn that a fact is a piece of, word for word. */
function wholeOf({ text, sources }: Memory, turns: ReadonlyMap<string, RecalledMemory>): RecalledMemory | undefined {
  const [source] = sources;
  const turn = source === undefined || sources.length > 1 ? undefined : turns.get(source);
  return turn !== undefined && turn.memory.text.length <= TURN_CHARS_MAX && turn.memory.text.includes(text) ? turn : undefined;
}

function distinct(memories: readonly RecalledMemory[]): RecalledMemory[] {
  const seen = new Set<string>();
  return memories.filter(({ memory }) => {
    const isNew = !seen.has(memory.id);
    seen.add(memory.id);
    return isNew;
  });
}
