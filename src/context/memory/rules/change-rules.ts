/*
 * That something is no longer as it was: words that say so (cues), and what they say it of. "Switched from tea to coffee" ends what was said of
 * tea; "the meeting is on Friday now" ends whatever was said of the meeting's day, which `~` stands for.
 */

import { clauseOf, typeOf } from './slots.ts';
import { hasAny, wordList, wordsIn } from './words-in.ts';

export interface Change {
  /** It tells of the change itself, and not only of now. */
  readonly isStrong: boolean;
  /** What ended, in the words in which it was probably said before. */
  readonly ends: readonly string[];
}

/** Ends whatever earlier fact says the same of something else. */
const SAME_FRAME = '~';
/** Ends whatever earlier fact says the same with another day, date, time or number. */
export const SAME_KIND = '=';

const VERBS =
  'postpone|reschedule|shift|push|switch|replace|cancel|upgrade|raised|upped|gave me|gave us|given me|given us|a raise|turned|passed|bought|got myself|treated myself|picked up|found|opened|arrived|installed|lasered|signed up|booked|rebooked|switched|swapped|changed|moved|migrated|replaced|traded|sold|quit|left|stopped|dropped|ditched|cancelled|canceled|given up|gave up|ended|finished|closed|retired|raised|lowered|increased|reduced|upped|cut|extended|shortened|pushed|postponed|rescheduled|shifted|delayed|brought forward|rebooked|upgraded|downgraded|took over|taken over|renamed|rewrote|rebuilt|refinanced|relocated|promoted|elected|turned|converted|broke up|split up|became|become|hired|adopted|wiped|shaved|put back|put up|corrected|decided|agreed on|gone over|moved on|come round|outgrown|lapse|got rid of|done with|started|joined|ported|withdrawn|withdrew|unsubscribed|deleted|uninstalled|had to|died|hurt|expecting|put away|gone home|passed';
const STRONG_WORDS = wordList(VERBS.replaceAll('|', ' '));
const STRONG = new RegExp(`\\b(?:${VERBS})\\b`, 'iu');
const CUE = new RegExp(
  `\\b(?:now|nowadays|these days|lately|any ?more|no longer|no more|not .{0,40} after all|after all|instead|actually|from now on|from (?:this|next|today|tomorrow|\\w+day|\\w+ on)|as of|since (?:then|last|this|the|my|our|she|he|they|we|i|\\p{Lu}\\p{L}+)|this (?:year|term|school year|semester|week|month|season)|a new|my new|our new|new|different|change of plan|changed? (?:my|our|their|his|her) minds?|back (?:on|to)|again|down to|up to|only now|became|used to|rather than|scratch|forget|turns out|correction|update|${VERBS})\\b`,
  'iu',
);

/** The thing that ended, behind the verb. */
const OLD =
  '(?<old>(?!up\\b|down\\b|in\\b|out\\b|off\\b|over\\b|it\\b|that\\b|this\\b|working at$|me\\b|us\\b|for\\b|to\\b|on\\b|at\\b|early\\b|here\\b|with\\b|few\\b|a few\\b|another\\b|all\\b|some\\b|any\\b|more\\b|much\\b|lots?\\b|a lot\\b|being\\b|myself\\b|everything\\b|something\\b|nothing\\b|off\\b|giving\\b|him\\b|her\\b|them\\b|what\\b|how\\b|who\\b|by\\b|from\\b)[\\p{L}\\p{N}][^,;.!?]{1,60})';
const THING = "(?<old>(?:(?:the|my|our|your|his|her|their) )?(?:[\\p{L}\\p{N}'-]+ ){0,2}[\\p{L}\\p{N}'-]+)";
const NAMED =
  "(?<old>(?:(?:[Tt]he|[Mm]y|[Oo]ur) )(?:[\\p{L}\\p{N}'-]+ ){0,2}[\\p{L}\\p{N}'-]+|(?!(?:I|We|It|He|She|They|That|This|You|There|Since|Because|After|When|Had|Just|Not|No|\\p{L}+ing)\\b)\\p{Lu}[\\p{L}\\p{N}'-]+(?: \\p{Lu}[\\p{L}\\p{N}'-]+){0,3})";

