import { expect, test } from 'bun:test';
import type { ChatMessage, ChatRequest } from './chat.ts';
import { abilities, CHAT_FEATURE_NAMES, type ChatFeature } from './chat-features.ts';
import { narrow } from './chat-narrow.ts';

const ALL = abilities({ yes: CHAT_FEATURE_NAMES });
const without = (...features: readonly ChatFeature[]) => ({ ...ALL, ...Object.fromEntries(features.map((name) => [name, 'no' as const])) });
const user = (...parts: ChatMessage['parts']): ChatMessage => ({ role: 'user', parts });
const HELLO = user({ kind: 'text', text: 'hello' });
const asked = (changes: Partial<ChatRequest>): ChatRequest => ({ messages: [HELLO], unread: [], ...changes });
const IMAGE = { kind: 'image', source: { kind: 'data', media: 'image/png', base64: 'aGk=' } } as const;
const IMAGE_URL = { kind: 'image', source: { kind: 'url', url: 'https://example.com/a.png' } } as const;
const TOOL = { kind: 'function', name: 'find', strict: true, cache: {} } as const;
const HOSTED = { kind: 'native', dialect: 'ours', name: 'web_search', value: { type: 'web_search' } } as const;
const CALL = { kind: 'tool-call', id: 'a', name: 'find', arguments: '{}', signature: { dialect: 'theirs', value: 's' } } as const;

test('what fits is passed on as it is', () => {
  const request = asked({ seed: 1, tools: [TOOL], messages: [HELLO, { role: 'assistant', parts: [CALL] }, HELLO] });
  expect(narrow(request, 'theirs', ALL)).toEqual({ request, lost: [], adapted: [] });
});

for (const [name, changes, feature, gone] of [
  ['a seed', { seed: 1 }, 'seed', (request: ChatRequest) => request.seed],
  ['stop texts', { stop: ['x'] }, 'stop', (request: ChatRequest) => request.stop],
  ['a second choice', { choices: 2 }, 'choices', (request: ChatRequest) => request.choices],
  ['an effort', { reasoning: { effort: 'high' } }, 'reasoning-effort', (request: ChatRequest) => request.reasoning],
  ['tools', { tools: [TOOL], toolChoice: { kind: 'required' } }, 'tools', (request: ChatRequest) => request.tools ?? request.toolChoice],
  ['a schema', { output: { kind: 'schema', schema: {} } }, 'schema-output', (request: ChatRequest) => request.output],
  ['an image', { messages: [user(IMAGE)] }, 'images', (request: ChatRequest) => request.messages[0]],
  ['an image by URL', { messages: [user(IMAGE_URL)] }, 'image-urls', (request: ChatRequest) => request.messages[0]],
] as const satisfies readonly (readonly [string, Partial<ChatRequest>, ChatFeature, (request: ChatRequest) => unknown])[]) {
  test(`${name}, where there is no word for it, is taken out and named`, () => {
    const { request, lost } = narrow(asked(changes), 'theirs', without(feature));
    expect(lost).toEqual([feature]);
    expect(gone(request)).toBeUndefined();
  });
}

test('of an image in another form nothing is said', () => {
  expect(narrow(asked({ messages: [user(IMAGE)] }), 'theirs', without('image-urls')).lost).toEqual([]);
});

test('what is said by something close to it stays, and is named', () => {
  const { request, lost, adapted } = narrow(asked({ reasoning: { effort: 'low' } }), 'theirs', { ...ALL, 'reasoning-effort': 'near' });
  expect({ kept: request.reasoning, lost, adapted }).toEqual({ kept: { effort: 'low' }, lost: [], adapted: ['reasoning-effort'] });
});

test('one choice is no wish', () => {
  expect(narrow(asked({ choices: 1 }), 'theirs', without('choices')).lost).toEqual([]);
});

test('a late system message moves to the front, in its order, where it can stand nowhere else', () => {
  const system = (text: string): ChatMessage => ({ role: 'system', parts: [{ kind: 'text', text }] });
  const { request, lost } = narrow(asked({ messages: [system('one'), HELLO, system('two')] }), 'theirs', without('system-anywhere'));
  expect(request.messages).toEqual([system('one'), system('two'), HELLO]);
  expect(lost).toEqual(['system-anywhere']);
});

