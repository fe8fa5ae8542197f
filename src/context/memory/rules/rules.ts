/*
 * What a user's words say of the user, found without a model: preferences, profile, lasting instructions, and other things that are so.
 *
 * Short turns with news in them are taken as a whole, since people tell it in two sentences: "Croatia is off. We booked a cottage in Wales."
 */

import type { Memory } from '../memory.ts';
import type { Statement } from '../statement.ts';
import { changeOf } from './change-rules.ts';
import { attributeOf, isStanding } from './fact-rules.ts';
import { instructionOf } from './instruction-rules.ts';
import { preferenceOf } from './preference-rules.ts';
import { type Found, profileOf } from './profile-rules.ts';
import { sentencesOf } from './sentences.ts';

const TOGETHER_SENTENCES_MAX = 3;
const TOGETHER_CHARS_MAX = 320;
const STATEMENTS_MAX = 20;

export function statementsOf(turn: Pick<Memory, 'text' | 'eventMs'>): readonly Statement[] {
  const sentences = sentencesOf(turn.text);
  const said = sentences.filter(({ isQuestion }) => !isQuestion).map(({ text }) => text);
  const together = said.join(' ');
  const isNews = said.length > 1 && said.length <= TOGETHER_SENTENCES_MAX && together.length <= TOGETHER_CHARS_MAX && said.some(isChange);
  const statements = isNews ? newsOf(said, together) : said.flatMap((sentence) => statementsIn([sentence], sentence));
  return statements.slice(0, STATEMENTS_MAX);
}

function isChange(sentence: string): boolean {
  return isOfUser(sentence) && (changeOf(sentence)?.ends.length ?? 0) > 0;
}

function newsOf(said: readonly string[], together: string): Statement[] {
  const change = said.filter((sentence) => changeOf(sentence) !== undefined);
  // Where each sentence is news of its own, each stays by itself.
  return change.length === 0 ? said.flatMap((sentence) => statementsIn([sentence], sentence)) : statementsIn(said, together);
}

/** Statements with this text, from what any of the sentences says. */
function statementsIn(sentences: readonly string[], text: string): Statement[] {
  const ends = [...new Set(sentences.flatMap((sentence) => (isOfUser(sentence) ? (changeOf(sentence)?.ends ?? []) : [])))];
  const found = sentences.flatMap(foundIn);
  const distinct = [...new Map(found.map((each) => [each.attribute ?? each.kind, each])).values()];
  if (distinct.length === 0 && sentences.some((sentence) => isStanding(sentence) || (isOfUser(sentence) && hasEnd(sentence)))) {
    distinct.push({ kind: 'fact', importance: 0.5 });
  }
  return distinct.map((each) => {
    const all = [...new Set([...(each.ends ?? []), ...ends])];
    return { ...each, text, ...(all.length === 0 ? {} : { ends: all }) };
  });
}

function hasEnd(sentence: string): boolean {
  return (changeOf(sentence)?.ends.length ?? 0) > 1;
}

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

/** Whether it is about the user's life at all, and not about the one who is spoken to. */
function isOfUser(sentence: string): boolean {
  if (
    /^(?:can|could|would|will|please|write|make|give|tell|explain|translate|summari[sz]e|rewrite|turn|help|show|draft|fix|find|check)\b/iu.test(
      sentence,
    )
  )
    return false;
  return !/\b(?:you|your)\b/iu.test(sentence);
}
