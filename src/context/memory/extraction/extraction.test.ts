import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../../../base/errors.ts';
import { createManualClock } from '../../../base/manual-clock.ts';
import type { RecordStore } from '../../../stores/record/record-store.ts';
import { openSqliteRecords } from '../../../stores/record/sqlite-records.ts';
import { contextConfig } from '../../context-config.ts';
import type { AskRequest } from '../../context-models.ts';
import type { MemoryPartition } from '../memory.ts';
import { createMemoryEngine } from '../memory-engine.ts';

const ANNA: MemoryPartition = { tenant: 't', kind: 'memory', name: 'anna' };

type Answer = string | Error | ((request: AskRequest) => string);

function stage(answers: Answer[], settings: Readonly<Record<string, unknown>> = {}, records: RecordStore = openSqliteRecords(':memory:')) {
  const clock = createManualClock();
  const asked: AskRequest[] = [];
  const config = { ...contextConfig.parse({ memory: { extraction: { model: 'm', wait: '0s', ...settings } } }).memory, indexBytesMax: 1e9 };
  const ask = async (request: AskRequest) => {
    asked.push(request);
    const answer = answers.shift() ?? '{"notes":[]}';
    if (answer instanceof Error) throw answer;
    return { text: typeof answer === 'string' ? answer : answer(request), isWhole: true };
  };
  const engine = createMemoryEngine(config, { records, clock, pause: async () => {}, ask });
  const say = (text: string, session = 's') => engine.remember(ANNA, { turns: [{ role: 'user', text }], session, infer: true });
  const facts = async () => (await engine.list(ANNA, { limit: 100 })).memories.map(({ text }) => text).sort();
  return { engine, clock, asked, records, say, facts };
}

function notes(...list: readonly Readonly<Record<string, unknown>>[]): string {
  return JSON.stringify({ notes: list });
}

const SKI = {
  text: 'The user went skiing in Davos with her brother Emil in March 2024.',
  kind: 'event',
  turns: [1],
  replaces: [],
  date: '2024-03-09',
};

