/* A gateway that knows its users, in front of a simulator that keeps what it was asked; and how the tests of context speak to it. */
import { afterAll, beforeAll, expect } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

export const ALL = 'sk-all-000000000000';
export const ADA = 'sk-ada-000000000000';
export const EVE = 'sk-eve-000000000000';
export const SHY = 'sk-shy-000000000000';

export let simulator: SimulatorProcess;
export let gateway: GatewayProcess;

/** Starts both for the tests of a file, and ends them behind it. */
export function useContextRig(): void {
  beforeAll(async () => {
    simulator = await startSimulator();
    const simulated = (type: string, path: string) => ({ type, base_url: `${simulator.url}${path}` });
    const target = (provider: string, model: string) => ({ targets: [{ provider, model }] });
    gateway = await startGateway({
      config: {
        auth: {
          keys: [
            { name: 'all', key: ALL, tier: 'free' },
            { name: 'ada', key: ADA, tier: 'free', user: 'ada', context: { memory: true } },
            { name: 'eve', key: EVE, tier: 'free', tenant: 'other' },
            { name: 'shy', key: SHY, tier: 'free', context: { memory: { read: true } } },
          ],
        },
        limits: { tiers: { free: {} } },
        state: { records: 'memory' },
        // Two cores for everything: what is tried here is what happens, not how fast.
        context: { deadline: '5s' },
        cache: { routes: [{ match: '/v1/chat/completions', any: true }] },
        providers: {
          chat: simulated('openai-compatible', '/v1'),
          messages: { ...simulated('anthropic', '/v1'), api_key: 'sk-sim' },
          responses: { ...simulated('openai', '/v1'), api_key: 'sk-sim' },
        },
        models: {
          'llama-3.3-8b-instruct': target('chat', 'sim-1'),
          claude: target('messages', 'sim-1'),
          gpt: target('responses', 'sim-1'),
          cut: target('chat', 'sim-1!tokens=8,cut-after=3'),
          broken: target('chat', 'sim-1!status=500'),
        },
      },
    });
  });
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await simulator?.[Symbol.asyncDispose]();
  });
}

export interface PostOptions {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

export const post = (path: string, body: object | string, { key = ALL, headers = {} }: PostOptions = {}): Promise<Response> =>
  gateway.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const COMPLETIONS = '/v1/chat/completions';
export const MODEL = 'llama-3.3-8b-instruct';
export const says = (content: string) => ({ role: 'user', content });
export const asks = (content: string, more: object = {}) => ({ model: MODEL, messages: [says(content)], ...more });

/** The body that the model was asked last, as it came. */
export async function lastAsked(): Promise<string> {
  return (await simulator.requests('/v1/')).at(-1)?.body ?? '';
}

/** What was told in it beside the caller's words. */
export function toldIn(body: string): string {
  const texts = textsIn(JSON.parse(body));
  return texts.filter((text) => text.startsWith('<gatehouse-context-')).join('\n===\n');
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

export const told = async (): Promise<string> => toldIn(await lastAsked());

let users = 0;
export const someUser = (): string => `user-${(users += 1)}`;

export interface Unified {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
  readonly context: {
    readonly memories: readonly { text: string; score: number; timestamp: string; id: string }[];
    readonly rag_documents: readonly unknown[];
  };
  readonly metadata: Record<string, unknown>;
}

export const unified = async (body: object, options?: PostOptions): Promise<Unified> => {
  const reply = await post('/v1/chat', body, options);
  expect(reply.status).toBe(200);
  return (await reply.json()) as Unified;
};

/** All that is remembered of a user, word for word. */
export async function remembered(user: string, key = ALL): Promise<string[]> {
  const reply = await gateway.request(`/v1/memories?user_id=${user}&top_k=100`, { headers: { authorization: `Bearer ${key}` } });
  const { results } = (await reply.json()) as { results: { memory: string }[] };
  return results.map(({ memory }) => memory);
}
