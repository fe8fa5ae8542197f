/* What the vendor's models would refuse is said so that they don't: conversations, thinking, sampling, tools, schemas. */
import { describe, expect, test } from 'bun:test';
import type { ChatMessage, ChatPart, ChatRequest } from '../../operations/chat.ts';
import type { EncodeTarget } from '../dialect-codec.ts';
import { encodeChat, encodeCount } from './request-encode.ts';

type Body = Record<string, unknown>;

const text = (words: string): ChatPart => ({ kind: 'text', text: words });
const user = (words: string): ChatMessage => ({ role: 'user', parts: [text(words)] });
const assistant = (words: string): ChatMessage => ({ role: 'assistant', parts: [text(words)] });
const system = (words: string): ChatMessage => ({ role: 'system', parts: [text(words)] });
const call = (id: string): ChatPart => ({ kind: 'tool-call', id, name: 'f', arguments: '{"a":1}' });
const result = (id: string): ChatMessage => ({ role: 'tool', parts: [{ kind: 'tool-result', callId: id, parts: [text('ok')] }] });
const TOOL = { kind: 'function', name: 'f', parameters: { type: 'object', properties: {} } } as const;

function bodyOf(request: Partial<ChatRequest>, model = 'some-model', target: Partial<EncodeTarget> = {}): Body {
  const bytes = encodeChat({ messages: [user('hi')], unread: [], ...request }, { model, stream: false, streamUsage: true, ...target });
  return { ...ABSENT, ...(JSON.parse(new TextDecoder().decode(bytes)) as Body) };
}

/** So that what is not there can be asked for. */
const ABSENT = Object.fromEntries(
  ['thinking', 'tool_choice', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'service_tier'].map((name) => [name, undefined]),
);

describe('a conversation', () => {
  const talk = (messages: readonly ChatMessage[], model?: string) => bodyOf({ messages }, model)['messages'];

  test('has results of tools first in the turn of the user, in one turn', () => {
    const messages = [user('go'), { role: 'assistant', parts: [call('a'), call('b')] } as const, result('a'), user('and?'), result('b')];
    expect(talk(messages)).toEqual([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [expect.objectContaining({ id: 'a' }), expect.objectContaining({ id: 'b' })] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'ok' },
          { type: 'tool_result', tool_use_id: 'b', content: 'ok' },
          { type: 'text', text: 'and?' },
        ],
      },
    ]);
  });

  test('has valid ids of calls, the same in call and result, and each once', () => {
    const odd = 'call:1/ü';
    const turns = [user('go'), ...[0, 1].flatMap((): ChatMessage[] => [{ role: 'assistant', parts: [call(odd)] }, result(odd)])];
    const ids = (talk(turns) as { content: { id?: string; tool_use_id?: string }[] }[])
      .slice(1)
      .map(({ content: [block] }) => block?.id ?? block?.tool_use_id ?? '');
    for (const id of ids) expect(id).toMatch(/^[a-zA-Z0-9_-]+$/);
    expect([ids[0], ids[2]]).toEqual([ids[1], ids[3]]);
    expect(ids[0]).not.toBe(ids[2]);
    expect(ids[0]).not.toBe(
      (talk([user('go'), { role: 'assistant', parts: [call('call:1/u')] }, result('call:1/u')]) as { content: { id: string }[] }[])[1]
        ?.content[0]?.id,
    );
  });

  test('begins with the user, and loses what says nothing', () => {
    expect(talk([assistant('so'), user(' \n'), assistant('it goes'), user('yes')])).toEqual([
      { role: 'user', content: 'Begin.' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'so' },
          { type: 'text', text: 'it goes' },
        ],
      },
      { role: 'user', content: 'yes' },
    ]);
  });

  for (const { model, last } of [
    { model: 'claude-sonnet-4-5', last: { role: 'assistant', content: 'I think' } },
    { model: 'claude-opus-5', last: { role: 'user', content: 'Go on.' } },
    { model: 'us.anthropic.claude-sonnet-4-6-v1:0', last: { role: 'user', content: 'Go on.' } },
  ]) {
    test(`that ends with the assistant, for ${model}`, () => {
      expect((talk([user('?'), assistant('I think \n')], model) as unknown[]).at(-1)).toEqual(last);
    });
  }

  test('has late instructions in their place where the model takes them there, and else before it', () => {
    const messages = [system('a'), user('1'), assistant('2'), user('3'), system('b')];
    expect(bodyOf({ messages }, 'claude-opus-4-8')).toMatchObject({ system: 'a', messages: { 3: { role: 'system', content: 'b' } } });
    expect(bodyOf({ messages }, 'claude-opus-4-7')).toMatchObject({ system: [{ text: 'a' }, { text: 'b' }] });
    const misplaced = [system('a'), user('1'), system('b'), user('3')];
    expect(bodyOf({ messages: misplaced }, 'claude-opus-4-8')).toMatchObject({
      system: [{ text: 'a' }, { text: 'b' }],
      messages: { length: 1 },
    });
  });

  test('keeps what a model wrote beside the rules in an object', () => {
    const inputs = ['', '{', '[1]', '{"a":1}'].map((written): unknown => {
      const part: ChatPart = { kind: 'tool-call', id: 'x', name: 'f', arguments: written };
      return (talk([user('?'), { role: 'assistant', parts: [part] }, result('x')]) as { content: { input: unknown }[] }[])[1]?.content[0]
        ?.input;
    });
    expect(inputs).toEqual([{}, { value: '{' }, { value: [1] }, { a: 1 }]);
  });
});

