/*
 * The simulated Anthropic against those who know the format: the official client reads its replies and accumulates its streams, and the compiler
 * holds its shapes against the types of that package.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import type { ModelInfo } from '../../src/simulate/anthropic/models.ts';
import type { Message, StreamEvent } from '../../src/simulate/anthropic/shapes.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: Anthropic;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new Anthropic({ baseURL: simulator.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

/** The client's types give every text `citations`, if only null; the vendor leaves them out where there are none, and so do we. */
type Sent<Block> = Block extends { type: 'text' } ? Omit<Block, 'citations'> & Partial<Pick<Anthropic.TextBlock, 'citations'>> : Block;
type SentMessage = Omit<Anthropic.Message, 'content'> & { content: Sent<Anthropic.ContentBlock>[] };
type SentStart = Omit<Anthropic.RawContentBlockStartEvent, 'content_block'> & { content_block: Sent<Anthropic.ContentBlock> };

/** Compiles only while our shapes are the vendor's: but for usage left out on purpose, and for pings, which the client drops. */
const asVendor = {
  message: (ours: Required<Message>): SentMessage => ours,
  event: (
    ours: Exclude<StreamEvent, { type: 'ping' | 'message_start' | 'message_delta' }>,
  ): Exclude<Anthropic.RawMessageStreamEvent, Anthropic.RawContentBlockStartEvent> | SentStart => ours,
  start: (ours: { type: 'message_start'; message: Required<Message> }): { type: 'message_start'; message: SentMessage } => ours,
  delta: (ours: Required<Extract<StreamEvent, { type: 'message_delta' }>>): Anthropic.RawMessageDeltaEvent => ours,
  model: (ours: ModelInfo): Anthropic.ModelInfo => ours,
};

const user = (content: Anthropic.UserMessageParam['content']): Anthropic.MessageParam => ({ role: 'user', content });
const hello = [user('Hello')];
const asked = { model: 'sim-1', max_tokens: 4_096, messages: hello };
const weather: Anthropic.Tool = {
  name: 'get_weather',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
    required: ['city', 'days'],
  },
};
const time: Anthropic.Tool = { name: 'get_time', input_schema: { type: 'object', properties: {} } };
const thinking = { type: 'enabled', budget_tokens: 1_024 } as const;

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

/** Streamed through the client's accumulator, and whole: the same message. */
async function both(params: Anthropic.MessageCreateParamsNonStreaming): Promise<Anthropic.Message> {
  const whole = await client.messages.create(params);
  const streamed = await client.messages.stream(params as never).finalMessage();
  const { content } = whole;
  const plain = (message: Anthropic.Message) =>
    JSON.parse(JSON.stringify({ ...message, usage: undefined, parsed_output: undefined })) as object;
  expect(plain(streamed)).toEqual(plain(whole));
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  expect(content).toBe(whole.content);
  return whole;
}

