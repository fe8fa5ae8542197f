import { describe, expect, test } from 'bun:test';
import { parseYaml } from './yaml-source.ts';

const parse = (text: string) => parseYaml(text, 'f.yaml');
const problems = (text: string) => parse(text).problems.map(({ line, column, path, message }) => `${line}:${column}: ${path}: ${message}`);

test('values come with the place of their name and of themselves', () => {
  const { value, places } = parse('# head\nserver:\n  port: 8080\nauth:\n  keys:\n    - { name: a, key: "b" }\n    - name: c\n');
  expect(value).toEqual({ server: { port: 8080 }, auth: { keys: [{ name: 'a', key: 'b' }, { name: 'c' }] } });
  expect(places.get('server.port')).toEqual({ name: { line: 3, column: 3 }, value: { line: 3, column: 9 } });
  expect(places.get('auth.keys[0].key')).toEqual({ name: { line: 6, column: 18 }, value: { line: 6, column: 23 } });
  expect(places.get('auth.keys[1]')).toEqual({ name: { line: 7, column: 7 }, value: { line: 7, column: 7 } });
});

test('aliases and merge keys work, and what stands in a section wins over what is merged', () => {
  const text = 'base: &base { a: 1, b: 2 }\nsame: *base\nmore:\n  <<: *base\n  b: 3\nboth:\n  <<: [{ a: 9 }, *base]\n';
  expect(parse(text).value).toEqual({ base: { a: 1, b: 2 }, same: { a: 1, b: 2 }, more: { a: 1, b: 3 }, both: { a: 9, b: 2 } });
});

test('numbers as names stay names', () => {
  expect(parse('models:\n  4.10: {}\n  "07": {}\n').value).toEqual({ models: { '4.10': {}, '07': {} } });
});

test('an empty file, or one of comments, is an empty configuration', () => {
  for (const text of ['', '# nothing\n', '---\n', 'null\n']) expect(parse(text)).toMatchObject({ value: {}, problems: [] });
});

describe('what is refused', () => {
  for (const [name, text, want] of [
    ['a name that stands twice', 'a: 1\nb:\n  c: 1\n  c: 2\n', ['4:3: : this name stands here twice']],
    ['tabs', 'a:\n\tb: 1\n', ['2:1: : tabs cannot indent']],
    ['two documents', 'a: 1\n---\nb: 2\n', ['2:1: : a configuration is one document: `---` may stand at the top alone']],
    ['a list', '- a\n', ['1:1: : a configuration is a set of sections, such as `server:`']],
    ['an alias of nothing', 'a: *b\n', undefined],
    ['a section that holds itself', 'a: &a\n  b: *a\n', ['2:6: a.b.b: the alias *a stands for itself']],
    ['names that are no texts', 'a:\n  ? [x]\n  : 1\n', ['2:5: a: a name must be a plain text']],
    ['a way to every prototype', 'a:\n  __proto__: { b: 1 }\n', ["2:3: a: '__proto__' cannot be a name"]],
    ['a reference that is none', 'a:\n  b: "x ${oh no}"\n', ['2:9: a.b: ${oh no} is not a reference']],
  ] as [string, string, string[] | undefined][]) {
    test(name, () => {
      if (want === undefined) expect(problems(text).length).toBeGreaterThan(0);
      else expect(problems(text)).toEqual(want);
    });
  }

  test('aliases that multiply, before they eat the memory', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 12; level += 1)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
    const startMs = performance.now();
    expect(problems(lines.join('\n')).at(-1)).toContain('aliases multiply');
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

test('braces in a flow section are hinted at', () => {
  const [problem] = parse('a: { key: ${NAME} }\n').problems;
  expect(problem?.hint).toContain('double quotes');
});
