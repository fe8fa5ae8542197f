import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { weighTokens } from '../../../catalog/text-tokens.ts';
import { type ChunkSize, type ChunkSpan, chunkText } from './chunker.ts';

interface Kind {
  readonly name: string;
  readonly mediaType: string;
  readonly filename: string;
}

const KINDS: readonly Kind[] = [
  { name: 'prose', mediaType: 'text/plain', filename: 'a.txt' },
  { name: 'markdown', mediaType: 'text/markdown', filename: 'a.md' },
  { name: 'a table', mediaType: 'text/csv', filename: 'a.csv' },
  { name: 'JSON', mediaType: 'application/json', filename: 'a.json' },
  { name: 'code', mediaType: 'text/plain', filename: 'a.ts' },
];

function cut(text: string, kind: Kind | string, size: ChunkSize = { tokensMax: 60, overlap: 15 }): ChunkSpan[] {
  const { mediaType, filename } = typeof kind === 'string' ? { mediaType: 'text/plain', filename: kind } : kind;
  return [...chunkText({ text, mediaType, filename }, size)];
}

/** What holds of the chunks of any text. */
function checkLaws(text: string, chunks: readonly ChunkSpan[], { tokensMax }: ChunkSize): void {
  let covered = 0;
  let lastStart = -1;
  for (const { start, end } of chunks) {
    expect(start).toBeGreaterThan(lastStart);
    expect(end).toBeGreaterThan(Math.max(start, covered - 1));
    expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('');
    if (text.isWellFormed()) expect(text.slice(start, end).isWellFormed()).toBe(true);
    expect(text.slice(start, end).trim()).not.toBe('');
    // Estimates of parts do not add up exactly to that of the whole.
    expect(weighTokens(text, start, end)).toBeLessThanOrEqual(tokensMax * 1.4 + 4);
    covered = end;
    lastStart = start;
  }
  expect(text.slice(covered).trim()).toBe('');
}

const HOSTILE: readonly (readonly [string, number])[] = [
  ['x', 200_000],
  ['"', 60_000],
  ['{"a":[', 20_000],
  ['# a\n', 20_000],
  ['a. ', 40_000],
  ['|a|b|\n', 20_000],
  ['🏰', 60_000],
  ['a,"b\n', 20_000],
  ['\n \t\n', 60_000],
  ['  '.repeat(1_000), 500],
  ['- '.repeat(50), 5_000],
];

