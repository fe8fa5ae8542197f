import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../../base/manual-clock.ts';
import { openSqliteRecords } from '../../stores/record/sqlite-records.ts';
import { contextConfig } from '../context-config.ts';
import type { MemoryPartition, RememberRequest } from './memory.ts';
import { createMemoryEngine } from './memory-engine.ts';

const ANNA: MemoryPartition = { tenant: 't', kind: 'memory', name: 'anna' };
const BEN: MemoryPartition = { tenant: 't', kind: 'memory', name: 'ben' };
const DAY_MS = 86_400_000;

function stage(settings: Readonly<Record<string, unknown>> = {}) {
  const clock = createManualClock();
  const records = openSqliteRecords(':memory:');
  const config = { ...contextConfig.parse({ memory: settings }).memory, indexBytesMax: 1e9 };
  const engine = createMemoryEngine(config, { records, clock, pause: async () => {} });
  const say = (text: string, more: Partial<RememberRequest> = {}) =>
    engine.remember(ANNA, { turns: [{ role: 'user', text }], session: 's', infer: true, ...more });
  return { clock, records, engine, say };
}

describe('what is remembered', () => {
  test('turns are kept word for word, in their order', async () => {
    const { engine } = stage();
    const { turns } = await engine.remember(ANNA, {
      session: 's',
      infer: true,
      turns: [
        { role: 'user', text: ' Hello there ' },
        { role: 'assistant', text: 'Hi!' },
      ],
    });
    const { memories } = await engine.list(ANNA, { limit: 10, kinds: ['turn'] });
    expect(turns).toHaveLength(2);
    expect(memories.map(({ text, turn, role }) => `${turn} ${role}: ${text}`).sort()).toEqual(['0 user: Hello there', '1 assistant: Hi!']);
  });

  test('without a place, a turn comes after what is there', async () => {
    const { engine, say } = stage();
    await say('One.');
    const { turns } = await say('Two.');
    expect((await engine.get(ANNA, turns[0] ?? ''))?.turn).toBe(1);
  });

  test('the same turn twice is one; other words at its place are another, and the later counts', async () => {
    const { engine, say, clock } = stage();
    const first = await say('My train leaves at nine.', { firstTurn: 4 });
    const again = await say('My train leaves at nine.', { firstTurn: 4 });
    clock.advance(1_000);
    const edited = await say('My train leaves at ten.', { firstTurn: 4 });
    expect(again.turns).toEqual(first.turns);
    const { memories } = await engine.list(ANNA, { limit: 10, kinds: ['turn'] });
    expect(memories).toHaveLength(2);
    expect((await engine.get(ANNA, first.turns[0] ?? ''))?.supersededBy).toBe(edited.turns[0] ?? 'none');
  });

  test('a place that the caller has counted is held against what is there, also by many at once', async () => {
    const { engine, say } = stage();
    await say('My name is Ann.', { counted: { place: 0 } });
    await say('I live in Rome.', { counted: { place: 2, before: { place: 0, text: 'my name is  Ann.' } } });
    // Sent once more, and by a client that sends its last turn alone.
    await say('I live in Rome.', { counted: { place: 2, before: { place: 0, text: 'My name is Ann.' } } });
    await Promise.all(['And a dog.', 'And a cat.'].map((text) => say(text, { counted: { place: 0 } })));
    const { memories } = await engine.list(ANNA, { limit: 10, kinds: ['turn'] });
    expect(memories.map(({ turn, text }) => `${turn} ${text}`).sort()).toEqual([
      '0 My name is Ann.',
      '2 I live in Rome.',
      '3 And a dog.',
      '4 And a cat.',
    ]);
    const error = await engine
      .remember(ANNA, { turns: [], session: 's', infer: true, counted: { place: -1 } })
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'request_invalid' });
  });

  test('a turn that waits for its place and comes again is one; the same words at another time are said again', async () => {
    const { engine, say } = stage();
    const late = (text: string, saidMs: number) => ({ turns: [{ role: 'user' as const, text, saidMs }], mayWait: true });
    const first = await say('', late('Tea, please.', 1_000));
    await say('', late('And cake.', 2_000));
    expect((await say('', late('Tea, please.', 1_000))).turns).toEqual(first.turns);
    await say('', late('Tea, please.', 3_000));
    const { memories } = await engine.list(ANNA, { limit: 10, kinds: ['turn'] });
    expect(memories.map(({ turn, text }) => `${turn} ${text}`).sort()).toEqual(['0 Tea, please.', '1 And cake.', '2 Tea, please.']);
  });

  test('what is given without inferring is a fact as it is', async () => {
    const { engine, say } = stage();
    const { turns, events } = await say('Call the plumber', { infer: false, metadata: { source: 'crm' } });
    const { memories } = await engine.list(ANNA, { limit: 10 });
    expect(memories.map(({ id, kind, text, metadata }) => ({ id, kind, text, metadata }))).toEqual([
      { id: turns[0] ?? '', kind: 'fact', text: 'Call the plumber', metadata: { source: 'crm' } },
    ]);
    expect(events.map(({ event }) => event)).toEqual(['ADD']);
  });

  test('what an assistant says is no fact about the user', async () => {
    const { engine } = stage();
    await engine.remember(ANNA, { session: 's', infer: true, turns: [{ role: 'assistant', text: 'I love sushi.' }] });
    expect((await engine.list(ANNA, { limit: 10 })).memories).toEqual([]);
  });

  test('the same fact said again is one memory with both turns', async () => {
    const { engine, say } = stage();
    await say('I love sushi.');
    const { events } = await say('I love  SUSHI!', { session: 'other' });
    const { memories } = await engine.list(ANNA, { limit: 10 });
    expect(events.map(({ event }) => event)).toEqual(['NONE']);
    expect(memories).toHaveLength(1);
    expect(memories[0]?.sources).toHaveLength(2);
  });
});

