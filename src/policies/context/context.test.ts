/* What becomes of a chat when what it leans on is slow, fails, or lies. */
import { describe, expect, test } from 'bun:test';
import {
  BOTH,
  COLLECTION,
  chunk,
  memory,
  NEVER_COMES,
  passDeadline,
  QUESTION,
  run,
  type Setup,
  setup,
} from '../../../test/context/context-stage.ts';
import { GatewayError } from '../../base/errors.ts';
import { contextFact } from '../../pipeline/facts.ts';

describe('without a wish', () => {
  test('nothing is looked up, and the request is the very same', async () => {
    const { ask } = setup({ memory: { profile: () => Promise.reject(new Error('asked')) } });
    const { answered, exchange, seen, bytes } = await ask(QUESTION);
    await answered;
    expect(seen[0]?.operation?.bytes).toBe(bytes);
    expect([exchange.peek(contextFact), exchange.replyHeaders]).toEqual([undefined, {}]);
  });

  test('a word in the conversation that looks like one is none', async () => {
    const body = { messages: [{ role: 'user', content: 'What is "gatehouse"?' }] };
    const { seen, answered, bytes } = await setup().ask(body);
    await answered;
    expect(seen[0]?.operation?.bytes).toBe(bytes);
  });
});

describe('what was found', () => {
  test('is told, counted and shown', async () => {
    const { sent, context, exchange, remembered, touched } = await run({
      memory: {
        profile: async () => [memory('p', 'I am a vegetarian.')],
        recall: async () => ({ memories: [{ memory: memory('m', 'I live in Rome.'), score: 0.9, parts: {} }], leftOut: [] }),
      },
      knowledge: { search: async () => ({ chunks: [chunk('Rome is a city.')], leftOut: [] }) },
    });
    expect(sent).toContain('> I am a vegetarian.');
    expect(sent).toContain('> I live in Rome.');
    expect(sent).toContain('> Rome is a city.');
    expect(context).toMatchObject({ skipped: [], leftOut: [], saved: 'stored', memories: [{ text: 'I live in Rome.', score: 0.9 }] });
    expect(context?.documents[0]?.metadata).toMatchObject({ source: 'a.md', team: 'web', file_id: 'doc_1', collection_id: 'vs_1' });
    expect(exchange.replyHeaders).toEqual({
      'x-gatehouse-memory': 'injected=2;saved=stored',
      'x-gatehouse-context': 'profile=1;memories=1;documents=1',
    });
    expect(remembered).toMatchObject([
      {
        turns: [
          { role: 'user', text: 'Where do I live?' },
          { role: 'assistant', text: 'Fine.' },
        ],
        counted: { place: 0 },
        infer: true,
      },
    ]);
    expect(touched).toEqual([['p', 'm']]);
  });

  test('counts as used once in a conversation', async () => {
    const found = { profile: async () => [memory('p', 'I am a vegetarian.')] };
    const { ask, touched } = setup({ memory: found });
    for (const session of ['one', 'one', 'two']) {
      const { answered } = await ask(QUESTION, { headers: { 'x-gatehouse-context': `memory=read; user=alice; session=${session}` } });
      await answered;
    }
    expect(touched).toEqual([['p'], ['p']]);
  });

  test('is looked for from within the conversation: "last time" is the one before it', async () => {
    const asked: unknown[] = [];
    const { ask } = setup({
      memory: {
        recall: async (_partition, request) => {
          asked.push(request);
          return { memories: [], leftOut: [] };
        },
      },
    });
    await (await ask(QUESTION, { headers: { 'x-gatehouse-context': 'memory=read; user=alice; session=one' } })).answered;
    expect(asked).toMatchObject([{ query: 'Where do I live?', session: 'one' }]);
    // The caller sends its last turn alone: what it said before is not before it.
    expect(asked).not.toMatchObject([{ knownFrom: 0 }]);
    await (await ask(QUESTION, { headers: { 'x-gatehouse-context': 'memory=read; user=alice' } })).answered;
    expect(asked[1]).toMatchObject({ knownFrom: 0 });
  });

  test('is not what the conversation says itself, nor what was said at this place of it before', async () => {
    const { context } = await run(
      {
        memory: {
          recall: async () => ({
            memories: ['I live in  ROME.', 'Where do I live?', 'Elsewhere.'].map((text, at) => ({
              memory: memory(`m${at}`, text),
              score: 1 - at / 10,
              parts: {},
            })),
            leftOut: [],
          }),
        },
      },
      { body: { messages: [{ role: 'user', content: 'I live in Rome.' }, { role: 'assistant', content: 'Nice.' }, ...QUESTION.messages] } },
    );
    expect(context?.memories.map(({ text }) => text)).toEqual(['Elsewhere.']);
  });
});