test('the shapes are the vendor’s, as its package declares them', async () => {
  const headers = { 'anthropic-version': '2023-06-01' };
  const post = (body: object) => fetch(`${simulator.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify(body) });
  const message = asVendor.message((await (await post(asked)).json()) as Required<Message>);
  expect(message).toMatchObject({
    type: 'message',
    role: 'assistant',
    model: 'sim-1',
    stop_reason: 'end_turn',
    usage: { service_tier: 'standard' },
  });
  const text = await (await post({ ...asked, stream: true })).text();
  const events = text
    .trimEnd()
    .split('\n\n')
    .map((event) => /^event: (.+)\ndata: (.+)$/.exec(event));
  const types = events.map((event) => event?.[1]);
  expect(events.map((event) => (JSON.parse(event?.[2] ?? '') as StreamEvent).type as string)).toEqual(types as string[]);
  expect(types.slice(0, 3)).toEqual(['message_start', 'content_block_start', 'ping']);
  expect(types.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
  expect(Object.keys(asVendor)).toContain('event');
});

describe('messages', () => {
  test('are answered whole and streamed alike, with a request id and usage', async () => {
    const message = await both(asked);
    expect(textOf(message)).toMatch(/^[A-Z].*\.$/);
    expect((await client.messages.create(asked).withResponse()).request_id).toMatch(/^req_01/);
    expect(message.usage).toMatchObject({ cache_read_input_tokens: 0, cache_creation_input_tokens: 0 });
    expect(message.usage.input_tokens).toBe((await client.messages.countTokens({ model: 'sim-1', messages: hello })).input_tokens);
  });

  test('end at max_tokens, and at a stop sequence, which is told', async () => {
    const long = { ...asked, model: 'sim-1!tokens=30' };
    const text = textOf(await both(long));
    const cut = await both({ ...long, max_tokens: 4 });
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 4 } });
    const stop = ` ${text.split(' ')[5] ?? ''}`;
    const stopped = await both({ ...long, stop_sequences: ['never said', stop] });
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop });
    expect(textOf(stopped)).toBe(text.slice(0, text.indexOf(stop)));
  });

  test('are refused by fault and by the vendor’s own trigger', async () => {
    for (const refused of [
      { ...asked, model: 'sim-1!refusal' },
      { ...asked, messages: [user('ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL_1FAEFB6177B4672DEE07F9D3AFC62588')] },
    ]) {
      expect(await both(refused)).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } });
    }
  });

  test('go on where the assistant stopped: after a prefill, and after a pause', async () => {
    const text = textOf(await client.messages.create(asked));
    const begun = text.split(' ').slice(0, 3).join(' ');
    const rest = await both({ ...asked, messages: [...hello, { role: 'assistant', content: begun }] });
    expect(begun + textOf(rest)).toBe(text);
    const paused = await both({ ...asked, model: 'sim-1!pause-turn' });
    expect(paused.stop_reason).toBe('pause_turn');
    const resumed = await client.messages.create({ ...asked, messages: [...hello, { role: 'assistant', content: paused.content }] });
    expect(textOf(paused) + textOf(resumed)).toBe(text);
    const error = await rejection(
      client.messages.create({ ...asked, model: 'sim-1!no-prefill', messages: [...hello, { role: 'assistant', content: begun }] }),
    );
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining('does not support assistant message prefill') });
  });

  test('acknowledge images and documents, and pay for them', async () => {
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGVsbG8=' } } as const;
    const file = { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } } as const;
    const message = await both({ ...asked, messages: [user([image, image, file, { type: 'text', text: 'What is this?' }])] });
    expect(textOf(message)).toStartWith('I see 2 images and 1 document.');
    expect(message.usage.input_tokens).toBeGreaterThan(2 * 1_600);
  });

  test('cite the documents for which citations are wanted, within their text', async () => {
    const source = { type: 'text', media_type: 'text/plain', data: 'The river is long. The sea is near.' } as const;
    const document = { type: 'document', source, title: 'Rivers', citations: { enabled: true } } as const;
    const message = await both({ ...asked, messages: [user([document, { type: 'text', text: 'How long?' }])] });
    const cited = message.content.flatMap((block) => (block.type === 'text' ? (block.citations ?? []) : []));
    expect(cited).toMatchObject([{ type: 'char_location', document_index: 0, document_title: 'Rivers', start_char_index: 0 }]);
    expect(source.data).toStartWith(cited[0]?.cited_text ?? 'nothing');
  });

  test('are JSON of the schema that is asked for, as the client’s parser reads it', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 3 } },
      required: ['name', 'age'],
    };
    const message = await both({ ...asked, output_config: { format: { type: 'json_schema', schema } } });
    expect(JSON.parse(textOf(message))).toEqual({ name: expect.any(String), age: 3 });
  });
});

describe('tools', () => {
  const please = [user('Use get_weather and get_time, please.')];

  test('are called with arguments that fit, in parallel, after a word', async () => {
    const message = await both({ ...asked, tools: [weather, time], messages: please });
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content.map(({ type }) => type)).toEqual(['text', 'tool_use', 'tool_use']);
    expect(message.content[1]).toMatchObject({
      name: 'get_weather',
      input: { city: expect.any(String), days: 2 },
      id: expect.stringMatching(/^toolu_/),
    });
    expect(message.content[2]).toMatchObject({ name: 'get_time', input: {} });
  });

  test('are chosen by the caller', async () => {
    const call = async (choice: Anthropic.ToolChoice, messages = please) => {
      const message = await both({ ...asked, tools: [weather, time], tool_choice: choice, messages });
      return message.content.map((block) => (block.type === 'tool_use' ? block.name : block.type));
    };
    expect(await call({ type: 'tool', name: 'get_time' })).toEqual(['get_time']);
    expect(await call({ type: 'any' }, hello)).toEqual(['get_weather']);
    expect(await call({ type: 'none' })).toEqual(['text']);
    expect(await call({ type: 'auto', disable_parallel_tool_use: true })).toEqual(['text', 'get_weather']);
  });

  test('are answered, and a text follows', async () => {
    const params = { ...asked, tools: [weather, time], messages: please };
    const { content } = await client.messages.create(params);
    const results = content.flatMap((block) =>
      block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'fine' }] : [],
    );
    const message = await both({ ...params, messages: [...please, { role: 'assistant', content }, user(results)] });
    expect(message.stop_reason).toBe('end_turn');
  });
});

describe('thinking', () => {
  test('comes first, signed; what was signed may be sent back, and nothing else', async () => {
    const params = { ...asked, thinking, tools: [weather], messages: [user('Use get_weather.')] };
    const message = await both(params);
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use']);
    expect(message.usage.output_tokens_details?.thinking_tokens).toBe(12);
    const [thought] = message.content;
    if (thought?.type !== 'thinking') throw new Error('no thought');
    const id = message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []))[0] ?? '';
    const next = (content: Anthropic.ContentBlockParam[]) =>
      client.messages.create({
        ...params,
        messages: [...params.messages, { role: 'assistant', content }, user([{ type: 'tool_result', tool_use_id: id, content: 'sun' }])],
      });
    const rest = message.content.slice(1) as Anthropic.ContentBlockParam[];
    expect((await next([thought, ...rest])).stop_reason).toBe('end_turn');
    for (const changed of [
      { ...thought, thinking: `${thought.thinking} Or not.` },
      { ...thought, signature: `A${thought.signature.slice(1)}` },
      { ...thought, signature: `${thought.signature} ` },
      { ...thought, signature: '' },
    ]) {
      const error = await rejection(next([changed, ...rest]));
      expect(error).toMatchObject({
        status: 400,
        message: expect.stringContaining('messages.1.content.0: Invalid `signature` in `thinking` block'),
      });
    }
    expect(await rejection(next(rest))).toMatchObject({
      message: expect.stringContaining('messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`'),
    });
  });

  test('may be adaptive, hidden or redacted, and is still vouched for', async () => {
    const adaptive = await both({ ...asked, thinking: { type: 'adaptive', display: 'omitted' } });
    expect(adaptive.content[0]).toMatchObject({ type: 'thinking', thinking: '' });
    const trigger = 'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB';
    const redacted = await both({ ...asked, thinking, messages: [user(trigger)] });
    expect(redacted.content[0]).toMatchObject({ type: 'redacted_thinking' });
    for (const { content } of [adaptive, redacted]) {
      const again = { ...asked, thinking, messages: [...hello, { role: 'assistant' as const, content }, user('And?')] };
      expect((await client.messages.create(again)).stop_reason).toBe('end_turn');
    }
    const forged = { ...redacted.content[0], data: 'Zm9yZ2Vk' } as Anthropic.RedactedThinkingBlockParam;
    const error = await rejection(
      client.messages.create({ ...asked, messages: [...hello, { role: 'assistant', content: [forged] }, user('And?')] }),
    );
    expect(error).toMatchObject({ message: expect.stringContaining('Invalid `data` in `redacted_thinking` block') });
  });
});

