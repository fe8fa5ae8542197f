import { describe, expect, test } from 'bun:test';
import { placeOf } from './counted-place.ts';

const user = (turn: number, text: string) => ({ role: 'user' as const, turn, text });
const known = [
  user(0, 'A'),
  { role: 'assistant' as const, turn: 1, text: 'a' },
  user(2, 'B'),
  { role: 'assistant' as const, turn: 3, text: 'b' },
];

describe('the place of a turn', () => {
  for (const { name, said, counted, of, want } of [
    { name: 'of a new conversation is its number', said: 'A', counted: { place: 0 }, of: [], want: 0 },
    { name: 'of one that goes on, too', said: 'C', counted: { place: 4, before: { place: 2, text: 'B' } }, of: known, want: 4 },
    {
      name: 'of one whose beginning is not known, too',
      said: 'C',
      counted: { place: 8, before: { place: 6, text: 'X' } },
      of: [],
      want: 8,
    },
    { name: 'sent twice is the same', said: ' b ', counted: { place: 2, before: { place: 0, text: 'A' } }, of: known, want: 2 },
    {
      name: 'changed and sent anew is the same',
      said: 'Other',
      counted: { place: 2, before: { place: 0, text: 'A' } },
      of: known,
      want: 2,
    },
    {
      name: 'of a client that cuts off the beginning is after what is there',
      said: 'C',
      counted: { place: 2, before: { place: 0, text: 'B' } },
      of: known,
      want: undefined,
    },
    {
      name: 'of a client that sends the last turn alone is after what is there',
      said: 'C',
      counted: { place: 0 },
      of: known,
      want: undefined,
    },
    { name: 'of such a client, sent twice, is the last', said: 'B', counted: { place: 0 }, of: known, want: 2 },
  ]) {
    test(name, () => expect(placeOf(said, counted, of)).toBe(want));
  }
});
