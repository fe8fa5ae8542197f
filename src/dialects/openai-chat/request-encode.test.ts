import { expect, test } from 'bun:test';
import { encodeChatRequest } from './request-encode.ts';

const REQUEST = { messages: [{ role: 'user', parts: [{ kind: 'text', text: 'hi' }] }], seed: 7, outputTokensMax: 9, unread: [] } as const;
const encoded = (target: object) =>
  JSON.parse(Buffer.from(encodeChatRequest(REQUEST, { model: 'm', stream: true, streamUsage: false, ...target })).toString()) as object;

test('a server with names of its own for fields is told by those', () => {
  expect(encoded({ fieldNames: { seed: 'random_seed' } })).toEqual({
    model: 'm',
    messages: [{ role: 'user', content: 'hi' }],
    random_seed: 7,
    max_tokens: 9,
    stream: true,
  });
});

test('usage is asked for where the server takes that, and the limit by the name that the model knows', () => {
  expect(encoded({ streamUsage: true })).toMatchObject({ stream_options: { include_usage: true } });
  expect(encoded({ model: 'openai/gpt-5.1' })).toMatchObject({ max_completion_tokens: 9 });
});