const word = fc.oneof(
  fc.constantFrom(
    'gate',
    'The',
    'e.g.',
    '日本語。',
    '🏰',
    'naïve',
    '"',
    '|',
    '- ',
    '# ',
    '```',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    "it's",
    '12.5',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
const gap = fc.constantFrom(' ', ' ', ' ', '\n', '\n\n', '\t', '. ', '');
const anyText = fc.array(fc.tuple(word, gap), { maxLength: 400 }).map((parts) => parts.flat().join(''));
const anySize = fc
  .integer({ min: 8, max: 120 })
  .chain((tokensMax) => fc.record({ tokensMax: fc.constant(tokensMax), overlap: fc.integer({ min: 0, max: Math.floor(tokensMax / 2) }) }));

describe('chunks', () => {
  for (const kind of KINDS) {
    test(`of ${kind.name} cover the text in order, and part no character`, () => {
      fc.assert(
        fc.property(anyText, anySize, (text, size) => {
          checkLaws(text, cut(text, kind, size), size);
        }),
        { numRuns: 150 },
      );
    });

    test(`of ${kind.name} hold for hostile texts, too`, () => {
      for (const [part, count] of HOSTILE) {
        const text = part.repeat(count);
        const size = { tokensMax: 400, overlap: 60 };
        const chunks = cut(text, kind, size);
        checkLaws(text, chunks, size);
        expect(chunks.length).toBeLessThan(text.length / 100 + 2);
      }
    });
  }

  test('keep the path of titles, and do not go on across a section', () => {
    const text = `# Castle\n\n${'The castle is old. '.repeat(10)}\n\n## Gate\n\n${'The gate is oak. '.repeat(10)}\n\nHinges\n------\n\nThey are iron.\n`;
    const chunks = cut(text, 'a.md', { tokensMax: 100, overlap: 30 });
    expect(chunks.map(({ headings }) => headings)).toEqual([['Castle'], ['Castle', 'Gate'], ['Castle', 'Hinges']]);
    expect(chunks.map(({ start, end }) => text.slice(start, end).split('\n')[0])).toEqual(['# Castle', '## Gate', 'Hinges']);
  });

  test('leave a fenced block whole where it fits, and do not take what is in it for titles', () => {
    const code = '```sh\n# not a title\nmake gate\n```';
    const text = `# Build\n\n${'Words before the code that fill the chunk well. '.repeat(4)}\n\n${code}\n\nAfter.\n`;
    const chunks = cut(text, 'a.md', { tokensMax: 64, overlap: 0 });
    expect(chunks.some(({ start, end }) => text.slice(start, end).includes(code))).toBe(true);
    expect(new Set(chunks.flatMap(({ headings }) => headings))).toEqual(new Set(['Build']));
  });

  test('of a table know its first row, and end where rows end', () => {
    const rows = Array.from({ length: 80 }, (_, at) => `${at},"a, quoted\nfield",${at * 2}`);
    const text = ['id,what,double', ...rows].join('\n');
    const chunks = cut(text, 'a.csv', { tokensMax: 100, overlap: 0 });
    expect(chunks.length).toBeGreaterThan(5);
    for (const [at, { start, end, header }] of chunks.entries()) {
      expect(header).toBe(at === 0 ? undefined : 'id,what,double');
      expect(text.slice(start, end)).toMatch(/^(?:id|\d+),[\s\S]*(?:,\d+|double)$/);
    }
    const markdown = `| id | what |\n|----|------|\n${Array.from({ length: 60 }, (_, at) => `| ${at} | thing ${at} |`).join('\n')}\n`;
    const [, second] = cut(markdown, 'a.md', { tokensMax: 100, overlap: 0 });
    expect(second?.header).toBe('| id | what |');
  });

  test('of JSON know the path to where they begin, and end between members', () => {
    const towers = Array.from({ length: 40 }, (_, at) => ({ name: `tower ${at}`, height: at, note: 'a note about it, "quoted"' }));
    const text = JSON.stringify({ castle: { towers } }, null, 2);
    const chunks = cut(text, 'a.json', { tokensMax: 80, overlap: 0 });
    expect(chunks.length).toBeGreaterThan(5);
    for (const { headings, end } of chunks.slice(1)) {
      expect(headings.join('/')).toMatch(/^castle(?:\/towers(?:\[\d+\])?)?$/);
      expect(text.slice(end - 1, end)).toMatch(/[,}]/);
    }
  });

  test('of code begin at definitions, with those around them', () => {
    const method = (at: number): string => `  open${at}() {\n    const gate = this.gate;\n    gate.lift(${at});\n    return gate;\n  }\n`;
    const methods = Array.from({ length: 12 }, (_, at) => method(at)).join('\n');
    const text = `import x from 'x';\n\nexport class Gatehouse {\n${methods}}\n\nfunction after() {\n  return 1;\n}\n`;
    const chunks = cut(text, 'a.ts', { tokensMax: 80, overlap: 0 });
    expect(chunks.length).toBeGreaterThan(3);
    for (const { start, end, headings } of chunks.slice(1, -1)) {
      expect(text.slice(start, end)).toMatch(/^ {2}open\d+\(\) \{/);
      expect(headings).toEqual(['export class Gatehouse {']);
    }
  });

  test('of prose begin with sentences, and with the last ones of the chunk before', () => {
    const text = Array.from({ length: 40 }, (_, at) => `Sentence ${at} is said by the lord of the castle.`).join(' ');
    const chunks = cut(text, 'a.txt', { tokensMax: 60, overlap: 15 });
    expect(chunks.length).toBeGreaterThan(5);
    for (const [at, { start }] of chunks.entries()) {
      expect(text.slice(start, start + 9)).toBe('Sentence ');
      const before = chunks[at - 1];
      if (before !== undefined) expect(before.end).toBeGreaterThan(start);
    }
  });

  test('do not end where a line merely ended for its width', () => {
    const lines = 'The gate of the castle is made of oak and it has\nhinges of iron that were forged in the town.';
    const text = Array.from({ length: 30 }, () => lines).join('\n');
    for (const { start } of cut(text, 'a.txt', { tokensMax: 60, overlap: 0 })) expect(text.slice(start, start + 8)).toBe('The gate');
  });
});
