import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChatEvent } from '../../src/operations/chat-events.ts';
import { arbitraryReply, arbitraryRequest } from './arbitrary-chat.ts';
import { arbitraryCuts, eventsOf, gather } from './arbitrary-events.ts';

const config = { dialect: 'openai-chat' };

test('arbitrary streams keep the laws, and say what the whole answer says', () => {
  fc.assert(
    fc.property(arbitraryReply(config), arbitraryCuts, (reply, cuts) => {
      expect(gather(eventsOf(reply, cuts))).toEqual({ reply, isWhole: true });
    }),
  );
});

test('arbitrary requests begin with a turn that has words, and answer each call once, after it', () => {
  fc.assert(
    fc.property(arbitraryRequest(config), ({ messages }) => {
      const called: string[] = [];
      const answered: string[] = [];
      for (const { role, parts } of messages) {
        for (const part of parts) {
          if (part.kind === 'tool-call') called.push(part.id);
          if (part.kind !== 'tool-result') continue;
          expect(role).toBe('tool');
          expect(called).toContain(part.callId);
          answered.push(part.callId);
        }
      }
      expect(new Set(called).size).toBe(called.length);
      expect(answered).toEqual(called);
      expect(messages.find(({ role }) => role !== 'system')?.role).toBe('user');
    }),
  );
});

for (const [name, events] of [
  ['comes after the end', [{ kind: 'start' }, { kind: 'end' }, { kind: 'end' }]],
  ['comes before the start', [{ kind: 'end' }]],
  ['is of a part that was never opened', [{ kind: 'start' }, { kind: 'text', choice: 0, part: 0, text: 'a' }]],
  [
    'says nothing',
    [{ kind: 'start' }, { kind: 'part', choice: 0, part: 0, opening: { kind: 'text' } }, { kind: 'text', choice: 0, part: 0, text: '' }],
  ],
  [
    'ends a choice that was not finished',
    [{ kind: 'start' }, { kind: 'part', choice: 0, part: 0, opening: { kind: 'text' } }, { kind: 'end' }],
  ],
] as const satisfies readonly (readonly [string, readonly ChatEvent[]])[]) {
  test(`an event that ${name} is found out`, () => expect(() => gather(events)).toThrow());
}
