/* Who a user is: what people say of themselves that stays so for a while. */

import type { Statement } from '../statement.ts';
import { clauseOf, isName, NUMBER_WORD, plainValue } from './slots.ts';

export type Found = Omit<Statement, 'text' | 'eventMs' | 'fromMs'>;

interface Row {
  readonly attribute: string;
  readonly pattern: RegExp;
  /** What the slot must be for the rule to hold. */
  readonly fits?: (value: string) => boolean;
  readonly importance?: number;
}

const ADVERBS = '(?:(?:now|currently|actually|just|still|also|recently|finally|already|both|all|originally|officially) )*';
/** The user, alone or with others; `am`, `have`. */
const I_AM = `\\b(?:i am|i'm|im|we are|we're) ${ADVERBS}`;
const I = `\\b(?:[Ii]|[Ww]e)(?:'ve| have|'ll| will|'d|'m| am|'re| are)? ${ADVERBS}`;
const PLACE = "(?<value>[\\p{Lu}][\\p{L}'’.-]*(?:(?:,? | of | de | la | am | an der | upon |-)[\\p{Lu}][\\p{L}'’.-]*){0,4})";

const OCCUPATION =
  /(?:er|or|ist|ian|eer|ant|ent|man|woman|yst|ogue|ard|nurse|chef|cook|vet|pilot|judge|clerk|coach|poet|scribe|aide|agent|intern|apprentice|freelancer|founder|ceo|cto|dev|mum|mom|dad|widow|widower|retiree|veteran|priest|monk|nun|midwife|surgeon|lawyer|attorney|mechanic|architect|sole trader|postdoc|professor|athlete|guide|parent|student|undergraduate|sophomore|freshman|senior)$/iu;
/** Words of such endings that are said of oneself and are no trade. */
const NO_OCCUPATION =
  /\b(?:bit|little|lot|fan|person|lover|member|owner|beginner|believer|supporter|sucker|user|customer|number|winner|loser|sinner|reader|later|better|either|never|ever|over|whether|sort|kind|different|important|patient|client|resident|tourist|visitor|firm|minor|moment|part|stranger|newcomer|night owl|eater|sleeper|riser|learner|drinker|smoker|runner|hiker|reader|gamer|follower|listener|subscriber|admirer|order|matter|disaster|monster|adult|perfectionist|optimist|pessimist|realist|introvert|extrovert)\b/iu;

