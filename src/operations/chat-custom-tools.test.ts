import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChatRequest } from './chat.ts';
import { CustomToolCalls, withoutCustomTools } from './chat-custom-tools.ts';
import type { ChatEvent } from './chat-events.ts';

const PATCH = '*** Begin Patch\n*** Update File: src/größe.ts\n-const a = "\\n";\n+const a = \'🌍\';\n*** End Patch';
const TOOLS = [
  { kind: 'custom', name: 'apply_patch', description: 'Edits files.', format: { type: 'grammar', syntax: 'lark', definition: 'start: x' } },
  { kind: 'function', name: 'shell' },
] as const;

/** What a caller sees of a call that comes in pieces. */
function streamed(pieces: readonly string[], name = 'apply_patch'): { text: string; custom: boolean; pieces: number } {
  const calls = new CustomToolCalls(TOOLS);
  const told: ChatEvent[] = [];
  const of = { choice: 0, part: 0 };
  for (const event of [
    { kind: 'part', opening: { kind: 'tool-call', id: 'c', name }, ...of },
    ...pieces.map((text) => ({ kind: 'arguments', text, ...of }) as const),
    { kind: 'part-end', ...of },
  ] as const)
    calls.event(event, (each) => told.push(each));
  expect([told[0]?.kind, told.at(-1)?.kind]).toEqual(['part', 'part-end']);
  const texts = told.flatMap((event) => (event.kind === 'arguments' ? [event.text] : []));
  expect(texts).not.toContain('');
  const [opened] = told;
  return {
    text: texts.join(''),
    custom: opened?.kind === 'part' && opened.opening.kind === 'tool-call' && opened.opening.custom === true,
    pieces: texts.length,
  };
}

function whole(written: string): string {
  const calls = new CustomToolCalls(TOOLS);
  const reply = calls.reply({
    choices: [{ finish: 'tool-calls', parts: [{ kind: 'tool-call', id: 'c', name: 'apply_patch', arguments: written }] }],
  });
  const part = reply.choices[0]?.parts[0];
  expect(part).toMatchObject({ custom: true });
  return part?.kind === 'tool-call' ? part.arguments : '';
}

test('a request has functions in their place, and what was called before is told likewise', () => {
  const request: ChatRequest = {
    messages: [
      { role: 'assistant', parts: [{ kind: 'tool-call', id: 'c', name: 'apply_patch', arguments: PATCH, custom: true }] },
      { role: 'tool', parts: [{ kind: 'tool-result', callId: 'c', custom: true, parts: [{ kind: 'text', text: 'Done!' }] }] },
    ],
    tools: TOOLS,
    unread: [],
  };
  const { messages, tools } = withoutCustomTools(request);
  expect(tools?.map(({ kind, name }) => [kind, name])).toEqual([
    ['function', 'apply_patch'],
    ['function', 'shell'],
  ]);
  expect(tools?.[0]).toMatchObject({ description: expect.stringContaining('start: x'), parameters: { required: ['input'] } });
  expect(messages[0]?.parts).toEqual([{ kind: 'tool-call', id: 'c', name: 'apply_patch', arguments: JSON.stringify({ input: PATCH }) }]);
  expect(messages[1]?.parts[0]).not.toHaveProperty('custom');
});

describe('the text of a call', () => {
  test('is the same whole and in pieces, whatever it is and however it is cut and escaped', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    const spaces = fc.constantFrom('', ' ', '\n  ');
    fc.assert(
      fc.property(text, spaces, fc.boolean(), fc.array(fc.nat(200), { maxLength: 20 }), (input, space, ascii, cuts) => {
        const plain = `{${space}"input"${space}:${space}${JSON.stringify(input)}${space}}`;
        const written = ascii
          ? plain.replace(/[^\x20-\x7e\n]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
          : plain;
        const at = [...new Set(cuts.map((cut) => cut % (written.length + 1)))].sort((a, b) => a - b);
        const pieces = [...at, written.length].map((end, index) => written.slice(at[index - 1] ?? 0, end)).filter((piece) => piece !== '');
        expect(streamed(pieces)).toMatchObject({ text: input, custom: true });
        expect(streamed(written.split(''))).toMatchObject({ text: input, custom: true });
        expect(whole(written)).toBe(input);
      }),
    );
  });

  test('comes as it is written', () => {
    const written = JSON.stringify({ input: PATCH });
    expect(streamed(written.split('')).pieces).toBeGreaterThan(PATCH.length / 2);
  });

  for (const { name, written, want } of [
    { name: 'no JSON at all', written: PATCH, want: PATCH },
    { name: 'a string', written: JSON.stringify(PATCH), want: PATCH },
    { name: 'another name', written: JSON.stringify({ patch: PATCH }), want: PATCH },
    { name: 'several members', written: '{"a":"1","b":"2"}', want: '{"a":"1","b":"2"}' },
    { name: 'line breaks as they are', written: `{"input": "one\ntwo"}`, want: 'one\ntwo' },
    { name: 'an object that is cut', written: '{"input": "one\\ntw', want: 'one\ntw' },
    { name: 'an escape that there is not', written: '{"input": "\\d+"}', want: '\\d+' },
    { name: 'no text', written: '{"input": 3}', want: '{"input": 3}' },
    { name: 'much white space', written: `${' '.repeat(1_000)}{"input":"x"}`, want: 'x' },
    { name: 'nothing', written: '', want: '' },
  ]) {
    test(`is what a careless model meant: ${name}`, () => {
      expect(whole(written)).toBe(want);
      expect(streamed(written.split('')).text).toBe(want);
      expect(streamed(written === '' ? [] : [written]).text).toBe(want);
    });
  }
});

test('other tools are left as they are', () => {
  expect(streamed(['{"input":', '"x"}'], 'shell')).toEqual({ text: '{"input":"x"}', custom: false, pieces: 2 });
});
