import { describe, expect, test } from 'bun:test';
import type { Statement } from '../statement.ts';
import { statementsOf } from './rules.ts';
import { sentencesOf } from './sentences.ts';

function found(text: string): readonly Statement[] {
  return statementsOf({ text, eventMs: 0 });
}

describe('what rules draw', () => {
  for (const { text, kind, attribute, value } of [
    { text: "I can't stand crowded beaches.", kind: 'preference', attribute: 'dislikes', value: 'crowded beaches' },
    { text: "I'm severely allergic to shellfish, sadly.", kind: 'preference', attribute: 'allergy', value: 'shellfish' },
    { text: 'i really prefer trains over planes', kind: 'preference', attribute: 'prefers', value: 'trains' },
    { text: 'My favourite composer is Clara Schumann.', kind: 'preference', attribute: 'favourite composer', value: 'clara schumann' },
    { text: 'We’re vegan.', kind: 'preference', attribute: 'diet', value: 'vegan' },
    { text: 'I never work on Fridays.', kind: 'preference', attribute: 'habit', value: undefined },
    { text: 'Hi, my name is Zoë Brandt!', kind: 'profile', attribute: 'name', value: 'zoë brandt' },
    { text: "I'm 34 years old.", kind: 'profile', attribute: 'age', value: '34' },
    { text: 'I moved to San Sebastián last spring.', kind: 'profile', attribute: 'city', value: 'san sebastián' },
    { text: "I'm originally from New Zealand.", kind: 'profile', attribute: 'origin', value: 'new zealand' },
    { text: 'I work as a paediatric nurse in a small clinic.', kind: 'profile', attribute: 'job', value: 'paediatric nurse' },
    { text: "I'm an electrician.", kind: 'profile', attribute: 'job', value: 'electrician' },
    { text: 'I work for Acme Corp.', kind: 'profile', attribute: 'employer', value: 'acme corp' },
    { text: 'We have two kids.', kind: 'profile', attribute: 'children', value: 'two' },
    { text: 'My sister is called Mina.', kind: 'profile', attribute: "sister's name", value: 'mina' },
    { text: 'I speak Dutch and Farsi.', kind: 'profile', attribute: 'language', value: 'dutch and farsi' },
    { text: 'Please always answer in German.', kind: 'instruction', attribute: 'language of answers', value: 'german' },
    { text: 'Call me Sam.', kind: 'instruction', attribute: 'form of address', value: 'sam' },
    { text: 'From now on, keep your answers short.', kind: 'instruction', attribute: 'instruction', value: undefined },
    { text: 'Our landlord is Mr. Petrov.', kind: 'fact', attribute: 'landlord.name', value: 'mr. petrov' },
    { text: 'The audition is on June 4.', kind: 'fact', attribute: 'audition.when', value: 'june 4' },
  ]) {
    test(`of “${text}”: ${kind}, ${attribute}`, () => {
      const [first] = found(text);
      expect(first).toMatchObject({ kind: kind as Statement['kind'], attribute });
      if (value !== undefined) expect(first?.value?.replace(/^on /, '')).toBe(value);
    });
  }

  for (const text of [
    'Do you like sushi?',
    'What should I cook tonight?',
    'Can you make it shorter, please?',
    'Translate "I love you" into French.',
    'Thanks, I love it!',
    'I like your idea.',
    'Wow, that looks great.',
    'Write a story: ```I hate Mondays.```',
    '> I am allergic to nuts',
    '',
    '🙂',
    '…',
  ]) {
    test(`nothing that would always be told of “${text}”`, () => {
      expect(found(text).filter(({ kind }) => kind !== 'fact')).toEqual([]);
    });
  }

  for (const { text, ends } of [
    { text: 'I switched from Gmail to Fastmail.', ends: 'Gmail' },
    { text: 'I no longer eat dairy.', ends: 'eat dairy' },
    { text: "I don't play chess any more.", ends: 'play chess' },
    { text: 'We got rid of the piano.', ends: 'piano' },
    { text: 'I used to live in Turin, now I live in Milan.', ends: 'Turin' },
    { text: 'Marta left, so Luis is our coach now.', ends: 'Marta' },
    { text: 'I take the tram instead of the bus.', ends: 'bus' },
  ]) {
    test(`that “${text}” ends “${ends}”`, () => {
      expect(found(text).flatMap((statement) => statement.ends ?? [])).toContain(ends);
    });
  }

  test('two sentences of news are one', () => {
    const [statement, ...others] = found('Croatia is off. We booked a cottage in Wales.');
    expect(statement?.text).toBe('Croatia is off. We booked a cottage in Wales.');
    expect(statement?.ends).toContain('Croatia');
    expect(others).toEqual([]);
  });

  test('of a long text only so many, and of a pasted one nothing', () => {
    expect(found('I love tea. '.repeat(2_000)).length).toBeLessThanOrEqual(20);
    expect(found(`I love ${'very '.repeat(200)}strong tea.`)).toEqual([]);
  });

  for (const text of [
    'I '.repeat(3_000),
    `I ${'really '.repeat(60)}`,
    `I ${'a '.repeat(190)}`,
    `${'my '.repeat(130)}is`,
    '\u0000\ud800\udfff I love \ud83d',
    `${'('.repeat(400)}`,
    `I live in ${'A'.repeat(380)}`,
    `The ${'a-'.repeat(190)} is`,
    'Hey Ann! '.repeat(600),
  ]) {
    test(`an end, whatever comes: ${JSON.stringify(text.slice(0, 20))}`, () => {
      expect(Array.isArray(found(text))).toBe(true);
    });
  }
});

describe('sentences', () => {
  for (const { text, want } of [
    { text: 'I saw Dr. Kaur at 9.30 a.m. today. It was fine!', want: ['I saw Dr. Kaur at 9.30 a.m. today.', 'It was fine!'] },
    { text: 'Hey Mel! I live in Rome.', want: ['I live in Rome.'] },
    { text: 'I live in Rome, Mel.', want: ['I live in Rome, Mel.'] },
    { text: 'I got a new job, Mel!', want: ['I got a new job!'] },
    { text: '- one thing\n- another thing', want: ['one thing', 'another thing'] },
  ]) {
    test(`of ${JSON.stringify(text)}`, () => {
      expect(sentencesOf(text).map((sentence) => sentence.text)).toEqual(want);
    });
  }
});
