/* The evaluation's own cases, as they are written down: lines of text, with `|` between a date or a word and what was said. */

import { join } from 'node:path';

export interface ChangedFact {
  readonly told: readonly { readonly date: string; readonly text: string }[];
  /** `answer` is a place in `told`. */
  readonly now: readonly Asked[];
  readonly before: readonly Asked[];
}

export interface Asked {
  readonly question: string;
  readonly answer: number;
}

export async function changedFacts(): Promise<ChangedFact[]> {
  const text = await Bun.file(join(import.meta.dir, 'changed-facts.txt')).text();
  const blocks = text.split(/\n\s*\n/).map((block) => block.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')));
  return blocks.filter((lines) => lines.length > 0).map(caseOf);
}

function caseOf(lines: readonly string[]): ChangedFact {
  const rows = lines.map((line) => {
    const match = /^(\d{4}-\d{2}-\d{2}|now|before)(?: (\d+))? \| (.+)$/.exec(line);
    if (match === null) throw new Error(`not a line of a case: ${line}`);
    const [, word = '', place, said = ''] = match;
    return { word, place: place === undefined ? undefined : Number(place) - 1, said };
  });
  const told = rows.filter(({ word }) => word.length === 10).map(({ word, said }) => ({ date: word, text: said }));
  const asked = (kind: string, usual: number): Asked[] =>
    rows.filter(({ word }) => word === kind).map(({ said, place }) => ({ question: said, answer: place ?? usual }));
  return { told, now: asked('now', told.length - 1), before: asked('before', 0) };
}

/** What people say to an assistant that tells it nothing lasting about them. */
export async function smallTalk(): Promise<string[]> {
  const text = await Bun.file(join(import.meta.dir, 'small-talk.txt')).text();
  return text.split('\n').filter((line) => line.trim() !== '');
}
