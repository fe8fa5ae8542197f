import { expect, test } from 'bun:test';
import { isIgnored, parseIgnoreFile } from './ignore-rules.ts';

for (const [rules, path, isFolder, want] of [
  ['*.log', 'a.log', false, true],
  ['*.log', 'deep/a.log', false, true],
  ['/*.log', 'deep/a.log', false, false],
  ['build/', 'build', true, true],
  ['build/', 'build', false, false],
  ['docs/*.md', 'docs/a.md', false, true],
  ['docs/*.md', 'docs/b/a.md', false, false],
  ['docs/**/a.md', 'docs/b/c/a.md', false, true],
  ['docs/**/a.md', 'docs/a.md', false, true],
  ['**/x', 'a/b/x', false, true],
  ['a?c', 'abc', false, true],
  ['a?c', 'a/c', false, false],
  ['*.log\n!keep.log', 'keep.log', false, false],
  ['!keep.log\n*.log', 'keep.log', false, true],
  ['# *', 'a', false, false],
  ['\\#a', '#a', false, true],
  ['a.b', 'axb', false, false],
  ['  ', 'a', false, false],
  ['a  ', 'a', false, true],
] as const) {
  test(`${JSON.stringify(rules)} ${want ? 'takes out' : 'leaves'} ${path}`, () => {
    expect(isIgnored(path, isFolder, parseIgnoreFile(rules, ''))).toBe(want);
  });
}

test('rules of a folder are about what is below it', () => {
  const rules = parseIgnoreFile('/a\nb', 'deep/');
  expect(['deep/a', 'deep/x/a', 'deep/x/b', 'b'].map((path) => isIgnored(path, false, rules))).toEqual([true, false, true, false]);
});

test('a hostile pattern takes no time', () => {
  const rules = parseIgnoreFile(`${'*a'.repeat(240)}b`, '');
  expect(isIgnored('a'.repeat(200), false, rules)).toBe(false);
});