describe('what becomes of it', () => {
  test('an edit keeps what it was', async () => {
    const { engine, say, clock } = stage();
    const { turns } = await say('Call the plumber', { infer: false });
    const id = turns[0] ?? '';
    clock.advance(5);
    const changed = await engine.update(ANNA, id, { text: 'Call the electrician', metadata: { done: true } });
    expect(changed?.text).toBe('Call the electrician');
    expect((await engine.history(ANNA, id)).map(({ event, memory, previous }) => [event, memory, previous])).toEqual([
      ['ADD', 'Call the plumber', undefined],
      ['UPDATE', 'Call the electrician', 'Call the plumber'],
    ]);
    expect(await engine.update(ANNA, 'no such', { text: 'x' })).toBeUndefined();
  });

  test('who deletes a fact deletes the turns that tell it', async () => {
    const { engine, say, records } = stage();
    const { turns } = await say('I love sushi.');
    const [fact] = (await engine.list(ANNA, { limit: 10 })).memories;
    expect(await engine.delete(ANNA, [fact?.id ?? ''])).toBe(1);
    expect(await engine.get(ANNA, turns[0] ?? '')).toBeUndefined();
    const { records: left } = await records.changes(ANNA, 0, 100);
    expect(left.every(({ body }) => body === null)).toBe(true);
  });

  test('a filter deletes what fits it, and nothing else', async () => {
    const { engine, say } = stage();
    await say('One.', { run: 'a' });
    await say('Two.', { run: 'b' });
    expect(await engine.deleteMatching(ANNA, { run: 'a' })).toBe(1);
    expect((await engine.list(ANNA, { limit: 10, kinds: ['turn'] })).memories.map(({ text }) => text)).toEqual(['Two.']);
  });

  test('erasing a user leaves nothing, and others alone', async () => {
    const { engine, say, records } = stage();
    await say('I love sushi.');
    await engine.remember(BEN, { session: 's', infer: true, turns: [{ role: 'user', text: 'I hate sushi.' }] });
    const [fact] = (await engine.list(ANNA, { limit: 1 })).memories;
    await engine.update(ANNA, fact?.id ?? '', { text: 'I adore sushi' });
    expect(await engine.erase(ANNA)).toEqual({ memories: 1, turns: 1, history: 1 });
    expect((await records.changes(ANNA, 0, 10)).records).toEqual([]);
    expect((await engine.list(BEN, { limit: 10 })).memories).toHaveLength(1);
  });

  test('pages are newest first and miss nothing', async () => {
    const { engine, say, clock } = stage();
    for (let number = 0; number < 25; number += 1) {
      await say(`Note ${number}`, { infer: false });
      if (number % 3 === 0) clock.advance(1);
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await engine.list(ANNA, { limit: 7, ...(after === undefined ? {} : { after }) });
      seen.push(...page.memories.map(({ text }) => text));
      after = page.next;
    } while (after !== undefined);
    expect(new Set(seen).size).toBe(25);
    expect(seen[0]).toBe('Note 24');
  });

  test('what has expired is hidden, and then deleted for good', async () => {
    const { engine, say, clock, records } = stage();
    const { turns } = await say('The code of the week is blue', { infer: false, expiresMs: clock.now() + DAY_MS });
    await say('I love sushi.');
    expect(await engine.sweep()).toBe(0);
    clock.advance(DAY_MS);
    expect(await engine.get(ANNA, turns[0] ?? '')).toBeUndefined();
    expect((await engine.list(ANNA, { limit: 10 })).memories).toHaveLength(1);
    expect(await engine.sweep()).toBe(1);
    expect(await records.get(ANNA, turns)).toEqual([]);
  });

  test('nothing is kept longer than the retention', async () => {
    const { engine, say, clock } = stage({ retention: '10d' });
    await say('I love sushi.');
    clock.advance(9 * DAY_MS);
    await say('I hate olives.');
    expect(await engine.sweep()).toBe(0);
    clock.advance(2 * DAY_MS);
    expect(await engine.sweep()).toBe(2);
    expect((await engine.list(ANNA, { limit: 10 })).memories.map(({ text }) => text)).toEqual(['I hate olives.']);
  });

  test('a touch is noted without changing the memory', async () => {
    const { engine, say, clock } = stage();
    const { turns } = await say('Call the plumber', { infer: false });
    clock.advance(7);
    await engine.touch(ANNA, [...turns, 'no such']);
    const memory = await engine.get(ANNA, turns[0] ?? '');
    expect(memory?.touchesMs).toEqual([clock.now()]);
    await engine.update(ANNA, turns[0] ?? '', { text: 'Call him' });
    expect((await engine.get(ANNA, turns[0] ?? ''))?.touchesMs).toEqual([clock.now()]);
  });

  describe('uses of memories', () => {
    const idsOf = async (records: ReturnType<typeof stage>['records']) => {
      const { records: found } = await records.changes(ANNA, 0, 100);
      return found.filter(({ kind, body }) => kind === 'touches' && body !== null).map(({ id }) => id);
    };

    const written = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    };

    test('of a moment are written together, and not by whoever waits for a change', async () => {
      const { engine, say, clock, records } = stage();
      const { turns } = await say('Call the plumber', { infer: false });
      await engine.touch(ANNA, turns);
      const more = await say('I like tea.', { infer: false });
      await engine.touch(ANNA, [...turns, ...more.turns]);
      const { head } = await records.changes(ANNA, 0, 1);
      clock.advance(1_999);
      await written();
      expect(await idsOf(records)).toEqual([]);
      clock.advance(1);
      await written();
      expect(await idsOf(records)).toEqual([...turns, ...more.turns].map((id) => `u:${id}`));
      expect((await records.changes(ANNA, 0, 1)).head).toBe(head + 2);
      clock.advance(60_000);
      await written();
      expect((await records.changes(ANNA, 0, 1)).head).toBe(head + 2);
    });

    test('that come while others are written are written too', async () => {
      const { engine, say, clock, records } = stage();
      const { turns } = await say('Call the plumber', { infer: false });
      const more = await say('I like tea.', { infer: false });
      await engine.touch(ANNA, turns);
      clock.advance(2_000);
      await engine.touch(ANNA, more.turns);
      await written();
      clock.advance(2_000);
      await written();
      expect(await idsOf(records)).toEqual([...turns, ...more.turns].map((id) => `u:${id}`));
    });

    test('are written before an end', async () => {
      const { engine, say, records } = stage();
      const { turns } = await say('Call the plumber', { infer: false });
      await engine.touch(ANNA, turns);
      await engine[Symbol.asyncDispose]();
      expect(await idsOf(records)).toEqual([`u:${turns[0] ?? ''}`]);
    });

    test('leave nothing of what is deleted or erased meanwhile', async () => {
      const { engine, say, clock, records } = stage();
      const { turns } = await say('Call the plumber', { infer: false });
      const kept = await say('I like tea.', { infer: false });
      await engine.touch(ANNA, [...turns, ...kept.turns]);
      await engine.delete(ANNA, turns);
      clock.advance(2_000);
      await written();
      expect(await idsOf(records)).toEqual([`u:${kept.turns[0] ?? ''}`]);
      await engine.touch(ANNA, kept.turns);
      await engine.erase(ANNA);
      clock.advance(2_000);
      await written();
      await engine[Symbol.asyncDispose]();
      expect((await records.changes(ANNA, 0, 100)).records).toEqual([]);
    });
  });
});
