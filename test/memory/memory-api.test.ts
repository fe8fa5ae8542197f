/* The memories API: Mem0's shapes over the engine that is shipped, what is refused, and what each key may see. */
import { afterAll, describe, expect, test } from 'bun:test';
import { type Answer, createMemoryStage, SERVICE } from './memory-stage.ts';

const stage = createMemoryStage();
afterAll(() => stage[Symbol.asyncDispose]());
const { ask } = stage;

let users = 0;
/** A user whom no other test knows. */
const someone = (): string => `user ${(users += 1)} é`;

const keep = async (user: string, text: string, more: object = {}, key = SERVICE): Promise<string> => {
  const { status, json, text: told } = await ask(key, 'POST', '/v1/memories', { messages: text, user_id: user, infer: false, ...more });
  expect({ status, told }).toEqual({ status: 200, told });
  return json.results[0].id as string;
};
const query = (given: Record<string, string>): string => `?${new URLSearchParams(given).toString()}`;
const memories = ({ json }: Answer): string[] => (json.results as { memory: string }[]).map(({ memory }) => memory);

describe('a memory', () => {
  test('is added, found, listed, changed, told of, and deleted', async () => {
    const user = someone();
    const id = await keep(user, 'Rides a red bicycle to work', { metadata: { topic: 'travel' }, agent_id: 'a1', run_id: 'r1' });
    const found = await ask(SERVICE, 'POST', '/v1/memories/search', { query: 'bicycle', user_id: user });
    expect(found.json.results[0]).toMatchObject({ id, memory: 'Rides a red bicycle to work', user_id: user, agent_id: 'a1', run_id: 'r1' });
    expect(found.json.results[0].score).toBeWithin(0, 1.000_001);
    expect(found.json.results[0].score_details).toBeUndefined();
    expect(memories(await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user })}`))).toEqual(['Rides a red bicycle to work']);
    const changed = await ask(SERVICE, 'PUT', `/v1/memories/${id}`, { text: 'Rides a blue bicycle to work', metadata: { topic: 'bike' } });
    expect(changed.json).toMatchObject({ id, memory: 'Rides a blue bicycle to work', metadata: { topic: 'bike' } });
    const { json: history } = await ask(SERVICE, 'GET', `/v1/memories/${id}/history`);
    expect(history).toMatchObject([
      { memory_id: id, event: 'ADD', new_memory: 'Rides a red bicycle to work' },
      { memory_id: id, event: 'UPDATE', old_memory: 'Rides a red bicycle to work', new_memory: 'Rides a blue bicycle to work' },
    ]);
    expect((await ask(SERVICE, 'DELETE', `/v1/memories/${id}`)).json).toEqual({ message: 'Memory deleted successfully!' });
    for (const [method, path, body] of [
      ['GET', `/v1/memories/${id}`],
      ['GET', `/v1/memories/${id}/history`],
      ['PUT', `/v1/memories/${id}`, { text: 'x' }],
      ['DELETE', `/v1/memories/${id}`],
    ] as const)
      expect({ method, path, status: (await ask(SERVICE, method, path, body)).status }).toEqual({ method, path, status: 404 });
  });

  test('sent again with the same Idempotency-Key is remembered once', async () => {
    const user = someone();
    const body = { messages: [{ role: 'user', content: 'The code of the door is kept at home' }], user_id: user };
    const first = await ask(SERVICE, 'POST', '/v1/memories', body, { 'idempotency-key': 'k1' });
    const again = await ask(SERVICE, 'POST', '/v1/memories', body, { 'idempotency-key': 'k1' });
    expect(again.json.turns).toEqual(first.json.turns);
    await ask(SERVICE, 'POST', '/v1/memories', { ...body, messages: 'Another text' }, { 'idempotency-key': 'k1' });
    const turns = await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user, kinds: 'turn' })}`);
    expect(memories(turns).sort()).toEqual(['Another text', 'The code of the door is kept at home']);
  });

  test('expires at the end of its day, and is shown to who asks for what has expired', async () => {
    const user = someone();
    const past = await keep(user, 'Ticket of an old train', { expiration_date: '2020-02-29' });
    await keep(user, 'Ticket of a late train', { expiration_date: '9998-12-31' });
    const list = await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user })}`);
    expect(list.json.results).toMatchObject([{ memory: 'Ticket of a late train', expiration_date: '9998-12-31' }]);
    const all = await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user, show_expired: 'true' })}`);
    expect(all.json.results.map((one: { expiration_date: string }) => one.expiration_date).sort()).toEqual(['2020-02-29', '9998-12-31']);
    expect(memories(await ask(SERVICE, 'POST', '/search', { query: 'ticket train', filters: { user_id: user } }))).toEqual([
      'Ticket of a late train',
    ]);
    expect((await ask(SERVICE, 'DELETE', `/v1/memories/${past}`)).status).toBe(200);
  });

  test('keeps when it was said', async () => {
    const user = someone();
    const id = await keep(user, 'The roof was mended', { timestamp: 1_700_000_000 });
    expect((await ask(SERVICE, 'GET', `/v1/memories/${id}`)).json.event_at).toBe('2023-11-14T22:13:20.000Z');
  });
});

