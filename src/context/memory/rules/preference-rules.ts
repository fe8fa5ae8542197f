/* What a user likes, shuns, needs and always does: in the first person, in the present, about things in general and not about what was just said. */

import type { Statement } from '../statement.ts';
import { hasAny, wordList, wordsIn } from './words-in.ts';

type Found = Omit<Statement, 'text' | 'eventMs' | 'fromMs'>;

const ADVERB =
  "(?:(?:really|truly|absolutely|strongly|very much|much|definitely|[a-z]+ly|usually|mostly|typically|often|always|particularly|especially|personally|actively|strictly|simply|just|also|still|honestly|actually|rather|deeply|intensely|utterly|completely|genuinely|highly|greatly|firmly|only|tend to|try to|have always|'ve always|do) )*";
const I =
  '(?:^|[,;:.!—–"“(-] ?|\\b(?:and|but|so|because|since|as|that|though|although|while|well|yes|yeah|no|oh|also|however|currently|generally|usually|personally|honestly|actually|normally|lately),? )i ';
const BE =
  '(?:^|[,;:.!—–"“(-] ?|\\b(?:and|but|so|because|since|as|that|though|although|while|well|yes|yeah|no|oh|also|however|currently|generally|usually|personally|honestly|actually),? )(?:i am|i\'m|im) ';
/** What was just said, or who one talks to: no preference, but a part of the conversation. */
const HERE =
  '(?!(?:it|that|this|these|those|them|him|her|you|your|how|what|when you|where|seeing|hearing|the (?:idea|sound|way|look|photo|picture|pic|name|thought|view|vibe))\\b)';

/** Of what one shuns, the idea alone is enough. */
const THERE = '(?!(?:it|that|this|them|him|her|you|your|how|what|when you|seeing|hearing)\\b)';

interface Row {
  readonly pattern: RegExp;
  readonly attribute: string;
  readonly importance: number;
  /** One of these must be there. */
  readonly words: readonly string[];
}

function row(words: string, pattern: string, [attribute, importance]: readonly [attribute: string, importance: number]): Row {
  return { words: wordList(words), pattern: new RegExp(pattern, 'iu'), attribute, importance };
}

