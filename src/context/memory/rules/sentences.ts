/* What a user says in a turn, sentence by sentence: statements alone, without what is quoted, pasted or asked. */

export interface Sentence {
  /** As it was said, with straight apostrophes and single spaces. */
  readonly text: string;
  readonly isQuestion: boolean;
}

/** Of longer turns, the beginning is read: what people say of themselves stands there, and below it what they paste. */
const READ_CHARS_MAX = 6_000;
const SENTENCES_MAX = 60;
/** A longer one is pasted prose, or has no full stops. */
const SENTENCE_CHARS_MAX = 400;

const FENCED = /```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)/g;
const QUOTED_LINE = /^[ \t]*>.*$/gm;
const MARKUP = /<[^<>\n]{1,300}>/g;
/** Behind these, a full stop ends no sentence. */
const ABBREVIATION = /(?:^|[\s(])(?:Mr|Mrs|Ms|Mx|Dr|Prof|St|Mt|Jr|Sr|vs|approx|No|e\.g|i\.e|[ap]\.m|[A-Z])\.$/;
const END = /[.!?…]+["'”’)\]]*(?=\s|$)|\n+|(?<=\p{Extended_Pictographic})\s+(?=\p{Lu})/gu;

export function sentencesOf(text: string): Sentence[] {
  const plain = text
    .slice(0, READ_CHARS_MAX)
    .replace(FENCED, '\n')
    .replace(QUOTED_LINE, '')
    .replace(MARKUP, ' ')
    .replace(/[’‘`´]/g, "'")
    .replace(/[^\S\n]+/g, ' ');
  const sentences: Sentence[] = [];
  let start = 0;
  const push = (end: number): void => {
    const each = plain.slice(start, end).trim();
    start = end;
    // Signs alone are none, nor is what nobody says in one breath.
    if (each.length > SENTENCE_CHARS_MAX || !/\p{L}/u.test(each)) return;
    const bare = withoutAddress(each.replace(/^[-*•–\d.)\s]+(?=\p{L})/u, ''));
    if (/\p{L}/u.test(bare)) sentences.push({ text: bare, isQuestion: /\?["'”’)\]]*$/.test(each) });
  };
  for (const match of plain.matchAll(END)) {
    const end = match.index + match[0].length;
    if (match[0] === '.' && ABBREVIATION.test(plain.slice(Math.max(0, end - 12), end))) continue;
    push(end);
    if (sentences.length >= SENTENCES_MAX) return sentences;
  }
  push(plain.length);
  return sentences;
}

const INTERJECTION =
  '(?:hey|hi|hello|wow|oh|ah|aw+|aww|yeah|yes|yep|yup|nope|no|nah|ok|okay|sure|thanks(?: (?:a lot|so much|again))?|thank you(?: so much)?|cool|great|nice|awesome|totally|definitely|absolutely|exactly|right|well|haha|lol|sorry|no worries|no problem|no doubts?|got it|way to go|good job|congrats|congratulations|glad to hear it|of course|indeed|true|same here|me too|bye|goodbye|see ya|take care|good morning|good evening|yay|oof|ugh|hmm+|gosh|man|dude|sounds good|for sure|please|you know what|guess what|as you know|you know|believe it or not|(?:good|bad|big|great|sad|quick|happy) (?:news|update)|heads up|fyi|btw|by the way|update|correction|change of plans?|just so you know|so you know|for the record|for context|fun fact|to be honest|honestly|turns out|anyway|actually|sadly|unfortunately|luckily|finally)';
const ADDRESS = new RegExp(`^(?:${INTERJECTION}(?:,? (?!I\\b|I'|We\\b|My\\b|Our\\b|The\\b)\\p{Lu}[\\p{L}'-]+)?(?:[,!.:…-]+ ?|$))+`, 'iu');
const VOCATIVE = /, (?!January|February|March|April|May|June|July|August|September|October|November|December)\p{Lu}\p{Ll}+(?=[.!?]*$)/u;

/** Without greetings, thanks and the name of whoever is spoken to: none of it is about what is told. */
function withoutAddress(sentence: string): string {
  const bare = sentence.replace(ADDRESS, '');
  // Behind a place, the same form tells where it lies.
  return /\b(?:in|at|from|near|to|on) [^,]*$/iu.test(bare.replace(VOCATIVE, '')) ? bare : bare.replace(VOCATIVE, '');
}
