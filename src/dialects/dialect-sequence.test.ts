import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ChatEvent } from '../operations/chat-events.ts';
import { PartSequence } from './dialect-sequence.ts';

const open = (part: number, choice = 0): ChatEvent => ({
  kind: 'part',
  choice,
  part,
  opening: { kind: 'tool-call', id: `c${part}`, name: 'f' },
});
const piece = (part: number, text: string, choice = 0): ChatEvent => ({ kind: 'arguments', choice, part, text });
const close = (part: number, choice = 0): ChatEvent => ({ kind: 'part-end', choice, part });
const finish = (choice = 0): ChatEvent => ({ kind: 'finish', choice, reason: 'tool-calls' });

function ordered(events: readonly ChatEvent[]): ChatEvent[] {
  const sequence = new PartSequence();
  const out: ChatEvent[] = [];
  for (const event of events) sequence.push(event, out);
  return out;
}

test('parts in order pass at once, event by event', () => {
  const sequence = new PartSequence();
  for (const event of [open(0), piece(0, 'a'), close(0), open(1), piece(1, 'b'), close(1), finish()]) {
    const out: ChatEvent[] = [];
    sequence.push(event, out);
    expect(out).toEqual([event]);
  }
});

test('what belongs to a later part waits for the end of the open one', () => {
  expect(ordered([open(0), open(1), piece(1, 'b'), piece(0, 'a'), close(0), piece(1, 'c'), close(1)])).toEqual([
    open(0),
    piece(0, 'a'),
    close(0),
    open(1),
    piece(1, 'b'),
    piece(1, 'c'),
    close(1),
  ]);
});

test('parts that nobody has ended are ended before the answer is', () => {
  expect(ordered([open(0), open(1), piece(1, 'b'), finish(), { kind: 'end' }])).toEqual([
    open(0),
    close(0),
    open(1),
    piece(1, 'b'),
    close(1),
    finish(),
    { kind: 'end' },
  ]);
});

test('choices do not wait for each other', () => {
  const events = [open(0, 0), open(0, 1), piece(0, 'a', 1), piece(0, 'b', 0), close(0, 1), close(0, 0)];
  expect(ordered(events)).toEqual(events);
});

test('more than can be held is an interruption', () => {
  const sequence = new PartSequence();
  sequence.push(open(0), []);
  sequence.push(open(1), []);
  const large = 'x'.repeat(9 * 1_048_576);
  sequence.push(piece(1, large), []);
  expect(() => sequence.push(piece(1, large), [])).toThrow('interleaves');
});

test('however parts are interleaved, each comes out whole, alone, and in its own order', () => {
  const partsMax = 5;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(partsMax - 1), fc.nat(1)), { maxLength: 60 }), (moves) => {
      const begun = new Set<number>();
      const ended = new Set<number>();
      const events: ChatEvent[] = [];
      for (const [part, ends] of moves) {
        if (ended.has(part)) continue;
        if (!begun.has(part)) events.push(open(part));
        begun.add(part);
        if (ends === 1) ended.add(part);
        events.push(ends === 1 ? close(part) : piece(part, `${events.length},`));
      }
      const out = ordered([...events, finish(), { kind: 'end' }]);
      let inside: number | undefined;
      const texts = new Map<number, string>();
      for (const event of out) {
        if (!('part' in event)) continue;
        if (event.kind === 'part') expect(inside).toBeUndefined();
        else expect(event.part).toBe(inside as number);
        inside = event.kind === 'part-end' ? undefined : event.part;
        if (event.kind === 'arguments') texts.set(event.part, (texts.get(event.part) ?? '') + event.text);
      }
      expect(inside).toBeUndefined();
      expect(out.filter(({ kind }) => kind === 'part')).toHaveLength(begun.size);
      for (const part of begun) {
        const sent = events.flatMap((event) => (event.kind === 'arguments' && event.part === part ? [event.text] : [])).join('');
        expect(texts.get(part) ?? '').toBe(sent);
      }
    }),
  );
});
