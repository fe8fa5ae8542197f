import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from '../../test/context/hostile-texts.ts';
import { estimateTextTokens } from '../catalog/text-tokens.ts';
import { type BlockContent, type BlockDocument, type BlockMemory, createContextBlock, withoutBlocks } from './context-block.ts';
import { quoteName, quoteText } from './quoted-text.ts';

const DAY_MS = 86_400_000;

const memory = (text: string, more: Partial<BlockMemory> = {}): BlockMemory => ({
  id: 'mem-1',
  text,
  atMs: 20_000 * DAY_MS,
  role: 'user',
  ...more,
});
const document = (text: string, more: Partial<BlockDocument> = {}): BlockDocument => ({
  file: 'doc_1',
  index: 3,
  text,
  filename: 'handbook.pdf',
  headings: [],
  ...more,
});
const content = (more: Partial<BlockContent>): BlockContent => ({
  owner: 'tenant\0user',
  profile: [],
  memories: [],
  documents: [],
  profileTokensMax: 300,
  memoryTokensMax: 800,
  documentTokensMax: 2_000,
  ...more,
});
const textOf = (more: Partial<BlockContent>): string => createContextBlock(content(more))?.text ?? '';

/** What a line between the delimiters may be: a quotation, a heading or an attribution of ours, or nothing. */
const OURS =
  /^(?:|>.*|About the user:|From earlier conversations:|From documents:|This was looked up .*|\[m:[\w.-]* [\d-]{10}(?: until [\d-]{10})?(?: (?:user|assistant|'[^[\]<>"`]*'))?\]|\[d:[\w.-]*#\d+ '[^[\]<>"`]*'(?:, page \d+)?(?:, [^[\]<>"`]*)?\])$/;

function expectClosed(text: string): void {
  const lines = text.split('\n');
  const [, name = 'none'] = /^<(gatehouse-context-[a-z2-7]{16})>$/.exec(lines[0] ?? '') ?? [];
  expect(lines.at(-1)).toBe(`</${name}>`);
  expect(text.split(name)).toHaveLength(3);
  expect(lines.slice(1, -1).filter((line) => !OURS.test(line))).toEqual([]);
}

describe('a block', () => {
  test('reads as documented', () => {
    const text = textOf({
      profile: [memory('I am a vegetarian.', { id: 'p1' })],
      memories: [
        memory('The trip is in May.', { id: 'm2', atMs: 20_010 * DAY_MS, role: 'assistant' }),
        memory('I live in Rome.', { id: 'm1', validToMs: 20_005 * DAY_MS, speaker: 'Ada' }),
      ],
      documents: [document('Best.'), document('Two\nlines.', { index: 4, page: 2, headings: ['Leave', 'Parental'] })],
    });
    const [first = '', , ...rest] = text.split('\n');
    expect(first).toMatch(/^<gatehouse-context-[a-z2-7]{16}>$/);
    expect(rest.join('\n')).toBe(
      [
        '',
        'About the user:',
        '[m:p1 2024-10-04]',
        '> I am a vegetarian.',
        '',
        'From earlier conversations:',
        "[m:m1 2024-10-04 until 2024-10-09 'Ada']",
        '> I live in Rome.',
        '[m:m2 2024-10-14 assistant]',
        '> The trip is in May.',
        '',
        'From documents:',
        "[d:doc_1#4 'handbook.pdf', page 2, Leave › Parental]",
        '> Two',
        '> lines.',
        "[d:doc_1#3 'handbook.pdf']",
        '> Best.',
        `</${first.slice(1)}`,
      ].join('\n'),
    );
  });

  test('is none where there is nothing to say', () => expect(createContextBlock(content({}))).toBeUndefined());

  test('of the same content is the same, whatever order its memories were found in; of another owner it has another name', () => {
    const [one, other] = [memory('One.', { id: 'a' }), memory('Other.', { id: 'b', atMs: 5 })];
    expect(textOf({ memories: [one, other] })).toBe(textOf({ memories: [other, one] }));
    expect(textOf({ memories: [one], owner: 'tenant\0bob' })).not.toBe(textOf({ memories: [one] }));
  });

  test('says what is in the profile once', () => {
    const block = createContextBlock(
      content({ profile: [memory('I like tea.', { id: 'p' })], memories: [memory('i  LIKE tea.', { id: 'm' })] }),
    );
    expect([block?.profile, block?.memories]).toEqual([['p'], []]);
  });

  test('keeps to its budgets: what does not fit is passed over, and the best is cut rather than left out', () => {
    const long = 'word '.repeat(5_000);
    const block = createContextBlock(
      content({
        memories: [memory('First.', { id: 'a' }), memory(long, { id: 'b' }), memory('Third.', { id: 'c' })],
        documents: [document(long), document('Small.')],
        memoryTokensMax: 100,
        documentTokensMax: 300,
      }),
    );
    expect(block?.memories.toSorted()).toEqual(['a', 'c']);
    expect(block?.documents).toEqual([0]);
    expect(block?.text).toContain('[…]');
    expect(estimateTextTokens([block?.text ?? ''])).toBeLessThan(600);
  });
});

describe('whatever others wrote stays a quotation', () => {
  for (const { name, text, forbidden = [] } of HOSTILE_TEXTS) {
    test(name, () => {
      const block = textOf({
        profile: [memory(text)],
        memories: [memory(`${text} `, { id: text })],
        documents: [document(text, { filename: text, headings: [text] })],
      });
      expectClosed(block);
      expect(forbidden.filter((piece) => block.slice(0, block.lastIndexOf('\n')).slice(block.indexOf('\n')).includes(piece))).toEqual([]);
      expect(block.isWellFormed()).toBe(true);
      expect(block.length).toBeLessThan(100_000);
    });
  }

  test('any text, of any number of items', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '</gatehouse-context-',
        '<|im_start|>',
        '\n',
        '\r',
        '\u2028',
        '> ',
        '[m:',
        '</s>',
        '[INST]',
        'Human:',
        '<',
        '/',
        '|',
        '\u202e',
      ),
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, text, (one, two, three) => {
        const block = textOf({
          profile: [memory(one, { id: two })],
          memories: [memory(two, { speaker: three })],
          documents: [document(three, { filename: one, headings: [two], file: three })],
        });
        if (block !== '') expectClosed(block);
      }),
      { numRuns: 500 },
    );
  });

  test('a block cannot hold its own delimiter, though it quotes an earlier one', () => {
    const earlier = textOf({ memories: [memory('x')] });
    expectClosed(textOf({ memories: [memory(earlier)] }));
  });
});

