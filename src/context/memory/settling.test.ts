/* What becomes of earlier facts when a later one is told: through the engine, as users meet it. */

import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import { contextConfig } from '../context-config.ts';
import type { Memory, MemoryPartition, RememberRequest } from './memory.ts';
import { createMemoryEngine } from './memory-engine.ts';

const ANNA: MemoryPartition = { tenant: 't', kind: 'memory', name: 'anna' };
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2025, 0, 1);

function stage() {
  const clock = createManualClock(START_MS + 300 * DAY_MS);
  const config = { ...contextConfig.parse({}).memory, indexBytesMax: 1e9 };
  const engine = createMemoryEngine(config, { records: openSqliteRecords(':memory:'), clock, pause: async () => {} });
  const tell = (day: number, text: string, more: Partial<RememberRequest> = {}) =>
    engine.remember(ANNA, {
      session: `day ${day}`,
      firstTurn: 0,
      infer: true,
      turns: [{ role: 'user', text, saidMs: START_MS + day * DAY_MS }],
      ...more,
    });
  const facts = async (): Promise<Memory[]> =>
    [...(await engine.list(ANNA, { limit: 100 })).memories].sort((a, b) => a.validFromMs - b.validFromMs);
  const current = async (): Promise<string[]> => (await facts()).filter(({ validToMs }) => validToMs === undefined).map(({ text }) => text);
  return { engine, tell, facts, current };
}

describe('a later fact', () => {
  for (const { name, told, left } of [
    { name: 'of one attribute ends the earlier', told: ['I live in Ghent.', 'I live in Liège.'], left: ['I live in Liège.'] },
    { name: 'of several values ends none', told: ['I love jazz.', 'I love techno.'], left: ['I love jazz.', 'I love techno.'] },
    { name: 'against the same taste ends it', told: ['I love olives.', 'I hate olives.'], left: ['I hate olives.'] },
    { name: 'that names what ended ends it', told: ['I do karate twice a week.', 'I quit karate.'], left: ['I quit karate.'] },
    {
      name: 'with another date ends the one before',
      told: ['The recital is on May 3.', 'The recital is on May 10.'],
      left: ['The recital is on May 10.'],
    },
    {
      name: 'of another matter ends nothing',
      told: ['The recital is on May 3.', 'The exam is on May 10.'],
      left: ['The recital is on May 3.', 'The exam is on May 10.'],
    },
    {
      name: 'of another person ends nothing',
      told: ['My sister lives in Cork.', 'My brother lives in Bonn.'],
      left: ['My sister lives in Cork.', 'My brother lives in Bonn.'],
    },
    {
      name: 'with the same value is the same memory',
      told: ['I live in Ghent.', 'I live in Ghent, Belgium.'],
      left: ['I live in Ghent.'],
    },
    {
      name: 'of a taste that was left out stays',
      told: ['I like milk in my tea.', 'I like no milk in my tea.'],
      left: ['I like milk in my tea.', 'I like no milk in my tea.'],
    },
  ]) {
    test(name, async () => {
      const { tell, current } = stage();
      for (const [day, text] of told.entries()) await tell(day, text);
      expect(await current()).toEqual(left);
    });
  }

  test('that arrives first is not ended by the older one that arrives after it', async () => {
    const { tell, current, facts } = stage();
    await tell(9, 'I live in Liège.');
    await tell(2, 'I live in Ghent.');
    expect(await current()).toEqual(['I live in Liège.']);
    const [older, newer] = await facts();
    expect(older).toMatchObject({ validToMs: START_MS + 9 * DAY_MS, supersededBy: newer?.id ?? '' });
    expect(newer?.supersedes).toEqual([older?.id ?? '']);
  });

  test('between two takes its place in the row', async () => {
    const { tell, facts } = stage();
    for (const [day, city] of [
      [1, 'Ghent'],
      [9, 'Liège'],
      [5, 'Namur'],
    ] as const)
      await tell(day, `I live in ${city}.`);
    expect((await facts()).map(({ value, validToMs }) => [value, validToMs])).toEqual([
      ['ghent', START_MS + 5 * DAY_MS],
      ['namur', START_MS + 9 * DAY_MS],
      ['liège', undefined],
    ]);
  });

  test('that says again what had ended is a memory of its own', async () => {
    const { tell, facts } = stage();
    await tell(1, 'I live in Ghent.');
    await tell(2, 'I live in Liège.');
    await tell(3, 'I live in Ghent.');
    expect((await facts()).map(({ value, validToMs }) => [value, validToMs === undefined])).toEqual([
      ['ghent', false],
      ['liège', false],
      ['ghent', true],
    ]);
  });

  test('never ends what is immutable, nor what another agent was told', async () => {
    const { tell, current } = stage();
    await tell(1, 'I live in Ghent.', { immutable: true });
    await tell(2, 'I live in Bruges.', { agent: 'a' });
    await tell(3, 'I live in Liège.');
    expect(await current()).toEqual(['I live in Ghent.', 'I live in Bruges.', 'I live in Liège.']);
  });

  test('is told with what it came in the place of', async () => {
    const { tell, engine } = stage();
    await tell(1, 'I live in Ghent.');
    const { events } = await tell(2, 'I live in Liège.');
    expect(events.map(({ event, memory, previous }) => [event, memory, previous])).toEqual([
      ['ADD', 'I live in Liège.', 'I live in Ghent.'],
    ]);
    const old = (await engine.list(ANNA, { limit: 9 })).memories.find(({ value }) => value === 'ghent');
    expect((await engine.history(ANNA, old?.id ?? '')).map(({ event, memory }) => [event, memory])).toEqual([
      ['ADD', 'I live in Ghent.'],
      ['UPDATE', 'I live in Liège.'],
    ]);
  });
});

describe('the profile lane', () => {
  test('tells what is so now, in the order in which it was said', async () => {
    const { tell, engine } = stage();
    await tell(1, 'I live in Ghent.');
    await tell(2, 'I love jazz.');
    await tell(3, 'I live in Liège.');
    await tell(4, 'Our gate opens with the blue fob.');
    expect((await engine.profile(ANNA, 300)).map(({ text }) => text)).toEqual(['I love jazz.', 'I live in Liège.']);
  });

  test('drops the lightest and oldest when not all fits, and nothing when it may tell nothing', async () => {
    const { tell, engine } = stage();
    await tell(0, "I'm allergic to penicillin.");
    for (let day = 1; day < 40; day += 1) await tell(day, `I love song number ${day} by the band.`);
    const lane = await engine.profile(ANNA, 60);
    expect(lane[0]?.text).toBe("I'm allergic to penicillin.");
    expect(lane.at(-1)?.text).toBe('I love song number 39 by the band.');
    expect(lane.length).toBeLessThan(8);
    expect(await engine.profile(ANNA, 0)).toEqual([]);
  });
});

describe('what is not the user’s word', () => {
  test('a block of ours that comes back is not remembered', async () => {
    const { tell, engine } = stage();
    const block = '<gatehouse-context-abcdefghijklmnop>\nAbout the user:\n> I live in Ghent.\n</gatehouse-context-abcdefghijklmnop>';
    await tell(1, `${block}\nI live in Liège.`);
    const { memories } = await engine.list(ANNA, { limit: 9, kinds: ['turn', 'profile'] });
    expect(memories.map(({ text }) => text)).toEqual(['I live in Liège.', 'I live in Liège.']);
  });
});
