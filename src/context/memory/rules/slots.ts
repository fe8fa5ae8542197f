/* Parts of sentences that several rules look for. All of them are sources of regular expressions for the flags `iu`. */

export const WEEKDAY = '(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)';
export const MONTH = '(?:january|february|march|april|may|june|july|august|september|october|november|december)';
export const NUMBER_WORD =
  '(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|once|twice|thrice|half|dozen)';

const TYPES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['date', new RegExp(`\\b(?:${MONTH}|\\d{4}-\\d{2}-\\d{2}|\\d{1,2}[/.]\\d{1,2}[/.]\\d{2,4})\\b`, 'iu')],
  ['day', new RegExp(`\\b${WEEKDAY}\\b`, 'iu')],
  ['time', /\b(?:\d{1,2}:\d{2}|\d{1,2} ?[ap]\.?m\.?|noon|midnight|o'clock)\b/iu],
  ['number', new RegExp(`\\p{N}|\\b${NUMBER_WORD}\\b|%`, 'iu')],
];

/** Which kind of value a phrase is: two values of one kind, of the same thing, cannot both be so. */
export function typeOf(value: string): string | undefined {
  return TYPES.find(([, pattern]) => pattern.test(value))?.[0];
}

/** Whether a phrase is a name: its words, but for small ones between, begin with capitals. */
export function isName(phrase: string): boolean {
  const words = phrase.split(/\s+/);
  return (
    words.length > 0 &&
    words.length <= 6 &&
    words.every((word) => /^["'(]?(?:\p{Lu}|\p{N})/u.test(word) || /^(?:of|the|de|la|le|van|von|der|and|&|in|at)$/.test(word)) &&
    /^["'(]?\p{Lu}/u.test(words[0] ?? '')
  );
}

/** The phrase up to the end of its clause: "Berlin", of "Berlin, near the park". */
export function clauseOf(phrase: string, wordsMax = 8): string {
  const cut =
    /^(.*?)(?:[,;!?()"]|:(?=\s|$)|(?<!\b(?:Dr|Mr|Mrs|Ms|Mx|St|Prof|No))\.(?=\s|$)|\s[-–—]\s|\s(?:because|since|as of|but|so|when|while|if|unless|which|who|that|and (?:i|we|it|he|she|they|my|our|got|am|have|love|not)|due to|after|until|now|these days|nowadays|any ?more|instead|from now on|for now|at the moment|right now|currently|again|today|yesterday|tomorrow|last|this|next)\b|$)/iu.exec(
      phrase,
    );
  return (cut?.[1] ?? phrase).trim().split(/\s+/).slice(0, wordsMax).join(' ');
}

/** The name that a phrase begins with: "Portland", of "Portland for work"; empty where it begins with none. */
export function leadingName(phrase: string): string {
  const bare = phrase.replace(/^(?:the|a|an|called|named|now) /iu, '');
  return (
    /^\p{Lu}[\p{L}\p{N}.'&-]*(?:(?:,? | of | de | la | und | and | & )\p{Lu}[\p{L}\p{N}.'&-]*){0,4}/u.exec(bare)?.[0].replace(/\.$/, '') ??
    ''
  );
}

/** A value as it is compared: small letters, without an article before it and a full stop behind. */
export function plainValue(phrase: string): string {
  return clauseOf(phrase)
    .toLowerCase()
    .replace(/^(?:an?|the|my|our|some|called|named) /u, '')
    .replace(/[.\s]+$/u, '');
}
