/* What goes to a caller and comes back, and requests in unusual shapes. */
import { describe, expect, test } from 'bun:test';
import type { ChatReply } from '../../operations/chat.ts';
import type { EncodeFacts } from '../dialect-codec.ts';
import { openaiChat } from './openai-chat.ts';

const { chat, embed } = openaiChat.codecs;
if (chat === undefined || embed === undefined) throw new Error('no codecs');

const FACTS: EncodeFacts = { id: 'x', model: 'm', nowMs: 0, usageWanted: false };
const operationOf = (body: object, kind: 'chat' | 'embed' = 'chat') =>
  openaiChat.decode(kind, Buffer.from(JSON.stringify({ model: 'm', ...body })), { hasModel: () => true });
const decoded = (body: object) => chat.decodeRequest(operationOf(body));

test('an answer that a client sends back as it was keeps the signatures of another vendor', () => {
  const reply: ChatReply = {
    choices: [
      {
        parts: [
          { kind: 'reasoning', text: 'hm', signature: { dialect: 'their-dialect', value: 'sig==' } },
          { kind: 'reasoning', text: '', sealed: true, signature: { dialect: 'their-dialect', value: 'sealed' } },
          { kind: 'text', text: 'yes' },
          { kind: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: { dialect: 'third', value: 'g' } },
        ],
        finish: 'tool-calls',
      },
    ],
  };
  const { choices } = JSON.parse(chat.encodeReply(reply, FACTS)) as { choices: { message: object }[] };
  const request = decoded({ messages: [{ role: 'user', content: 'a' }, choices[0]?.message] });
  expect(request.messages[1]?.parts).toEqual(reply.choices[0]?.parts ?? []);
  expect(request.unread).toEqual([]);
});

test('a client that kept the signatures alone finds the thought beside them', () => {
  const message = {
    role: 'assistant',
    content: 'b',
    reasoning_content: 'hm',
    reasoning_details: [{ type: 'reasoning.text', signature: 's', index: 0 }],
  };
  expect(decoded({ messages: [message] }).messages[0]?.parts[0]).toEqual({
    kind: 'reasoning',
    text: 'hm',
    signature: { dialect: 'openai-chat', value: 's' },
  });
});

test('thoughts go back to a target while its tools are being called, and no longer', () => {
  const turn = {
    role: 'assistant',
    parts: [
      { kind: 'reasoning', text: 'hm' },
      { kind: 'tool-call', id: 'c', name: 'f', arguments: '{}' },
    ],
  } as const;
  const result = { role: 'tool', parts: [{ kind: 'tool-result', callId: 'c', parts: [{ kind: 'text', text: 'r' }] }] } as const;
  const question = { role: 'user', parts: [{ kind: 'text', text: 'q' }] } as const;
  const sent = (...messages: readonly (typeof turn | typeof result | typeof question)[]) => {
    const bytes = chat.encodeRequest({ messages, unread: [] }, { model: 'm', stream: false, streamUsage: false });
    return Buffer.from(bytes).toString().includes('reasoning_content');
  };
  expect(sent(question, turn, result)).toBe(true);
  expect(sent(question, turn, result, question)).toBe(false);
});

describe('a body in the shape of the Responses API', () => {
  const body = {
    instructions: 'Be short.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'low' },
        ],
      },
      { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'x' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'b' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'g', input: 'text' },
      { type: 'function_call_output', call_id: 'c1', output: 'r' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 's' }] },
    ],
    tools: [{ type: 'function', name: 'f', parameters: {}, strict: true }, { type: 'custom', name: 'g' }, { type: 'web_search' }],
    tool_choice: { type: 'function', name: 'f' },
    text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' } }, verbosity: 'low' },
    reasoning: { effort: 'high', summary: 'auto' },
    max_output_tokens: 9,
    include: ['reasoning.encrypted_content'],
    store: false,
  };

  test('means what it says', () => {
    expect(decoded(body)).toEqual({
      messages: [
        { role: 'system', parts: [{ kind: 'text', text: 'Be short.' }] },
        {
          role: 'user',
          parts: [
            { kind: 'text', text: 'a' },
            { kind: 'image', source: { kind: 'url', url: 'https://a.example/b.png' }, detail: 'low' },
          ],
        },
        {
          role: 'assistant',
          parts: [
            { kind: 'text', text: 'b' },
            { kind: 'tool-call', id: 'c1', name: 'f', arguments: '{}' },
            { kind: 'tool-call', id: 'c2', name: 'g', arguments: 'text', custom: true },
          ],
        },
        { role: 'tool', parts: [{ kind: 'tool-result', callId: 'c1', parts: [{ kind: 'text', text: 'r' }] }] },
        { role: 'tool', parts: [{ kind: 'tool-result', callId: 'c2', parts: [{ kind: 'text', text: 's' }], custom: true }] },
      ],
      tools: [
        { kind: 'function', name: 'f', parameters: {}, strict: true },
        { kind: 'custom', name: 'g' },
        { kind: 'native', dialect: 'openai-chat', name: 'web_search', value: { type: 'web_search' } },
      ],
      toolChoice: { kind: 'tool', name: 'f' },
      output: { kind: 'schema', name: 'n', schema: { type: 'object' } },
      verbosity: 'low',
      reasoning: { effort: 'high' },
      outputTokensMax: 9,
      store: false,
      unread: [],
    });
  });

  test('goes to a target of the same dialect as a chat completion', () => {
    const sent = JSON.parse(Buffer.from(operationOf(body).encode('other', { streamUsage: true })).toString()) as Record<string, unknown>;
    expect(sent).toMatchObject({ model: 'other', max_completion_tokens: 9, messages: expect.any(Array) });
    expect(Object.keys(sent)).not.toContain('input');
  });

  test('may be a text alone, and is refused where it is nothing', () => {
    expect(decoded({ input: 'hi' }).messages).toEqual([{ role: 'user', parts: [{ kind: 'text', text: 'hi' }] }]);
    for (const input of [[], 7, null, [7]]) expect(() => decoded({ input })).toThrow();
  });
});

