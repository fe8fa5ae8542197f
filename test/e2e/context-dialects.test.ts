/* Memory around chats of other dialects, by their official clients; and what may not be asked for. */
import { describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  ADA,
  ALL,
  asks,
  COMPLETIONS,
  EVE,
  gateway,
  lastAsked,
  MODEL,
  post,
  says,
  simulator,
  someUser,
  told,
  unified,
  useContextRig,
} from './context-rig.ts';

useContextRig();

describe('POST /v1/messages', () => {
  const client = () => new Anthropic({ baseURL: gateway.url, apiKey: ALL, maxRetries: 0 });

  for (const model of ['claude', MODEL]) {
    test(`to ${model}: whole and streamed`, async () => {
      const headers = { 'x-gatehouse-context': `memory=on; user=${someUser()}` };
      const ask = (content: string) => ({ model, max_tokens: 64, system: 'Be brief.', messages: [{ role: 'user' as const, content }] });
      const first = await client().messages.create(ask('My violin is from 1890.'), { headers }).withResponse();
      expect(first.response.headers.get('x-gatehouse-memory')).toBe('injected=0;saved=stored');
      const stream = client().messages.stream(ask('How old is my violin?'), { headers });
      expect((await stream.finalMessage()).stop_reason).toBe('end_turn');
      expect(await told()).toContain('> My violin is from 1890.');
      await client().messages.create(ask('What did I ask about the violin?'), { headers });
      expect(await told()).toContain('> How old is my violin?');
    });
  }

  test('by a block', async () => {
    const gatehouse = { user_id: someUser(), memory: true };
    const ask = (content: string) =>
      client().messages.create({ model: 'claude', max_tokens: 9, messages: [{ role: 'user', content }], gatehouse } as never);
    await ask('The attic key hangs in the kitchen.');
    await ask('Where is the attic key?');
    expect(await told()).toContain('> The attic key hangs in the kitchen.');
    expect(await lastAsked()).not.toContain('"gatehouse"');
  });
});

describe('POST /v1/responses', () => {
  for (const model of ['gpt', 'claude', MODEL]) {
    test(`to ${model}: whole and streamed, and what goes on from it does not hold what was looked up`, async () => {
      const client = new OpenAI({
        baseURL: `${gateway.url}/v1`,
        apiKey: ALL,
        maxRetries: 0,
        defaultHeaders: { 'x-gatehouse-context': `memory=on; user=${someUser()}` },
      });
      await client.responses.create({ model, input: 'My tent is orange.' });
      const answer = await client.responses.create({ model, input: 'Which colour is my tent?' });
      expect(await told()).toContain('> My tent is orange.');
      const events: string[] = [];
      for await (const event of await client.responses.create({
        model,
        input: 'And my tent, again?',
        previous_response_id: answer.id,
        stream: true,
      }))
        events.push(event.type);
      expect(events.at(-1)).toBe('response.completed');
      // One block, for this question: what was looked up for the one before is not part of the conversation.
      expect((await told()).split('\n===\n')).toHaveLength(1);
      await client.responses.create({ model, input: 'What did I want to know about the tent?' });
      expect(await told()).toContain('> And my tent, again?');
    });
  }
});

describe('what may not be', () => {
  const rows: readonly {
    name: string;
    path: string;
    body: object;
    headers?: Record<string, string>;
    key?: string;
    status: number;
    want: object;
  }[] = [
    {
      name: 'a word that is none',
      path: COMPLETIONS,
      body: asks('x', { gatehouse: { memory: { limt: 1 } } }),
      status: 400,
      want: { error: { param: 'gatehouse.memory', message: "'gatehouse.memory' has no member 'limt'" } },
    },
    {
      name: 'a number that is too large',
      path: COMPLETIONS,
      body: asks('x', { gatehouse: { memory: { limit: 999 } } }),
      status: 400,
      want: { error: { param: 'gatehouse.memory.limit', message: "'gatehouse.memory.limit' must be a whole number from 1 to 100" } },
    },
    {
      name: 'a block that is no object',
      path: COMPLETIONS,
      body: asks('x', { gatehouse: 1 }),
      status: 400,
      want: { error: { param: 'gatehouse' } },
    },
    {
      name: 'a header that is nonsense',
      path: COMPLETIONS,
      body: asks('x'),
      headers: { 'x-gatehouse-context': 'remember me' },
      status: 400,
      want: { error: { param: 'x-gatehouse-context' } },
    },
    {
      name: 'the same, in another dialect',
      path: '/v1/messages',
      body: { ...asks('x'), max_tokens: 5 },
      headers: { 'x-gatehouse-context': 'memory=maybe' },
      status: 400,
      want: { type: 'error', error: { type: 'invalid_request_error' } },
    },
    {
      name: 'memory of nobody',
      path: COMPLETIONS,
      body: asks('x', { gatehouse: { memory: true } }),
      status: 400,
      want: { error: { param: 'user_id' } },
    },
    {
      name: 'another user, by block',
      path: COMPLETIONS,
      key: ADA,
      body: asks('x', { gatehouse: { user_id: 'bob' } }),
      status: 404,
      want: { error: { code: 'resource_unknown', param: 'user_id' } },
    },
    {
      name: 'another user, by header',
      path: '/v1/responses',
      key: ADA,
      body: { model: MODEL, input: 'x' },
      headers: { 'x-gatehouse-context': 'memory=read; user=bob' },
      status: 404,
      want: { error: { code: 'resource_unknown' } },
    },
    {
      name: 'another user, in the unified chat',
      path: '/v1/chat',
      key: ADA,
      body: { messages: [says('x')], user_id: 'bob' },
      status: 404,
      want: { error: { code: 'resource_unknown', param: 'user_id' } },
    },
    {
      name: 'a collection that is not there',
      path: COMPLETIONS,
      body: asks('x', { gatehouse: { knowledge: { collections: ['vs_none'] } } }),
      status: 404,
      want: { error: { code: 'resource_unknown', param: 'collections' } },
    },
    {
      name: 'the same, in the unified chat',
      path: '/v1/chat',
      body: { messages: [says('x')], collections: ['vs_none'] },
      status: 404,
      want: { error: { code: 'resource_unknown' } },
    },
  ];
  for (const { name, path, body, headers = {}, key = ALL, status, want } of rows) {
    test(`${name}: ${status}, and nobody is asked`, async () => {
      const before = (await simulator.requests('/v1/')).length;
      const reply = await post(path, body, { key, headers });
      expect(reply.status).toBe(status);
      expect(await reply.json()).toMatchObject(want);
      expect((await simulator.requests('/v1/')).length).toBe(before);
    });
  }

  test('nobody is told what another user, or the same name of another tenant, said', async () => {
    const user = someUser();
    await unified({ messages: [says('The vault code is 5150.')], user_id: user });
    for (const [user_id, key] of [
      [someUser(), ALL],
      [user, EVE],
      [undefined, ADA],
    ] as const) {
      const { context } = await unified(
        { messages: [says('What is the vault code?')], ...(user_id === undefined ? {} : { user_id }) },
        { key },
      );
      expect(JSON.stringify(context)).not.toContain('5150');
      expect(await lastAsked()).not.toContain('5150');
    }
  });
});
