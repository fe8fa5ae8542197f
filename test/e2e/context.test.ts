/*
 * Memory around chats, as callers of each API meet it: asked for by body, header or key, told to the model in its place, remembered when the answer is over. What
 * reaches the model is read from the simulator's record.
 */
import { describe, expect, test } from 'bun:test';
import OpenAI from 'openai';
import { accessLine } from '../harness/access-log.ts';
import {
  ADA,
  ALL,
  asks,
  COMPLETIONS,
  gateway,
  lastAsked,
  MODEL,
  post,
  remembered,
  SHY,
  says,
  someUser,
  told,
  toldIn,
  type Unified,
  unified,
  useContextRig,
} from './context-rig.ts';

useContextRig();

describe('POST /v1/chat', () => {
  test('remembers what is said, and tells it to the model when it is asked for', async () => {
    const user_id = someUser();
    const first = await unified({ messages: [says('My dog is called Rex and he loves the garden.')], user_id });
    expect(first.metadata).toMatchObject({ memory_stored: true, memories_retrieved: 0, skipped: ['knowledge'] });
    expect(first.metadata['memory_id']).toBeString();
    const second = await unified({ messages: [says('What is my dog called?')], user_id });
    expect(second.context.memories[0]).toMatchObject({ text: 'My dog is called Rex and he loves the garden.', score: expect.any(Number) });
    expect(second.context.memories[0]?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(second.metadata['memories_retrieved']).toBe(second.context.memories.length);
    expect(second.metadata['memory_retrieval_ms']).toBeGreaterThan(0);
    const { messages } = JSON.parse(await lastAsked()) as { messages: { role: string; content: string }[] };
    expect(messages.map(({ role }) => role)).toEqual(['user', 'user']);
    expect(messages[0]?.content).toContain('> My dog is called Rex and he loves the garden.');
    expect(messages[1]?.content).toBe('What is my dog called?');
  });

  test('tells true times: their sum is not more than all of it', async () => {
    const { metadata } = await unified({ messages: [says('How long?')], user_id: someUser() });
    const [memory, knowledge, generation, total] = ['memory_retrieval_ms', 'rag_retrieval_ms', 'generation_ms', 'total_latency_ms'].map(
      (name) => Number(metadata[name]),
    );
    expect(Math.max(memory ?? 0, knowledge ?? 0) + (generation ?? 0)).toBeLessThanOrEqual(total ?? 0);
    expect(generation).toBeGreaterThan(0);
  });

  test('does what is asked alone: reads without writing, writes without reading, neither', async () => {
    const user_id = someUser();
    await unified({ messages: [says('I keep bees on the roof.')], user_id, use_memory: false });
    const read = await unified({ messages: [says('Where do I keep bees?')], user_id, store_memory: false });
    expect([read.metadata['memory_stored'], read.metadata['memory_id']]).toEqual([false, null]);
    expect(read.context.memories.map(({ text }) => text)).toContain('I keep bees on the roof.');
    const neither = await unified({ messages: [says('Bees?')], user_id, use_memory: false, store_memory: false, use_rag: false });
    expect(neither.metadata).toMatchObject({ skipped: [], memory_stored: false, memory_retrieval_ms: 0 });
    expect(await told()).toBe('');
    const again = await unified({ messages: [says('And the bees?')], user_id, store_memory: false });
    expect(again.context.memories.map(({ text }) => text)).not.toContain('Where do I keep bees?');
  });

  test('gives no more than was asked for', async () => {
    const user_id = someUser();
    for (let count = 0; count < 4; count += 1) await unified({ messages: [says(`Tomato plant number ${count} is doing well.`)], user_id });
    const { context } = await unified({ messages: [says('How are the tomato plants?')], user_id, memory_limit: 2 });
    expect(context.memories).toHaveLength(2);
  });

  test('streams it, with context and metadata in the last chunk, and the turn is stored by then', async () => {
    const user_id = someUser();
    await unified({ messages: [says('My sister lives in Oslo.')], user_id });
    const reply = await post('/v1/chat', { messages: [says('Where does my sister live?')], user_id, stream: true });
    expect(reply.headers.get('x-gatehouse-memory')).toMatch(/^injected=[1-9]\d*;saved=queued$/);
    const text = await reply.text();
    expect(text).toEndWith('data: [DONE]\n\n');
    const last = JSON.parse(text.split('\n\n').at(-3)?.slice(6) ?? '{}') as Unified;
    expect(last.context.memories.map((memory) => memory.text)).toContain('My sister lives in Oslo.');
    expect(last.metadata).toMatchObject({ memory_stored: true, memory_id: expect.any(String) });
    const found = await unified({ messages: [says('What did I ask about my sister?')], user_id });
    expect(found.context.memories.map((memory) => memory.text)).toContain('Where does my sister live?');
  });

  test('goes on without a user, and says so', async () => {
    const { metadata } = await unified({ messages: [says('Hello')] });
    expect(metadata).toMatchObject({ skipped: ['memory', 'knowledge'], memory_stored: false });
    expect(metadata['left_out']).toContainEqual({ part: 'memory', reason: 'no_user' });
  });

  test('remembers a request that is sent twice once, and does not tell it what it says itself', async () => {
    const user_id = someUser();
    const body = { messages: [says('I ride a green bicycle to work.')], user_id };
    const [one, two] = [await unified(body), await unified(body)];
    expect(two.metadata['memory_id']).toBe(one.metadata['memory_id'] as string);
    expect(two.context.memories).toEqual([]);
  });

  test('has a block for what the older table has no fields for', async () => {
    const user_id = someUser();
    await unified({ messages: [says('My cat is called Luna.')], user_id });
    await unified({
      messages: [says('What is my cat called?')],
      user_id,
      gatehouse: { memory: { limit: 1, decay: 'off', budget_tokens: 100 } },
    });
    expect(JSON.parse(await lastAsked())).not.toHaveProperty('gatehouse');
    expect(await told()).toContain('Luna');
    const wrong = await post('/v1/chat', { messages: [says('x')], user_id, session_id: '', memory_limit: 21 });
    expect(wrong.status).toBe(422);
  });
});

describe('POST /v1/chat/completions', () => {
  test('is told and remembers nothing that nobody asked for, and its bytes pass', async () => {
    const body = `{ "model" : "${MODEL}", "user":"${someUser()}", "messages":[{"role":"user","content":"I like opera."}] , "x": 1.50 }`;
    const reply = await post(COMPLETIONS, body);
    expect(reply.status).toBe(200);
    expect([reply.headers.get('x-gatehouse-memory'), reply.headers.get('x-gatehouse-context')]).toEqual([null, null]);
    expect(await lastAsked()).toBe(body.replace(MODEL, 'sim-1'));
  });

  test('by a block: it is taken out, the rest of the body is the caller’s byte for byte', async () => {
    const user = someUser();
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ALL, maxRetries: 0 });
    const wish = { gatehouse: { user_id: user, memory: true } };
    await client.chat.completions.create({ ...asks('My favourite colour is teal.'), ...wish } as never);
    await client.chat.completions.create({ ...asks('Which is my favourite colour?'), ...wish } as never);
    expect(await told()).toContain('> My favourite colour is teal.');

    const [before, after] = [
      `{ "model":"sim-1", "messages": [ {"role":"system","content":"\\u0053"} ,`,
      ` {"role":"user","content":"Which colour?", "y":2.0} ], "z":[1.50] }`,
    ];
    const own = `${before}${after}`
      .replace('sim-1', MODEL)
      .replace('"z"', `"gatehouse" : {"user_id":"${user}","memory":{"read":true}}, "z"`);
    expect((await post(COMPLETIONS, own)).status).toBe(200);
    const asked = await lastAsked();
    const place = asked.indexOf('{"role":"user","content":"<gatehouse-context-');
    const end = asked.indexOf('"},', place) + 3;
    expect(place).toBeGreaterThan(0);
    expect(asked.slice(0, place) + asked.slice(end)).toBe(`${before}${after}`);
  });

  test('by a header; and the stream is what it would have been', async () => {
    const headers = { 'x-gatehouse-context': `memory=read,write; user=${someUser()}; session=s-1` };
    await post(COMPLETIONS, asks('The boat is called Aurora.'), { headers });
    const reply = await post(COMPLETIONS, asks('What is the boat called?', { stream: true, seed: 4 }), { headers });
    const text = await reply.text();
    expect(reply.headers.get('x-gatehouse-context')).toMatch(/^profile=\d;memories=[1-9];documents=0$/);
    expect(text).toEndWith('data: [DONE]\n\n');
    expect(text).not.toContain('prompt_tokens');
    expect(await told()).toContain('> The boat is called Aurora.');
    const line = await accessLine(gateway, reply.headers.get('x-correlation-id') ?? '');
    expect(line).toMatchObject({ memories: expect.any(Number), documents: 0, context_ms: expect.any(Number), memory_saved: 'stored' });
  });

  test('by the key, which a request may overrule', async () => {
    await post(COMPLETIONS, asks('I practise the cello on Sundays.'), { key: ADA });
    await post(COMPLETIONS, asks('When do I practise the cello?'), { key: ADA });
    expect(await told()).toContain('> I practise the cello on Sundays.');
    for (const [body, headers] of [
      [asks('When do I practise the cello, then?', { gatehouse: { memory: false } }), {}],
      [asks('When do I practise the cello, then?'), { 'x-gatehouse-context': 'memory=off' }],
    ] as const) {
      const reply = await post(COMPLETIONS, body, { key: ADA, headers });
      expect([await told(), reply.headers.get('x-gatehouse-memory')]).toEqual(['', null]);
    }
  });

  test('what is read alone is not written', async () => {
    const user = someUser();
    const body = asks('I collect stamps from Chile.', { user });
    const reply = await post(COMPLETIONS, body, { key: SHY });
    expect(reply.headers.get('x-gatehouse-memory')).toBe('injected=0;saved=off');
    expect(await remembered(user)).toEqual([]);
  });

  test('an answer that was told of a user is not kept for anybody', async () => {
    const headers = { 'x-gatehouse-context': `memory=read,write; user=${someUser()}` };
    await post(COMPLETIONS, asks('I store the canoe in the shed.'), { headers });
    const twice = [
      await post(COMPLETIONS, asks('Where is the canoe?'), { headers }),
      await post(COMPLETIONS, asks('Where is the canoe?'), { headers }),
    ];
    expect(twice.map((reply) => reply.headers.get('x-cache'))).toEqual([null, null]);
    const plain = [await post(COMPLETIONS, asks('Where is it?')), await post(COMPLETIONS, asks('Where is it?'))];
    expect(plain.map((reply) => reply.headers.get('x-cache'))).toEqual(['MISS', 'HIT']);
  });

  test('while tools are at work the same question is told the same, at the same place; and only the answer at the end is remembered', async () => {
    const user = someUser();
    const headers = { 'x-gatehouse-context': `memory=read,write; user=${user}; session=tools` };
    await post(COMPLETIONS, asks('The garage door code is 4711.'), { headers });
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];
    const question = says('Use the tool look: what is the garage door code?');
    const first = (await (await post(COMPLETIONS, { model: MODEL, messages: [question], tools }, { headers })).json()) as {
      choices: { message: { tool_calls: { id: string }[] } }[];
    };
    const asked = await lastAsked();
    const call = first.choices[0]?.message;
    expect(call?.tool_calls).toHaveLength(1);
    const result = { role: 'tool', tool_call_id: call?.tool_calls[0]?.id, content: 'canary-tool-output' };
    const reply = await post(COMPLETIONS, { model: MODEL, messages: [question, call, result], tools }, { headers });
    expect(reply.headers.get('x-gatehouse-memory')).toEndWith('saved=stored');
    const askedAgain = await lastAsked();
    expect(toldIn(askedAgain)).toBe(toldIn(asked));
    expect(askedAgain.indexOf('<gatehouse-context-')).toBe(asked.indexOf('<gatehouse-context-'));
    const all = await (await gateway.request(`/v1/users/${user}/export`, { headers: { authorization: `Bearer ${ALL}` } })).text();
    expect(all).toContain('Use the tool look');
    expect(all).not.toContain('canary-tool-output');
  });

  for (const model of ['cut', 'broken']) {
    test(`an answer that is ${model} is not remembered`, async () => {
      const user = someUser();
      const headers = { 'x-gatehouse-context': `memory=read,write; user=${user}` };
      await (await post(COMPLETIONS, { ...asks('My locker is number 99.'), model, stream: true }, { headers })).text();
      await post(COMPLETIONS, asks('Which locker is mine?'), { headers: { 'x-gatehouse-context': `memory=read; user=${user}` } });
      expect(await told()).toBe('');
    });
  }
});
