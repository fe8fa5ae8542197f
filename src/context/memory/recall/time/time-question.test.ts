import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { mentionedTimes, type TimeQuestion, timeQuestion } from './time-question.ts';

/** A Wednesday. */
const NOW = Date.parse('2025-06-18T09:00:00Z');
const EVER_MS = 8.64e15;

function ask(text: string, nowMs = NOW): TimeQuestion {
  return timeQuestion(text, { nowMs });
}

function day(ms: number): string {
  return Math.abs(ms) === EVER_MS ? 'ever' : new Date(ms).toISOString().slice(0, 10);
}

/** The likeliest time that is named, its end excluded. */
function likeliest(text: string, nowMs = NOW): string {
  const [first] = [...ask(text, nowMs).spans].sort((a, b) => b.weight - a.weight);
  return first === undefined ? 'none' : `${day(first.fromMs)} ${day(first.toMs)}`;
}

describe('spans that a question names', () => {
  for (const [text, want] of [
    ['What happened on 2023-05-08?', '2023-05-08 2023-05-09'],
    ['What happened on 2023/05/08?', '2023-05-08 2023-05-09'],
    ['What happened on 8 May 2023?', '2023-05-08 2023-05-09'],
    ['What happened on May 8th, 2023?', '2023-05-08 2023-05-09'],
    ['What happened on the 8th of May, 2023?', '2023-05-08 2023-05-09'],
    ['What happened on 8.5.2023?', '2023-05-08 2023-05-09'],
    ['What happened on 21/05/2025?', '2025-05-21 2025-05-22'],
    ['What happened on Monday, 8 May 2023?', '2023-05-08 2023-05-09'],
    ['What happened on 29 February 2024?', '2024-02-29 2024-03-01'],
    ['What happened on the 14th?', '2025-06-14 2025-06-15'],
    ['What did we do from 8 to 10 May?', '2025-05-08 2025-05-11'],
    ['What did I read in May?', '2025-05-01 2025-06-01'],
    ['What did I read in July?', '2024-07-01 2024-08-01'],
    ['What did I read in May 2023?', '2023-05-01 2023-06-01'],
    ["What did I read in May '23?", '2023-05-01 2023-06-01'],
    ['What did I read in March last year?', '2024-03-01 2024-04-01'],
    ['What did I read last May?', '2025-05-01 2025-06-01'],
    ['What did I read in early October 2024?', '2024-10-01 2024-10-11'],
    ['What did I read in mid-June?', '2025-06-10 2025-06-22'],
    ['What did I read at the end of last year?', '2024-09-13 2025-01-01'],
    ['What did I read in the first week of May?', '2025-05-01 2025-05-08'],
    ['What did I do on the weekend of 12 April 2025?', '2025-04-12 2025-04-14'],
    ['What did I read in spring 2022?', '2022-03-01 2022-06-01'],
    ['What did I read last summer?', '2024-06-01 2024-09-01'],
    ['What did I read in winter 2023?', '2023-12-01 2024-03-01'],
    ['What did I read in Q3 2024?', '2024-07-01 2024-10-01'],
    ['What did I read in the last quarter of 2024?', '2024-10-01 2025-01-01'],
    ['What did I read last quarter?', '2025-01-01 2025-04-01'],
    ['What did I read in 2023?', '2023-01-01 2024-01-01'],
    ['What did I get for Christmas 2023?', '2023-12-24 2023-12-27'],
    ['What did I do at Easter 2024?', '2024-03-29 2024-04-02'],
    ['What did I say yesterday?', '2025-06-17 2025-06-18'],
    ['What did I say the day before yesterday?', '2025-06-16 2025-06-17'],
    ['What did I say three days ago?', '2025-06-15 2025-06-16'],
    ['What did I say two weeks ago?', '2025-05-31 2025-06-08'],
    ['What did I say a week and a half ago?', '2025-06-03 2025-06-11'],
    ['What did I say last week?', '2025-06-09 2025-06-16'],
    ['What did I say the week before last?', '2025-06-02 2025-06-09'],
    ['What did I say last month?', '2025-05-01 2025-06-01'],
    ['What did I say on Monday?', '2025-06-16 2025-06-17'],
    ['What did I say last Tuesday?', '2025-06-10 2025-06-11'],
    ['What did I say on Monday of last week?', '2025-06-09 2025-06-10'],
    ['What did I say on Thursday of the week before last?', '2025-06-05 2025-06-06'],
    ['What is planned for next Friday?', '2025-06-20 2025-06-21'],
    ['What did I say the week before 9 June?', '2025-06-02 2025-06-09'],
    ['What have I done since March?', '2025-03-01 ever'],
    ['Where are the pictures from May 2023?', '2023-05-01 2023-06-01'],
    ['What did I do from 9 June on?', '2025-06-09 ever'],
    ['What did I do after 9 June?', '2025-06-10 ever'],
    ['What did I do before June 2024?', 'ever 2024-06-01'],
    ['What did I do between 3 March and 10 April?', '2025-03-03 2025-04-11'],
    ['What did I do between 3 and 10 April?', '2025-04-03 2025-04-11'],
    ['What did I do between November and January?', '2024-11-01 2025-02-01'],
    ['What did I do from March 2023 to May?', '2023-03-01 2023-06-01'],
  ] as const) {
    test(text, () => {
      expect(likeliest(text)).toBe(want);
    });
  }

  test('a date in figures that may be read in two ways is both', () => {
    expect(ask('on 5/8/2023').spans.map(({ fromMs }) => day(fromMs))).toEqual(['2023-08-05', '2023-05-08']);
  });

  test('a year has a 29 February every fourth time, but not in 1900', () => {
    expect(likeliest('on 29 February 2000')).toBe('2000-02-29 2000-03-01');
    expect(ask('on 29/02/1900').spans).toEqual([]);
  });

  test('a week begins on Monday, on a Sunday too', () => {
    expect(likeliest('last week', Date.parse('2025-06-22T12:00:00Z'))).toBe('2025-06-09 2025-06-16');
    expect(likeliest('this week', Date.parse('2025-06-22T12:00:00Z'))).toBe('2025-06-16 2025-06-23');
  });

  test('yesterday is yesterday where the asker is', () => {
    const [span] = timeQuestion('yesterday', { nowMs: Date.parse('2025-06-18T23:30:00Z'), offsetMs: 2 * 3_600_000 }).spans;
    expect(new Date(span?.fromMs ?? 0).toISOString()).toBe('2025-06-17T22:00:00.000Z');
  });
});