/** Before the sentence proper; with its capital, it would pass for a name. */
const OPENING =
  /^(?:(?:sadly|luckily|unfortunately|finally|today|yesterday|(?:big|good|bad) news|heads up|change of plan|you know what|update|correction|anyway|actually|well|so|ok|okay|oh)[,:!.]? )+/iu;

const ENDINGS: readonly RegExp[] = [
  new RegExp(
    `\\b(?:switch(?:ed|ing)?|mov(?:ed|ing)|chang(?:ed|ing)|migrat(?:ed|ing)|went|gone|go|transition(?:ed|ing)?|convert(?:ed|ing)?|upgrad(?:ed|ing)|downgrad(?:ed|ing)|transferr(?:ed|ing))(?: [\\p{L}-]+){0,4}? from ${OLD}`,
    'iu',
  ),
  new RegExp(
    `\\b(?:changed|changing) (?:my |our )?(?<old>(?!(?:my|our|her|his|their) minds?|mind|plans?\\b|it\\b|from\\b|to\\b)[\\p{L}][^,;.!?]{1,40})`,
    'iu',
  ),
  new RegExp(`\\b(?:swapp?ed|traded|replaced|exchanged|substituted)(?: (?:in|out))? ${OLD}`, 'iu'),
  new RegExp(
    `\\b(?:i|we|they|team|he|she|and|i've|we've|has|have|finally|just|had to|to) (?:finally |just |all |had to )?(?:dropped|drop|ditched|quit|cancelled|canceled|cancel|left|leave|stopped|gave up|given up|closed|sold|finished|abandoned|scrapped|uninstalled|deleted|got rid of|gotten rid of|let go of|moved on from|moved off|migrated off|let|shaved off|shaved(?: my)?|cut out|outgrown|unsubscribed from|put away|finally put|withdrawn from|lost(?= (?:my|our|the) )|wiped) ${OLD}`,
    'iu',
  ),
  new RegExp(
    `^(?:sadly |finally |just |sorry, |ok, |okay, )?(?:dropped|ditched|quit|cancelled|canceled|left|stopped|gave up|closed|sold|finished|got rid of|scratch|forget|scrap|no more|bye bye|enough of|swapped|traded|replaced) ${OLD}`,
    'iu',
  ),
  new RegExp(`\\b(?:migration|move|switch|moved|moving|migrated) (?:off|away from|on from) (?:of )?${OLD}`, 'iu'),
  new RegExp(
    `\\b(?:done with|tired of|fed up with|over with|decided against|against|not going to do|given away|gave(?= (?:the|my|our) )) ${OLD}`,
    'iu',
  ),
  new RegExp(`\\bno longer (?:(?:really|able to|in the|in|with|at|on|an?|do|use|using|am|is|are) )*${OLD}`, 'iu'),
  new RegExp(
    `\\b(?:don't|do not|doesn't|does not|didn't|can't|cannot|won't|isn't|aren't|not|never) (?:really |even |in |with |an? )*(?<old>[\\p{L}\\p{N}][^,;.!?]{1,60}?),? (?:any ?more|after all|any longer)\\b`,
    'iu',
  ),
  new RegExp(`\\bused to (?:be |have |do |go to )?${OLD}`, 'iu'),
  new RegExp(`\\b(?:instead of|rather than|in place of|as opposed to) ${OLD}`, 'iu'),
  new RegExp(`\\b(?:took|taken|takes|taking) over from ${THING}`, 'iu'),
  new RegExp(`\\b(?:bye bye|no more|enough of) ${OLD}`, 'iu'),
  new RegExp(
    `(?:^|[,.;:] |\\b(?:sadly|since|because|that|but|and|as|when|after) )${NAMED}(?:'s neighbou?rs)? (?:has |have |had |is |are |was |were |just |finally |got |went |has been |have been |sadly )*(?:retired|quit|left|leaving|leave|died|passed away|moved away|moved out|moved on|broke up|broke|off|dead|over|closed|finished|finished now|gone|going back|worn out|downhill|on leave|cancelled|canceled|sold|switched off|removed|too (?:much|expensive|pricey|small|big|far|loud)|fell ill|fell through|fallen through|hurt|no time|complained|did(?:n't| not) like|out of business|shut down|shut)\\b`,
    'u',
  ),
  new RegExp(
    `(?:^|[,.;:] |\\b(?:sadly|that|but|and) )${NAMED} and (?:i|I) (?:broke up|split up|split|separated|divorced|don't talk|no longer|parted)`,
    'u',
  ),
  /(?:^|[,;] |\b(?:and|but|so) )(?:the |my |our )?(?<old>[\p{Ll}-]{3,}(?: [\p{Ll}-]{3,})?) (?:is|are|was|were) (?:now |finally |all )?(?:finished|over|done with|off|history|dead|cancelled|canceled|closed|gone|out|behind (?:me|us))\b/u,
  new RegExp(`\\b(?:like|liked|likes|want|wanted) ${NAMED}, so\\b`, 'u'),
];