for (const [name, signature, can, want] of [
  ['with its own vendor: kept whole', { dialect: 'theirs', value: 's' }, ALL, { kept: 'signed', lost: [] }],
  ['with another vendor: its text alone', { dialect: 'others', value: 's' }, ALL, { kept: 'text', lost: [] }],
  [
    'with another vendor that takes no text',
    { dialect: 'others', value: 's' },
    without('reasoning-history'),
    { kept: 'nothing', lost: ['reasoning-history'] },
  ],
  ['without a signature', undefined, ALL, { kept: 'text', lost: [] }],
] as const) {
  test(`a thought ${name}`, () => {
    const thought = { kind: 'reasoning', text: 'hm', ...(signature === undefined ? {} : { signature }) } as const;
    const messages: readonly ChatMessage[] = [{ role: 'assistant', parts: [thought, { kind: 'text', text: 'x' }] }, HELLO];
    const { request, lost } = narrow(asked({ messages }), 'theirs', can);
    const kept = request.messages[0]?.parts.find((part) => part.kind === 'reasoning');
    expect(kept === undefined ? 'nothing' : kept.signature === undefined ? 'text' : 'signed').toBe(want.kept);
    expect(lost).toEqual([...want.lost]);
  });
}

test('a sealed thought of another vendor can be told to nobody, and is named', () => {
  const sealed = { kind: 'reasoning', text: '', sealed: true, signature: { dialect: 'others', value: 's' } } as const;
  const { request, lost } = narrow(asked({ messages: [{ role: 'assistant', parts: [sealed] }, HELLO] }), 'theirs', ALL);
  expect(request.messages).toEqual([HELLO]);
  expect(lost).toEqual(['reasoning-history']);
});

test('a tool call keeps its arguments when its signature is of no use', () => {
  const messages: readonly ChatMessage[] = [{ role: 'assistant', parts: [CALL] }, HELLO];
  const { request } = narrow(asked({ messages }), 'mine', ALL);
  expect(request.messages[0]?.parts).toEqual([{ kind: 'tool-call', id: 'a', name: 'find', arguments: '{}' }]);
});

test('uploads and native parts go to their own vendor alone', () => {
  const parts = [
    { kind: 'file', source: { kind: 'id', id: 'f', dialect: 'theirs' } },
    { kind: 'native', dialect: 'theirs', value: 1 },
  ] as const;
  expect(narrow(asked({ messages: [user(...parts)] }), 'theirs', ALL).lost).toEqual([]);
  expect(narrow(asked({ messages: [HELLO, user(...parts)] }), 'mine', ALL)).toMatchObject({
    request: { messages: [HELLO] },
    lost: ['uploaded-files', 'native-parts'],
  });
});

test('a document that is text is said as text, where there is no word for files', () => {
  const base64 = Buffer.from('It rains ☕.').toString('base64');
  const file = { kind: 'file', source: { kind: 'data', media: 'text/plain', base64 }, name: 'Weather', citable: true } as const;
  const { request, lost, adapted } = narrow(asked({ messages: [user(file)] }), 'theirs', without('files'));
  expect(request.messages[0]?.parts).toEqual([{ kind: 'text', text: 'Weather\n\nIt rains ☕.' }]);
  // It can't be cited then, and what was known of it is told in words.
  expect({ lost, adapted }).toEqual({ lost: ['file-citations'], adapted: ['files'] });
  const known = { ...file, citable: false, context: 'From a diary' };
  expect(narrow(asked({ messages: [user(known)] }), 'theirs', without('files')).adapted).toEqual(['files', 'file-context']);
  const pdf = { ...file, source: { ...file.source, media: 'application/pdf' } };
  expect(narrow(asked({ messages: [user(pdf, { kind: 'text', text: 'x' })] }), 'theirs', without('files')).lost).toEqual(['files']);
});

for (const [name, changes, needed] of [
  ['beside others', { tools: [HOSTED, TOOL] }, false],
  ['beside others, where some tool must be called', { tools: [HOSTED, TOOL], toolChoice: { kind: 'required' } }, false],
  ['alone', { tools: [HOSTED] }, true],
  ['alone, and not to be called', { tools: [HOSTED], toolChoice: { kind: 'none' } }, false],
  ['that must be called', { tools: [HOSTED, TOOL], toolChoice: { kind: 'tool', name: 'web_search' } }, true],
  ['as all that may be called', { tools: [HOSTED, TOOL], toolChoice: { kind: 'allowed', names: ['web_search'], required: false } }, true],
  [
    'among what may be called',
    { tools: [HOSTED, TOOL], toolChoice: { kind: 'allowed', names: ['web_search', 'find'], required: true } },
    false,
  ],
] as const satisfies readonly (readonly [string, Partial<ChatRequest>, boolean])[]) {
  test(`a hosted tool ${name} is ${needed ? 'needed' : 'left out'}`, () => {
    const { request, lost } = narrow(asked(changes), 'theirs', ALL);
    expect(lost).toEqual(needed ? ['native-tools', 'native-tools-needed'] : ['native-tools']);
    expect(request.tools?.some(({ kind }) => kind === 'native') ?? false).toBe(false);
    if (!needed && request.toolChoice?.kind === 'allowed') expect(request.toolChoice.names).toEqual(['find']);
    if (needed) expect(request.toolChoice).toBeUndefined();
    expect(narrow(asked(changes), 'ours', ALL).lost).toEqual([]);
  });
}
