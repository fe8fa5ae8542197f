/* What is done to the gateway, as rows: how often, and what. A row is given a user whom nobody else works for meanwhile. */

import { boundKey, type Person, serviceKey, type World } from './world.ts';

export interface Operation {
  readonly name: string;
  readonly weight: number;
  readonly run: (person: Person, world: World) => Promise<void>;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Statuses that are no failure. */
  readonly may?: readonly number[];
}

export interface Told {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
  readonly json: any;
}

/** Asks as the user, or as the tenant's service that names the user; holds the answer and its headers against them. */
export async function ask(person: Person, world: World, { method, path, body, headers = {}, may = [200] }: Asked): Promise<Told> {
  if (isChat(path)) person.chattedAtMs = performance.now();
  const isService = headers['x-as-service'] !== undefined;
  const { 'x-as-service': _, ...sent } = headers;
  const authorization = `Bearer ${isService ? serviceKey(person) : boundKey(person)}`;
  const isForm = body instanceof FormData;
  const reply = await fetch(`${world.url}${path}`, {
    method,
    headers: { authorization, ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }), ...sent },
    ...(body === undefined ? {} : { body: isForm || typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await reply.text();
  const what = `${method} ${path.replaceAll(/[\w-]{30,}(~[\w-]+)?/g, '…')}`;
  world.hold(person, what, text);
  for (const [name, value] of reply.headers) world.hold(person, `${what} header ${name}`, value);
  if (!may.includes(reply.status)) world.fail(`${what}: ${reply.status} ${text.slice(0, 300)}`);
  const isJson = reply.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: reply.status, text, headers: reply.headers, json: isJson ? (JSON.parse(text) as unknown) : undefined };
}

function isChat(path: string): boolean {
  return path.startsWith('/v1/chat') || path === '/v1/responses';
}

const SUBJECTS = ['the harbour', 'my bicycle', 'the old mill', 'our garden', 'the blue kettle', 'the night train', 'my cello'] as const;
const SAYINGS = ['is called', 'has the code', 'was found by', 'smells of', 'is owed to', 'belongs beside'] as const;

function sentence(person: Person, world: World): string {
  return `I tell you that ${world.pick(SUBJECTS)} ${world.pick(SAYINGS)} ${person.plant()}.`;
}

const question = (world: World): string => `What do you know of ${world.pick(SUBJECTS)}, and what is it called?`;
const asService = (world: World): Record<string, string> => (world.random() < 0.3 ? { 'x-as-service': '1' } : {});

const unified = (person: Person, world: World, more: object = {}): object => ({
  model: 'mirror',
  user_id: person.name,
  messages: [{ role: 'user', content: world.random() < 0.5 ? sentence(person, world) : question(world) }],
  temperature: 0,
  ...more,
});

const chat: Operation = {
  name: 'chat',
  weight: 16,
  run: async (person, world) => {
    await ask(person, world, { method: 'POST', path: '/v1/chat', body: unified(person, world), headers: asService(world) });
  },
};

/** The body of a stream, read until the end or until some part of it, and then cut. */
const streamed: Operation = {
  name: 'chat, streamed and cut',
  weight: 10,
  run: async (person, world) => {
    const controller = new AbortController();
    const isCut = world.random() < 0.5;
    const most = isCut ? Math.floor(world.random() * 1_500) : Infinity;
    const key = world.random() < 0.3 ? serviceKey(person) : boundKey(person);
    let text = '';
    try {
      const reply = await fetch(`${world.url}/v1/chat`, {
        method: 'POST',
        signal: controller.signal,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(unified(person, world, { stream: true })),
      });
      if (reply.status !== 200) world.fail(`stream: ${reply.status} ${(await reply.text()).slice(0, 300)}`);
      const decoder = new TextDecoder();
      for await (const chunk of reply.body ?? []) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        if (text.length >= most) break;
      }
    } catch (error) {
      if (!isCut) world.fail(`stream: ${String(error)}`);
    } finally {
      controller.abort();
      person.chattedAtMs = performance.now();
    }
    // Events cut a word in two: the pieces are put together before they are looked at.
    const said = text.split('\n').flatMap((line) => contentOf(line));
    world.hold(person, 'POST /v1/chat streamed', `${said.join('')}\n${text}`);
  },
};

function contentOf(line: string): string[] {
  if (!line.startsWith('data: {')) return [];
  try {
    const event = JSON.parse(line.slice(6)) as { readonly choices?: readonly { readonly delta?: { readonly content?: string } }[] };
    return (event.choices ?? []).flatMap(({ delta }) => delta?.content ?? []);
  } catch {
    return [];
  }
}