/** Small words at the ends of what ended, and what tells only when and how. */
const TAIL =
  /\s+(?:(?:altogether|completely|entirely|finally|for good|for now|for ever|forever|on me|on us|over the summer|ages ago|(?:on|in|at|by|for|to|with|over|since|after|because|and|so|from|as|when|last|this|next|yesterday|today|tomorrow|for|a|the|two|three|few|some|weeks?|days?|months?|years?|is|are|was|it)\b).*)$/iu;

/** Words of which each ending has one. */
const ENDING_WORDS = wordList(
  `switch switched switching move moved moving change changed changing migrate migrated migrating migration went gone go transition transitioned
  convert converted upgrade upgraded upgrading downgraded transferred swapped swaped traded replaced exchanged substituted dropped drop ditched quit
  cancelled canceled cancel left leave leaving stopped gave given closed sold finished abandoned scrapped uninstalled deleted rid got gotten let shaved cut
  outgrown unsubscribed put withdrawn lost wiped scratch forget scrap no bye enough done tired fed over decided against longer anymore any more after used
  instead rather place opposed took taken takes taking retired died passed broke off dead going worn downhill leave switched removed too fell fallen hurt
  complained like liked likes want wanted didn did out shut split separated divorced talk parted history behind`,
);
const CUE_WORDS = [
  ...STRONG_WORDS,
  ...wordList(
    `now nowadays these lately any anymore longer no not after instead actually from as since this new different change changed back again down up became used
    rather scratch forget turns correction update`,
  ),
];

/** What a sentence says has changed; undefined: nothing, as far as can be seen. */
export function changeOf(said: string): Change | undefined {
  const sentence = said.replace(OPENING, '');
  const words = wordsIn(sentence);
  const ends: string[] = [];
  for (const pattern of hasAny(words, ENDING_WORDS) ? ENDINGS : []) {
    const old = pattern.exec(sentence)?.groups?.['old'];
    const phrase = old === undefined ? '' : endedPhrase(old);
    if (phrase !== '' && !ends.includes(phrase)) ends.push(phrase);
  }
  const isStrong = ends.length > 0 || (hasAny(words, STRONG_WORDS) && STRONG.test(sentence));
  if (!isStrong && !(hasAny(words, CUE_WORDS) && CUE.test(sentence))) return undefined;
  return { isStrong, ends: [...ends.slice(0, 4), SAME_FRAME] };
}

const NAME = /\p{Lu}[\p{L}\p{N}.-]+/gu;

/** A name in it is what was meant: "my Lloyds account" was told as "I bank with Lloyds". */
function endedPhrase(old: string): string {
  const clause = clauseOf(old, 9).replace(
    /^(?:the|my|our|your|an?|using|eating|drinking|need|have|want|use|own|do|go to|get|doing|playing|working at|working for|working as|going to|being|having|to) /iu,
    '',
  );
  const core = clause.replace(TAIL, '');
  const names = core.match(NAME) ?? clause.match(NAME)?.filter((name) => typeOf(name) === undefined) ?? null;
  if (names !== null && names.length > 0 && !/^(?:I|We|The|My|Our)$/u.test(names[0] ?? '')) return names.join(' ');
  return core.replace(/^(?:usual|old|former|whole) /iu, '');
}