describe('facts that a model draws', () => {
  test('are kept with the turns that say so, and asked for once', async () => {
    const { engine, say, asked } = stage([`Sure! \`\`\`json\n${notes(SKI)}\n\`\`\``]);
    const { turns } = await say('Emil came along to Davos, it was lovely on the slopes.');
    expect(engine.unextracted).toBe(1);
    await engine.extract();
    await engine.extract();
    expect(asked).toHaveLength(1);
    expect(engine.unextracted).toBe(0);
    const { memories } = await engine.list(ANNA, { limit: 10 });
    const note = memories.find(({ text }) => text === SKI.text);
    expect(note).toMatchObject({ kind: 'event', sources: turns, eventMs: Date.UTC(2024, 2, 9) });
  });

  test('what it says ended is closed, and nothing that is immutable', async () => {
    const replaceAll = (request: AskRequest): string => {
      const { known } = JSON.parse(request.messages[1]?.content ?? '') as { known: { note: number; text: string }[] };
      return notes({ text: 'The user lives in Oslo.', kind: 'profile', turns: [1], replaces: known.map(({ note }) => note) });
    };
    const { engine, say, clock } = stage([notes(), replaceAll]);
    await engine.remember(ANNA, {
      turns: [{ role: 'user', text: 'Anna is a customer in Oslo' }],
      session: 'x',
      infer: false,
      immutable: true,
    });
    await say('I live in Bergen.');
    await engine.extract();
    clock.advance(1_000);
    await say('The boxes are unpacked, Oslo it is, Bergen was too wet.', 'later');
    await engine.extract();
    const { memories } = await engine.list(ANNA, { limit: 20 });
    expect(memories.find(({ text }) => text === 'I live in Bergen.')?.supersededBy).toBeDefined();
    expect(memories.find(({ immutable }) => immutable === true)?.validToMs).toBeUndefined();
  });

  test('what has nothing to do with it, or was said in the same breath, is not ended by a note', async () => {
    const replaceAll = (request: AskRequest): string => {
      const { known } = JSON.parse(request.messages[1]?.content ?? '') as { known: { note: number }[] };
      return notes({ text: 'The user has a new bicycle.', kind: 'fact', turns: [1], replaces: known.map(({ note }) => note) });
    };
    const { engine, say, clock } = stage([notes(), replaceAll]);
    await say("I'm allergic to penicillin.");
    await engine.extract();
    clock.advance(1_000);
    await say('I love my new bicycle. I live in Ghent.', 'later');
    await engine.extract();
    const { memories } = await engine.list(ANNA, { limit: 20 });
    expect(memories).toHaveLength(4);
    expect(memories.every(({ validToMs }) => validToMs === undefined)).toBe(true);
  });

  for (const { name, answer } of [
    { name: 'no JSON', answer: 'I would rather not.' },
    { name: 'another shape', answer: '{"memories":["x"]}' },
    { name: 'an array', answer: '[1,2,3]' },
    { name: 'a bomb of brackets', answer: '{"notes":'.padEnd(300_000, '[') },
    { name: 'nothing', answer: '' },
  ]) {
    test(`${name} for an answer is asked again once, and then left`, async () => {
      const { engine, say, asked, facts } = stage([answer, answer]);
      await say('Hello there, how are things?');
      await engine.extract();
      await engine.extract();
      expect(asked).toHaveLength(2);
      expect(await facts()).toEqual([]);
    });
  }

  test('of a hostile answer nothing is kept that is not of the shape and about the turns', async () => {
    const { engine } = stage([
      notes(
        { text: `Hello there. ${'x'.repeat(5_000)}`, kind: 'system', turns: [1], replaces: ['all'] },
        { text: 'Lantern.', kind: 'fact', turns: [1], replaces: [] },
        { text: 'No turn says so.', kind: 'fact', turns: [99], replaces: [] },
        { text: 'The assistant said so.', kind: 'fact', turns: [2], replaces: [] },
        { text: 7, kind: 'fact', turns: [1], replaces: [] },
        { kind: 'fact' },
      ),
    ]);
    await engine.remember(ANNA, {
      session: 's',
      infer: true,
      turns: [
        { role: 'user', text: 'Hello there, how are things?' },
        { role: 'assistant', text: 'Fine.' },
      ],
    });
    await engine.extract();
    const { memories } = await engine.list(ANNA, { limit: 10 });
    expect(memories.map(({ kind, text }) => [kind, text.length])).toEqual([['fact', 600]]);
  });

  test('turns go on waiting while the model cannot be asked, and what it refuses is left', async () => {
    const down = new GatewayError('upstream_timeout', 'down');
    const refused = new GatewayError('request_invalid', 'against the rules');
    const { engine, say, asked } = stage([down, down, refused, refused]);
    await say('Hello there, how are things?');
    expect(await engine.extract().catch(String)).toContain('down');
    expect(engine.unextracted).toBe(1);
    await engine.extract();
    expect(engine.unextracted).toBe(0);
    expect(asked).toHaveLength(4);
  });

  test('turns wait for more of them, but not for long', async () => {
    const { engine, say, asked, clock } = stage([], { wait: '1m', batch: 2 });
    await say('Hello there, how are things?');
    await engine.extract();
    expect(asked).toEqual([]);
    clock.advance(60_000);
    await engine.extract();
    expect(asked).toHaveLength(1);
    await say('It rains.');
    await say('It still rains.');
    await engine.extract();
    expect(asked).toHaveLength(2);
  });

  test('no more than the day allows', async () => {
    const { engine, say, asked, clock } = stage([], { batch: 1, calls_per_day: 2 });
    for (const word of ['one', 'two', 'three']) await say(`Number ${word} it is, by the way.`);
    await engine.extract();
    expect(asked).toHaveLength(2);
    expect(engine.unextracted).toBe(1);
    clock.advance(86_400_000);
    await engine.extract();
    expect(asked).toHaveLength(3);
    expect(engine.unextracted).toBe(0);
  });

  test('no more tokens than the day allows', async () => {
    const { engine, say, asked } = stage([], { tokens_per_day: 1_000 });
    await say('Hello there, how are things?');
    await engine.extract();
    expect(asked).toEqual([]);
  });

  test('after a crash between any two calls of the store, nothing is lost and nothing is doubled', async () => {
    for (let crashAt = 1; crashAt < 12; crashAt += 1) {
      const records = openSqliteRecords(':memory:');
      const first = stage([notes(SKI), notes(SKI)], {}, failingAt(records, Infinity));
      await first.say('Emil came along to Davos, it was lovely on the slopes.');
      const broken = stage([notes(SKI), notes(SKI)], {}, failingAt(records, crashAt));
      await broken.engine.extract().catch(() => undefined);
      const after = stage([notes(SKI)], {}, records);
      after.clock.advance(600_000);
      await after.engine.extract();
      expect((await after.facts()).filter((text) => text === SKI.text)).toHaveLength(1);
      expect(after.engine.unextracted).toBe(0);
    }
  });
});

/** The store of a process that dies before its nth call: nothing of that call or of any later one arrives. */
function failingAt(records: RecordStore, nth: number): RecordStore {
  let calls = 0;
  return new Proxy(records, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...given: unknown[]) => {
        calls += 1;
        if (calls >= nth) throw new GatewayError('storage_unavailable', 'gone');
        return Reflect.apply(method, target, given) as unknown;
      };
    },
  });
}
