import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../base/errors.ts';
import type { ChatRequest } from '../../operations/chat.ts';
import { writeSignature } from '../dialect-signature.ts';
import { decodeRequest } from './request.ts';
import { decodeChat } from './request-decode.ts';
import { encodeChat } from './request-encode.ts';

const read = (body: object): ChatRequest => decodeChat(decodeRequest('chat', Buffer.from(JSON.stringify({ model: 'm', ...body }))));
const write = (request: ChatRequest) =>
  JSON.parse(Buffer.from(encodeChat(request, { model: 'm', stream: false, streamUsage: true })).toString()) as Record<string, unknown>;

function refused(body: object | string): GatewayError {
  try {
    decodeChat(decodeRequest('chat', Buffer.from(typeof body === 'string' ? body : JSON.stringify({ model: 'm', ...body }))));
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

test('what Codex sends becomes turns, with nothing lost but what only the vendor knows', () => {
  const request = read({
    instructions: 'You are a coding agent.',
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'sandbox' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'list' }] },
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'I should look.' }], content: null, encrypted_content: 'gAAAA' },
      { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: 'call_1' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a\nb' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Two files.' }] },
    ],
    tools: [{ type: 'function', name: 'shell', strict: false, parameters: { type: 'object' } }, { type: 'web_search' }],
    tool_choice: 'auto',
    parallel_tool_calls: false,
    reasoning: { effort: 'high', summary: 'auto' },
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'k',
    text: { verbosity: 'low' },
  });
  expect(request.unread).toEqual([]);
  expect(request.messages.map(({ role, parts }) => [role, ...parts.map(({ kind }) => kind)])).toEqual([
    ['system', 'text'],
    ['system', 'text'],
    ['user', 'text'],
    ['assistant', 'reasoning', 'tool-call'],
    ['tool', 'tool-result'],
    ['assistant', 'text'],
  ]);
  expect(request.messages[1]?.developer).toBe(true);
  expect(request).toMatchObject({ reasoning: { effort: 'high', shown: 'auto' }, parallelToolCalls: false, store: false, verbosity: 'low' });
});

test('what has no place in our words is named', () => {
  const { unread } = read({
    input: [{ role: 'user', content: 'x', phase: 'commentary' }],
    truncation: 'auto',
    max_tool_calls: 3,
    include: ['web_search_call.results'],
    background: false,
    prompt: null,
  });
  expect(unread.toSorted()).toEqual(['include', 'input[].phase', 'max_tool_calls', 'truncation']);
});

describe('a sealed thought', () => {
  const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' };
  test('of the vendor keeps its id on the way there and back', () => {
    const request = read({ input: [{ role: 'user', content: 'x' }, thought] });
    expect(request.messages[1]?.parts).toEqual([
      { kind: 'reasoning', text: '', signature: { dialect: 'openai-responses', value: 'rs_1:gAAAA' }, sealed: true },
    ]);
    expect(write(request)['input']).toContainEqual(thought);
    expect(write(request)['include']).toEqual(['reasoning.encrypted_content']);
  });
  test('of another vendor is known as its own', () => {
    const sealed = writeSignature({ dialect: 'anthropic', value: 'c2ln' }, 'openai-responses');
    const request = read({
      input: [
        { role: 'user', content: 'x' },
        { ...thought, encrypted_content: sealed },
      ],
    });
    expect(request.messages[1]?.parts).toEqual([
      { kind: 'reasoning', text: '', signature: { dialect: 'anthropic', value: 'c2ln' }, sealed: true },
    ]);
  });
  test('that carries the signature of a call gives it to the call', () => {
    const sealed = writeSignature({ dialect: 'gemini', value: 'call:c2ln' }, 'openai-responses');
    const call = { type: 'function_call', name: 'f', arguments: '{}', call_id: 'c' };
    const request = read({ input: [{ role: 'user', content: 'x' }, { ...thought, encrypted_content: sealed }, call] });
    expect(request.messages[1]?.parts).toEqual([
      { kind: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: { dialect: 'gemini', value: 'c2ln' } },
    ]);
  });
});

describe('refused, with the place at fault:', () => {
  for (const [body, param] of [
    [{}, 'input'],
    [{ input: 3 }, 'input'],
    [{ input: ['x'] }, 'input[0]'],
    [{ input: [] }, 'input'],
    [{ input: '', instructions: '' }, 'input'],
    [{ input: [{ role: 'nobody', content: '' }] }, 'input[0].role'],
    [{ input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'input[0].content[0].text'],
    [{ input: [{ role: 'user', content: [3] }] }, 'input[0].content[0]'],
    [{ input: [{ type: 'function_call', call_id: 'c', name: 'f' }] }, 'input[0].arguments'],
    [{ input: 'x', Model: 'other' }, 'model'],
    [{ input: 'x', stream: 'yes' }, 'stream'],
    [{ input: 'x', tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ input: 'x', tool_choice: 3 }, 'tool_choice'],
    [{ input: 'x', metadata: { a: 1 } }, 'metadata.a'],
    [{ input: 'x', text: { format: { type: 'xml' } } }, 'text.format'],
    [{ input: 'x', previous_response_id: 'resp_1' }, 'previous_response_id'],
  ] as const) {
    test(JSON.stringify(body), () => expect(refused(body).options.param).toBe(param));
  }
  test('what is no JSON', () => expect(refused('{"model":').code).toBe('json_invalid'));
});

test('a target is told what its vendor’s defaults would make of silence', () => {
  const sent = write({
    messages: [{ role: 'user', parts: [{ kind: 'text', text: 'x' }] }],
    tools: [{ kind: 'function', name: 'f' }],
    outputTokensMax: 1,
    unread: [],
  });
  expect(sent).toMatchObject({ store: false, max_output_tokens: 16, tools: [{ name: 'f', parameters: null, strict: false }] });
  expect(sent).not.toHaveProperty('include');
  expect(sent).not.toHaveProperty('reasoning');
});

test('only the model is spliced', () => {
  const bytes = Buffer.from('{ "model" : "a",  "input":"x", "future": 1.0 }');
  expect(Buffer.from(decodeRequest('chat', bytes).encode('b', { streamUsage: true })).toString()).toBe(
    '{ "model" : "b",  "input":"x", "future": 1.0 }',
  );
});

test('what is kept by somebody, or done later, is never answered from a cache', () => {
  const decode = (more: object) => decodeRequest('chat', Buffer.from(JSON.stringify({ model: 'm', input: 'x', temperature: 0, ...more })));
  expect(decode({}).deterministic).toBe(true);
  expect(decode({ previous_response_id: 'resp_1' }).deterministic).toBe(false);
  expect([decode({ background: true }).command, decode({ conversation: 'c' }).command, decode({}).command]).toEqual([
    true,
    true,
    undefined,
  ]);
});