const completions: Operation = {
  name: 'completions with memory',
  weight: 8,
  run: async (person, world) => {
    const words = world.random() < 0.5 ? sentence(person, world) : question(world);
    const gatehouse = { user_id: person.name, memory: { read: true, write: world.random() < 0.5 } };
    const body = { model: 'mirror', temperature: 0, messages: [{ role: 'user', content: words }], gatehouse };
    await ask(person, world, { method: 'POST', path: '/v1/chat/completions', body, headers: asService(world) });
  },
};

/** The same question twice, and the questions of others as one's own: nobody gets what was cached for somebody else. */
const cached: Operation = {
  name: 'cached answers',
  weight: 12,
  run: async (person, world) => {
    const old = world.pick(person.chats);
    const fresh = (): string =>
      JSON.stringify({ model: 'mirror', temperature: 0, messages: [{ role: 'user', content: `Repeat ${sentence(person, world)}` }] });
    const body = old ?? fresh();
    if (old === undefined) person.chats.push(body);
    await ask(person, world, { method: 'POST', path: '/v1/chat/completions', body });
    // What all of them ask in the same words.
    const common = {
      model: 'mirror',
      temperature: 0,
      messages: [{ role: 'user', content: 'What do you know of me?' }],
      gatehouse: { user_id: person.name, memory: { read: true } },
    };
    await ask(person, world, { method: 'POST', path: '/v1/chat/completions', body: common, headers: asService(world) });
  },
};

const add: Operation = {
  name: 'memories: add',
  weight: 16,
  run: async (person, world) => {
    const messages = [{ role: 'user', content: sentence(person, world) }];
    const body = {
      messages,
      user_id: person.name,
      infer: world.random() < 0.5,
      run_id: `run-${Math.floor(world.random() * 3)}`,
      metadata: { tag: person.plant() },
    };
    const { json, status } = await ask(person, world, { method: 'POST', path: '/v1/memories', body, headers: asService(world) });
    if (status === 200) person.memories.push(...idsOf(json));
  },
};

// oxlint-disable-next-line typescript/no-explicit-any -- an answer's ids, wherever they stand
function idsOf(json: any): string[] {
  return [...(json.results as { id: string }[]).map(({ id }) => id), ...((json.turns as string[] | undefined) ?? [])];
}

const search: Operation = {
  name: 'memories: search',
  weight: 12,
  run: async (person, world) => {
    const body = { query: question(world), filters: { AND: [{ user_id: person.name }] }, top_k: 10 };
    await ask(person, world, { method: 'POST', path: '/v3/memories/search/', body, headers: asService(world) });
  },
};

const list: Operation = {
  name: 'memories: list and get',
  weight: 6,
  run: async (person, world) => {
    const user = encodeURIComponent(person.name);
    await ask(person, world, {
      method: 'GET',
      path: `/v1/memories?user_id=${user}&limit=20&kinds=turn,fact,preference,profile`,
      headers: asService(world),
    });
    const id = world.pick(person.memories);
    if (id === undefined) return;
    await ask(person, world, { method: 'GET', path: `/v1/memories/${id}`, may: [200, 404], headers: asService(world) });
    await ask(person, world, { method: 'GET', path: `/v1/memories/${id}/history`, may: [200, 404] });
  },
};

const change: Operation = {
  name: 'memories: change and delete',
  weight: 6,
  run: async (person, world) => {
    const id = world.pick(person.memories);
    if (id === undefined) return;
    if (world.random() < 0.6) {
      await ask(person, world, {
        method: 'PUT',
        path: `/v1/memories/${id}`,
        body: { text: sentence(person, world) },
        may: [200, 404],
        headers: asService(world),
      });
      return;
    }
    await ask(person, world, { method: 'DELETE', path: `/v1/memories/${id}`, may: [200, 404], headers: asService(world) });
    person.memories.splice(person.memories.indexOf(id), 1);
  },
};

const exported: Operation = {
  name: 'export',
  weight: 1,
  run: async (person, world) => {
    const { text } = await ask(person, world, {
      method: 'GET',
      path: `/v1/users/${encodeURIComponent(person.name)}/export`,
      headers: asService(world),
    });
    if (!text.trimEnd().split('\n').at(-1)?.includes('"type":"end"')) world.fail('an export was cut');
  },
};

