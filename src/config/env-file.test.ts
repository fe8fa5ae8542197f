import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseEnvFile } from './env-file.ts';

const valuesOf = (text: string, environment: Record<string, string> = {}) => {
  const { variables, problems } = parseEnvFile(text, environment);
  return problems.length > 0
    ? problems.map(({ line, message }) => `${line}: ${message}`)
    : Object.fromEntries([...variables].map(([name, { value }]) => [name, value]));
};

const PIECES = ['A', 'B', '=', ':', '"', "'", '$', '\\', '{', '}', '-', '?', '+', '#', ' ', '\n', '\r', '\t', '\0', 'é', 'export '];

describe('a file of variables', () => {
  for (const [name, text, want] of [
    ['nothing', '', {}],
    ['comments and blank lines', '# a\n\n   # b\n', {}],
    ['plain values', 'A=1\nB=two words \n', { A: '1', B: 'two words' }],
    ['empty values', 'A=\nB=""\nC=\n', { A: '', B: '', C: '' }],
    ['lines of Windows and a byte order mark', '\uFEFFA=1\r\nB="2"\r\n', { A: '1', B: '2' }],
    ['export, spaces and colons', 'export A=1\n  B = 2\nC: 3\nexport=4\n', { A: '1', B: '2', C: '3', export: '4' }],
    [
      'a comment after a space, and no other',
      'A=1 # one\nB=a#b\nC=http://h/#x\nD= # none\n',
      { A: '1', B: 'a#b', C: 'http://h/#x', D: '' },
    ],
    ['an equals sign in the value', 'A=b=c==\n', { A: 'b=c==' }],
    ['a URL with a password', 'REDIS_URL=redis://:p%40ss@localhost:6379/0\n', { REDIS_URL: 'redis://:p%40ss@localhost:6379/0' }],
    ['single quotes as they stand', "A='$B ${C} \\n # d' # e\nF='it\\'s'\n", { A: '$B ${C} \\n # d', F: "it's" }],
    ['escapes in double quotes', 'A="a\\nb\\t\\"c\\" \\$d \\\\ \\x"\n', { A: 'a\nb\t"c" $d \\ \\x' }],
    ['values over several lines', 'A="one\ntwo"\nB=3\n', { A: 'one\ntwo', B: '3' }],
    ['the later of two lines', 'A=1\nA=2\n', { A: '2' }],
    ['a name alone is as the environment has it', 'A\nB # c\n', {}],
    ['no newline at the end', 'A=1', { A: '1' }],
    [
      'references',
      'A=1\nB=$A-${A}\nC="${A}2"\nD=${E:-x}\nF=${E-}\nG=${A:+y}${E:+z}\nH=$$A\n',
      { A: '1', B: '1-1', C: '12', D: 'x', F: '', G: 'y', H: '$A' },
    ],
    ['references in defaults', 'A=${X:-${Y:-z}}\n', { A: 'z' }],
    ['something that is no line', 'A=1\nthis is no line\nB=2\n', ['2: is no NAME=value']],
    ['a name that begins with a digit', '1A=1\n', ['1: is no NAME=value']],
    ['a value without a name', '=1\n', ['1: is no NAME=value']],
    ['a quote that is not closed', 'A=1\nB="x\nC=3\n', ['2: the quote " is not closed']],
    ['something after the quote', 'A="x" y\n', ['1: something follows the closing quote']],
    ['a $ that is no reference', 'A=pa$$\nB=pa$\n', ['2: a $ begins no reference']],
    ['braces that are not closed', 'A=${B\n', ['1: a $ begins no reference']],
    ['what must be set', 'A=${B:?set B first}\n', ['1: the variable B is not set: set B first']],
    ['a zero byte', 'A=a\0b\n', ["1: the value of 'A' holds a zero byte"]],
    ['every bad line at once', '?\nA=1\n?\n', ['1: is no NAME=value', '3: is no NAME=value']],
  ] as [string, string, Record<string, string> | string[]][]) {
    test(name, () => {
      expect(valuesOf(text)).toEqual(want);
    });
  }

  test('references ask the environment first, then the lines above', () => {
    expect(valuesOf('A=file\nB=$A\nC=$D\nD=late\n', { A: 'shell' })).toEqual({ A: 'file', B: 'shell', C: '', D: 'late' });
  });

  test('lines are counted over quoted newlines', () => {
    const { variables } = parseEnvFile('# c\nA="1\n2\n3"\nB=2\n', {});
    expect([variables.get('A')?.line, variables.get('B')?.line]).toEqual([2, 5]);
  });

  test('references that multiply are stopped', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `A${index + 1}=$A${index}$A${index}`);
    expect(valuesOf(`A0=xxxxxxxxxxxxxxxx\n${lines.join('\n')}`)).toContain('14: a value has more than 65536 characters');
    const deep = `A=${'${B:-'.repeat(50)}x${'}'.repeat(50)}\n`;
    expect(valuesOf(deep)).toEqual(['1: references stand too deep in each other']);
  });

  test('any text is read without an exception, and any value comes back from single quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...PIECES) }), (text) => {
        parseEnvFile(text, {});
      }),
    );
    fc.assert(
      fc.property(fc.string(), (value) => {
        const plain = value.replaceAll(/[\0\\'\r]/g, '');
        expect(valuesOf(`A='${plain}'\n`)).toEqual({ A: plain });
      }),
    );
  });
});
