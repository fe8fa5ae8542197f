/*
 * What is looked for: the user's last turn, and, where that leans on the turn before ("and where does she live?"), the turn before too, with
 * less weight. Words that only make it a question are left out by the index's own list of stop words.
 */

/** How much of what the turn before finds counts beside the question itself. */
const PREVIOUS_WEIGHT_LEANING = 0.5;
const PREVIOUS_WEIGHT_SHORT = 0.25;

/** Fewer words that say something than this, and the turn before helps. */
const CONTENT_WORDS_FEW = 3;

/** Read for its words; longer turns are cut in their middle: what is asked stands at the beginning or at the end. */
export const QUERY_CHARS_MAX = 4_000;

export interface RecallQuery {
  readonly text: string;
  readonly previous?: { readonly text: string; readonly weight: number };
}

const WORD = /[\p{L}\p{N}\p{M}]+(?:['’][\p{L}]+)?/gu;
const LEANING_START =
  /^\W*(?:(?:and|but|so|or|ok|okay|also|then|well)\W+)*(?:(?:what|how|where|when|who|why)\W+(?:about|if)\b|(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|that|this|those|these|there)\b)/iu;
/** Where nothing else in a short question has a name, what these stand for was said before. */
const LEANING_WITHIN = /\b(?:he|she|it|they|him|her|them|his|hers|their|that one|this one|those|these)\b/iu;
const FUNCTION_WORDS = new Set(
  `a an the this that these those i me my mine we us our you your he him his she her hers it its they them their who whom whose which what when
  where why how is am are was were be been do does did have has had will would shall should can could may might must and or but if then so of at
  by for with about to from in out on off up down as not no please tell know remember any some there here again just also too`.split(/\s+/),
);

export function recallQuery(query: string, previous: string | undefined): RecallQuery {
  const text = shortened(query);
  if (previous === undefined || previous.trim() === '') return { text };
  const isShort = contentWords(text) < CONTENT_WORDS_FEW;
  const leans = LEANING_START.test(text) || (isShort && LEANING_WITHIN.test(text));
  if (!leans && !isShort) return { text };
  return { text, previous: { text: shortened(previous), weight: leans ? PREVIOUS_WEIGHT_LEANING : PREVIOUS_WEIGHT_SHORT } };
}

/** Both ends of a text that is longer than what is read. */
export function shortened(text: string): string {
  if (text.length <= QUERY_CHARS_MAX) return text;
  const half = QUERY_CHARS_MAX / 2;
  return `${text.slice(0, half)}\n${text.slice(-half)}`.toWellFormed();
}

function contentWords(text: string): number {
  let count = 0;
  for (const [word] of text.matchAll(WORD)) if (!FUNCTION_WORDS.has(word.toLowerCase())) count += 1;
  return count;
}