describe('the prompt cache', () => {
  const marked = (text: string, ttl: '5m' | '1h' = '5m') => ({
    type: 'text' as const,
    text,
    cache_control: { type: 'ephemeral' as const, ttl },
  });

  test('is written the first time and read from then on, also by a longer prompt', async () => {
    await simulator.reset();
    const system = [marked('You are a long and careful prompt. '.repeat(50))];
    const params = { ...asked, system };
    const usages: Anthropic.Usage[] = [];
    for (const _ of [1, 2]) usages.push((await client.messages.create(params)).usage);
    const [first, second] = usages;
    expect(first?.cache_read_input_tokens).toBe(0);
    const written = first?.cache_creation_input_tokens ?? 0;
    expect(written).toBeGreaterThan(400);
    expect(second).toMatchObject({
      cache_read_input_tokens: written,
      cache_creation_input_tokens: 0,
      input_tokens: first?.input_tokens ?? 0,
    });
    const grown = await client.messages.create({ ...params, messages: [user([marked('More of it', '1h')])] });
    expect(grown.usage).toMatchObject({ cache_read_input_tokens: written, cache_creation: { ephemeral_5m_input_tokens: 0 } });
    expect(grown.usage.cache_creation?.ephemeral_1h_input_tokens).toBeGreaterThan(0);
    const streamed = await client.messages.stream(params).finalMessage();
    expect(streamed.usage).toMatchObject({ cache_read_input_tokens: written });
    await simulator.reset();
    expect((await client.messages.create(params)).usage).toMatchObject({ cache_read_input_tokens: 0 });
  });
});

describe('models', () => {
  test('are listed in pages for whoever sends Anthropic’s headers', async () => {
    const page = await client.models.list({ limit: 2 });
    expect(page).toMatchObject({ has_more: true, first_id: 'sim-1', last_id: 'sim-2' });
    const all = await Array.fromAsync(client.models.list({ limit: 2 }));
    expect(all.map(({ id }) => id)).toEqual(['sim-1', 'sim-2', 'sim-embed', 'sim-fixed']);
    expect(asVendor.model(all[0] as ModelInfo)).toMatchObject({ type: 'model', display_name: 'sim-1' });
    expect(await client.models.retrieve('any/other')).toMatchObject({ id: 'any/other' });
    const plain = (await (await fetch(`${simulator.url}/v1/models`)).json()) as object;
    expect(plain).toMatchObject({ object: 'list' });
  });
});
