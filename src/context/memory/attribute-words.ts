/*
 * The words that people ask with for what a fact tells in others: "where do I live?" for "we've moved to York". Of attributes that the rules
 * name themselves; any other is asked for by its own name.
 */

import { askedWordsOf } from './everyday-words.ts';
import type { Memory } from './memory.ts';

const WORDS: Readonly<Record<string, string>> = {
  city: 'city town place live living home house flat apartment address area part',
  origin: 'origin from country hometown born grew',
  job: 'job work living profession occupation career role position',
  employer: 'employer company firm work job office',
  diet: 'diet eat eating food vegan vegetarian meat',
  allergy: 'allergy allergic intolerance eat health',
  relationship: 'relationship status partner married single together',
  partner: 'partner dating date relationship girlfriend boyfriend together seeing',
  children: 'children kids child family many',
  family: 'family name called',
  pet: 'pet animal cat dog name called',
  language: 'language speak',
  learning: 'language learn learning study',
  studies: 'study studying studies subject major degree university',
  religion: 'religion faith church believe',
  name: 'name called',
  age: 'age old years',
  birthday: 'birthday born date',
  likes: 'like love enjoy preference favourite favorite',
  prefers: 'prefer preference like favourite favorite',
  dislikes: 'dislike hate preference like',
  avoids: 'avoid dislike preference',
  habit: 'habit usually routine',
  instruction: 'instruction answer',
  'form of address': 'name call called address',
  'language of answers': 'language answer',
  'style of answers': 'answer answers style long short',
};

/** Behind a full stop the rules say of which kind the value is. */
const KINDS: Readonly<Record<string, string>> = {
  when: 'when time day date',
  where: 'where place',
  name: 'name who called',
  number: 'number many much',
};

/** More words by which a fact may be looked for than it says itself. */
export function askingWordsOf({ attribute, text }: Pick<Memory, 'attribute' | 'text'>): string {
  return attribute === undefined ? askedWordsOf(text) : `${wordsOfAttribute(attribute)} ${askedWordsOf(text)}`;
}

function wordsOfAttribute(attribute: string): string {
  const known = WORDS[attribute];
  if (known !== undefined) return known;
  const [thing = attribute, kind = ''] = attribute.split('.');
  // "sister's city" is a city too.
  const last = WORDS[/'s (\w+)$/.exec(thing)?.[1] ?? ''];
  return [thing, last, KINDS[kind]].filter((words) => words !== undefined).join(' ');
}
