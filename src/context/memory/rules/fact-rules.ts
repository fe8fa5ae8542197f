/* Other things that are so in a user's life, as it is told in the present: "our gate opens with the blue fob", "the launch is on May 3". */

import type { Found } from './profile-rules.ts';
import { clauseOf, isName, leadingName, plainValue, typeOf } from './slots.ts';

const OWNER = "(?:[Mm]y|[Oo]ur|[Tt]he|[Tt]omorrow's|[Tt]onight's|[Tt]his year's)";
const ADJECTIVES = '(?:(?:new|old|current|usual|main|regular|next|weekly|monthly|daily|big|own|first) )*';
const THING = "(?<what>(?:[\\p{L}\\p{N}'-]+ ){0,4}?[\\p{L}\\p{N}'-]+)";
const IS =
  "(?:is|are|'s|will be|is going to be|was changed to|changed to|is called|are called|is named|has become|is now|now is|is going to be called|will be called|is at|is on|is in|is set for|is planned for|is scheduled for|is due on|is due|ends in|costs|has moved to|have moved to|moved to|was moved to|got rescheduled to|was rescheduled to|is booked at|is booked for|has been moved to)";

const OWNED = new RegExp(
  `(?:^|[,;:.!] |\\b(?:and|but|so|that|because|now|since|with) )${OWNER} ${ADJECTIVES}${THING} ${IS} (?<value>.+)`,
  'u',
);
const OWNED_LAST = new RegExp(
  `(?:^|[,;:.!] |\\b(?:and|but|so) )(?<value>\\p{Lu}[\\p{L}\\p{N}.'-]+(?: \\p{Lu}[\\p{L}\\p{N}.'-]+){0,3}) (?:is|are|will be) (?:now )?(?:my|our) ${ADJECTIVES}${THING}(?=[,.!;]|$| now\\b| these days\\b| from\\b| since\\b| on\\b| at\\b| in\\b)`,
  'u',
);
const NEW_ONE = new RegExp(
  `\\b(?:a|my|our|another) (?:new|different|nicer|better) ${THING}(?: since [^,]+)?(?:,|:| called| named| is|, it's|, his name is|, her name is|, it is) (?:it's |it |his name is |her name is |is |ends in )?(?<value>[^,;]+)`,
  'iu',
);
const ROLE_OF =
  /(?<value>\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)?) (?:is|took over as|took over from \p{Lu}[\p{L}'-]+ as) (?:now )?(?:the )?(?<what>lead|head|manager|owner|captain|chair|president|director|treasurer|coach|teacher) of (?:the )?(?<of>[\p{L}\p{N} -]{2,40})/u;
const RELATIVE =
  '(?:my|our) (?<who>wife|husband|partner|girlfriend|boyfriend|fiancée?|son|daughter|sister|brother|mother|mum|mom|father|dad|parents|kids|children|grandmother|grandfather|grandma|grandpa|uncle|aunt|cousin|best friend|flatmate|roommate|nephew|niece|mother-in-law|father-in-law|in-laws|boss|neighbou?rs?)';
const RELATIVES_HOME = new RegExp(
  `\\b${RELATIVE} (?:just |now |also |still |has |have |sold [^,]+ and |recently )*(?:lives?|living|moved|relocated|based|stays?|settled|is|are)(?: (?:into|in|to|at|back|a|an|the|big|small|house|flat|place))* (?:in|to) (?<value>\\p{Lu}[\\p{L}'-]+(?: \\p{Lu}[\\p{L}'-]+)*)`,
  'iu',
);
const RELATIVES_JOB = new RegExp(
  `\\b${RELATIVE} (?:(?:now |just |still |also |has |left [^,]+ and )*(?:works?|working) (?:as|at|for|in)|(?:has|got|found|started) a (?:new )?job (?:at|as|with|in)|is (?:now )?a) (?<value>.+)`,
  'iu',
);
const SCHOOL =
  /\b(?<who>\p{Lu}[\p{L}'-]+|(?:my|our) (?:son|daughter|kids?)) .{0,60}?\bat (?<value>\p{Lu}[\p{L}.'-]+(?: \p{Lu}[\p{L}.'-]+)*)/u;

/** Nouns that are said of a moment, not of a life. */
const PASSING =
  /^(?:day|days|week|weekend|head|back|question|point|problem|idea|guess|thing|best|first|last|life|heart|mind|only thing|time|feeling|hope|pleasure|turn|bad|mistake|goodness|god|result|answer|way|way home|plan|reason|one|rest|truth|fact|same)\b/iu;

/** What stays so of something that belongs to the user; undefined: nothing is told in this form. */
export function attributeOf(sentence: string): Found | undefined {
  const home = RELATIVES_HOME.exec(sentence)?.groups;
  const place = leadingName(home?.['value'] ?? '');
  if (home !== undefined && place !== '') return found(`${lower(home['who'])}'s city`, place);
  const job = RELATIVES_JOB.exec(sentence)?.groups;
  if (job !== undefined) return found(`${lower(job['who'])}'s job`, job['value']);
  const school = SCHOOL.exec(sentence)?.groups;
  if (school !== undefined && /school|elementary|academy|college|university|kindergarten|grade/iu.test(sentence))
    return found(`${lower(school['who'])}'s school`, school['value']);
  const role = ROLE_OF.exec(sentence)?.groups;
  if (role !== undefined) return found(`${lower(role['what'])} of ${plainValue(role['of'] ?? '')}`, role['value']);
  const groups = (OWNED.exec(sentence) ?? NEW_ONE.exec(sentence) ?? OWNED_LAST.exec(sentence))?.groups;
  if (groups === undefined) return undefined;
  const what = lower(groups['what']);
  const value = clauseOf(groups['value'] ?? '');
  if (value === '' || PASSING.test(what)) return undefined;
  const kind = kindOfValue(value, sentence);
  return kind === undefined ? undefined : found(`${what}.${kind}`, value);
}

function found(attribute: string, value = ''): Found {
  return { kind: 'fact', attribute, value: plainValue(value), importance: 0.6 };
}

function lower(text = ''): string {
  return text
    .toLowerCase()
    .replace(/^(?:my|our) /u, '')
    .trim();
}

/** Two values of the same kind cannot both be so; a name and a property can. */
function kindOfValue(value: string, sentence: string): string | undefined {
  const bare = value.replace(/^(?:called|named|now|going to be|still|an old|a|an|the|old|at|on|in) /iu, '');
  const type = typeOf(value);
  if (type !== undefined && type !== 'number') return 'when';
  if (type === 'number') return 'number';
  if (
    /\b(?:is|are|be|in|at|under|to) (?:at|on|in|under|behind|next to|near|inside|above|below) /iu.test(sentence) ||
    /^(?:at|in|under|behind|next to|near|inside|above|below|on) /iu.test(value)
  )
    return 'where';
  return isName(bare) ? 'name' : undefined;
}

const PAST =
  /^(?:.{0,20}\b)?(?:i|we|he|she|it|they|there|somebody|someone|my \w+|our \w+|the (?!\w+ (?:is|are)\b)\w+(?: (?!is|are)\w+)?) (?:just |really |almost |nearly |finally |also |already |once |\w+ly )?(?:was|were|had|saw|went|did|got|took|made|came|said|told|thought|felt|knew|found|gave|heard|met|ran|ate|drank|spent|forgot|watched|tried|asked|loved|enjoyed|talked|visited|called|helped|wanted|needed|looked|happened|turned|spoke|sent|brought|bought|fell|lost|won|played|walked|cooked|baked|painted|scratched|kept|left|showed)\b/iu;
const TALK =
  /^(?:(?:and|but|so|well|ok|okay|yes|yeah|oh|wow|hey|haha|thanks|thank you|sure|great|cool|no|hi|hello)\b[,! ]*)*(?:(?:i|we)(?:'m| am|'ve| have|'d| would|'ll| will|'re| are)? (?:just |really |totally |so |also |still |always |definitely )*(?:think|thinks|guess|hope|hoping|know|mean|wonder|bet|see|hear|believe|feel|understand|agree|wish|thank|appreciate|glad|happy|sorry|sure|excited|proud|here|fine|good|okay|ok|afraid so|curious|looking forward|can't wait|could|should|would|might|may|must|don't know|do not know|don't think|let|promise|suppose|imagine|remember|forget|doubt|notice|lucky|grateful|thankful|thrilled|amazed|back|ready|kidding|joking|thinking|talking|saying|telling|asking)\b|(?:that|this|it|what|how|these|those|here|let|they|he|she|one of|plus|same|such|always|never|as for|hope|hoping|glad|happy|sounds|looks|seems|wish|way|so|thanks|thank)\b|(?:it|they|he|she|that|this)'|i won't\b|i can't\b)/iu;

const IMPERATIVE =
  /^(?:(?:and|but|so|also|ok|okay|please|then|now|just)[, ]+)*(?:can|could|would|will|please|write|make|give|tell|explain|translate|summari[sz]e|rewrite|turn|help|show|draft|fix|find|check|shorten|list|suggest|recommend|remind|add|remove|let|try|keep|take care|enjoy|have (?:a|fun)|good luck|congrat\w*)\b/iu;
const FIRST_PERSON = /\b(?:i|i'm|i've|i'll|i'd|we|we're|we've|we'll|my|our|ours|mine|me|us)\b/iu;
/** Something known to both: "the client", or a name. */
const HAS_SUBJECT = /^[Tt]he\b|^[Tt]here(?:'s| is| are)\b|^\p{Lu}[\p{L}']+(?:s \p{Ll}+ | \p{Ll}+(?:s|ed) | (?:is|are|has|took|will) )/u;
const OTHERS = /\b(?:you|your|yours|y'all|yourself)\b/iu;

/** Whether it is about the user's life, and not about the one who is spoken to. */
export function isOfUser(sentence: string): boolean {
  return (
    sentence.length >= 8 && sentence.length <= 300 && /\S \S+ \S/u.test(sentence) && !OTHERS.test(sentence) && !IMPERATIVE.test(sentence)
  );
}

/** Whether a sentence tells in the present how things are with the user. What happened once and what is only thought is not. */
export function isStanding(sentence: string): boolean {
  if (!isOfUser(sentence) || TALK.test(sentence) || PAST.test(sentence)) return false;
  return FIRST_PERSON.test(sentence) || typeOf(sentence) !== undefined || HAS_SUBJECT.test(sentence);
}

/** Whether a sentence that tells of a change tells it of the user or of something known to both. */
export function isNews(sentence: string): boolean {
  if (!isOfUser(sentence)) return false;
  if (FIRST_PERSON.test(sentence) || typeOf(sentence) !== undefined) return true;
  // What happened to others once ("the museum was closed") is no news of the user.
  return (HAS_SUBJECT.test(sentence) || /, (?:so|and|but) the \p{L}/iu.test(sentence)) && !PAST.test(sentence);
}