describe('words that look like times and are none', () => {
  for (const text of [
    'What did May say about it?',
    'We may go to Paris, right?',
    'This may be the last one.',
    'Is it a book by May Sarton?',
    'Wait a second, who was first?',
    'What do you think of the march of progress?',
    'How did April like June?',
    'Where do we keep the Sun hats and the sat nav?',
    'Who is in room 2023?',
    'Do the 3 of us have 5 2 litre bottles?',
    'What do I do every Monday?',
    'When did I go to Rome?',
    'How far did the apple fall?',
    'Is version 1.2.3.4 out?',
    'What is 192.168.10.12?',
  ]) {
    test(text, () => {
      const { spans, sessions, asOfMs } = ask(text);
      expect({ spans, sessions, asOfMs }).toEqual({ spans: [], sessions: [], asOfMs: undefined });
    });
  }
});

describe('conversations that are told by their order', () => {
  for (const [text, want] of [
    ['What did I tell you in our first conversation?', 'first 1'],
    ['What did we talk about in our first ever chat?', 'first 1'],
    ['What did I tell you when we first met?', 'first 1'],
    ['What did I say in our fourth session?', 'first 4'],
    ['What was session number three about?', 'first 3'],
    ['What did I say the last time we talked?', 'last 1'],
    ['What did I say last time?', 'last 1'],
    ['What was our most recent talk about?', 'last 1'],
    ['What was the second-to-last session about?', 'last 2'],
    ['What did I say in the last but one conversation?', 'last 2'],
    ['What did I say in the session before last?', 'last 2'],
    ['What did we discuss two sessions ago?', 'last 2'],
    ['What was the third-to-last session about?', 'last 3'],
  ] as const) {
    test(text, () => {
      expect(ask(text).sessions.map(({ from, ordinal }) => `${from} ${ordinal}`)).toEqual([want]);
    });
  }

  for (const text of [
    'How was my second session with the physio?',
    'What was the last time I went to the dentist?',
    'Who had the first name Ann?',
  ]) {
    test(`none: ${text}`, () => {
      expect(ask(text).sessions).toEqual([]);
    });
  }
});

