/*
 * A session as Claude Code has it, through the official client, in front of every dialect: twenty requests, with tools called in parallel, failures, images
 * in their results, thoughts, and all that it sends beside its question. Sources: code.claude.com/docs/en/llm-gateway-connect, and its own requests.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import type {
  BetaMessage,
  BetaMessageParam,
  BetaTool,
  BetaToolResultBlockParam,
  MessageCreateParamsStreaming,
} from '@anthropic-ai/sdk/resources/beta/messages';
import { eventually } from '../harness/eventually.ts';
import { rejection } from '../harness/rejection.ts';
import { type AgentStage, KEY, namesIn, startAgentStage, TARGET_DIALECTS } from './stage.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const BETAS = ['claude-code-20250219', 'interleaved-thinking-2025-05-14', 'context-management-2025-06-27'];

let stage: AgentStage;
let client: Anthropic;

beforeAll(async () => {
  stage = await startAgentStage();
  client = new Anthropic({
    baseURL: stage.gateway.url,
    authToken: KEY,
    apiKey: null,
    maxRetries: 0,
    defaultHeaders: { 'x-app': 'cli', 'x-claude-code-session-id': '1f0c9c5e-0000-4000-8000-000000000000' },
  });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

function tool(name: string, properties: Record<string, object>, required: readonly string[]): BetaTool {
  const description = `${name}. ${'Usage notes that go on for a long while, with "quotes", `code` and ünïcode. '.repeat(40)}`;
  return {
    name,
    description,
    input_schema: {
      type: 'object',
      properties,
      required: [...required],
      additionalProperties: false,
      $schema: 'http://json-schema.org/draft-07/schema#',
    },
  };
}

const path = { type: 'string', description: 'The absolute path of the file', minLength: 1 };
const TOOLS: BetaTool[] = [
  tool('Read', { file_path: path, offset: { type: 'number' }, limit: { type: 'number', exclusiveMinimum: 0 } }, ['file_path']),
  tool(
    'Edit',
    { file_path: path, old_string: { type: 'string' }, new_string: { type: 'string' }, replace_all: { type: 'boolean', default: false } },
    ['file_path', 'old_string', 'new_string'],
  ),
  tool('Bash', { command: { type: 'string' }, timeout: { type: 'number' }, run_in_background: { type: 'boolean' } }, ['command']),
  tool(
    'TodoWrite',
    {
      todos: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            content: { type: 'string', minLength: 1 },
            status: { type: 'string', enum: ['pending', 'in_progress', 'completed'] },
          },
          required: ['content', 'status'],
          additionalProperties: false,
        },
      },
    },
    ['todos'],
  ),
  { ...tool('mcp__github__search', { query: { type: 'string' } }, ['query']), cache_control: { type: 'ephemeral' } },
];

function request(model: string, messages: BetaMessageParam[]): MessageCreateParamsStreaming & { betas: string[] } {
  return {
    model,
    messages,
    max_tokens: 32_000,
    stream: true,
    betas: BETAS,
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.0; cc_entrypoint=cli' },
      { type: 'text', text: "You are Claude Code, Anthropic's official CLI for Claude.", cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be concise. '.repeat(500), cache_control: { type: 'ephemeral', ttl: '1h' } },
    ],
    tools: TOOLS,
    thinking: { type: 'enabled', budget_tokens: 4_096 },
    metadata: { user_id: 'user_00000000_account__session_0000' },
    context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] },
  };
}

interface Answered {
  readonly message: BetaMessage;
  readonly headers: Headers;
}

async function ask(model: string, messages: BetaMessageParam[]): Promise<Answered> {
  const { data, response } = await client.beta.messages.create(request(model, messages)).withResponse();
  const { BetaMessageStream } = await import('@anthropic-ai/sdk/lib/BetaMessageStream');
  return { message: await BetaMessageStream.fromReadableStream(data.toReadableStream()).finalMessage(), headers: response.headers };
}

/** What the agent's tools gave: words, a failure, a picture. */
function resultOf(id: string, index: number, round: number): BetaToolResultBlockParam {
  if (index === 0 && round % 5 === 1)
    return { type: 'tool_result', tool_use_id: id, is_error: true, content: '<tool_use_error>File does not exist.</tool_use_error>' };
  if (index === 0 && round % 5 === 2)
    return {
      type: 'tool_result',
      tool_use_id: id,
      content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } }],
    };
  return { type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: `     1→const round = ${round}; // größe\n` }] };
}

/** The vendor takes four marks at most. */
function unmark(messages: BetaMessageParam[]): void {
  for (const { content } of messages)
    for (const block of typeof content === 'string' ? [] : (content ?? [])) if (block.type === 'text') delete block.cache_control;
}