const ROWS: readonly Row[] = [
  {
    attribute: 'name',
    pattern:
      /\b(?:my (?:full |first |real )?name is|my name's|i am called|i'm called|i go by) (?<value>\p{Lu}[\p{L}'-]*(?: \p{Lu}[\p{L}'-]*){0,3})/u,
    importance: 0.9,
  },
  {
    attribute: 'age',
    pattern: new RegExp(
      `\\b(?:i am|i'm|i just turned|i turned|i'll be|i've turned|i have turned) (?:now |just |almost )?(?<value>(?:[1-9]\\d|${NUMBER_WORD}(?:-\\w+)?))(?: years? old| today| now| this (?:week|month|year)| yesterday| last \\w+| on \\w+|[.!,]|$)`,
      'iu',
    ),
    importance: 0.8,
  },
  { attribute: 'birthday', pattern: /\bmy birthday(?: is|'s) (?:on )?(?<value>(?:the )?[\p{L}\p{N}]+.{0,30})/iu, importance: 0.85 },
  {
    attribute: 'birthday',
    pattern:
      /\bi was born (?:on|in) (?<value>(?:the )?(?:\d{1,2}(?:st|nd|rd|th)? |january|february|march|april|may|june|july|august|september|october|november|december|(?:19|20)\d\d).{0,25})/iu,
    importance: 0.85,
  },
  {
    attribute: 'city',
    pattern: new RegExp(
      `${I}(?:live|lived|living|reside|residing|based|settled|staying with|moved|moving|relocated|relocating|rent|renting|bought a (?:house|flat|place|home|condo|apartment))(?: (?:a|an|my|our|with|alone|together|here|back|over|out|up|down|house|flat|place|apartment|room|studio|the|aunt|uncle|parents|friends?|sister|brother|mum|mom|dad|small|big|tiny|little)){0,5} (?:in|to|into|at|near|outside|around) (?:the )?(?:city of |centre of |center of |suburbs of |outskirts of |downtown |north |south |east |west |central |rural )*${PLACE}`,
      'u',
    ),
    fits: notTime,
  },
  {
    attribute: 'city',
    pattern: new RegExp(
      `\\b(?:[Ii]'m|[Ii] am|[Ww]e're|[Ww]e are) ${ADVERBS}in ${PLACE},? (?:now|these days|since|for good|permanently)\\b`,
      'u',
    ),
    fits: notTime,
  },
  {
    attribute: 'city',
    pattern: new RegExp(
      `\\b(?:found|got|have|rented|bought) (?:a |an |my |our )(?:new )?(?:studio|flat|place|apartment|house|home|room|condo)(?: \\w+){0,2} in ${PLACE}`,
      'u',
    ),
    fits: notTime,
  },
  { attribute: 'origin', pattern: new RegExp(`\\b(?:[Ii]'m|[Ii] am) (?:originally |actually )?from ${PLACE}`, 'u'), fits: notTime },
  { attribute: 'origin', pattern: new RegExp(`\\b[Ii] (?:grew up|was born|was raised) (?:and raised )?in ${PLACE}`, 'u'), fits: notTime },
  { attribute: 'job', pattern: new RegExp(`${I}(?:work|working|worked|trained|job) as (?:a|an|the) (?<value>[\\p{L} -]{3,50})`, 'iu') },
  { attribute: 'job', pattern: new RegExp(`${I_AM}(?:a|an) (?<value>(?:[\\p{L}-]+ ){0,3}[\\p{L}-]+)`, 'iu'), fits: isOccupation },
  {
    attribute: 'job',
    pattern:
      /\b(?:my job is|my profession is|i (?:make|earn) (?:a|my) living (?:as|by|with)|i do) (?<value>(?:(?!for|the|it|so|that|not)[\p{L}-]+ ){0,4}(?:for a living|as a job)?)/iu,
    fits: (value) => /living|job/.test(value),
  },
  {
    attribute: 'job',
    pattern:
      /\bi (?:was |got |have been |'ve been )?(?:promoted to|became|become|elected|appointed|made|hired as|retrained as|start(?:ed)? as) (?:the |an? )?(?<value>[\p{L} -]{4,40})/iu,
    fits: isOccupation,
  },
  {
    attribute: 'employer',
    pattern:
      /\b(?:i|we)(?:'m| am)? (?:now |currently |still |also )*(?:work|working|employed|interning|intern|consult|teach) (?:(?:as|in) [^,.]{2,40} )?(?:at|for|with|by) (?<value>(?:the |a |an )?[\p{L}\p{N}][\p{L}\p{N}'&.-]*(?: [\p{Lu}\p{N}&][\p{L}\p{N}'&.-]*){0,4})/iu,
    fits: isEmployer,
  },
  {
    attribute: 'employer',
    pattern:
      /\b(?:[Ii]'m|[Ii] am) (?:now |currently |still )*at (?<value>\p{Lu}[\p{L}\p{N}&.-]*(?: [\p{Lu}&][\p{L}\p{N}&.-]*){0,3})(?=[,.!]|$| now\b| these days\b| as\b| in the\b)/u,
    fits: isEmployer,
  },
  {
    attribute: 'employer',
    pattern:
      /\b(?:\b[Ii](?:'ve|'m)?\b|\b[Mm]y\b|^[Tt]oday\b)[^.!?]{0,40}?\b(?:first day|new job|new position|permanent position|position|a job|the job|job offer|started|starting|joined|joining|hired|internship|apprenticeship)(?: as [^,.]{2,40}?)?(?: at| with| by| for|) (?<value>(?:the )?\p{Lu}[\p{L}\p{N}&.-]*(?: [\p{Lu}&][\p{L}\p{N}&.-]*){0,3})/u,
    fits: isEmployer,
  },
  {
    attribute: 'relationship',
    pattern: new RegExp(
      `${I_AM}(?:happily |recently |newly |no longer )*(?<value>single|married|engaged|divorced|widowed|separated|in a relationship|in an open relationship)\\b`,
      'iu',
    ),
  },
  { attribute: 'relationship', pattern: /\b(?:i|we) (?:just |finally |recently )?(?:got|are|were) (?<value>married|engaged|divorced)\b/iu },
  {
    attribute: 'partner',
    pattern:
      /\b(?:i'm|i am|i've been|i have been|been|i started|i began) (?:now |currently |just )?(?:dating|seeing|going out with|married to|engaged to|in a relationship with) (?:a (?:guy|man|woman|girl|boy) (?:named|called) )?(?<value>\p{Lu}[\p{L}'-]+)/iu,
    fits: isName,
  },
  {
    attribute: 'children',
    pattern: new RegExp(
      `\\b(?:i|we) (?:have|'ve got|have got)(?: now)? (?<value>(?:\\d+|${NUMBER_WORD}|no|a|twin)) (?:[a-z]+ )?(?:kids?|children|child|sons?|daughters?|boys?|girls?|boy|girl)\\b`,
      'iu',
    ),
  },
  {
    attribute: 'family',
    pattern:
      /\bmy (?<who>wife|husband|partner|girlfriend|boyfriend|fiancée?|son|daughter|sister|brother|mother|mum|mom|father|dad|twin|grandmother|grandfather|grandma|grandpa|baby|niece|nephew)(?:'s name is| is called| is named|, called|, named) (?<value>\p{Lu}[\p{L}'-]+)/iu,
  },
  {
    attribute: 'pet',
    pattern:
      /\b(?:[Ii]|[Ww]e|[Oo]ur|[Mm]y) ?(?:have|got|own|adopted|'ve got|keep|)(?: just| also)? ?(?:an? |two |three |some |our |my )?(?:[\p{L}-]+ ){0,3}(?:cats?|dogs?|puppy|puppies|kittens?|rabbits?|hamsters?|parrots?|horses?|tortoise|turtle|snake|goldfish|guinea pigs?|greyhound|labrador|poodle|retriever|terrier|tabby|budgies?)(?:,| is| are|)?(?: called| named|'s name is|:)? (?<value>\p{Lu}[\p{L}'-]+(?:(?:,| and|, and) \p{Lu}[\p{L}'-]+)*)/u,
  },
  {
    attribute: 'language',
    pattern:
      /\b(?:[Ii]|[Ww]e) (?:can |also |only |both )?(?:speak|am fluent in|'m fluent in) (?:fluent |some |a little |a bit of )?(?<value>\p{Lu}\p{L}+(?:(?:,| and|, and) (?:\p{Lu}\p{L}+))*)/u,
  },
  {
    attribute: 'language',
    pattern: /\b(?:my (?:native language|mother tongue|first language) is|i'm a native speaker of|i'm a native) (?<value>\p{Lu}\p{L}+)/iu,
  },
  {
    attribute: 'learning',
    pattern:
      /\b(?:[Ii]'m|[Ii] am|[Ii]'ve been|[Ii] started|[Ii] have started|and am|now)(?: now| currently)? (?:learning|studying|practising|practicing) (?:to speak )?(?<value>Italian|Spanish|French|German|Portuguese|Russian|Polish|Dutch|Swedish|Norwegian|Danish|Finnish|Greek|Turkish|Arabic|Hebrew|Hindi|Mandarin|Cantonese|Chinese|Japanese|Korean|Vietnamese|Thai|Ukrainian|Czech|Hungarian|Welsh|Irish|Latin|Swahili|Urdu|Bengali|Persian|Farsi|Romanian|Croatian|Serbian|Catalan|Esperanto)\b/u,
  },
  {
    attribute: 'studies',
    pattern:
      /\b(?:i (?:now )?study|i'm (?:now )?studying|i am studying|i (?:am |'m )?major(?:ing)? in|my major is|i changed my major,? i study|i'm doing (?:a |my )(?:phd|master's|masters|bachelor's|degree|doctorate) in|i have a degree in|my degree is in) (?<value>(?!for|hard|at|in|every|all|the|a lot|with)[\p{L}]+(?: [\p{L}]+){0,3})/iu,
  },
  {
    attribute: 'religion',
    pattern: new RegExp(
      `${I_AM}(?:a |an |practi[sc]ing )*(?<value>christian|catholic|protestant|muslim|jewish|hindu|buddhist|sikh|atheist|agnostic|orthodox|mormon|quaker)\\b`,
      'iu',
    ),
  },
];

/** What a sentence says of who the user is: more than one thing, where it says more. */
export function profileOf(sentence: string): Found[] {
  const found = new Map<string, Found>();
  for (const { attribute, pattern, fits, importance } of ROWS) {
    if (found.has(attribute)) continue;
    const groups = pattern.exec(sentence)?.groups;
    const slot = groups?.['value'];
    if (slot === undefined) continue;
    const value = attribute === 'job' ? clauseOf(slot).replace(/ (?:at|in|for|with|by|from|on|of) .*$/u, '') : clauseOf(slot);
    if (value === '' || (fits !== undefined && !fits(value))) continue;
    const who = groups?.['who'];
    const name = who === undefined ? attribute : `${who.toLowerCase()}'s name`;
    found.set(attribute, { kind: 'profile', attribute: name, value: plainValue(value), importance: importance ?? 0.75 });
  }
  return [...found.values()];
}

function notTime(value: string): boolean {
  return !/^(?:january|february|march|april|may|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)day|spring|summer|autumn|winter|i|god|zoom|teams|slack)\b/iu.test(
    value,
  );
}

function isOccupation(value: string): boolean {
  const noun = value.split(/ (?:and|at|in|for|from|with|of|on|by|to|who|that|working) /u)[0] ?? value;
  return OCCUPATION.test(noun) && !NO_OCCUPATION.test(noun);
}

function isEmployer(value: string): boolean {
  return (
    notTime(value) &&
    !/^(?:home|night|nights|it|a|an|the|this|that|least|all|my|your|our|work|him|her|them|me|you|us|free|fun|now|days?|weekends?|school)$/iu.test(
      value,
    ) &&
    (isName(value) || /^(?:the|a|an) /iu.test(value))
  );
}
