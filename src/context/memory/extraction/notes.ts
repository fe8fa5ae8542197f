/* What a model answered, taken for what it is: text of a stranger. Only notes of the asked shape and size, about what was asked, are kept. */

import { z } from 'zod';
import { withoutBlocks } from '../../context-block.ts';
import type { Memory } from '../memory.ts';
import { cleanText, sharedCount, stemsOf } from '../memory-text.ts';
import type { Statement } from '../statement.ts';

const NOTES_MAX = 40;
const TEXT_CHARS_MAX = 600;
const ANSWER_CHARS_MAX = 200_000;

const note = z.object({
  text: z.string().min(3),
  kind: z.enum(['profile', 'preference', 'event', 'fact']).catch('fact'),
  turns: z.array(z.number()).catch([]),
  replaces: z.array(z.number()).catch([]),
  date: z.string().optional().catch(undefined),
});
const answer = z.object({ notes: z.array(z.unknown()) });

const IMPORTANCE = { profile: 0.75, preference: 0.7, event: 0.5, fact: 0.5 } as const;

export interface Note {
  readonly statement: Statement;
  /** The user's turns that say so; at least one. */
  readonly turns: readonly Memory[];
}

/**
 * Undefined: the answer is not of the asked shape. Left out are notes that name no turn of the user, or have no word of it; and of what they are to
 * replace, what has no word in common with them.
 */
export function notesOf(text: string, turns: readonly Memory[], known: readonly Memory[]): Note[] | undefined {
  const parsed = answer.safeParse(jsonIn(text));
  if (!parsed.success) return undefined;
  return parsed.data.notes.slice(0, NOTES_MAX).flatMap((each) => {
    const one = note.safeParse(each);
    return one.success ? (noteOf(one.data, turns, known) ?? []) : [];
  });
}

function noteOf(said: z.infer<typeof note>, turns: readonly Memory[], known: readonly Memory[]): Note | undefined {
  const text = cleanText(withoutBlocks(said.text)).replace(/\s+/g, ' ').slice(0, TEXT_CHARS_MAX);
  const sources = [...new Set(said.turns)].flatMap((number) => turns[number - 1] ?? []).filter(({ role }) => role === 'user');
  const told = stemsOf(sources.map((turn) => turn.text).join('\n'));
  const stems = stemsOf(text);
  if (sources.length === 0 || sharedCount(stems, told) === 0) return undefined;
  const saidMs = Math.max(...sources.map(({ eventMs }) => eventMs));
  const replaced = said.replaces
    .flatMap((number) => known[number - 1] ?? [])
    .filter((each) => {
      // What an operator has laid down is not for a model to end; contradiction.ts holds the same. What was said in the same breath did not end.
      if (each.immutable === true || each.validFromMs >= saidMs) return false;
      const before = stemsOf(each.text);
      return sharedCount(before, stems) > 0 || sharedCount(before, told) > 0;
    });
  const eventMs = said.kind === 'event' ? dateOf(said.date) : undefined;
  return {
    statement: {
      kind: said.kind,
      text,
      importance: IMPORTANCE[said.kind],
      ...(eventMs === undefined ? {} : { eventMs }),
      ...(replaced.length === 0 ? {} : { ends: replaced.map(({ id }) => `#${id}`) }),
    },
    turns: sources,
  };
}

/** JSON as models write it: by itself, in a fence, or behind a sentence. */
function jsonIn(text: string): unknown {
  if (text.length > ANSWER_CHARS_MAX) return undefined;
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start === -1 || end < start) return undefined;
  try {
    return JSON.parse(text.slice(start, end + 1)) as unknown;
  } catch {
    return undefined;
  }
}

function dateOf(date: string | undefined): number | undefined {
  if (date === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const ms = Date.parse(date);
  return Number.isFinite(ms) ? ms : undefined;
}