describe('what is not remembered', () => {
  test('instructions and what tools told are left out, and it is said', async () => {
    const user = someone();
    const { json } = await ask(SERVICE, 'POST', '/v1/memories', {
      user_id: user,
      messages: [
        { role: 'system', content: 'You are a pirate' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hello there' },
            { type: 'image_url', image_url: { url: 'data:' } },
          ],
        },
        { role: 'tool', content: 'secret of a tool' },
        { role: 'assistant', content: '' },
      ],
    });
    expect(json.left_out.map(({ index }: { index: number }) => index)).toEqual([0, 2, 3]);
    expect(memories(await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user, kinds: 'turn,fact' })}`))).toEqual(['Hello there']);
  });
});

describe('lists', () => {
  test('by cursor: every memory once, newest first, though others are added meanwhile', async () => {
    const user = someone();
    for (let index = 0; index < 12; index += 1) await keep(user, `Note number ${index}`);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answer = await ask(
        SERVICE,
        'GET',
        `/v1/memories${query({ user_id: user, limit: '5', ...(cursor === '' ? {} : { cursor }) })}`,
      );
      seen.push(...memories(page));
      if (cursor === '') await keep(user, 'Note that came late');
      cursor = page.json.next_cursor as string | null;
    }
    expect([...seen].sort()).toEqual(Array.from({ length: 12 }, (_, index) => `Note number ${index}`).sort());
  });

  test('by page, with how many there are', async () => {
    const user = someone();
    for (let index = 0; index < 7; index += 1) await keep(user, `Line ${index}`, { metadata: { odd: index % 2 === 1 } });
    const page = await ask(SERVICE, 'POST', '/v3/memories/?page=2&page_size=3', { filters: { user_id: user } });
    expect(page.json).toMatchObject({ count: 7, next: '/v3/memories/?page=3&page_size=3', previous: '/v3/memories/?page=1&page_size=3' });
    expect(page.json.results).toHaveLength(3);
    const last = await ask(SERVICE, 'POST', '/v3/memories/?page=3&page_size=3', { filters: { user_id: user } });
    expect([last.json.results.length, last.json.next]).toEqual([1, null]);
    const odd = await ask(SERVICE, 'POST', '/v3/memories/', { filters: { AND: [{ user_id: user }, { metadata: { odd: true } }] } });
    expect([odd.json.count, odd.json.results.length]).toEqual([3, 3]);
  });
});

describe('filters', () => {
  const user = 'filtered';
  const asked = async (filters: object): Promise<string[]> =>
    memories(await ask(SERVICE, 'POST', '/v3/memories/', { filters: { AND: [{ user_id: user }, filters] } })).sort();

  test('as Mem0 has them', async () => {
    await keep(user, 'Apple pie', { metadata: { n: 1, tag: 'sweet', deep: { a: 1 } }, agent_id: 'cook' });
    await keep(user, 'Bread', { metadata: { n: 2, tag: 'salty' }, agent_id: 'baker' });
    await keep(user, 'Cherry cake', { metadata: { n: 3, tags: ['sweet', 'red'] } });
    const rows: readonly (readonly [object, readonly string[]])[] = [
      [{ n: 2 }, ['Bread']],
      [{ metadata: { tag: 'sweet' } }, ['Apple pie']],
      [{ n: { gte: 2 } }, ['Bread', 'Cherry cake']],
      [{ n: { gt: 1, lt: 3 } }, ['Bread']],
      [{ n: { in: [1, 3] } }, ['Apple pie', 'Cherry cake']],
      [{ n: [1, 3] }, ['Apple pie', 'Cherry cake']],
      [{ n: { nin: [1, 3] } }, ['Bread']],
      [{ tag: { ne: 'sweet' } }, ['Bread', 'Cherry cake']],
      [{ tags: 'red' }, ['Cherry cake']],
      [{ tag: '*' }, ['Apple pie', 'Bread']],
      [{ tag: { contains: 'SA' } }, []],
      [{ tag: { icontains: 'SA' } }, ['Bread']],
      [{ keywords: { icontains: 'CAKE' } }, ['Cherry cake']],
      [{ agent_id: { in: ['cook', 'baker'] } }, ['Apple pie', 'Bread']],
      [{ agent_id: '*' }, ['Apple pie', 'Bread']],
      [{ OR: [{ n: 1 }, { AND: [{ n: { gte: 2 } }, { tag: 'salty' }] }] }, ['Apple pie', 'Bread']],
      [{ NOT: [{ n: 1 }, { n: 2 }] }, ['Cherry cake']],
      [{ NOT: { OR: [{ n: 1 }, { n: 2 }] } }, ['Cherry cake']],
      [{ created_at: { gte: '2000-01-01' } }, ['Apple pie', 'Bread', 'Cherry cake']],
      [{ created_at: { lt: '2000-01-01' } }, []],
      [{ n: '1' }, []],
      [JSON.parse('{"__proto__":"x"}'), []],
      [{ constructor: '*' }, []],
    ];
    for (const [filters, want] of rows) expect({ filters, found: await asked(filters) }).toEqual({ filters, found: [...want].sort() });
  });

  for (const [filters, param] of [
    [{ OR: [{ user_id: 'a' }, { user_id: 'b' }] }, 'filters.OR[0].user_id'],
    [{ NOT: { user_id: 'a' } }, 'filters.NOT[0].user_id'],
    [{ user_id: '*' }, 'filters.user_id'],
    [{ user_id: { ne: 'a' } }, 'filters.user_id'],
    [{ user_id: { in: ['a', 'b'] } }, 'filters.user_id'],
    [{ AND: [{ user_id: 'a' }, { user_id: 'b' }] }, 'filters.AND[1].user_id'],
    [{ user_id: 'a', categories: ['x'] }, 'filters.categories'],
    [{ user_id: 'a', n: { like: 'x' } }, 'filters.n.like'],
    [{ user_id: 'a', n: {} }, 'filters.n'],
    [{ user_id: 'a', n: null }, 'filters.n'],
    [{ user_id: 'a', created_at: { gte: 'yesterday' } }, 'filters.created_at.gte'],
    [{ user_id: 'a', created_at: { in: ['2020-01-01'] } }, 'filters.created_at.in'],
    [{ user_id: 'a', created_at: '2021-02-30' }, 'filters.created_at'],
    [{ user_id: 'a', OR: [] }, 'filters.OR'],
    [{ user_id: 'a', AND: 'x' }, 'filters.AND'],
    [JSON.parse(`${'{"AND":[{"user_id":"a"},'.repeat(30)}{"x":1}${']}'.repeat(30)}`), undefined],
    [{ user_id: 'a', n: { in: Array.from({ length: 1_001 }, (_, index) => index) } }, 'filters.n.in'],
    [{ user_id: 'a', ...Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, 1])) }, 'filters'],
  ] as const)
    test(`what cannot be honoured is refused: ${JSON.stringify(filters).slice(0, 80)}`, async () => {
      for (const path of ['/v1/memories/search', '/v3/memories/search/']) {
        const { status, json } = await ask(SERVICE, 'POST', path, { query: 'x', filters });
        expect([status, json.error.code]).toEqual([400, 'request_invalid']);
        if (param !== undefined) expect(json.error.param).toBe(param);
      }
    });
});

describe('searches', () => {
  test('threshold, top_k, fields and explain do as they say', async () => {
    const user = someone();
    await keep(user, 'The blue kettle stands in the kitchen');
    await keep(user, 'The kettle was a gift');
    await keep(user, 'The garden is large');
    const search = (more: object) => ask(SERVICE, 'POST', '/search', { query: 'blue kettle in the kitchen', user_id: user, ...more });
    const all = await search({ explain: true });
    const best = all.json.results[0];
    expect(best.memory).toBe('The blue kettle stands in the kitchen');
    expect(Object.keys(best.score_details).length).toBeGreaterThan(0);
    expect((await search({ top_k: 1 })).json.results).toHaveLength(1);
    expect(memories(await search({ threshold: 0.95 }))).toEqual(['The blue kettle stands in the kitchen']);
    expect(Object.keys((await search({ fields: ['memory'] })).json.results[0]).sort()).toEqual(['id', 'memory', 'score']);
  });
});

describe('what is refused', () => {
  const one = { user_id: 'u', messages: 'x' };
  for (const [name, method, path, body, status, param] of [
    ['no body', 'POST', '/v1/memories', undefined, 400, undefined],
    ['cut JSON', 'POST', '/v1/memories', '{"messages": [', 400, undefined],
    ['a member twice', 'POST', '/v1/memories', '{"user_id":"a","user_id":"b","messages":"x"}', 400, undefined],
    ['an array', 'POST', '/v1/memories', '[]', 400, undefined],
    ['no messages', 'POST', '/v1/memories', { user_id: 'u' }, 400, 'messages'],
    ['empty messages', 'POST', '/v1/memories', { user_id: 'u', messages: [] }, 400, 'messages'],
    ['nobody named', 'POST', '/v1/memories', { messages: 'x' }, 400, 'user_id'],
    ['an empty user', 'POST', '/v1/memories', { ...one, user_id: '' }, 400, 'user_id'],
    ['a user with a line end', 'POST', '/v1/memories', { ...one, user_id: 'a\nb' }, 400, 'user_id'],
    ['a user of a wrong type', 'POST', '/v1/memories', { ...one, user_id: 7 }, 400, 'user_id'],
    ['a huge text', 'POST', '/v1/memories', { ...one, messages: 'x'.repeat(100_001) }, 400, 'messages'],
    [
      'too many messages',
      'POST',
      '/v1/memories',
      { ...one, messages: Array.from({ length: 1_001 }, () => ({ role: 'user', content: 'x' })) },
      400,
      'messages',
    ],
    ['nothing but instructions', 'POST', '/v1/memories', { ...one, messages: [{ role: 'system', content: 'x' }] }, 400, 'messages'],
    ['a field that nobody knows', 'POST', '/v1/memories', { ...one, usr: 'x' }, 400, 'usr'],
    ['a field that is not honoured', 'POST', '/v1/memories', { ...one, custom_instructions: 'only names' }, 400, 'custom_instructions'],
    ['a graph', 'POST', '/v1/memories', { ...one, enable_graph: true }, 400, 'enable_graph'],
    ['metadata that is no object', 'POST', '/v1/memories', { ...one, metadata: ['x'] }, 400, 'metadata'],
    ['much metadata', 'POST', '/v1/memories', { ...one, metadata: { x: 'x'.repeat(20_000) } }, 400, 'metadata'],
    ['a day that there is not', 'POST', '/v1/memories', { ...one, expiration_date: '2026-02-30' }, 400, 'expiration_date'],
    ['two times', 'POST', '/v1/memories', { ...one, timestamp: 1, observation_date: '2026-01-01' }, 400, 'timestamp'],
    ['an old answer format', 'POST', '/v3/memories/search/', { query: 'x', user_id: 'u', output_format: 'v1.0' }, 400, 'output_format'],
    ['no query', 'POST', '/search', { user_id: 'u' }, 400, 'query'],
    ['an empty query', 'POST', '/search', { user_id: 'u', query: '' }, 400, 'query'],
    ['too much wanted', 'POST', '/search', { user_id: 'u', query: 'x', top_k: 1_001 }, 400, 'top_k'],
    ['a reranker', 'POST', '/search', { user_id: 'u', query: 'x', rerank: true }, 400, 'rerank'],
    ['two users', 'POST', '/search', { user_id: 'u', query: 'x', filters: { user_id: 'v' } }, 400, 'filters.user_id'],
    ['no owner in a list', 'GET', '/v1/memories', undefined, 400, 'user_id'],
    ['an unknown parameter', 'GET', '/v1/memories?user_id=u&usr=x', undefined, 400, 'usr'],
    ['a parameter twice', 'GET', '/v1/memories?user_id=u&user_id=v', undefined, 400, 'user_id'],
    ['a limit of 0', 'GET', '/v1/memories?user_id=u&limit=0', undefined, 400, 'limit'],
    ['a page far away', 'GET', '/v1/memories?user_id=u&page=2000&limit=1000', undefined, 400, 'page'],
    ['a cursor of somebody’s own', 'GET', '/v1/memories?user_id=u&cursor=x', undefined, 400, undefined],
    ['a kind that there is not', 'GET', '/v1/memories?user_id=u&kinds=secret', undefined, 400, 'kinds'],
    ['nothing to delete by', 'DELETE', '/v1/memories', undefined, 400, 'user_id'],
    ['nothing to change', 'PUT', '/v1/memories/x~dQ', {}, 400, 'text'],
    ['an empty batch', 'PUT', '/v1/batch/', { memories: [] }, 400, 'memories'],
    ['a batch of nothing to change', 'PUT', '/v1/batch/', { memories: [{ memory_id: 'x~dQ' }] }, 400, 'memories[0]'],
  ] as const)
    test(name, async () => {
      const answer = await ask(SERVICE, method, path, body);
      expect({ status: answer.status, text: answer.text }).toEqual({ status, text: answer.text });
      if (param !== undefined) expect(answer.json.error.param).toBe(param);
    });

  test('a body that is not JSON by its own word', async () => {
    expect((await ask(SERVICE, 'POST', '/v1/memories', 'user_id=u', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(
      415,
    );
  });

  test('ids that are none, or not spelt as they were given out', async () => {
    const id = await keep('spelt', 'Spelt in one way');
    for (const wrong of [
      'x',
      `${id}=`,
      id.replace('~', '~~'),
      `${id.split('~')[0]}~`,
      `~${id.split('~')[1]}`,
      `h:${id}`,
      `u:${id}`,
      'x'.repeat(2_000),
      '__proto__',
      '%00',
      '..%2F..',
    ])
      expect({ wrong: wrong.slice(0, 60), status: (await ask(SERVICE, 'GET', `/v1/memories/${wrong}`)).status }).toEqual({
        wrong: wrong.slice(0, 60),
        status: 404,
      });
  });
});

describe('batches', () => {
  test('change all or none, and delete what is there', async () => {
    const user = someone();
    const ids = [await keep(user, 'First of three'), await keep(user, 'Second of three'), await keep(user, 'Third of three')];
    const missing = await ask(SERVICE, 'PUT', '/v1/batch/', {
      memories: [
        { memory_id: ids[0], text: 'Changed' },
        { memory_id: `x${ids[1]}`, text: 'Changed' },
      ],
    });
    expect(missing.status).toBe(404);
    expect((await ask(SERVICE, 'GET', `/v1/memories/${ids[0]}`)).json.memory).toBe('First of three');
    const changed = await ask(SERVICE, 'PUT', '/v1/batch/', {
      memories: ids.map((memory_id, index) => ({ memory_id, text: `Changed ${index}` })),
    });
    expect(changed.json.updated).toBe(3);
    const deleted = await ask(SERVICE, 'DELETE', '/v1/batch/', { memories: [{ memory_id: ids[0] }, ids[1], ids[1], 'x'] });
    expect(deleted.json.deleted).toBe(2);
    expect((await ask(SERVICE, 'DELETE', '/v1/batch/', { memories: [ids[0]] })).json.deleted).toBe(0);
    expect(memories(await ask(SERVICE, 'GET', `/v1/memories${query({ user_id: user })}`))).toEqual(['Changed 2']);
  });
});

test('where memory is switched off, nothing is remembered, and whoever wants to be forgotten is', async () => {
  await using off = createMemoryStage({ enabled: false });
  const { status, json } = await off.ask(SERVICE, 'POST', '/v1/memories', { messages: 'x', user_id: 'u' });
  expect([status, json.error.code]).toEqual([404, 'feature_disabled']);
  expect((await off.ask(SERVICE, 'DELETE', '/v1/users/u')).status).toBe(200);
});
