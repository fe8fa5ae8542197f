/*
 * Anthropic to Anthropic: what the upstream gets is what the caller sent, and what the caller gets is what the upstream sent, byte for byte, but for the
 * model's name. Each answer is compared with the one that the simulator gives directly to the very request that the gateway forwarded: it is deterministic.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-anthropic-bytes-00000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'bytes', key: KEY }] },
      limits: { mode: 'off' },
      providers: { anthropic: { base_url: `${simulator.url}/v1`, models: ['*'] } },
      models: { 'claude-house': { targets: [{ provider: 'anthropic', model: 'sim-1' }] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const HEADERS = { 'x-api-key': KEY, 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };

interface Bytes {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

async function post(url: string, body: string, more: Record<string, string> = {}): Promise<Bytes> {
  const reply = await fetch(url, { method: 'POST', headers: { ...HEADERS, ...more }, body });
  // Latin-1 keeps each byte apart: what UTF-8 would replace is not hidden.
  const bytes = Buffer.from(await reply.arrayBuffer()).toString('latin1');
  return { status: reply.status, contentType: reply.headers.get('content-type'), body: bytes };
}

async function pass(path: string, body: string, more: Record<string, string> = {}) {
  const answer = await post(gateway.url + path, body, more);
  const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
  const forwarded = sent?.body ?? '';
  const direct = await post(`${simulator.url}${sent?.path ?? ''}`, forwarded, more);
  return { answer, forwarded, direct, sent };
}

const MESSAGES = '/v1/messages';
const HELLO = { model: 'sim-1', max_tokens: 600, messages: [{ role: 'user', content: 'Hello' }] };
const THINKING = { type: 'enabled', budget_tokens: 1_024 };
const TOOLS = [
  { name: 'look_up', input_schema: { type: 'object', properties: { what: { type: 'string' } } }, strict: true, defer_loading: false },
];
const DOCUMENT = {
  type: 'document',
  source: { type: 'text', media_type: 'text/plain', data: 'The sky is blue.' },
  citations: { enabled: true },
};

const QUESTIONS: readonly { readonly name: string; readonly body: object }[] = [
  { name: 'prose', body: HELLO },
  {
    name: 'text beyond ASCII',
    body: { ...HELLO, messages: [{ role: 'user', content: 'echo: ☕ naïve 🜛 \u2028 "usage" event: error \\ </s>' }] },
  },
  { name: 'thoughts', body: { ...HELLO, max_tokens: 2_000, thinking: THINKING } },
  { name: 'thoughts that are not shown', body: { ...HELLO, thinking: { type: 'adaptive', display: 'omitted' } } },
  { name: 'tool calls', body: { ...HELLO, tools: TOOLS, messages: [{ role: 'user', content: 'Use the tool look_up' }] } },
  { name: 'citations', body: { ...HELLO, messages: [{ role: 'user', content: [DOCUMENT, { type: 'text', text: 'What colour?' }] }] } },
  { name: 'a refusal', body: { ...HELLO, model: 'sim-1!refusal' } },
  { name: 'a pause', body: { ...HELLO, model: 'sim-1!pause-turn' } },
  { name: 'a stop text', body: { ...HELLO, stop_sequences: ['e'] } },
  { name: 'a long answer', body: { ...HELLO, max_tokens: 9_000, model: 'sim-1!tokens=3000' } },
  { name: 'a large event', body: { ...HELLO, model: 'sim-1!huge-event=2000000' } },
  { name: 'an answer without usage', body: { ...HELLO, model: 'sim-1!no-usage' } },
];

for (const { name, body } of QUESTIONS) {
  test(`a whole answer is the bytes of the upstream: ${name}`, async () => {
    const sent = JSON.stringify(body);
    const { answer, forwarded, direct } = await pass(MESSAGES, sent);
    expect(forwarded).toBe(sent);
    expect(answer.status).toBe(200);
    expect(answer).toEqual(direct);
  });

  test(`a stream is the bytes of the upstream: ${name}`, async () => {
    const sent = JSON.stringify({ ...body, stream: true });
    const { answer, forwarded, direct } = await pass(MESSAGES, sent);
    expect(forwarded).toBe(sent);
    expect(answer.body).toEndWith('data: {"type":"message_stop"}\n\n');
    expect(answer.body).toBe(direct.body);
  });
}

test('a stream without its last event, after why it ended, is completed', async () => {
  const body = JSON.stringify({ ...HELLO, model: 'sim-1!no-done', stream: true });
  const { answer, direct } = await pass(MESSAGES, body);
  expect(answer.body).toBe(`${direct.body}event: message_stop\ndata: {"type":"message_stop"}\n\n`);
});

test('counts of tokens pass too', async () => {
  const { max_tokens: _left, ...counted } = HELLO;
  const { answer, forwarded, direct } = await pass(`${MESSAGES}/count_tokens`, JSON.stringify(counted));
  expect(forwarded).toBe(JSON.stringify(counted));
  expect(answer).toEqual(direct);
});

describe('what Claude Code sends', () => {
  const attribution = 'x-anthropic-billing-header: cc_version=2.4.1; cc_entrypoint=cli;';
  const betas =
    'claude-code-20250219,context-management-2025-06-27,interleaved-thinking-2025-05-14,structured-outputs-2025-11-13,a-beta-of-tomorrow';
  // Written by hand: order, spacing, escapes and number formats are the client's own, and caches and signatures hang on them.
  const body = (model: string) => `{"model":"${model}","max_tokens":32000,"stream":true,
    "system":[{"type":"text","text":"${attribution}"},{"type":"text","text":"You are Claude Code.","cache_control":{"type":"ephemeral"}},
      {"type":"text","text":"caf\\u00e9 \\ud83d\\ude00","cache_control":{"ttl":"1h","type":"ephemeral"}}],
    "messages":[{"role":"user","content":[{"type":"text","text":"<system-reminder>"},{"type":"text","text":"Hello","cache_control":{"type":"ephemeral"}}]}],
    "tools":[{"name":"Bash","description":"Runs","input_schema":{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"command":{"type":"string"}},"additionalProperties":false},"strict":true},
      {"name":"mcp__x__y","input_schema":{"type":"object","properties":{"n":{"type":"number","maximum":1.0}}},"defer_loading":true,"eager_input_streaming":true}],
    "metadata":{"user_id":"user_0_account_1_session_2"},
    "thinking":{"type":"adaptive"},"output_config":{"effort":"high"},
    "context_management":{"edits":[{"type":"clear_tool_uses_20250919","keep":{"type":"tool_uses","value":3}}]},"temperature":1.0}`;

  test('reaches the upstream as it was, but for an alias', async () => {
    // Its prompt is marked for caching: from here on it is read from there.
    await post(`${simulator.url}${MESSAGES}`, body('sim-1'), { 'anthropic-beta': betas });
    for (const [asked, told] of [
      ['sim-1', 'sim-1'],
      ['claude-house', 'sim-1'],
    ] as const) {
      const { answer, forwarded, direct, sent } = await pass(`${MESSAGES}?beta=true`, body(asked), {
        'anthropic-beta': betas,
        'x-claude-code-session-id': 's-1',
      });
      expect(forwarded).toBe(body(told));
      expect(sent?.headers['anthropic-beta']).toBe(betas);
      expect(answer.status).toBe(200);
      expect(answer.body).toBe(direct.body);
    }
  });

  test('and is told what the upstream says of a field that lacks its beta, word for word', async () => {
    const { answer, direct } = await pass(`${MESSAGES}?beta=true`, body('sim-1'), { 'anthropic-beta': 'claude-code-20250219' });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe(direct.body);
    expect(answer.body).toContain('context_management: Extra inputs are not permitted');
  });
});
