import { describe, expect, test } from 'bun:test';
import { parseTemplate, resolveTemplate } from './interpolation.ts';

const files: Record<string, string> = { '/run/secrets/key': 'from-file\n', crlf: 'two\r\n', lines: 'a\n\n' };
const source = {
  environment: { NAME: 'value', EMPTY: '', OTHER: 'other', INJECTED: '${OTHER}' },
  readFile: async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error('no such file');
    return text;
  },
};

async function follow(text: string) {
  const template = parseTemplate(text);
  if (!template.ok) throw new Error(`${template.offset}: ${template.message}`);
  return resolveTemplate(template.parts, source);
}

describe('a reference', () => {
  for (const [text, want] of [
    ['plain', 'plain'],
    ['${NAME}', 'value'],
    ['a-${NAME}-b-${OTHER}', 'a-value-b-other'],
    ['${EMPTY}', ''],
    ['${EMPTY:-fallback}', 'fallback'],
    ['${MISSING:-fallback}', 'fallback'],
    ['${MISSING:-}', ''],
    ['${NAME:-fallback}', 'value'],
    ['${MISSING:-http://host:8003/a}', 'http://host:8003/a'],
    ['${MISSING:-${OTHER}}', 'other'],
    ['${MISSING:-${ALSO_MISSING:-deep}}!', 'deep!'],
    ['${MISSING:-a:-b}', 'a:-b'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$NAME costs $5 {x}', '$NAME costs $5 {x}'],
    ['${file:/run/secrets/key}', 'from-file'],
    ['${file: /run/secrets/key }', 'from-file'],
    ['${file:crlf}', 'two'],
    ['${file:lines}', 'a\n'],
    ['${MISSING:-${file:/run/secrets/key}}', 'from-file'],
    ['${INJECTED}', '${OTHER}'],
  ] as const) {
    test(`${text} becomes ${JSON.stringify(want)}`, async () => {
      const { text: got, failures } = await follow(text);
      expect(got).toBe(want);
      expect(failures).toEqual([]);
    });
  }

  for (const [text, offset] of [
    ['ab ${NAME', 3],
    ['${}', 0],
    ['${a b}', 0],
    ['${NAME:?must}', 0],
    ['${1A}', 0],
    ['x${file:}', 1],
    ['${A:-${B}', 0],
    ['${A:-${b c}}', 5],
  ] as const) {
    test(`${text} is refused at ${offset}`, () => {
      expect(parseTemplate(text)).toMatchObject({ ok: false, offset });
    });
  }

  test('endless nesting is refused', () => {
    expect(parseTemplate(`${'${A:-'.repeat(50)}x${'}'.repeat(50)}`)).toMatchObject({ ok: false });
  });

  test('to what is missing is a failure that names it, and the rest is still followed', async () => {
    const { text, failures, via, files: asked } = await follow('${NAME}${MISSING}${file:gone}');
    expect(text).toBe('value');
    expect(failures.map(({ reference }) => reference)).toEqual(['${MISSING', '${file:gone']);
    expect(via).toEqual(['NAME', 'MISSING', 'file:gone']);
    expect(asked).toEqual(['gone']);
  });
});
