/*
 * A gateway with memory and knowledge over stores that can be made to fail, and users who go on chatting with it meanwhile: whole and streamed, on two APIs, half of
 * them only asking and half of them saying something that is to be remembered. The model says what the user said, so an answer can be told from any other.
 */
import { expect } from 'bun:test';
import { MEMORY_KINDS } from '../../src/context/memory/memory.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';

const KEY = 'sk-faults-0000000000';
const COLLECTION = 'harbour';
export const USERS = ['ann', 'bob', 'cid', 'dot'] as const;
type User = (typeof USERS)[number];

const PARTS = ['memory', 'knowledge'] as const;

/** A word that nobody else may be told. */
const canaryOf = (user: string): string => `canary${user}`;
/** Shares its meaning with what is asked, and no word. */
const nearOf = (user: string): string => `My puppy answers to ${canaryOf(user)}.`;
/** Shares a word. */
const WORDS = 'I live on Elm Street.';
const DOCUMENT = 'The vessel is moored at pier nine.\n';
const QUESTION = 'Which name has the hound of Elm Street, and what about my yacht?';

export interface Stack {
  /** Of the chat model; the embedding model. */
  readonly model: string;
  readonly embedder: string;
  readonly state: object;
}

/** Generous, for a machine that is busy: what is late here is late by far more. */
export function startStack({ model, embedder, state }: Stack): Promise<GatewayProcess> {
  const target = (provider: string, name: string) => ({ targets: [{ provider, model: name }] });
  return startGateway({
    config: {
      auth: { keys: [{ name: 'all', key: KEY, tier: 'free' }] },
      limits: { mode: 'off', tiers: { free: {} } },
      state: { records_timeout: '500ms', ...state },
      context: { deadline: '1s', embeddings: { model: 'words' } },
      providers: {
        talk: { type: 'openai-compatible', base_url: `${model}/v1` },
        embed: { type: 'openai-compatible', base_url: `${embedder}/v1` },
      },
      models: { chat: target('talk', 'sim-1'), words: target('embed', 'words') },
    },
  });
}

const headers = { authorization: `Bearer ${KEY}` };

