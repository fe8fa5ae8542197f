import { expect, test } from 'bun:test';
import type { ChatMessage, ChatPart } from './chat.ts';
import { withMediaAfterTools } from './chat-tool-media.ts';

const image: ChatPart = { kind: 'image', source: { kind: 'data', media: 'image/png', base64: 'AA==' } };
const text: ChatPart = { kind: 'text', text: 'It is there.' };
const result = (callId: string, ...parts: ChatPart[]): ChatMessage => ({ role: 'tool', parts: [{ kind: 'tool-result', callId, parts }] });
const user: ChatMessage = { role: 'user', parts: [text] };

test('what holds text alone is left as it is', () => {
  expect(withMediaAfterTools([user, result('a', text), user])).toBeUndefined();
});

test('pictures come after all results of their round, with the call that they are from, and before whoever speaks next', () => {
  const moved = withMediaAfterTools([user, result('a', text, image), result('b', text), user, result('c', image)]);
  expect(moved?.map(({ role }) => role)).toEqual(['user', 'tool', 'tool', 'user', 'user', 'tool', 'user']);
  expect(moved?.[1]?.parts).toMatchObject([{ parts: [text, { kind: 'text' }] }]);
  expect(moved?.[3]?.parts).toEqual([{ kind: 'text', text: "Result of the call 'a':" }, image]);
  expect(moved?.[6]?.parts).toEqual([{ kind: 'text', text: "Result of the call 'c':" }, image]);
});
