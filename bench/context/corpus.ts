/* Words as they are in prose: few are common, most are rare (Zipf). The same in every run. */
import { zipf } from '../measure/zipf.ts';

const WORDS = 60_000;
const SYLLABLES = ['ba', 're', 'mi', 'tol', 'ka', 'ven', 'sur', 'lo', 'pin', 'da', 'qua', 'ter', 'no', 'fel', 'ri', 'os'];

/** A word of its own for each number: syllables in the number's digits to the base of 16. */
export function word(number: number): string {
  let text = '';
  for (let rest = number + 16; rest > 0; rest >>= 4) text += SYLLABLES[rest & 15];
  return text;
}

export interface Prose {
  /** So many words, in sentences and paragraphs. */
  text(words: number): string;
  /** A question of so many words, as likely as they are in the text. */
  question(words: number): string;
}

export function createProse(): Prose {
  const next = zipf(WORDS, 1);
  const phrase = (words: number): string => Array.from({ length: words }, () => word(next())).join(' ');
  return {
    text(words) {
      const parts: string[] = [];
      for (let written = 0, sentence = 0; written < words; written += 15, sentence += 1)
        parts.push(`${phrase(Math.min(15, words - written))}.${sentence % 6 === 5 ? '\n\n' : ' '}`);
      return parts.join('');
    },
    question: (words) => `${phrase(words)}?`,
  };
}