describe('thinking', () => {
  for (const { model, wish, want } of [
    { model: 'claude-sonnet-4-5', wish: { effort: 'high' }, want: { thinking: { type: 'enabled', budget_tokens: 16_384 } } },
    { model: 'claude-sonnet-4-5', wish: { dynamic: true }, want: { thinking: { type: 'enabled', budget_tokens: 8_192 } } },
    { model: 'claude-sonnet-4-5', wish: { budget: 50_000 }, want: { thinking: { budget_tokens: 50_000 }, max_tokens: 54_096 } },
    { model: 'claude-sonnet-4-5', wish: { enabled: false }, want: { thinking: { type: 'disabled' } } },
    { model: 'claude-opus-4-6', wish: { effort: 'xhigh' }, want: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } } },
    { model: 'claude-opus-4-6', wish: { enabled: true, budget: 3_000 }, want: { thinking: { type: 'enabled', budget_tokens: 3_000 } } },
    {
      model: 'claude-opus-4-7',
      wish: { budget: 3_000, shown: true },
      want: { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'medium' } },
    },
    {
      model: 'claude-opus-5',
      wish: { enabled: false, effort: 'max' },
      want: { thinking: { type: 'disabled' }, output_config: { effort: 'high' } },
    },
    { model: 'claude-sonnet-5-5', wish: { enabled: false }, want: { thinking: { type: 'between_tools' } } },
    { model: 'claude-opus-5-5', wish: { enabled: false }, want: { thinking: undefined, output_config: { effort: 'low' } } },
    { model: 'claude-nova-9', wish: { effort: 'minimal' }, want: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } } },
    {
      model: 'MiniMax-M9',
      wish: { enabled: true, budget: 2_000 },
      want: { thinking: { type: 'enabled', budget_tokens: 2_000 }, max_tokens: 4_096 },
    },
  ] as const) {
    test(`${JSON.stringify(wish)} for ${model}`, () => {
      expect(bodyOf({ reasoning: wish }, model)).toMatchObject(want);
    });
  }

  test('has less than the answer’s tokens, and none where there is no room', () => {
    const budget = (outputTokensMax: number, wish: NonNullable<ChatRequest['reasoning']>) =>
      bodyOf({ outputTokensMax, reasoning: wish }, 'claude-haiku-4-5')['thinking'];
    expect(budget(2_000, { budget: 9_000 })).toEqual({ type: 'enabled', budget_tokens: 1_999 });
    expect(budget(10_000, { effort: 'high' })).toEqual({ type: 'enabled', budget_tokens: 8_000 });
    expect(budget(1_000, { effort: 'high' })).toBeUndefined();
  });

  test('gives way to a demand for a tool, and to a round of tools without its thoughts', () => {
    const reasoning = { enabled: true, budget: 2_000 };
    expect(bodyOf({ reasoning, tools: [TOOL], toolChoice: { kind: 'required' } })).toMatchObject({
      thinking: undefined,
      tool_choice: { type: 'any' },
    });
    const round = [user('go'), { role: 'assistant', parts: [call('a')] } as const, result('a')];
    expect(bodyOf({ reasoning, messages: round })['thinking']).toBeUndefined();
    const own: ChatPart = { kind: 'reasoning', text: 'hm', signature: { dialect: 'anthropic-messages', value: 'AA' } };
    const thought = [user('go'), { role: 'assistant', parts: [own, call('a')] } as const, result('a')];
    expect(bodyOf({ reasoning, messages: thought })['thinking']).toMatchObject({ type: 'enabled' });
  });

  test('takes no temperature, nor most else of sampling', () => {
    const sampling = { temperature: 0.3, topP: 0.5, topK: 5, reasoning: { enabled: true, budget: 2_000 } };
    expect(bodyOf(sampling)).toMatchObject({ temperature: undefined, top_p: undefined, top_k: undefined });
    expect(bodyOf({ ...sampling, topP: 0.97 })).toMatchObject({ top_p: 0.97 });
  });
});