function post(gateway: GatewayProcess, path: string, body: object): Promise<Response> {
  return gateway.request(path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** What each of the users said long ago, and a document for all of them. */
export async function plant(gateway: GatewayProcess): Promise<void> {
  const form = new FormData();
  form.set('file', new File([DOCUMENT], 'harbour.md', { type: 'text/markdown' }));
  form.set('collection', COLLECTION);
  expect((await gateway.request('/v1/upload', { method: 'POST', headers, body: form })).status).toBe(200);
  for (const user of USERS) {
    for (const content of [nearOf(user), WORDS]) {
      const reply = await post(gateway, '/v1/memories', { messages: [{ role: 'user', content }], user_id: user, infer: false });
      expect(reply.status).toBe(200);
    }
  }
}

export interface Chat {
  readonly user: User;
  /** What went on while it was under way; undefined: that changed meanwhile. */
  readonly phase: string | undefined;
  /** Of what was said in it alone. */
  readonly code: string;
  readonly isSaid: boolean;
  readonly answer: string;
  readonly expected: string;
  /** `memory:vectors` and the like. */
  readonly leftOut: readonly string[];
  /** Texts of memories and documents; undefined where the API does not say. */
  readonly told: string | undefined;
  readonly tookMs: number;
}

interface Unified {
  readonly context: { readonly memories: readonly { text: string }[]; readonly rag_documents: readonly { text: string }[] };
  readonly metadata: { readonly left_out?: readonly { part: string; reason: string }[] };
}

const PAUSE_MS = 50;
const PHASE_MS = 20_000;
/** After a fault; a machine that does much else takes its time for embedding what was said meanwhile. */
const RECOVERY_MS = 60_000;

let loads = 0;

export class Load implements AsyncDisposable {
  readonly chats: Chat[] = [];
  readonly #gateway: GatewayProcess;
  readonly #running: Promise<unknown>;
  #phase = 'first';
  #isOver = false;
  readonly #number = (loads += 1);

  constructor(gateway: GatewayProcess, users: readonly User[] = USERS) {
    this.#gateway = gateway;
    this.#running = Promise.all(users.map((user, index) => this.#talk(user, index)));
    this.#running.catch(() => undefined);
  }

  /** Resolves when the chats that began and ended in this phase are enough. */
  async phase(name: string, areEnough: (chats: readonly Chat[]) => boolean | Promise<boolean>): Promise<void> {
    this.#phase = name;
    const enough = eventually(() => areEnough(this.in(name)), { what: `'${name}' with enough chats`, timeoutMs: PHASE_MS });
    enough.catch(() => undefined);
    await Promise.race([enough, this.#running.then(() => enough)]);
  }

  /** What goes on under way of a change is neither the one nor the other. */
  async change(name: string, run: () => Promise<unknown> | void): Promise<void> {
    this.#phase = name;
    await run();
  }

  in(phase: string): Chat[] {
    return this.chats.filter((chat) => chat.phase === phase);
  }

  /** Of every user a chat that was told all, and left out nothing. */
  well(name: string, users: readonly User[] = USERS): Promise<void> {
    return this.phase(name, (chats) => {
      const unwell = users.filter((user) => !chats.some((chat) => chat.user === user && isWell(chat)));
      if (unwell.length === 0) return true;
      const latest = unwell.map((user) => chats.findLast((chat) => chat.user === user && !chat.isSaid));
      throw new Error(`of ${chats.length} chats none is well of ${unwell.join(', ')}: ${JSON.stringify(latest)}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    // What went wrong is told by the phase in which it did.
    await Promise.allSettled([this.#running]);
  }

  async #talk(user: User, offset: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn += 1) {
      const before = this.#phase;
      const asked = {
        user,
        isUnified: (offset + turn) % 2 === 0,
        isStream: Math.floor((offset + turn) / 2) % 2 === 0,
        isSaid: Math.floor(turn / 4) % 2 === 1,
      };
      const startMs = performance.now();
      const chat = await chatOf(this.#gateway, { ...asked, code: `${user}${this.#number}x${turn}z` });
      this.chats.push({ ...chat, tookMs: performance.now() - startMs, phase: before === this.#phase ? before : undefined });
      await Bun.sleep(PAUSE_MS);
    }
  }
}

function isWell({ user, isSaid, leftOut, told }: Chat): boolean {
  const all = [canaryOf(user), WORDS, DOCUMENT.trim()];
  return !isSaid && leftOut.length === 0 && told !== undefined && all.every((text) => told.includes(text));
}

interface Asked {
  readonly user: User;
  readonly code: string;
  readonly isUnified: boolean;
  readonly isStream: boolean;
  /** Something is said that is to be remembered. */
  readonly isSaid: boolean;
}

async function chatOf(gateway: GatewayProcess, asked: Asked): Promise<Omit<Chat, 'phase' | 'tookMs'>> {
  const { user, code, isUnified, isStream, isSaid } = asked;
  const expected = isSaid ? `The parcel ${code} stands in the loft.` : `${QUESTION} Asked as ${code}.`;
  const common = { model: 'chat', messages: [{ role: 'user', content: `echo: ${expected}` }], stream: isStream };
  const session = `talk-${user}`;
  const body = isUnified
    ? { ...common, user_id: user, session_id: session, store_memory: isSaid, memory_limit: 20, use_rag: true, collections: [COLLECTION] }
    : {
        ...common,
        gatehouse: {
          user_id: user,
          session_id: session,
          memory: { read: true, write: isSaid, limit: 20 },
          knowledge: { collections: [COLLECTION] },
        },
      };
  const reply = await post(gateway, isUnified ? '/v1/chat' : '/v1/chat/completions', body);
  const text = await reply.text();
  if (reply.status !== 200) throw new Error(`a chat failed with ${reply.status}: ${text}`);
  const events = isStream ? eventsOf(text) : [JSON.parse(text) as unknown];
  const last = events.at(-1) as Unified;
  return {
    user,
    code,
    isSaid,
    answer: events.map(wordsOf).join(''),
    expected,
    leftOut: isUnified
      ? (last.metadata?.left_out ?? []).map(({ part, reason }) => `${part}:${reason}`)
      : (/left-out=(.*)/.exec(reply.headers.get('x-gatehouse-context') ?? '')?.[1]?.split(',') ?? []),
    told: isUnified
      ? [...(last.context?.memories ?? []), ...(last.context?.rag_documents ?? [])].map((each) => each.text).join('\n')
      : undefined,
  };
}

function eventsOf(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as unknown);
}

function wordsOf(event: unknown): string {
  const { choices = [] } = event as { choices?: readonly { message?: { content?: string }; delta?: { content?: string } }[] };
  return choices[0]?.message?.content ?? choices[0]?.delta?.content ?? '';
}

/** That no chat failed, that each has the model's own answer, and that nobody was told what is another's. */
export function expectAnswered(chats: readonly Chat[]): void {
  expect(chats.filter(({ answer, expected }) => answer !== expected)).toEqual([]);
  for (const { user, told = '' } of chats) for (const other of USERS) if (other !== user) expect(told).not.toContain(canaryOf(other));
}

/** A chat that takes so long, though whatever it leans on answers at once, was on a machine that stood still: then others were late too, and left alone for a while. */
const STILL_MS = 500;
const LATE = ['timeout', 'embeddings', 'storage'];

/**
 * That each of these chats says of both parts what was left out. Where a machine is slow, a part that should have been told to be away was not there in time.
 * `isQuick`: what is at fault answers at once.
 */
export function expectLeftOut(
  chats: readonly Chat[],
  reason: string,
  { also = [], isQuick = false }: { readonly also?: readonly string[]; readonly isQuick?: boolean } = {},
): void {
  const late = isQuick && chats.some(({ tookMs }) => tookMs >= STILL_MS) ? LATE : ['timeout'];
  const named = [reason, ...late];
  const reasons = new Set([...named, ...also]);
  for (const { leftOut } of chats) {
    expect(PARTS.filter((part) => !named.some((each) => leftOut.includes(`${part}:${each}`)))).toEqual([]);
    expect(leftOut.filter((left) => !reasons.has(left.split(':')[1] ?? ''))).toEqual([]);
  }
  for (const part of PARTS) expect(chats.flatMap(({ leftOut }) => leftOut)).toContain(`${part}:${reason}`);
}

/** That all that was said to be remembered is, each thing once. */
export async function expectRemembered(gateway: GatewayProcess, chats: readonly Chat[]): Promise<void> {
  for (const user of USERS) {
    const codes = chats.filter((chat) => chat.user === user && chat.isSaid).map(({ code }) => code);
    await eventually(
      async () => {
        const turns = await turnsOf(gateway, user);
        const counts = codes.map((code) => ({ code, times: turns.filter((turn) => turn.includes(code)).length }));
        const wrong = counts.filter(({ times }) => times !== 1);
        if (wrong.length === 0) return true;
        throw new Error(`of ${counts.length} things ${JSON.stringify(wrong)}`);
      },
      { what: `what ${user} said`, timeoutMs: RECOVERY_MS, intervalMs: 200 },
    );
  }
}

interface Listed {
  readonly results: readonly { readonly memory: string }[];
  readonly next_cursor: string | null;
}

/** That every memory has its vector, what was said while none could be made too. `qdrant`: its URL. */
export async function expectVectors(gateway: GatewayProcess, qdrant: string): Promise<void> {
  for (const user of USERS) {
    const filter = { must: [{ key: 'partition', match: { value: JSON.stringify(['default', 'memory', user]) } }] };
    const check = async (): Promise<boolean> => {
      const wanted = (await memoriesOf(gateway, user, MEMORY_KINDS)).length;
      const counts = await countsIn(qdrant, filter);
      if (counts.includes(wanted)) return true;
      throw new Error(`${JSON.stringify(counts)} vectors of ${wanted} memories`);
    };
    await eventually(check, { what: `the vectors of ${user}`, timeoutMs: RECOVERY_MS, intervalMs: 200 });
  }
}

/** Of each collection. */
async function countsIn(qdrant: string, filter: object): Promise<number[]> {
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => (await fetch(`${qdrant}/collections${path}`, init)).json();
  const { result } = (await ask('')) as { result: { collections: readonly { name: string }[] } };
  return Promise.all(
    result.collections.map(async ({ name }) => {
      const counted = await ask(`/${name}/points/count`, { method: 'POST', body: JSON.stringify({ filter, exact: true }) });
      return (counted as { result: { count: number } }).result.count;
    }),
  );
}

/** What the user said, word for word. */
async function turnsOf(gateway: GatewayProcess, user: string): Promise<string[]> {
  return (await memoriesOf(gateway, user, ['turn'])).filter((text) => text.startsWith('echo:'));
}

async function memoriesOf(gateway: GatewayProcess, user: string, kinds: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const reply = await gateway.request(`/v1/memories?user_id=${user}&limit=500&kinds=${kinds.join(',')}${after}`, { headers });
    if (reply.status !== 200) throw new Error(`memories cannot be listed: ${await reply.text()}`);
    const page = (await reply.json()) as Listed;
    texts.push(...page.results.map(({ memory }) => memory));
    cursor = page.next_cursor;
  }
  return texts;
}
