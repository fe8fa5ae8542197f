/*
 * Words as they are in English prose: nearly every second one is a word that says nothing, of the others few are common and most are rare
 * (Zipf), and as many different runs of letters come together in them. The same in every run.
 */
import { STOP_WORDS } from '../../src/context/lexical/stop-words.ts';
import { zipf } from '../measure/zipf.ts';

const WORDS = 60_000;
const STOP_WORDS_SHARE = 0.45;
const ONSETS = 'b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sh sl sp st t th tr v w'.split(' ');
const VOWELS = 'a e i o u ai ea ou'.split(' ');
const CODAS = ['', '', 'n', 'r', 'l', 's', 't', 'm', 'nd', 'st', 'ck', 'x'];
const SYLLABLES = ONSETS.length * VOWELS.length * CODAS.length;
const ENDINGS = ['', '', '', 's', 'ed', 'ing', 'er', 'ly'];
/** Without a common divisor with the number of syllables: words of neighbouring ranks have nothing in common. */
const STRIDE = 1_009;
/** The most common words are short. */
const SHORT_WORDS = 300;

/** A word of its own for each number. */
function word(number: number): string {
  const first = syllable(number * STRIDE);
  if (number < SHORT_WORDS) return first;
  return first + syllable(Math.floor(number / SYLLABLES) * STRIDE + number * 7) + (ENDINGS[number % ENDINGS.length] ?? '');
}

function syllable(number: number): string {
  const place = number % SYLLABLES;
  const vowel = Math.floor(place / ONSETS.length);
  return `${ONSETS[place % ONSETS.length]}${VOWELS[vowel % VOWELS.length]}${CODAS[Math.floor(vowel / VOWELS.length)]}`;
}

export interface Prose {
  /** So many words, in sentences and paragraphs. */
  text(words: number): string;
  /** A question of so many words, as likely as they are in the text. */
  question(words: number): string;
}

export function createProse(): Prose {
  const nextWord = zipf(WORDS, 1);
  const stopWords = [...STOP_WORDS];
  const nextStopWord = zipf(stopWords.length, 1);
  const nextKind = zipf(1_000, 0);
  const next = (): string => (nextKind() < STOP_WORDS_SHARE * 1_000 ? (stopWords[nextStopWord()] ?? '') : word(nextWord()));
  const phrase = (words: number): string => Array.from({ length: words }, next).join(' ');
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