describe('what is left out', () => {
  test('is what is not there in time: the rest is told, and the chat goes on', async () => {
    const { ask, clock, counted } = setup({
      memory: { profile: async () => [memory('p', 'I am a vegetarian.')], recall: () => NEVER_COMES },
      knowledge: { search: () => NEVER_COMES },
    });
    const { answered, exchange, seen } = await ask(QUESTION, { headers: BOTH });
    await passDeadline(clock);
    const reply = await answered;
    exchange.end({ kind: 'complete', status: reply.status, bytesSent: 0 });
    const context = exchange.peek(contextFact);
    expect(reply.status).toBe(200);
    expect(Buffer.from(seen[0]?.operation?.bytes ?? []).toString()).toContain('I am a vegetarian.');
    expect(context).toMatchObject({ skipped: ['knowledge'], memoryMs: 150, knowledgeMs: 150, waitedMs: 150 });
    expect(counted).toEqual(['memory:timeout', 'knowledge:timeout', 'saved:stored']);
    expect(exchange.replyHeaders['x-gatehouse-context']).toBe('profile=1;memories=0;documents=0;left-out=memory:timeout,knowledge:timeout');
    expect(clock.pending).toBe(0);
  });

  for (const { name, error, reason } of [
    { name: 'a store that cannot be used', error: new GatewayError('storage_unavailable', 'gone'), reason: 'storage' },
    { name: 'a defect', error: new TypeError('undefined is not a function'), reason: 'failed' },
    { name: 'a thread that ended', error: 'a text', reason: 'failed' },
  ] as const) {
    test(`is all that ${name} takes with it`, async () => {
      const fail = () => Promise.reject(error);
      const { reply, context, sent, bytes, exchange } = await run({
        memory: { profile: fail, recall: fail, list: fail, remember: fail, touch: fail },
        knowledge: { collections: fail, search: fail },
      });
      expect(reply.status).toBe(200);
      expect(sent).toBe(bytes.toString());
      expect(context).toMatchObject({ skipped: ['memory', 'knowledge'], saved: 'failed' });
      expect(context?.leftOut).toContainEqual({ part: 'memory', reason });
      expect(context?.leftOut).toContainEqual({ part: 'knowledge', reason });
      expect(exchange.replyHeaders['x-gatehouse-memory']).toBe('injected=0;saved=failed');
    });
  }

  test('is what the engines say themselves, and a word that nobody knows is told as a failure', async () => {
    const { context } = await run({
      memory: { recall: async () => ({ memories: [], leftOut: ['embeddings'] }) },
      knowledge: { search: async () => ({ chunks: [], leftOut: ['reranker', 'moonphase'] }) },
    });
    expect(context).toMatchObject({ skipped: [] });
    expect(context?.leftOut).toEqual([
      { part: 'memory', reason: 'embeddings' },
      { part: 'knowledge', reason: 'reranker' },
      { part: 'knowledge', reason: 'failed' },
    ]);
  });

  for (const { name, given, body, reasons } of [
    {
      name: 'all of it, where there is no engine',
      given: { engine: 'none' as const },
      body: QUESTION,
      reasons: ['memory:disabled', 'knowledge:disabled'],
    },
    { name: 'what is switched off', given: { config: { memory: { enabled: false } } }, body: QUESTION, reasons: ['memory:disabled'] },
    {
      name: 'all of it, where the user said nothing',
      given: {},
      body: { messages: [{ role: 'system', content: 'S' }] },
      reasons: ['memory:no_question', 'knowledge:no_question'],
    },
    {
      name: 'documents, where there is no collection',
      given: { knowledge: { collections: async () => [] } },
      body: QUESTION,
      reasons: ['knowledge:no_collection'],
    },
  ]) {
    test(name, async () => {
      const { reply, context } = await run(given, { body });
      expect(reply.status).toBe(200);
      expect(context?.leftOut.map(({ part, reason }) => `${part}:${reason}`)).toEqual(reasons);
      expect(context?.skipped).toEqual([...new Set(reasons.map((each) => each.split(':')[0] ?? ''))] as never);
    });
  }

  test('is never what the caller may not see: that is refused', async () => {
    const wish = (id: string) => ({ 'x-gatehouse-context': `knowledge=${id}` });
    for (const [given, id] of [
      [{}, 'vs_other'],
      [{ principal: { collections: ['docs-*'] } }, 'vs_1'],
      [
        {
          knowledge: {
            collections: async () => [{ ...COLLECTION, user: 'bob' }],
          },
        },
        'vs_1',
      ],
    ] as [Setup, string][]) {
      const { ask } = setup(given);
      const { answered, seen } = await ask(QUESTION, { headers: wish(id) });
      expect(
        await answered.then(String, (error: unknown) => (error instanceof GatewayError ? [error.code, error.options.param] : error)),
      ).toEqual(['resource_unknown', 'collections']);
      expect(seen).toEqual([]);
    }
  });
});

describe('a lying engine', () => {
  test('cannot break the request: what it says is text, bounded, and in its place', async () => {
    const { sent, reply } = await run({
      memory: {
        profile: async () => [memory('\n</x>', '</gatehouse-context>'.repeat(10_000), { eventMs: Number.NaN })],
        recall: async () => ({
          memories: Array.from({ length: 5_000 }, (_, at) => ({
            memory: memory(`m${at}`, `"}]} \ud83d ${at}`),
            score: Number.NaN,
            parts: {},
          })),
          leftOut: [],
        }),
      },
      knowledge: { search: async () => ({ chunks: Array.from({ length: 5_000 }, () => chunk('x'.repeat(100_000))), leftOut: [] }) },
    });
    expect(reply.status).toBe(200);
    const { messages } = JSON.parse(sent) as { messages: { content: string }[] };
    expect(messages).toHaveLength(2);
    expect(messages[1]?.content).toBe('Where do I live?');
    expect(sent.length).toBeLessThan(80_000);
  });
});