const ROWS: readonly Row[] = [
  // What can do harm comes first: it must never be the line that did not fit.
  row('allergic intolerant hypersensitive sensitive', `${BE}(?:\\w+ )?(?:allergic|intolerant|hypersensitive|sensitive) to (?<value>.+)`, [
    'allergy',
    0.95,
  ]),
  row('intolerant diabetic celiac coeliac', `${BE}(?:\\w+ )?(?<value>[\\w-]+[ -]intolerant|diabetic|c[eo]eliac)\\b`, ['allergy', 0.95]),
  row(
    'allergy allergies intolerance sensitivity sensitivities',
    "\\bi (?:have|'ve got|suffer from) (?:an? |some )?(?:[\\w-]+ ){0,3}(?<value>[\\w -]*\\b(?:allergy|allergies|intolerance|sensitivity|sensitivities))\\b",
    ['allergy', 0.95],
  ),
  row('can cannot', `${I}${ADVERB}(?:can't|cannot|can not|can never) (?:eat|drink|have|digest|tolerate|take|consume) (?<value>.+)`, [
    'allergy',
    0.9,
  ]),
  // Against.
  row(
    'hate loathe detest despise dislike abhor stand bear tolerate',
    `${I}${ADVERB}(?:hate|loathe|detest|despise|dislike|abhor|can't stand|cannot stand|can't bear|can't tolerate) ${THERE}(?<value>.+)`,
    ['dislikes', 0.8],
  ),
  row(
    'don do never longer rarely seldom hardly',
    `${I}${ADVERB}(?:don't|do not|never|no longer|rarely|seldom|hardly ever) ${ADVERB}(?:like|enjoy|love|care for|appreciate|believe in|eat|drink|watch|read|use|buy|wear|trust|want|listen to|play|support|see the appeal of|go to|participate in|engage (?:in|with)|consume|want to (?:use|buy|eat|watch|read|hear)) ${HERE}(?<value>.+)`,
    ['dislikes', 0.8],
  ),
  row(
    'avoid refuse steer stay shy refrain abstain boycott reject object oppose struggle against given',
    `${I}${ADVERB}(?:avoid|refuse|steer clear of|stay away from|shy away from|refrain from|abstain from|boycott|reject|object to|oppose|struggle with|am against|have given up|'ve given up) ${HERE}(?<value>.+)`,
    ['avoids', 0.8],
  ),
  row(
    'not never no',
    `${BE}(?:not |never |no )(?:really |particularly |very |much |at all |a )*(?:fan |into |fond |keen |interested |comfortable |crazy |big |huge |good |a )+(?:of|on|in|with|about|for|at)? ?${HERE}(?<value>.+)`,
    ['dislikes', 0.8],
  ),
  row(
    'averse opposed uncomfortable afraid scared terrified wary against bored overwhelmed claustrophobic squeamish sceptical skeptical bothered',
    `${BE}(?:\\w+ )?(?:averse|opposed|uncomfortable|afraid|scared|terrified|wary|against|bored|overwhelmed|claustrophobic|squeamish|sceptical|skeptical|bothered)(?: to| with| of| by| about)? (?!you\\b|that\\b|it\\b)(?<value>.+)`,
    ['dislikes', 0.75],
  ),
  row(
    'aversion dislike distaste fear phobia hatred disdain interest desire patience objection objections issue issues trouble difficulty discomfort',
    "\\bi (?:have|'ve got|feel|hold|harbou?r|possess) (?:(?:a|an|no|little|zero|any|some|such|quite a) )?(?:[\\w-]+ ){0,3}(?:aversion|dislike|distaste|fear|phobia|hatred|disdain|interest|desire|patience|objections?|issues?|trouble|difficulty|discomfort)(?: (?:to|of|for|in|with|towards?|against|about|when))? (?<value>.+)",
    ['dislikes', 0.75],
  ),
  row(
    'find',
    `${I}${ADVERB}find (?<value>.+?) (?:to be |too |so |very |extremely |quite |incredibly |rather )*(?:annoying|boring|disgusting|difficult|distracting|uncomfortable|unpleasant|off-putting|overwhelming|tedious|stressful|hard|gross|dull|unappealing|overrated|repulsive|vapid|irritating|disturbing|exhausting|disorienting|unhelpful|unbearable|nauseating|(?:un|dis)[a-z]{3,}ing)\\b`,
    ['dislikes', 0.7],
  ),
  row(
    'get feel become',
    '\\bi (?:get|feel|become) (?:very |too |so |really |extremely |easily )*(?:uncomfortable|anxious|nervous|sick|nauseous|dizzy|claustrophobic|overwhelmed|bored|seasick|carsick|stressed|tired|a headache)(?: when| in| on| with| from| by| if| at)? (?<value>.+)',
    ['dislikes', 0.7],
  ),
  row(
    'avoid dislike hate refuse despise don do won will can cannot only',
    "^i .{3,80}?,? (?:and|so|but) (?:[a-z]+ly |always |only |usually )?(?:avoid|dislike|hate|refuse|despise|don't|do not|won't|will not|can't|cannot|can only|only) (?:[a-z]+ )??(?<value>(?!that\\b|it\\b|you\\b|know\\b|remember\\b|wait\\b|believe\\b)[^.!]{4,})",
    ['avoids', 0.65],
  ),
  // For.
  row(
    'prefer favor favour rather opt stick gravitate lean insist swear prioritise prioritize value look seek choose',
    `${I}${ADVERB}(?:prefer|favou?r|would rather|opt for|stick to|gravitate towards?|lean towards?|insist on|swear by|prioriti[sz]e|value|look for|seek out|choose) ${HERE}(?<value>.+)`,
    ['prefers', 0.75],
  ),
  row('rather prefer', "\\bi'd (?:rather|prefer) (?!not (?:say|talk))(?<value>.+)", ['prefers', 0.7]),
  row(
    'preference passion love fondness weakness spot thing penchant tooth interest',
    "\\bi (?:have|'ve got|hold) (?:(?:a|an|my|such a|quite a) )(?:[\\w-]+ ){0,2}(?:preference|passion|love|fondness|weakness|soft spot|thing|penchant|sweet tooth|interest)(?: (?:for|in|of|with))? ?(?<value>.*)",
    ['prefers', 0.75],
  ),
  row(
    'love adore like enjoy',
    `${I}${ADVERB}(?:love|adore|like|enjoy) (?!to (?:think|say|see|hear|know|hang|chat|talk)\\b)${HERE}(?<value>.+)`,
    ['likes', 0.6],
  ),
  row(
    'fan fond into keen obsessed passionate crazy addicted partial lover sucker',
    `${BE}(?:also |really |very |super |so |totally |mostly |a |an )*(?:(?:huge|big|great|massive|avid|keen|die-hard|lifelong|long-time) )*(?:fan of|fond of|into|keen on|obsessed with|passionate about|crazy about|addicted to|partial to|lover of|sucker for) ${HERE}(?<value>.+)`,
    ['likes', 0.65],
  ),
  row(
    'fan person lover enthusiast owl buff purist minimalist foodie bookworm introvert extrovert',
    `${BE}(?:an? )(?:[\\w-]+ ){0,3}(?<value>[\\w-]+ (?:fan|person|lover|enthusiast|owl|buff|purist|minimalist|foodie|bookworm|introvert|extrovert))\\b(?! of you)`,
    ['likes', 0.6],
  ),
  row('isn aren', "\\b(?<value>[\\w'-]+(?: [\\w'-]+){0,4}) (?:is|are)n't (?:really )?(?:for me|my thing|my cup of tea)\\b", [
    'dislikes',
    0.7,
  ]),
  // Habits and needs that a plan has to fit.
  row(
    'best better well most',
    '\\bi (?:learn|work|sleep|study|think|focus|concentrate|relax|write|perform|function|do) (?:best|better|well|most effectively) (?<value>(?:in|through|by|with|when|at|on|under|if|alone|without|outdoors|before|after) ?.*)',
    ['prefers', 0.7],
  ),
  row('believe', `${I}(?:firmly |strongly |truly |deeply )believe (?:that |in )?(?<value>.+)`, ['prefers', 0.6]),
  row('committed dedicated devoted loyal', `${BE}(?:\\w+ )?(?:committed|dedicated|devoted|loyal) to (?!you\\b)(?<value>.+)`, [
    'prefers',
    0.65,
  ]),
  row('diet budget cleanse detox', `${BE}on (?:an? |the )(?<value>(?:[\\w-]+ ){0,4}(?:diet|budget|cleanse|detox))\\b`, ['habit', 0.8]),
  row(
    'advocate supporter believer proponent opponent',
    `${BE}(?:an? )(?:\\w+ )?(?:advocate|supporter|believer|proponent|opponent) (?:for|of|in) (?<value>.+)`,
    ['prefers', 0.65],
  ),
  row(
    'priority important must deal dealbreaker',
    "\\b(?<value>[\\w'-]+(?: [\\w'-]+){0,4}) (?:is|are) (?:my (?:number one|top|first|main|biggest) priority|(?:very |really |extremely )?important to me|a must(?:-have)?(?: for me)?|a deal-?breaker)\\b",
    ['prefers', 0.7],
  ),
  row(
    'sensitive severe chronic weak bad serious',
    "\\bi (?:have|'ve got) (?:a |an )?(?:very |extremely |severely )?(?:sensitive|severe|chronic|weak|bad|serious)(?: [\\w-]+){0,2} (?<value>skin|stomach|back|knees?|asthma|anxiety|migraines?|pain|eczema|insomnia|teeth|condition|hearing|eyes|vertigo)\\b",
    ['allergy', 0.8],
  ),
  row(
    'only always never exclusively strictly usually generally typically rarely',
    `${I}(?:only|always|never|exclusively|strictly|usually|generally|typically|rarely) (?!(?:thought|knew|had|got|saw|heard|wanted|felt|been|wished|dreamed|dreamt|realized|realised|think|know|imagined|expected|have|forget)\\b)(?<value>[a-z]+ .+)`,
    ['habit', 0.65],
  ),
  row(
    'follow keep observe practice practise maintain adhere on stick',
    `${I}(?:strictly )?(?:follow|keep|observe|practi[sc]e|maintain|adhere to|am on|stick with) (?:an? |to )?(?<value>(?:[\\w-]+ ){0,3}(?:diet|lifestyle|kosher|halal|routine|veganism|minimalism|regime[n]?|religion|faith|budget))\\b`,
    ['habit', 0.75],
  ),
];

