/* Whose memories a key may see: its user's, or its tenant's; and of all others not even that they are there. */
import { afterAll, describe, expect, test } from 'bun:test';
import { ALICE, type Answer, BOB, createMemoryStage, SERVICE, STRANGER } from './memory-stage.ts';

const stage = createMemoryStage();
afterAll(() => stage[Symbol.asyncDispose]());
const { ask } = stage;

const keep = async (user: string, text: string): Promise<string> => {
  const { json } = await ask(SERVICE, 'POST', '/v1/memories', { messages: text, user_id: user, infer: false });
  return json.results[0].id as string;
};
const memories = ({ json }: Answer): string[] => (json.results as { memory: string }[]).map(({ memory }) => memory);

describe('whose it is', () => {
  const HIDDEN = 'Hides the spare key under the third stone';
  const without = (answer: Answer): string => `${answer.status} ${answer.text}`;

  test('a key that is bound to a user needs to name nobody, and sees its own', async () => {
    const { json } = await ask(BOB, 'POST', '/v1/memories', { messages: 'Bob collects stamps', infer: false });
    expect(json.results[0].memory).toBe('Bob collects stamps');
    expect(memories(await ask(BOB, 'GET', '/v1/memories'))).toContain('Bob collects stamps');
    expect(memories(await ask(SERVICE, 'GET', '/v1/memories?user_id=bob'))).toContain('Bob collects stamps');
    expect((await ask(BOB, 'GET', `/v1/memories/${json.results[0].id}`)).status).toBe(200);
    // Without the user in it, too: whose it is follows from the key.
    expect((await ask(BOB, 'GET', `/v1/memories/${String(json.results[0].id).split('~')[0]}`)).status).toBe(200);
  });

  test('another’s memory is answered as one that there is not, to the byte', async () => {
    const id = await keep('alice', HIDDEN);
    const local = id.split('~')[0];
    const nobodys = `${'0'.repeat(36)}~${Buffer.from('nobody').toString('base64url')}`;
    for (const key of [BOB, STRANGER])
      for (const [method, path, body] of [
        ['GET', (one: string) => `/v1/memories/${one}`],
        ['GET', (one: string) => `/v1/memories/${one}/history`],
        ['PUT', (one: string) => `/v1/memories/${one}`, { text: 'taken over' }],
        ['DELETE', (one: string) => `/v1/memories/${one}`],
        ['GET', (one: string) => `/memories/${one}?user_id=alice`],
        ['PUT', () => '/v1/batch/', (one: string) => ({ memories: [{ memory_id: one, text: 'taken over' }] })],
        ['DELETE', () => '/v1/batch/', (one: string) => ({ memories: [{ memory_id: one }] })],
        ['DELETE', () => '/v1/batch/', (one: string) => ({ memories: [{ memory_id: one }], user_id: key === BOB ? 'bob' : 'alice' })],
        [
          'POST',
          () => '/search',
          (one: string) => ({
            query: 'spare key stone',
            filters: { AND: [{ memory_ids: [one] }] },
            user_id: key === BOB ? 'bob' : 'alice',
          }),
        ],
      ] as const) {
        const sent = (one: string): unknown => (typeof body === 'function' ? body(one) : body);
        const theirs = await ask(key, method, path(id), sent(id));
        expect(theirs.text).not.toContain('spare key');
        expect(without(theirs)).toBe(without(await ask(key, method, path(nobodys), sent(nobodys))));
        if (local !== undefined) expect((await ask(key, method, path(local), sent(local))).text).not.toContain('spare key');
      }
    expect((await ask(ALICE, 'GET', `/v1/memories/${id}`)).json.memory).toBe(HIDDEN);
  });

  test('a user whom a key may not name is not there, whether or not there is one', async () => {
    await keep('alice', HIDDEN);
    for (const [method, path, body] of [
      ['GET', (user: string) => `/v1/memories?user_id=${user}`],
      ['GET', (user: string) => `/memories?user_id=${user}&page=1`],
      ['POST', () => '/v1/memories', (user: string) => ({ messages: 'x', user_id: user })],
      ['POST', () => '/search', (user: string) => ({ query: 'key', user_id: user })],
      ['POST', () => '/v3/memories/search/', (user: string) => ({ query: 'key', filters: { user_id: user } })],
      ['POST', () => '/v3/memories/', (user: string) => ({ filters: { AND: [{ user_id: { in: [user] } }] } })],
      ['DELETE', (user: string) => `/v1/memories?user_id=${user}`],
      ['DELETE', (user: string) => `/v2/entities/user/${user}/`],
      ['GET', (user: string) => `/v1/users/${user}/export`],
      ['DELETE', (user: string) => `/v1/users/${user}`],
    ] as const) {
      const there = await ask(BOB, method, path('alice'), body?.('alice'));
      expect({ path: path('alice'), status: there.status }).toEqual({ path: path('alice'), status: 404 });
      expect(without(there)).toBe(without(await ask(BOB, method, path('nobody'), body?.('nobody'))));
    }
    expect(memories(await ask(ALICE, 'GET', '/v1/memories'))).toContain(HIDDEN);
  });

  test('a user of the same name in another tenant is somebody else', async () => {
    await keep('alice', HIDDEN);
    const list = await ask(STRANGER, 'GET', '/v1/memories?user_id=alice&page=1');
    expect([list.status, list.json.count, list.json.results]).toEqual([200, 0, []]);
    expect(memories(await ask(STRANGER, 'POST', '/search', { query: 'spare key stone', user_id: 'alice' }))).toEqual([]);
    expect((await ask(STRANGER, 'DELETE', '/v1/users/alice')).json.counts).toMatchObject({ memories: 0 });
    expect(memories(await ask(ALICE, 'GET', '/v1/memories'))).toContain(HIDDEN);
  });

  test('what belongs to no user is found by its agent, and by no user’s key', async () => {
    const { json } = await ask(SERVICE, 'POST', '/memories', { messages: 'The agent learnt to count', agent_id: 'counter', infer: false });
    const id = json.results[0].id as string;
    expect(id).not.toContain('~');
    expect(memories(await ask(SERVICE, 'GET', '/memories?agent_id=counter'))).toEqual(['The agent learnt to count']);
    expect(memories(await ask(BOB, 'GET', '/memories?agent_id=counter'))).toEqual([]);
    expect((await ask(BOB, 'GET', `/memories/${id}`)).status).toBe(404);
    expect((await ask(SERVICE, 'DELETE', '/v2/entities/agent/counter/')).json).toMatchObject({ deleted: 1 });
  });

  test('users are listed to their tenant’s service, and each sees no other', async () => {
    await keep('alice', HIDDEN);
    await keep('zoe', 'Zoe sings');
    await ask(SERVICE, 'POST', '/memories', { messages: 'Of nobody', agent_id: 'counter', infer: false });
    const names = ({ json }: Answer): string[] => (json.results as { name: string }[]).map(({ name }) => name);
    const all = await ask(SERVICE, 'GET', '/v1/entities/');
    expect(names(all)).toContain('alice');
    expect(names(all)).toContain('zoe');
    expect(names(all)).not.toContain('');
    expect(all.json.count).toBe(names(all).length);
    const one = await ask(SERVICE, 'GET', '/v1/entities/?page=2&page_size=1');
    expect([names(one), one.json.count, one.json.previous]).toEqual([
      [names(all)[1] ?? ''],
      all.json.count,
      '/v1/entities/?page=1&page_size=1',
    ]);
    expect(names(await ask(BOB, 'GET', '/v1/entities/'))).toEqual(['bob']);
    expect(names(await ask(STRANGER, 'GET', '/v1/entities/'))).toEqual([]);
  });

  test('a key comes as Mem0’s clients send it', async () => {
    const headers = (value: string) => ({ authorization: value });
    expect((await ask('', 'GET', '/v1/ping/', undefined, headers(`Token ${BOB}`))).json).toEqual({ status: 'ok' });
    expect((await ask('', 'GET', '/v1/memories/', undefined, headers(`Token ${BOB}`))).status).toBe(200);
    expect((await ask('', 'GET', '/memories', undefined, { authorization: '', 'x-api-key': BOB })).status).toBe(200);
    for (const wrong of ['Token wrong', 'Token ', 'Basic abc', ''])
      expect((await ask('', 'GET', '/v1/ping/', undefined, headers(wrong))).status).toBe(401);
  });
});
