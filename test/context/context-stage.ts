/* The policy `context` on a stage: an engine that does what each test says, and a clock that tests move. */

import { createManualClock } from '../../src/base/manual-clock.ts';
import { contextConfig } from '../../src/context/context-config.ts';
import type { ContextEngine } from '../../src/context/context-engine.ts';
import type { Collection, FoundChunk, KnowledgeEngine } from '../../src/context/knowledge/knowledge.ts';
import { visibleCollections } from '../../src/context/knowledge/visible-collections.ts';
import type { Memory, MemoryEngine, RememberRequest } from '../../src/context/memory/memory.ts';
import { openaiChat } from '../../src/dialects/openai-chat/openai-chat.ts';
import { DIALECTS_BY_NAME } from '../../src/dialects/registry.ts';
import { Exchange } from '../../src/pipeline/exchange.ts';
import { contextFact, type Principal, principalFact } from '../../src/pipeline/facts.ts';
import type { Reply } from '../../src/pipeline/reply.ts';
import type { GatewayRequest } from '../../src/pipeline/request.ts';
import type { RouteInfo } from '../../src/pipeline/route.ts';
import { createContext } from '../../src/policies/context/context.ts';

const CHAT: RouteInfo = { pattern: '/v1/chat/completions', kind: 'model', access: 'key', dialect: 'openai-chat', operation: 'chat' };
const ALICE: Principal = { id: 'a', tenant: 't1', tier: 'standard', admin: false, kind: 'key' };
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
export const NEVER_COMES = new Promise<never>(() => {});

export const memory = (id: string, text: string, more: Partial<Memory> = {}): Memory => ({
  id,
  kind: 'fact',
  text,
  role: 'user',
  session: 'other',
  turn: 0,
  createdMs: 0,
  updatedMs: 0,
  eventMs: 0,
  validFromMs: 0,
  supersedes: [],
  importance: 0.5,
  touchesMs: [],
  hash: '',
  sources: [],
  metadata: {},
  ...more,
});

export const chunk = (text: string): FoundChunk => ({
  score: 0.8,
  parts: {},
  chunk: {
    id: 'c',
    collection: 'vs_1',
    file: 'doc_1',
    filename: 'a.md',
    index: 0,
    text,
    start: 0,
    end: text.length,
    headings: [],
    attributes: { team: 'web' },
  },
});

export const COLLECTION: Collection = { id: 'vs_1', name: 'default', createdMs: 0, lastActiveMs: 0, metadata: {} };

export const ANSWER = (text: string, finish = 'stop') =>
  JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }],
  });
export const CHUNK = (text: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`;

export interface Setup {
  readonly memory?: Partial<MemoryEngine>;
  readonly knowledge?: Partial<KnowledgeEngine>;
  readonly engine?: 'none';
  readonly principal?: Partial<Principal>;
  readonly config?: object;
}

/** Who sees which collection is decided as it is everywhere. */
function staged(given: Partial<KnowledgeEngine> = {}): Partial<KnowledgeEngine> {
  const { collections = async () => [COLLECTION], search = async () => ({ chunks: [], leftOut: [] }) } = given;
  return {
    async searchFor(viewer, { collections: named, ...query }) {
      const all = new Map((await collections(viewer.tenant)).map((each) => [each.id, each]));
      const found = visibleCollections(viewer, named, all);
      return found.length === 0 ? undefined : search(viewer.tenant, { ...query, collections: found });
    },
    ...given,
  };
}

export function setup({ memory: given, knowledge, engine: kind, principal, config = {} }: Setup = {}) {
  const clock = createManualClock();
  const remembered: RememberRequest[] = [];
  const touched: string[][] = [];
  const counted: string[] = [];
  const engine = {
    memory: {
      profile: async () => [],
      recall: async () => ({ memories: [], leftOut: [] }),
      list: async () => ({ memories: [] }),
      remember: async (_: unknown, request: RememberRequest) => {
        remembered.push(request);
        return { turns: request.turns.map((_turn, at) => `t${at}`), events: [] };
      },
      touch: async (_: unknown, ids: readonly string[]) => void touched.push([...ids]),
      ...given,
    },
    knowledge: staged(knowledge),
  } as unknown as ContextEngine;
  const policy = createContext(contextConfig.parse(config), {
    engine: kind === 'none' ? undefined : engine,
    dialects: DIALECTS_BY_NAME,
    models: new Set(),
    clock,
    logger: SILENT,
    events: {
      retrieved: () => {},
      told: () => {},
      leftOut: (part, reason) => void counted.push(`${part}:${reason}`),
      saved: (state) => void counted.push(`saved:${state}`),
    },
  });
  const ask = async (body: object, { headers = {}, reply }: { headers?: Record<string, string>; reply?: Reply } = {}) => {
    const exchange = new Exchange({ id: 'c', route: CHAT, signal: new AbortController().signal, address: '::1', clock });
    exchange.set(principalFact, { ...ALICE, ...principal });
    const seen: GatewayRequest[] = [];
    const handler = policy.layer(CHAT)?.((request) => {
      seen.push(request);
      return Promise.resolve(reply ?? { status: 200, headers: { 'content-type': 'application/json' }, body: ANSWER('Fine.') });
    });
    const bytes = Buffer.from(JSON.stringify({ model: 'm', ...body }));
    const operation = openaiChat.decode('chat', bytes, { hasModel: () => false });
    const request: GatewayRequest = {
      method: 'POST',
      path: '/v1/chat/completions',
      search: '',
      headers: new Headers(headers),
      body: { kind: 'bytes', bytes },
      operation,
    };
    const answered = handler?.(request, exchange) ?? Promise.reject(new Error('no layer'));
    return { answered, exchange, seen, bytes };
  };
  return { ask, clock, remembered, touched, counted };
}

export const QUESTION = { messages: [{ role: 'user', content: 'Where do I live?' }] };
export const BOTH = { 'x-gatehouse-context': 'memory=read,write; knowledge=on; user=alice' };

export async function run(
  given: Setup,
  { body = QUESTION, headers = BOTH, reply }: { body?: object; headers?: Record<string, string>; reply?: Reply } = {},
) {
  const { ask, ...rest } = setup(given);
  const { answered, exchange, seen, bytes } = await ask(body, { headers, ...(reply === undefined ? {} : { reply }) });
  const got = await answered;
  exchange.end({ kind: 'complete', status: got.status, bytesSent: 0 });
  const sent = Buffer.from(seen[0]?.operation?.bytes ?? []).toString();
  return { ...rest, exchange, sent, bytes, reply: got, context: exchange.peek(contextFact), request: seen[0] };
}

/** Lets everything that is ready run, then moves the clock to the deadline. */
export async function passDeadline(clock: { advance(ms: number): void }): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  clock.advance(150);
}
