import { expect, test } from 'bun:test';
import type { ChatMessage } from '../operations/chat.ts';
import { withCallIds } from './dialect-call-id.ts';

const idsOf = (messages: readonly ChatMessage[]) =>
  messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.kind === 'tool-call' ? [part.id] : part.kind === 'tool-result' ? [part.callId] : [])),
  );

test('calls and their results get ids of the wanted length, the same for both and each time', () => {
  const ids = ['toolu_01A09q90qw90lq917835lq9', 'call_0', '', 'ünïcödé', 'a'.repeat(10_000), 'gSIMJiOkT'];
  const messages: ChatMessage[] = [
    { role: 'assistant', parts: ids.map((id) => ({ kind: 'tool-call', id, name: 'weather', arguments: '{}' })) },
    { role: 'tool', parts: ids.map((callId) => ({ kind: 'tool-result', callId, parts: [] })) },
  ];
  const fitted = idsOf(withCallIds(messages, 9));
  for (const id of fitted) expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
  expect(fitted.slice(0, ids.length)).toEqual(fitted.slice(ids.length));
  expect(new Set(fitted).size).toBe(ids.length);
  // The vendor's own stays what it was.
  expect(fitted).toContain('gSIMJiOkT');
  expect(idsOf(withCallIds(messages, 9))).toEqual(fitted);
});
