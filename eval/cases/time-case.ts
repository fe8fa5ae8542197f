/*
 * Invented histories with questions about time, `eval/cases/time-questions/*.txt`:
 *
 *   now 2025-06-18 09:00             when the questions are asked; all times are UTC
 *   2024-01-10 19:05                 a conversation begins
 *   u [label]: I've started …        what the user said, with a name where a question is about it
 *   a: That's a moving one.          what the assistant said
 *   ? month | What was I … | label   a kind of question, the question, and what answers it (several with commas: each of them does)
 */

import { readdirSync, readFileSync } from 'node:fs';

interface SaidTurn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly label: string | undefined;
}

interface Conversation {
  readonly saidMs: number;
  readonly turns: readonly SaidTurn[];
}

interface AskedAboutTime {
  readonly kind: string;
  readonly text: string;
  readonly answers: readonly string[];
}

export interface TimeHistory {
  readonly name: string;
  /** Nothing is tuned on these. */
  readonly isApart: boolean;
  readonly nowMs: number;
  readonly conversations: readonly Conversation[];
  readonly questions: readonly AskedAboutTime[];
}

const APART: ReadonlySet<string> = new Set(['raj', 'omar']);

const MINUTE = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})$/;
const TURN = /^([ua])(?: \[([a-z0-9-]+)\])?: (.+)$/;

export function timeHistories(): TimeHistory[] {
  const folder = new URL('time-questions/', import.meta.url);
  return readdirSync(folder)
    .sort()
    .map((file) => historyOf(file.replace(/\.txt$/, ''), readFileSync(new URL(file, folder), 'utf8')));
}

/** Throws on a line that is none of the forms, and on an answer that nobody gives. */
function historyOf(name: string, text: string): TimeHistory {
  let nowMs = Number.NaN;
  const conversations: { saidMs: number; turns: SaidTurn[] }[] = [];
  const questions: AskedAboutTime[] = [];
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const turn = TURN.exec(line);
    const [kind, question, answers] = line.startsWith('? ') ? line.slice(2).split(' | ') : [];
    if (turn !== null) {
      const [, who, label, said = ''] = turn;
      conversations.at(-1)?.turns.push({ role: who === 'u' ? 'user' : 'assistant', text: said, label });
    } else if (kind !== undefined && question !== undefined && answers !== undefined) {
      questions.push({ kind, text: question, answers: answers.split(',') });
    } else if (line.startsWith('now ')) nowMs = timeOf(line.slice(4));
    else conversations.push({ saidMs: timeOf(line), turns: [] });
  }
  const labels = new Set(conversations.flatMap(({ turns }) => turns.map(({ label }) => label)));
  const unknown = questions.flatMap(({ answers }) => answers).filter((label) => !labels.has(label));
  if (Number.isNaN(nowMs) || unknown.length > 0) throw new Error(`${name}: without a "now", or without ${unknown.join(', ')}`);
  return { name, isApart: APART.has(name), nowMs, conversations, questions };
}

function timeOf(text: string): number {
  const [, day, minute] = MINUTE.exec(text) ?? [];
  if (day === undefined || minute === undefined) throw new Error(`not a time: ${text}`);
  return Date.parse(`${day}T${minute}:00Z`);
}