describe.each(TARGET_DIALECTS)('in front of %s', (dialect) => {
  const model = `claude-on-${dialect}`;

  test('a session of twenty requests works, and says what is lost', async () => {
    const messages: BetaMessageParam[] = [];
    let seen: Answered | undefined;
    for (let round = 0; round < 10; round += 1) {
      // A reminder stands beside the words, marked to be cached, as the agent moves its marks from turn to turn.
      unmark(messages);
      messages.push({
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder>\nThe list is empty.\n</system-reminder>' },
          { type: 'text', text: `Round ${round}: use Read and Bash.`, cache_control: { type: 'ephemeral' } },
        ],
      });
      const called = await ask(model, messages);
      const calls = called.message.content.filter((block) => block.type === 'tool_use');
      expect([round, called.message.stop_reason, calls.map(({ name }) => name)]).toEqual([round, 'tool_use', ['Read', 'Bash']]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
      for (const { input } of calls) expect(input).toBeObject();
      messages.push({ role: 'assistant', content: called.message.content });
      messages.push({ role: 'user', content: calls.map(({ id }, index) => resultOf(id, index, round)) });
      seen = await ask(model, messages);
      // Where a picture comes in a turn of the user's, this model takes the name in the call's id for a wish.
      for (let more = 0; seen.message.stop_reason === 'tool_use' && more < 3; more += 1) {
        const again = seen.message.content.flatMap((block) => (block.type === 'tool_use' ? [resultOf(block.id, 1, round)] : []));
        messages.push({ role: 'assistant', content: seen.message.content }, { role: 'user', content: again });
        seen = await ask(model, messages);
      }
      expect([round, seen.message.stop_reason]).toEqual([round, 'end_turn']);
      expect(seen.message.content.some((block) => block.type === 'text' && block.text !== '')).toBe(true);
      expect(seen.message.usage.input_tokens + (seen.message.usage.cache_read_input_tokens ?? 0)).toBeGreaterThan(100);
      messages.push({ role: 'assistant', content: seen.message.content });
    }
    const dropped = namesIn(seen?.headers ?? new Headers(), 'x-gatehouse-dropped');
    if (dialect === 'anthropic-messages') {
      expect(seen?.headers.get('x-gatehouse-translated')).toBeNull();
      const sent = (await stage.simulator.requests('/v1/messages')).at(-1);
      expect(sent?.headers['anthropic-beta']).toBe(BETAS.join(','));
      expect(JSON.parse(sent?.body ?? '{}')).toMatchObject({
        context_management: { edits: [{}] },
        system: [{ text: expect.stringMatching(/^x-anthropic/) }, {}, {}],
      });
      return;
    }
    expect(seen?.headers.get('x-gatehouse-translated')).toBe(`anthropic-messages>${dialect}`);
    expect(dropped).toContain('field:context_management');
    const adapted = namesIn(seen?.headers ?? new Headers(), 'x-gatehouse-adapted');
    if (['openai-chat', 'ollama'].includes(dialect)) expect(adapted).toContain('tool-result-media');
  }, 60_000);

  test('tokens are counted', async () => {
    const {
      betas: _betas,
      max_tokens: _tokens,
      stream: _stream,
      metadata: _metadata,
      ...asked
    } = request(model, [{ role: 'user', content: 'Hi' }]);
    const { input_tokens: tokens } = await client.beta.messages.countTokens({ ...asked, betas: BETAS });
    expect(tokens).toBeGreaterThan(1_000);
  });

  test('a quiet stream is kept alive, and one that the user breaks off ends upstream', async () => {
    const slow = `${dialect}/sim-1!stall-after=3`;
    const abort = new AbortController();
    const reply = await stage.gateway.request('/v1/messages?beta=true', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ model: slow, max_tokens: 1_000, stream: true, messages: [{ role: 'user', content: 'Tell me a story.' }] }),
      signal: abort.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of reply.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (/event: ping[\s\S]*event: ping/.test(text.slice(text.indexOf('content_block_delta')))) break;
    }
    expect(text).toContain('content_block_delta');
    abort.abort();
    await eventually(async () => (await stage.simulator.requests()).at(-1)?.outcome === 'client_gone', { what: 'the end of the work' });
  });

  test('an overloaded vendor is asked again by the gateway, and then told as the agent knows it', async () => {
    const error = await rejection(ask(`${dialect}/sim-1!status=529`, [{ role: 'user', content: 'Hi' }]));
    expect(error).toBeInstanceOf(Anthropic.APIError);
    if (!(error instanceof Anthropic.APIError)) return;
    expect(error.headers?.get('x-gatehouse-attempts')).toBe('2');
    expect([502, 503, 529]).toContain(error.status);
    expect(error.error).toMatchObject({
      type: 'error',
      error: { type: expect.stringMatching(/overloaded_error|api_error|rate_limit_error/) },
    });
    await stage.simulator.fault(`status=529,times=1,key=${dialect}`);
    const { message } = await ask(model, [{ role: 'user', content: 'echo: here' }]);
    expect(message.content.some((block) => block.type === 'text' && block.text === 'here')).toBe(true);
    await stage.simulator.fault('');
  });
});

test('the models that the agent may offer are found', async () => {
  const reply = await stage.gateway.request('/v1/models?limit=1000', {
    headers: { authorization: `Bearer ${KEY}`, 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
    redirect: 'error',
  });
  const { data } = (await reply.json()) as { data: { id: string; display_name: string }[] };
  for (const dialect of TARGET_DIALECTS) expect(data.map(({ id }) => id)).toContain(`claude-on-${dialect}`);
  expect(data.every(({ display_name: name }) => typeof name === 'string')).toBe(true);
});

test('a search of the web that another model can’t make is refused, and left out beside other tools', async () => {
  const search = { type: 'web_search_20250305', name: 'web_search', max_uses: 8 } as const;
  const asked = { model: 'claude-on-openai-chat', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };
  expect(await rejection(client.beta.messages.create({ ...asked, tools: [search] }))).toMatchObject({
    status: 400,
    message: expect.stringContaining('native-tools-needed'),
  });
  expect(
    await rejection(
      client.beta.messages.create({ ...asked, tools: [search, ...TOOLS], tool_choice: { type: 'tool', name: 'web_search' } }),
    ),
  ).toMatchObject({ status: 400 });
  const { data, response } = await client.beta.messages.create({ ...asked, tools: [search, ...TOOLS] }).withResponse();
  expect(data.stop_reason).not.toBeNull();
  expect(namesIn(response.headers, 'x-gatehouse-dropped')).toContain('native-tools');
});