describe('settings', () => {
  test('of sampling are those that the model takes', () => {
    const sampling = { temperature: 1.7, topP: 0.5, topK: 5 };
    expect(bodyOf(sampling)).toMatchObject({ temperature: 1, top_p: 0.5, top_k: 5 });
    expect(bodyOf(sampling, 'claude-sonnet-4-5')).toMatchObject({ temperature: 1, top_p: undefined, top_k: 5 });
    expect(bodyOf(sampling, 'claude-opus-4-7')).toMatchObject({ temperature: undefined, top_p: undefined, top_k: undefined });
  });

  test('always have a length, within the model’s', () => {
    const length = (request: Partial<ChatRequest>, model: string, target = {}) => bodyOf(request, model, target)['max_tokens'];
    expect(length({}, 'some-model')).toBe(4_096);
    expect(length({}, 'some-model', { outputTokensMax: 9_000 })).toBe(9_000);
    expect(length({}, 'some-model', { outputTokensMax: 128_000 })).toBe(32_000);
    expect(length({ outputTokensMax: 100_000 }, 'some-model', { outputTokensMax: 128_000 })).toBe(100_000);
    expect(length({}, 'claude-opus-5')).toBe(32_000);
    expect(length({ outputTokensMax: 999_999 }, 'claude-sonnet-4-5')).toBe(64_000);
    expect(length({ outputTokensMax: 7 }, 'some-model')).toBe(7);
  });

  test('of tools fit the vendor’s choices', () => {
    const tools = [TOOL, { ...TOOL, name: 'g' }];
    expect(bodyOf({ tools, toolChoice: { kind: 'allowed', names: ['g'], required: true }, parallelToolCalls: false })).toMatchObject({
      tools: [{ name: 'g' }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    });
    expect(bodyOf({ tools, toolChoice: { kind: 'tool', name: 'g' } }, 'claude-opus-5-5')).toMatchObject({ tool_choice: { type: 'auto' } });
    expect(bodyOf({ parallelToolCalls: false })['tool_choice']).toBeUndefined();
  });

  test('of a schema lose what the vendor refuses, and say it in words', () => {
    const schema = {
      type: 'object',
      properties: { n: { type: 'integer', minimum: 3, description: 'A number' }, o: { oneOf: [{ type: 'object', properties: {} }] } },
    };
    expect(bodyOf({ output: { kind: 'schema', schema } })['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          type: 'object',
          properties: {
            n: { type: 'integer', description: 'A number\nminimum: 3.' },
            o: { anyOf: [{ type: 'object', properties: {}, additionalProperties: false }] },
          },
          additionalProperties: false,
        },
      },
    });
  });

  test('that say nothing are left out', () => {
    expect(bodyOf({ stop: [' ', '\n'], serviceTier: 'flex' })).toMatchObject({ stop_sequences: undefined, service_tier: undefined });
    expect(bodyOf({ stop: [' ', 'end'], serviceTier: 'default' })).toMatchObject({
      stop_sequences: ['end'],
      service_tier: 'standard_only',
    });
  });
});

test('what is counted has no length, no sampling and nobody’s name', () => {
  const bytes = encodeCount(
    { messages: [user('hi')], unread: [], temperature: 0, user: 'u', stop: ['x'], outputTokensMax: 5 },
    { model: 'm', stream: false, streamUsage: true },
  );
  expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });
});

test('text of any kind is plain text to the vendor, and what is no text is not', () => {
  const file = (media: string, bytes: Uint8Array): ChatPart => ({
    kind: 'file',
    source: { kind: 'data', media, base64: Buffer.from(bytes).toString('base64') },
  });
  const message: ChatMessage = {
    role: 'user',
    parts: [file('text/csv', Buffer.from('a,ü')), file('application/pdf', Buffer.from('%PDF')), file('text/plain', Uint8Array.of(255))],
  };
  expect(bodyOf({ messages: [message] })['messages']).toMatchObject([
    {
      content: [
        { source: { type: 'text', media_type: 'text/plain', data: 'a,ü' } },
        { source: { type: 'base64', media_type: 'application/pdf' } },
        { source: { type: 'base64' } },
      ],
    },
  ]);
});
