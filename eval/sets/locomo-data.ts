/* The shape of LoCoMo's conversations, as `memory/locomo-*.json` has them. */

import { z } from 'zod';
import type { EvalData } from '../data.ts';

const conversation = z.object({
  turns: z.array(z.object({ id: z.string(), session: z.number(), date: z.string(), speaker: z.string(), text: z.string() })),
  questions: z.array(z.object({ category: z.string(), question: z.string(), evidence: z.array(z.string()) })),
});

export type LocomoConversation = z.infer<typeof conversation>;

/** Every conversation of all files; questions whose evidence is not known are left out. */
export async function locomoOf(data: EvalData): Promise<LocomoConversation[]> {
  const files = await data.json('memory/locomo-*.json');
  return files
    .flatMap((file) => z.array(conversation).parse(file))
    .map(({ turns, questions }) => ({ turns, questions: questions.filter(({ evidence }) => evidence.length > 0) }));
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** "1:56 pm on 8 May, 2023" as milliseconds since 1970, taken for UTC. Throws on another form. */
export function timeOf(date: string): number {
  const match = /^(\d{1,2}):(\d{2}) ([ap])m on (\d{1,2}) (\w+), (\d{4})$/.exec(date.trim());
  if (match === null) throw new Error(`not a date of LoCoMo: ${date}`);
  const [, hour, minute, half, day, month, year] = match;
  const hours = (Number(hour) % 12) + (half === 'p' ? 12 : 0);
  return Date.UTC(Number(year), MONTHS.indexOf(month ?? ''), Number(day), hours, Number(minute));
}

/** "8 May 2023 Monday": what stands beside the turns of a session. */
export function dayInWords(date: string): string {
  const day = new Date(timeOf(date));
  const weekday = day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]} ${day.getUTCFullYear()} ${weekday}`;
}
