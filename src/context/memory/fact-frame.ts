/*
 * What two facts are about, as far as their words tell: their frames. "The wedding is on August 23" and "we had to postpone the wedding to
 * September 13" have one frame, and other values in it.
 */

import { matterOf } from './everyday-words.ts';
import type { Memory } from './memory.ts';
import { sharedCount, stemsOf } from './memory-text.ts';
import { MONTH, NUMBER_WORD, typeOf, WEEKDAY } from './rules/slots.ts';

/** Words that carry a change, or that nearly every fact has. */
const CARRIERS = stemsOf(
  `now new old go going went gone get got getting goes come came coming start started starting switch switched change changed move moved moving
  used day days time year month week morning today yesterday tomorrow last next first last again back really actually finally usually always
  thing things lot bit well good great bad much many more less like love want say said put keep since call called name named news
  push pushed postpone postponed reschedule rescheduled shift shifted extend extended shorten shortened upgrade upgraded replace replaced
  cancel cancelled stop stopped become became turn turned decide decided mind agree plan instead currently anymore early late`,
);
const VALUE = new RegExp(`^(?:${WEEKDAY}|${MONTH}|${NUMBER_WORD}|mid|end|am|pm)$|^\\p{N}`, 'iu');

/** Share of the smaller frame that both must have; less where both tell a day, a time or a number. */
const SHARE = 0.6;
const TYPED_SHARE = 0.5;
/** What is said in few words is about few things: there, one word that both have may be enough. */
const SHORT_CHARS = 75;

interface Frame {
  readonly words: ReadonlySet<string>;
  /** Without names: these are often the value. */
  readonly bare: ReadonlySet<string>;
  readonly all: ReadonlySet<string>;
  /** The first word that is neither name nor carrier: mostly what it is about. */
  readonly subject: string | undefined;
  readonly isShort: boolean;
  readonly type: string | undefined;
}

const frames = new WeakMap<Memory, Frame>();

function frameOf(memory: Memory): Frame {
  let frame = frames.get(memory);
  if (frame === undefined) {
    const plain = memory.text.replace(/[\p{L}\p{N}'-]+/gu, (word) => (VALUE.test(word) ? ' ' : word));
    const bare = plain.replace(/(?<=\p{Ll}[,;]? )\p{Lu}[\p{L}'-]*/gu, ' ');
    const words = withoutCarriers(bare);
    const [subject] = words;
    const isShort = memory.text.length <= SHORT_CHARS;
    frame = { words: withoutCarriers(plain), bare: words, all: stemsOf(memory.text), subject, isShort, type: typeOf(memory.text) };
    frames.set(memory, frame);
  }
  return frame;
}

function withoutCarriers(text: string): Set<string> {
  return new Set([...stemsOf(text)].filter((stem) => !CARRIERS.has(stem)).map(matterOf));
}

/** Whether two facts say different things of the same. */
export function isSameFrame(later: Memory, earlier: Memory): boolean {
  const frame = frameOf(later);
  const before = frameOf(earlier);
  const isTyped = frame.type !== undefined && kindOf(frame.type) === kindOf(before.type);
  if (!isTyped && later.ends?.includes('~') !== true) return false;
  if (sharedCount(frame.all, before.all) >= Math.min(frame.all.size, before.all.size)) return false;
  const share = isTyped ? TYPED_SHARE : SHARE;
  if (overlaps(frame.words, before.words, share) || overlaps(frame.bare, before.bare, share)) return true;
  if (!frame.isShort || !before.isShort) return false;
  if (isWithin(frame.bare, before.bare) || isWithin(before.bare, frame.bare)) return true;
  return frame.subject !== undefined && frame.subject === before.subject && (isTyped || Math.min(frame.bare.size, before.bare.size) <= 2);
}

/** One word that two longer texts share says nothing. */
function overlaps(a: ReadonlySet<string>, b: ReadonlySet<string>, share: number): boolean {
  const shared = sharedCount(a, b);
  return shared > 1 && shared >= share * Math.min(a.size, b.size);
}

function isWithin(small: ReadonlySet<string>, large: ReadonlySet<string>): boolean {
  return small.size > 0 && sharedCount(small, large) === small.size;
}

/** "At 8" is a time as much as "7:30". */
function kindOf(type: string | undefined): string | undefined {
  return type === 'time' ? 'number' : type;
}