/** What a user may not: ids and names of others, by every way there is. */
const probe: Operation = {
  name: 'asking for others',
  weight: 10,
  run: async (person, world) => {
    const other = world.other(person);
    const id = world.pick(other.memories) ?? 'x~eA';
    const name = encodeURIComponent(other.name);
    const may = [404];
    const asked = world.pick<Asked>([
      { method: 'GET', path: `/v1/memories/${id}`, may },
      { method: 'GET', path: `/v1/memories/${id}/history`, may },
      { method: 'PUT', path: `/v1/memories/${id}`, body: { text: 'taken' }, may },
      { method: 'DELETE', path: `/v1/memories/${id}`, may },
      { method: 'GET', path: `/v1/memories?user_id=${name}`, may },
      { method: 'DELETE', path: `/v1/memories?user_id=${name}`, may },
      { method: 'POST', path: '/search', body: { query: question(world), user_id: other.name }, may },
      { method: 'GET', path: `/v1/users/${name}/export`, may },
      { method: 'DELETE', path: `/v1/users/${name}`, may },
      { method: 'POST', path: '/v1/chat', body: { ...unified(person, world), user_id: other.name }, may },
      { method: 'GET', path: `/v1/upload/${world.pick(other.documents) ?? 'doc_00000000000000000000000000000000'}?include=text`, may },
      { method: 'GET', path: `/v1/responses/${world.pick(other.responses) ?? 'resp_0'}`, may: [404, 400] },
      { method: 'GET', path: `/v1/vector_stores/${world.pick(other.stores) ?? 'vs_0'}`, may },
      { method: 'GET', path: `/v1/vector_stores/${world.pick(other.stores) ?? 'vs_0'}/files`, may },
      { method: 'POST', path: `/v1/vector_stores/${world.pick(other.stores) ?? 'vs_0'}/search`, body: { query: question(world) }, may },
      { method: 'DELETE', path: '/v1/batch/', body: { memories: [{ memory_id: id }] } },
    ]);
    if (asked !== undefined) await ask(person, world, asked);
  },
};

const responses: Operation = {
  name: 'responses, gone on with',
  weight: 4,
  run: async (person, world) => {
    const previous = world.pick(person.responses);
    const input = world.random() < 0.5 ? sentence(person, world) : question(world);
    const body = { model: 'mirror', temperature: 0, input, ...(previous === undefined ? {} : { previous_response_id: previous }) };
    const { json, status } = await ask(person, world, { method: 'POST', path: '/v1/responses', body, may: [200, 400, 404] });
    if (status === 200 && previous === undefined) person.responses.push(json.id as string);
  },
};

/** Each is read by a process of its own: few, for they take longer than all else. */
const upload: Operation = {
  name: 'upload',
  weight: 0.15,
  run: async (person, world) => {
    const form = new FormData();
    form.append('file', new File([`# Notes\n\n${sentence(person, world)}\n`], `${person.plant()}.md`));
    const { json, status } = await ask(person, world, { method: 'POST', path: '/v1/upload', body: form });
    if (status !== 200) return;
    person.documents.push(json.id as string);
    await ask(person, world, { method: 'GET', path: `/v1/upload/${json.id}?include=text` });
    await ask(person, world, { method: 'GET', path: '/v1/upload' });
    const store = await ask(person, world, {
      method: 'POST',
      path: '/v1/vector_stores',
      body: { name: person.plant(), file_ids: [json.id] },
    });
    if (store.status === 200) person.stores.push(store.json.id as string);
  },
};

const knowledge: Operation = {
  name: 'knowledge: search and list',
  weight: 3,
  run: async (person, world) => {
    await ask(person, world, { method: 'GET', path: '/v1/vector_stores' });
    const store = world.pick(person.stores);
    if (store === undefined) return;
    await ask(person, world, { method: 'POST', path: `/v1/vector_stores/${store}/search`, body: { query: question(world) } });
    const body = {
      model: 'mirror',
      temperature: 0,
      messages: [{ role: 'user', content: question(world) }],
      gatehouse: { knowledge: { collections: [store] } },
    };
    await ask(person, world, { method: 'POST', path: '/v1/chat/completions', body });
  },
};

/** What was said in a chat may be remembered after the answer has gone: whoever erases somebody waits for that. */
const SETTLES_MS = 3_000;

const erase: Operation = {
  name: 'erase',
  weight: 0.5,
  run: async (person, world) => {
    if (performance.now() - person.chattedAtMs < SETTLES_MS) return;
    await eraseWhole(person, world, asService(world));
    await ask(person, world, { method: 'GET', path: `/v1/users/${encodeURIComponent(person.name)}/export` });
  },
};

const TRIES_MAX = 5;

/** Until it is done: one that could not be done says so. */
export async function eraseWhole(person: Person, world: World, headers: Record<string, string> = {}): Promise<Told> {
  const path = `/v1/users/${encodeURIComponent(person.name)}`;
  for (let tries = 1; ; tries += 1) {
    const told = await ask(person, world, { method: 'DELETE', path, headers, may: tries < TRIES_MAX ? [200, 503] : [200] });
    if (told.status !== 200 && tries < TRIES_MAX) continue;
    person.forget();
    return told;
  }
}

export const OPERATIONS: readonly Operation[] = [
  chat,
  streamed,
  completions,
  cached,
  add,
  search,
  list,
  change,
  exported,
  probe,
  responses,
  upload,
  knowledge,
  erase,
];
