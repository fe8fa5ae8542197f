/*
 * What a user's words say of the user, found without a model: preferences, profile, lasting instructions, and other things that are so.
 *
 * Short turns with news in them are taken as a whole, since people tell it in two sentences: "Croatia is off. We booked a cottage in Wales."
 */

import type { Memory } from '../memory.ts';
import type { Statement } from '../statement.ts';
import { type Change, changeOf, SAME_KIND } from './change-rules.ts';
import { attributeOf, isNews, isOfUser, isStanding } from './fact-rules.ts';
import { instructionOf } from './instruction-rules.ts';
import { preferenceOf } from './preference-rules.ts';
import { type Found, profileOf } from './profile-rules.ts';
import { sentencesOf } from './sentences.ts';
import { typeOf } from './slots.ts';

const TOGETHER_SENTENCES_MAX = 3;
const TOGETHER_CHARS_MAX = 320;
const STATEMENTS_MAX = 20;

export function statementsOf(turn: Pick<Memory, 'text' | 'eventMs'>): readonly Statement[] {
  const said = saidIn(turn.text);
  const together = said.join(' ');
  const isShort = said.length > 1 && said.length <= TOGETHER_SENTENCES_MAX && together.length <= TOGETHER_CHARS_MAX;
  const isOne = isShort && said.every(isOfUser) && said.some((sentence) => changeIn(sentence) !== undefined);
  const statements = isOne ? statementsIn(said, together) : said.flatMap((sentence) => statementsIn([sentence], sentence));
  return statements.slice(0, STATEMENTS_MAX);
}

/** People ask themselves: "Favourite restaurant? Easily the one on Mill Street." */
const OWN_QUESTION =
  /^(?!(?:who|what|when|where|why|how|which|whose|is|are|am|was|were|do|does|did|can|could|will|would|should|may|have|has|any)\b)(?:[\p{L}'-]+ ){0,4}[\p{L}'-]+\?$/iu;

function saidIn(text: string): string[] {
  const said: string[] = [];
  let asked = '';
  for (const sentence of sentencesOf(text)) {
    if (!sentence.isQuestion) said.push(asked + sentence.text);
    asked = sentence.isQuestion && OWN_QUESTION.test(sentence.text) ? `${sentence.text} ` : '';
  }
  return said;
}

function changeIn(sentence: string): Change | undefined {
  return isNews(sentence) ? changeOf(sentence) : undefined;
}

/** Statements with this text, from what any of the sentences says. */
function statementsIn(sentences: readonly string[], text: string): Statement[] {
  const changes = sentences.flatMap((sentence) => changeIn(sentence) ?? []);
  const found = sentences.flatMap(foundIn);
  const distinct = [...new Map(found.map((each) => [each.attribute ?? each.kind, each])).values()];
  if (distinct.length === 0 && (sentences.some(isStanding) || changes.some(({ isStrong }) => isStrong))) {
    distinct.push({ kind: 'fact', importance: 0.5 });
  }
  const ends = changes.flatMap((change) => change.ends);
  if (ends.length === 0 && typeOf(text) !== undefined && !ALSO.test(text)) ends.push(SAME_KIND);
  return distinct.map((each) => {
    const all = [...new Set([...(each.ends ?? []), ...ends])];
    return { ...each, text, ...(all.length === 0 ? {} : { ends: all }) };
  });
}

const ALSO = /\b(?:also|too|as well|another|additionally|besides|plus)\b/iu;

function foundIn(sentence: string): Found[] {
  const instruction = instructionOf(sentence);
  if (instruction !== undefined) return [instruction];
  const profile = profileOf(sentence);
  if (profile.length > 0) return profile;
  const preference = preferenceOf(sentence);
  if (preference !== undefined) return [preference];
  const attribute = attributeOf(sentence);
  return attribute === undefined ? [] : [attribute];
}
