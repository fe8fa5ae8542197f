/* Where something is put beside the caller's words, in each dialect's bodies; and that not one byte of the caller's is changed for it. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { HOSTILE_TEXTS } from '../../test/context/hostile-texts.ts';
import { createContextBlock } from '../context/context-block.ts';
import type { Operation } from '../operations/operation.ts';
import type { Dialect } from './dialect.ts';
import { cross } from './dialect-crossing.ts';
import { DIALECTS, DIALECTS_BY_NAME } from './registry.ts';

const CHATTING = DIALECTS.filter(({ conversation }) => conversation !== undefined);
const HERE = '▼';

function dialectOf(name: string): Dialect {
  const dialect = DIALECTS_BY_NAME.get(name);
  if (dialect === undefined) throw new Error(name);
  return dialect;
}

/** What was put in between two halves of a body, where nothing else was changed. */
function putIn(name: string, before: string, after: string): string {
  const placed = placedIn(name, before + after);
  if (!placed.startsWith(before) || !placed.endsWith(after)) return `changed: ${placed}`;
  expect(() => JSON.parse(placed) as unknown).not.toThrow();
  return placed.slice(before.length, placed.length - after.length);
}

function placedIn(name: string, body: string): string {
  const conversation = dialectOf(name).conversation?.({ bytes: Buffer.from(body) });
  return Buffer.from(conversation?.place('THE BLOCK') ?? 'nowhere').toString();
}

/** One item that says the block, with the comma that parts it from its neighbour; of a text, the block itself. */
const ITEM = /^(?:,\{[^,]*.*THE BLOCK[^,]*\}|\{[^,]*.*THE BLOCK[^,]*\},|THE BLOCK\\n\\n)$/;

const ROWS: readonly { readonly dialect: string; readonly name: string; readonly want: string }[] = [
  { dialect: 'openai-chat', name: 'one turn', want: '{"messages":[▼{"role":"user","content":"Hi"}],"x":1.50}' },
  {
    dialect: 'openai-chat',
    name: 'before the last of the user, behind all that came before',
    want: '{ "messages" : [ {"role":"system","content":"S"} ,{"role":"user","content":"A"},{"role":"assistant","content":"B"}, ▼{"role":"user","content":[{"type":"text","text":"C"},{"type":"image_url","image_url":{"url":"data:,"}}]} ] }',
  },
  {
    dialect: 'openai-chat',
    name: 'while tools are at work, still before the question',
    want: '{"messages":[▼{"role":"user","content":"Q"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","tool_call_id":"1","content":"user"}]}',
  },
  {
    dialect: 'openai-chat',
    name: 'not between a call and its result',
    want: '{"messages":[{"role":"user","content":"Q"},{"role":"assistant","tool_calls":[{"id":"1"}]},{"role":"tool","content":"r"},▼{"role":"user","content":"W"}]}',
  },
  {
    dialect: 'openai-chat',
    name: 'beginning with the assistant',
    want: '{"messages":[{"role":"assistant","content":"Hello!"},▼{"role":"user","content":""}]}',
  },
  { dialect: 'anthropic-messages', name: 'one turn', want: '{"system":"S","messages":[▼{"role":"user","content":"Hi"}]}' },
  {
    dialect: 'anthropic-messages',
    name: 'results alone are no turn of the user',
    want: '{"messages":[▼{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r"}]}]}',
  },
  {
    dialect: 'anthropic-messages',
    name: 'results with words stay next to the calls',
    want: '{"messages":[{"role":"user","content":"Q"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"},{"type":"text","text":"W"}]}▼]}',
  },
  {
    dialect: 'openai-responses',
    name: 'items',
    want: '{"input":[{"role":"developer","content":"S"},▼{"type":"message","role":"user","content":[{"type":"input_text","text":"Q"}]},{"type":"function_call","call_id":"1"},{"type":"function_call_output","call_id":"1","output":"r"}]}',
  },
  { dialect: 'openai-responses', name: 'short items', want: '{"input":[▼{"role":"user","content":"Q"}]}' },
  { dialect: 'gemini', name: 'without a role', want: '{"contents":[▼{"parts":[{"text":"Hi"}]}]}' },
  {
    dialect: 'gemini',
    name: 'what functions answered',
    want: '{"contents":[▼{"role":"user","parts":[{"text":"Q"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"functionResponse":{"name":"f"}}]}]}',
  },
  {
    dialect: 'gemini',
    name: 'what functions answered, with words',
    want: '{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"}}]},{"role":"user","parts":[{"function_response":{"name":"f"}},{"text":"W"}]}▼]}',
  },
  {
    dialect: 'ollama',
    name: 'messages',
    want: '{"messages":[{"role":"system","content":"S"},▼{"role":"user","content":"Hi","images":["aGk="]}]}',
  },
  { dialect: 'ollama', name: 'a prompt', want: '{"prompt":"▼Hi \\u0041"}' },
  {
    dialect: 'cohere',
    name: 'messages',
    want: '{"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t"}]},▼{"role":"user","content":[{"type":"text","text":"Hi"}]}]}',
  },
  { dialect: 'bedrock-converse', name: 'turns must alternate', want: '{"messages":[{"role":"user","content":[▼{"text":"Hi"}]}]}' },
  {
    dialect: 'bedrock-converse',
    name: 'results come first',
    want: '{"messages":[{"role":"assistant","content":[{"toolUse":{}}]},{"role":"user","content":[{"toolResult":{}}, {"text":"W"}▼ ]}]}',
  },
];

