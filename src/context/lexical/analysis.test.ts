import { describe, expect, test } from 'bun:test';
import { gramsOfWord, termsOfWord, visitWords } from './analysis.ts';

/** The words of each sentence; questions are marked. */
function sentencesOf(text: string): { words: string[]; isQuestion: boolean }[] {
  const sentences: { words: string[]; isQuestion: boolean }[] = [];
  let words: string[] = [];
  visitWords(text, {
    word: ({ spelling }) => words.push(spelling),
    sentence: (isQuestion) => {
      if (words.length > 0) sentences.push({ words, isQuestion });
      words = [];
    },
  });
  return sentences;
}

function wordsOf(text: string): string[] {
  return sentencesOf(text).flatMap(({ words }) => words);
}

describe('the words of a text', () => {
  const rows: [name: string, text: string, words: string[]][] = [
    ['are runs of letters and digits', 'foo_bar(baz2); x-ray', ['foo', 'bar', 'baz2', 'x', 'ray']],
    ['leave out what every text says', 'What did THE dog do? It barked.', ['dog', 'barked']],
    ['leave out what stands behind an apostrophe', "Joanna's dog doesn't", ['Joanna', 'dog']],
    ['keep numbers', 'In 2023, 42 of 3.5', ['2023', '42', '3', '5']],
    ['have no accents, composed or not', 'café cafe\u0301 naïve Łódź', ['cafe', 'cafe', 'naive', 'Łodz']],
    ['fold compatibility forms', 'ﬁle ２０２３ Ｈｅｌｌｏ ①', ['file', '2023', 'Hello', '1']],
    ['are pairs where there are no spaces', '日本語 テスト', ['日本', '本語', 'テス', 'スト']],
    ['are single characters where there is one alone', '猫 and 犬', ['猫', '犬']],
    ['mix scripts', 'React入門guide', ['React', '入門', 'guide']],
    ['keep letters beyond the basic plane', '𠮷野家 𝒳ylo', ['𠮷野', '野家', 'Xylo']],
    ['keep other alphabets', 'Привет мир γεια', ['Привет', 'мир', 'γεια']],
    ['keep marks that are no accents', 'नमस्ते', ['नमस्ते']],
    ['pass over signs and emoji', '🎉 --> 🎉🎉 ***', []],
    ['pass over control characters', 'one\u0000two\u0007three\u001b[31m', ['two', 'three', '31m']],
    ['pass over halves of pairs', 'left\ud800right \udc00', ['left', 'right']],
    ['are none in nothing', '', []],
  ];
  for (const [name, text, words] of rows) {
    test(name, () => {
      expect(wordsOf(text)).toEqual(words);
    });
  }

  test('are cut where nobody would type them', () => {
    const words = wordsOf('a'.repeat(1_000_000));
    expect(words).toEqual(['a'.repeat(48)]);
  });

  test('are bounded in number', () => {
    expect(wordsOf('zebra '.repeat(200_000)).length).toBeLessThan(11_000);
    // One character that stands for eighteen.
    expect(wordsOf('ﷺ'.repeat(60_000)).length).toBeLessThan(66_000);
  });

  test('have one key however often they stand there, and others have others', () => {
    const keys = new Map<string, Set<number>>();
    visitWords('zebra Zebra zebra arbez zebras', {
      word: ({ spelling, key }) => keys.set(spelling, (keys.get(spelling) ?? new Set()).add(key)),
      sentence: () => undefined,
    });
    expect(Array.from(keys.values(), (set) => set.size)).toEqual([1, 1, 1, 1]);
    expect(new Set(Array.from(keys.values(), (set) => [...set][0])).size).toBe(4);
  });
});

describe('sentences', () => {
  const rows: [name: string, text: string, questions: boolean[]][] = [
    ['ask with a mark at their end', 'Where did Ann live? Ann lived near Paris.', [true, false]],
    ['ask with several marks', 'Really Ann?!? Yes Paris!', [true, false]],
    ['ask in quotation marks', '"Paris?" asked Ann.', [false]],
    ['ask behind quotation marks', 'Was it "Paris"? Ann nodded.', [true, false]],
    ['ask across a line only where it ends', 'Ann lives\nnear Paris?', [false, true]],
    ['ask in full width', 'パリですか？はいパリです。', [true, false]],
    [
      'do not ask in programs',
      'let port = read(path)?;\nconst size = wide ? large : small;\nuser?.name ?? fallback',
      [false, false, false, false, false],
    ],
    ['do not end in numbers and names', 'Version 3.5 reads file.ts quickly', [false]],
  ];
  for (const [name, text, questions] of rows) {
    test(name, () => {
      expect(sentencesOf(text).map(({ isQuestion }) => isQuestion)).toEqual(questions);
    });
  }
});

describe('the terms of a word', () => {
  const rows: [word: string, terms: string[]][] = [
    ['running', ['run']],
    ['Went', ['go']],
    ['children', ['child']],
    ['DiffExecutor', ['diffexecutor', 'diff', 'executor']],
    ['readFile2', ['readfile2', 'read', 'file']],
    ['HTTPServer', ['httpserver', 'http', 'server']],
    ['sha256', ['sha256', 'sha', '256']],
    ['toString', ['tostr', 'string']],
    ['日本', ['日本']],
  ];
  for (const [word, terms] of rows) {
    test(`${word}: ${terms.join(' ')}`, () => {
      expect(termsOfWord(word)).toEqual(terms);
    });
  }
});

describe('the grams of a word', () => {
  test('are shared by words that are written alike', () => {
    const shared = (one: string, other: string) => gramsOfWord(one).filter((gram) => gramsOfWord(other).includes(gram)).length;
    expect(shared('negotiation', 'Negotiate')).toBe(6);
    expect(shared('paris', 'london')).toBe(0);
  });

  test('are one at least, and as many as there are runs of four with both ends', () => {
    expect(gramsOfWord('a')).toHaveLength(1);
    expect(gramsOfWord('ab')).toHaveLength(1);
    expect(gramsOfWord('abc')).toHaveLength(2);
    expect(gramsOfWord('house')).toHaveLength(4);
  });
});