describe('honest text', () => {
  for (const { name, text, want } of [
    { name: 'prose', text: 'I said: "use a < b", & left.', want: '> I said: "use a < b", & left.' },
    {
      name: 'code',
      text: 'const a: Array<string> = b<c>(d);\n\tif (a < 3 || b > 4) {}',
      want: '> const a: Array<string> = b<c>(d);\n> \tif (a < 3 || b > 4) {}',
    },
    { name: 'closing tags of HTML', text: '<p>Hi</p>', want: '> <p>Hi<\\/p>' },
    { name: 'scripts that need joiners', text: 'می‌خواهم 👩‍💻 ❤️ 日本語', want: '> می‌خواهم 👩‍💻 ❤️ 日本語' },
    { name: 'blank lines', text: 'a\n\n\n\nb', want: '> a\n>\n> b' },
    { name: 'an address', text: 'see http://x.y/z and user:group', want: '> see http://x.y/z and user:group' },
  ]) {
    test(name, () => expect(quoteText(text)).toBe(want));
  }

  test('a name stays on its line and within its brackets', () => {
    expect(quoteName('a\n]> "b" </s>.pdf', 40)).toBe("a '' 'b' '\\/s'.pdf");
    expect(quoteName('x'.repeat(50), 10)).toBe('xxxxxxxxx…');
  });
});

describe('blocks of ours that come back', () => {
  test('are taken out, and nothing else is', () => {
    const block = textOf({ memories: [memory('secret')] });
    expect(withoutBlocks(`before\n${block}\nafter`)).toBe('before\nafter');
    expect(withoutBlocks('<gatehouse-context-none> stays')).toBe('<gatehouse-context-none> stays');
  });
});
