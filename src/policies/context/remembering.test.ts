import { describe, expect, test } from 'bun:test';
import { placeOf } from './remembering.ts';

const user = (turn: number, text: string) => ({ role: 'user' as const, turn, text });
const known = [
  user(0, 'A'),
  { role: 'assistant' as const, turn: 1, text: 'a' },
  user(2, 'B'),
  { role: 'assistant' as const, turn: 3, text: 'b' },
];

describe('the place of a turn', () => {
  for (const { name, given, of, want } of [
    { name: 'of a new conversation is its number', given: { place: 0, question: 'A', before: undefined }, of: [], want: 0 },
    { name: 'of one that goes on, too', given: { place: 4, question: 'C', before: { place: 2, text: 'B' } }, of: known, want: 4 },
    {
      name: 'of one whose beginning is not known, too',
      given: { place: 8, question: 'C', before: { place: 6, text: 'X' } },
      of: [],
      want: 8,
    },
    { name: 'sent twice is the same', given: { place: 2, question: ' b ', before: { place: 0, text: 'A' } }, of: known, want: 2 },
    {
      name: 'changed and sent anew is the same',
      given: { place: 2, question: 'Other', before: { place: 0, text: 'A' } },
      of: known,
      want: 2,
    },
    {
      name: 'of a client that cuts off the beginning is after what is there',
      given: { place: 2, question: 'C', before: { place: 0, text: 'B' } },
      of: known,
      want: undefined,
    },
    {
      name: 'of a client that sends the last turn alone is after what is there',
      given: { place: 0, question: 'C', before: undefined },
      of: known,
      want: undefined,
    },
    { name: 'of such a client, sent twice, is the last', given: { place: 0, question: 'B', before: undefined }, of: known, want: 2 },
  ]) {
    test(name, () => expect(placeOf(given, of)).toBe(want));
  }
});