describe('what else a question says of time', () => {
  for (const [text, order] of [
    ['What was the first thing I told you about the garden?', 'earliest'],
    ['When did I first mention the thesis?', 'earliest'],
    ['What is the latest with the shop?', 'latest'],
    ['When did I last mention my sister?', 'latest'],
    ['What is my first name?', undefined],
  ] as const) {
    test(`${order ?? 'no order'}: ${text}`, () => {
      expect(ask(text).order).toBe(order);
    });
  }

  test('as of a day, and the latest at the end of a month', () => {
    expect(day(ask('Where did I live as of 1 March?').asOfMs ?? 0)).toBe('2025-03-01');
    expect(day(ask('What was the latest on the shop at the end of May 2024?').asOfMs ?? 0)).toBe('2024-05-31');
    expect(ask('What is my plan as of next week?').asOfMs).toBeUndefined();
  });

  for (const [text, want] of [
    ['Where did I use to live?', true],
    ['What was my old job?', true],
    ['Which phone did I have before?', true],
    ['What did I do previously?', true],
    ['I am used to tea, what do I drink?', false],
    ['How old is my daughter?', false],
    ['Where do I live?', false],
    ['What should I know before we start?', false],
  ] as const) {
    test(`${want ? 'of what was' : 'of what is'}: ${text}`, () => {
      expect(ask(text).isHistorical).toBe(want);
    });
  }

  test('words that tell a time are not looked for; those that people say of it are', () => {
    expect(ask('What did I cook two weeks ago on Friday?').text).not.toMatch(/weeks|Friday/);
    expect(ask('What did I get for Christmas 2023?').text).toContain('Christmas');
  });

  test('what is said tells of times, seen from when it was said', () => {
    const [told] = mentionedTimes('Last weekend we went skiing.', Date.parse('2024-02-27T19:30:00Z'));
    expect(day(told?.fromMs ?? 0)).toBe('2024-02-24');
    expect(mentionedTimes('Nothing of the sort.', NOW)).toEqual([]);
  });
});

describe('whatever comes', () => {
  const words = fc.constantFrom(
    ...'the a of in on last first week day month may march 8 2023 1st between and to - from before after since as ago two half session time we talked spring q3 5/8/2023 monday .'.split(
      ' ',
    ),
  );

  test('no text is refused, and what comes out is bounded and in order', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 60 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(texts, fc.integer({ min: -8.64e15, max: 8.64e15 }), (text, nowMs) => {
        const { spans, sessions, text: rest } = ask(text, nowMs);
        expect(spans.length).toBeLessThan(32);
        expect(sessions.length).toBeLessThan(32);
        expect(rest.length).toBeLessThanOrEqual(text.length + 32);
        for (const { fromMs, toMs, weight, slackMs } of spans) {
          expect(fromMs).toBeLessThan(toMs);
          expect(weight > 0 && weight <= 1 && slackMs >= 0).toBe(true);
        }
      }),
    );
  });

  test('ten thousand dates, a megabyte of one word, and expressions within expressions', () => {
    for (const piece of [
      '8 May 2023, ',
      'the week before ',
      'first week of ',
      'between March and ',
      '1.',
      "a'",
      'ex-',
      'did before ',
      '9',
    ]) {
      expect(ask(piece.repeat(100_000)).spans.length).toBeLessThan(32);
    }
  });
});