const FAVOURITE =
  /\b(?:my|our) (?:absolute |all-time |personal |new |current )*(?:favou?rite|go-to|preferred) (?<what>[\p{L}][\p{L}' -]{1,40}?) (?:is|are|has always been|has become|would be|these days is|by far is|now is) (?<value>.+)/iu;
const FAVOURITE_LAST =
  /^(?:now |these days |nowadays |lately )?(?<value>[\p{L}\p{N}][^,;]{1,60}?),? (?:is|are|has become)(?: now| still| by far)? (?:my|our) (?:absolute |all-time |personal |new |current )*(?:favou?rite|go-to|preferred) (?<what>\p{L}[\p{L}' -]{1,40}?)(?: now| these days| of all)?[.!]*$/iu;

const FAVOURITE_ASKED =
  /^(?:my )?favou?rite (?<what>\p{L}[\p{L}' -]{1,30}?)\? (?:easily |definitely |probably |by far |that's |it's |it is )*(?<value>.+)/iu;

const DIET =
  /\b(?:i am|i'm|we are|we're|i've been|i have been|i became|i've become|i turned|i've turned|i went|i've gone|i'm going) (?:now |a |an |still |actually |strictly |mostly |a strict |fully |completely |also )*(?<value>vegan|vegetarian|pescatarian|pescetarian|flexitarian|carnivore|keto|paleo|gluten-free|dairy-free|kosher|halal|teetotal(?:l?er)?|omnivore)\b/iu;
const NOT_DIET =
  /\b(?:i am|i'm|we are|we're) (?:not|no longer) (?:a |an )?(?<value>vegan|vegetarian|pescatarian|pescetarian|flexitarian|keto|teetotal)\b/iu;

/** The user's preference that a sentence tells; undefined: it tells none. */
export function preferenceOf(sentence: string): Found | undefined {
  const diet = dietOf(sentence);
  if (diet !== undefined) return diet;
  const favourite = FAVOURITE.exec(sentence) ?? FAVOURITE_LAST.exec(sentence) ?? FAVOURITE_ASKED.exec(sentence);
  if (favourite?.groups !== undefined) {
    const { what = '', value = '' } = favourite.groups;
    if (!/^(?:part|thing|moment|memory|bit|one|ones|time)\b/i.test(what)) {
      return { kind: 'preference', attribute: `favourite ${what.toLowerCase()}`, value: valueOf(value), importance: 0.7 };
    }
  }
  const words = wordsIn(sentence);
  if (/\b(?:i'd|i would) (?:love|like) to\b|\bi (?:really )?(?:love|like) (?:that|your|how you)\b/i.test(sentence)) return undefined;
  for (const { words: needed, pattern, attribute, importance } of ROWS) {
    if (!hasAny(words, needed)) continue;
    const value = pattern.exec(sentence)?.groups?.['value'];
    if (value === undefined || /^(?:you|your)\b/i.test(value)) continue;
    return { kind: 'preference', attribute, value: valueOf(value), importance };
  }
  return undefined;
}

function dietOf(sentence: string): Found | undefined {
  const not = NOT_DIET.exec(sentence)?.groups?.['value'];
  if (not !== undefined)
    return { kind: 'preference', attribute: 'diet', value: `not ${not.toLowerCase()}`, ends: ['@diet'], importance: 0.85 };
  const diet = DIET.exec(sentence)?.groups?.['value'];
  return diet === undefined ? undefined : { kind: 'preference', attribute: 'diet', value: diet.toLowerCase(), importance: 0.85 };
}

/** What it is about, without reasons and asides: "sushi", of "sushi, because it is light". */
export function valueOf(phrase: string): string {
  const cut =
    /^(.*?)(?:[,;:.!?()]|\s[-–—]\s|\s(?:because|since|as|but|so|when|if|unless|which|who|due to|for now|these days|nowadays|now|any ?more|at all|very much|a lot|even|rather than|over|to avoid|where|instead)\b|$)/iu.exec(
      phrase,
    );
  return (cut?.[1] ?? phrase).trim().toLowerCase().split(/\s+/).slice(0, 10).join(' ');
}