test('the older functions are read, and answered, in the older form', () => {
  const operation = operationOf({
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'r' },
    ],
    functions: [{ name: 'f', parameters: {} }],
    function_call: { name: 'f' },
  });
  expect(chat.decodeRequest(operation)).toMatchObject({
    messages: [
      {},
      { parts: [{ kind: 'tool-call', id: 'call_function_0' }] },
      { role: 'tool', parts: [{ callId: 'call_function_0', name: 'f' }] },
    ],
    toolChoice: { kind: 'tool', name: 'f' },
    unread: [],
  });
  const encoder = chat.createEncoder({ ...FACTS, form: operation.form ?? '' });
  const bytes = encoder.encode([
    { kind: 'start' },
    { kind: 'part', choice: 0, part: 0, opening: { kind: 'tool-call', id: 'c', name: 'f' } },
    { kind: 'arguments', choice: 0, part: 0, text: '{}' },
    { kind: 'part-end', choice: 0, part: 0 },
    { kind: 'finish', choice: 0, reason: 'tool-calls' },
    { kind: 'end' },
  ]);
  const text = Buffer.from(bytes ?? []).toString();
  expect(text).toContain('"delta":{"function_call":{"name":"f","arguments":""}}');
  expect(text).toContain('"finish_reason":"function_call"');
});

const REQUEST = { inputs: ['a', 'b'], encoding: 'base64', unread: [] } as const;

test('vectors are read from numbers and from base64, in the order of their places', () => {
  const packed = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
  const data = [
    { index: 1, embedding: [2, 3] },
    { index: 0, embedding: packed },
  ];
  const reply = embed.decodeReply(Buffer.from(JSON.stringify({ data, model: 'e', usage: { prompt_tokens: 2, total_tokens: 2 } })));
  expect(reply).toEqual({
    vectors: [
      [0.5, -1],
      [2, 3],
    ],
    model: 'e',
    usage: { inputTokens: 2, totalTokens: 2 },
  });
  const written = JSON.parse(embed.encodeReply(reply, { ...FACTS, form: 'base64' }, REQUEST)) as { data: { embedding: string }[] };
  expect(written.data[0]?.embedding).toBe(packed);
  for (const embedding of ['AAA=', 7, [null], {}])
    expect(() => embed.decodeReply(Buffer.from(JSON.stringify({ data: [{ embedding }] })))).toThrow('vector');
});

test('what is embedded may be a text, texts, tokens, or lists of tokens', () => {
  const inputs = (input: unknown) => embed.decodeRequest(operationOf({ input }, 'embed')).inputs;
  expect([inputs('a'), inputs(['a', 'b']), inputs([1, 2]), inputs([[1], [2]])]).toEqual([['a'], ['a', 'b'], [[1, 2]], [[1], [2]]]);
  for (const input of [[{}], ['a', 1], [[]], [[1.5]]]) expect(() => inputs(input)).toThrow("'input");
});

for (const [name, message, param] of [
  ['a role that there is not', { role: 'robot', content: 'a' }, 'messages[0].role'],
  ['content of another kind', { role: 'user', content: 7 }, 'messages[0].content'],
  ['a part without its text', { role: 'user', content: [{ type: 'text' }] }, 'messages[0].content[0].text'],
  ['a result without its call', { role: 'tool', content: 'a' }, 'messages[0].tool_call_id'],
  ['a call without its name', { role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }, 'messages[0].tool_calls[0].function.name'],
] as const) {
  test(`${name} is refused by its place`, () => {
    let thrown: unknown;
    try {
      decoded({ messages: [message] });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'request_invalid', options: { param } });
  });
}

test('what our words have no place for is named, each once', () => {
  const messages = [1, 2].map((foo) => ({ role: 'user', content: [{ type: 'text', text: 'a', foo }], bar: foo }));
  expect(decoded({ messages, prediction: {}, modalities: ['text', 'audio'], audio: { voice: 'x' } }).unread).toEqual([
    'messages[].content[].foo',
    'messages[].bar',
    'modalities',
    'prediction',
    'audio',
  ]);
});