describe('the place', () => {
  for (const { dialect, name, want } of ROWS) {
    const [before = '', after = ''] = want.split(HERE);
    test(`${dialect}: ${name}`, () => expect(putIn(dialect, before, after)).toMatch(ITEM));
  }

  test('openai-responses: a text becomes a message, its bytes as they were', () => {
    const body = '{"model":"m", "input" : "H\\u0069 \\ud83d\\ude00"}';
    const placed = Buffer.from(
      dialectOf('openai-responses')
        .conversation?.({ bytes: Buffer.from(body) })
        ?.place('B') ?? '',
    ).toString();
    expect(placed).toBe(
      '{"model":"m", "input" : [{"type":"message","role":"user","content":[{"type":"input_text","text":"B"}]},{"type":"message","role":"user","content":"H\\u0069 \\ud83d\\ude00"}]}',
    );
  });

  for (const { dialect, body } of [
    { dialect: 'openai-chat', body: '{"messages":[]}' },
    { dialect: 'openai-chat', body: '{"messages":[{"role":"system","content":"S"}]}' },
    { dialect: 'openai-chat', body: '{"messages":[1,null,"x",[]]}' },
    { dialect: 'openai-chat', body: '{"messages":{}}' },
    { dialect: 'openai-chat', body: '{}' },
    { dialect: 'anthropic-messages', body: '{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}' },
    { dialect: 'openai-responses', body: '{"input":null,"previous_response_id":"r"}' },
    { dialect: 'openai-responses', body: '{"input":""}' },
    { dialect: 'openai-responses', body: '{"input":[{"type":"item_reference","id":"x"}]}' },
    { dialect: 'bedrock-converse', body: '{"messages":[{"role":"user","content":[]}]}' },
    { dialect: 'bedrock-converse', body: '{"messages":[{"role":"user","content":"text"}]}' },
    { dialect: 'ollama', body: '{"prompt":""}' },
  ]) {
    test(`there is none in ${dialect} ${body}`, () => expect(placedIn(dialect, body)).toBe('nowhere'));
  }
});

describe('what is said', () => {
  test('is what people and the model said, without thoughts, calls and results', () => {
    const sayings = (name: string, body: object) => dialectOf(name).conversation?.({ bytes: Buffer.from(JSON.stringify(body)) });
    const openai = sayings('openai-chat', {
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', content: 'A' },
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'tool', content: 'secret' },
        { role: 'assistant', content: 'B' },
        { role: 'user', content: [{ type: 'image_url' }, { type: 'text', text: 'C' }, { type: 'text', text: 'D' }] },
      ],
    });
    const said = [
      { role: 'user' as const, text: 'A' },
      { role: 'assistant' as const, text: 'B' },
      { role: 'user' as const, text: 'C\nD' },
    ];
    expect([openai?.sayings, openai?.question]).toEqual([said, 2]);
    const anthropic = sayings('anthropic-messages', {
      messages: [
        { role: 'user', content: 'A' },
        { role: 'assistant', content: [{ type: 'thinking', thinking: 'T' }, { type: 'tool_use' }] },
        { role: 'user', content: [{ type: 'tool_result', content: 'secret' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'B' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'C' },
            { type: 'text', text: 'D' },
          ],
        },
      ],
    });
    expect(anthropic?.sayings).toEqual(said);
    const gemini = sayings('gemini', {
      contents: [
        { role: 'user', parts: [{ text: 'A' }] },
        { role: 'model', parts: [{ text: 'T', thought: true }, { text: 'B' }] },
        { parts: [{ text: 'C' }, { text: 'D' }] },
      ],
    });
    expect(gemini?.sayings).toEqual(said);
  });

  test('begins the same in every later state of a conversation, and differently in another', () => {
    const opening = (...contents: string[]) =>
      dialectOf('openai-chat').conversation?.({
        bytes: Buffer.from(
          JSON.stringify({ messages: contents.map((content, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content })) }),
        ),
      })?.opening ?? 'none';
    expect(opening('A', 'B', 'C')).toBe(opening('A'));
    expect(opening('B')).not.toBe(opening('A'));
  });

  test('is read from any JSON without a fault', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CHATTING),
        fc.constantFrom('messages', 'contents', 'input', 'prompt'),
        fc.jsonValue(),
        (dialect, name, value) => {
          const bytes = Buffer.from(JSON.stringify({ [name]: value }));
          const placed = dialect.conversation?.({ bytes })?.place('x');
          if (placed !== undefined) JSON.parse(Buffer.from(placed).toString());
        },
      ),
    );
  });
});

/** A chat of two turns, as the body and the path of each dialect have it. */
const CHATS: Readonly<Record<string, { readonly body: object; readonly params?: Record<string, string> }>> = {
  'openai-chat': {
    body: {
      model: 'm',
      messages: [
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'One.' },
        { role: 'user', content: 'Second?' },
      ],
    },
  },
  'openai-responses': {
    body: {
      model: 'm',
      input: [
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'One.' },
        { role: 'user', content: 'Second?' },
      ],
    },
  },
  'anthropic-messages': {
    body: {
      model: 'm',
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'One.' },
        { role: 'user', content: 'Second?' },
      ],
    },
  },
  gemini: {
    body: {
      contents: [
        { role: 'user', parts: [{ text: 'First?' }] },
        { role: 'model', parts: [{ text: 'One.' }] },
        { role: 'user', parts: [{ text: 'Second?' }] },
      ],
    },
    params: { model: 'm' },
  },
  ollama: {
    body: {
      model: 'm',
      messages: [
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'One.' },
        { role: 'user', content: 'Second?' },
      ],
    },
  },
  cohere: {
    body: {
      model: 'm',
      messages: [
        { role: 'user', content: 'First?' },
        { role: 'assistant', content: 'One.' },
        { role: 'user', content: 'Second?' },
      ],
    },
  },
  'bedrock-converse': {
    body: {
      messages: [
        { role: 'user', content: [{ text: 'First?' }] },
        { role: 'assistant', content: [{ text: 'One.' }] },
        { role: 'user', content: [{ text: 'Second?' }] },
      ],
    },
    params: { model: 'm' },
  },
};

/** All texts in a body, wherever they stand. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

describe('what reaches the upstream', () => {
  test('is tried for every dialect that has conversations', () => {
    expect(Object.keys(CHATS).toSorted()).toEqual(CHATTING.map(({ name }) => name).toSorted());
  });

  const hostile = HOSTILE_TEXTS.map(({ text }, at) => ({ id: `m${at}`, text, atMs: at, role: 'user' as const }));
  const blocks = hostile.map((memory) => {
    const block = createContextBlock({
      owner: 'o',
      profile: [],
      memories: [memory],
      documents: [{ file: 'f', index: 0, text: memory.text, filename: memory.text, headings: [] }],
      profileTokensMax: 300,
      memoryTokensMax: 800,
      documentTokensMax: 2_000,
    });
    return block?.text ?? '';
  });

  for (const from of CHATTING) {
    const { body, params } = CHATS[from.name] ?? { body: {} };
    const decode = (bytes: Uint8Array): Operation =>
      from.decode('chat', bytes, { hasModel: () => false, form: 'chat', ...(params === undefined ? {} : { params }) });
    const asked = decode(Buffer.from(JSON.stringify(body)));
    const placed = (block: string): Operation => decode(from.conversation?.(asked)?.place(block) ?? new Uint8Array(0));

    test(`${from.name}: every hostile text is in it once, within its delimiters, byte for byte`, () => {
      for (const block of blocks) {
        const sent = Buffer.from(placed(block).encode('target', { streamUsage: true })).toString();
        const quoted = JSON.stringify(block).slice(1, -1);
        expect(sent.split(quoted)).toHaveLength(2);
        // Without it, it is what would have been sent without.
        const texts = textsIn(JSON.parse(sent));
        expect(texts.filter((text) => text.includes('gatehouse-context'))).toEqual([block]);
      }
    });

    for (const to of CHATTING.filter(({ name }) => name !== from.name)) {
      test(`${from.name} to ${to.name}: it keeps its place and every byte`, () => {
        for (const block of blocks) {
          const crossed = cross(placed(block), { from, to }).encodeRequest({ model: 'm', stream: false, streamUsage: true });
          const texts = textsIn(JSON.parse(Buffer.from(crossed).toString()));
          const said = texts.filter((text) => ['First?', 'One.', 'Second?'].includes(text) || text.includes('gatehouse-context'));
          // Where turns must alternate, two of the user's are one text.
          expect(said.join('\n')).toBe(['First?', 'One.', block, 'Second?'].join('\n'));
        }
      });
    }
  }
});
