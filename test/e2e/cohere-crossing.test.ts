/* Cohere's client before models of OpenAI's API, and OpenAI's client before models of Cohere's: whole and streamed, on the real process. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Cohere, CohereClientV2 } from 'cohere-ai';
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-cohere-crossing-00000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let cohere: CohereClientV2;
let openai: OpenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: {
        'openai-compatible': { base_url: `${simulator.url}/v1`, api_key: 'up' },
        cohere: { base_url: simulator.url, api_key: 'up' },
      },
      models: {
        gpt: { targets: [{ provider: 'openai-compatible', model: 'sim-1' }] },
        'gpt-cut': { targets: [{ provider: 'openai-compatible', model: 'sim-1!cut-after=3,tokens-per-second=50' }] },
        command: { targets: [{ provider: 'cohere', model: 'sim-1' }] },
        'command-cut': { targets: [{ provider: 'cohere', model: 'sim-1!cut-after=3,tokens-per-second=50' }] },
        'command-blocked': { targets: [{ provider: 'cohere', model: 'sim-1!status=498' }] },
      },
    },
  });
  cohere = new CohereClientV2({ token: KEY, environment: gateway.url, maxRetries: 0 });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string) => [{ role: 'user' as const, content }];
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOL = { type: 'function' as const, function: { name: 'get_weather', description: 'Weather', parameters: PARAMETERS } };

const sentTo = async (path: string): Promise<Record<string, unknown>> => {
  const [sent] = (await simulator.requests(path)).slice(-1);
  return JSON.parse(sent?.body ?? '') as Record<string, unknown>;
};

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

describe('Cohere’s client before a model of OpenAI’s API', () => {
  const chat = (more: Partial<Cohere.V2ChatRequest>) => cohere.chat({ model: 'gpt', messages: say('Hello'), ...more }).withRawResponse();
  const stream = async (more: Partial<Cohere.V2ChatRequest>) =>
    Array.fromAsync(await cohere.chatStream({ model: 'gpt', messages: say('Hello'), ...more }));

  test('is answered whole, and told what was translated', async () => {
    const { data, rawResponse } = await chat({ messages: say('echo: naïve ☕'), safetyMode: 'STRICT', k: 5, p: 0.5 });
    expect(data.message.content).toEqual([{ type: 'text', text: 'naïve ☕' }]);
    expect(data.finishReason).toBe('COMPLETE');
    expect(data.usage?.tokens?.outputTokens).toBeGreaterThan(0);
    expect(rawResponse.headers.get('x-gatehouse-translated')).toBe('cohere>openai-chat');
    expect(rawResponse.headers.get('x-gatehouse-dropped')).toBe('top-k, field:safety_mode');
    expect(await sentTo('/v1/chat/completions')).toMatchObject({ model: 'sim-1', top_p: 0.5 });
  });

  test('gets the same from a stream', async () => {
    const events = await stream({ messages: say('echo: naïve ☕ and more') });
    const text = events.map((event) => (event.type === 'content-delta' ? (event.delta?.message?.content?.text ?? '') : '')).join('');
    expect(text).toBe('naïve ☕ and more');
    expect(events.map(({ type }) => type).filter((type) => type !== 'content-delta')).toEqual([
      'message-start',
      'content-start',
      'content-end',
      'message-end',
    ]);
    const end = events.find((event) => event.type === 'message-end')?.delta;
    expect(end?.finishReason).toBe('COMPLETE');
    expect(end?.usage?.tokens?.inputTokens).toBeGreaterThan(0);
  });

  test('calls tools, whole and streamed, and gives their results', async () => {
    const { data } = await chat({ tools: [TOOL], toolChoice: 'REQUIRED' });
    const [call] = data.message.toolCalls ?? [];
    expect(data.finishReason).toBe('TOOL_CALL');
    expect(JSON.parse(call?.function?.arguments ?? '')).toHaveProperty('city');

    const events = await stream({ tools: [TOOL], toolChoice: 'REQUIRED' });
    const written = events.map((event) =>
      event.type === 'tool-call-delta' ? (event.delta?.message?.toolCalls?.function?.arguments ?? '') : '',
    );
    expect(written.join('')).toBe(call?.function?.arguments ?? '-');

    await chat({
      tools: [TOOL],
      messages: [
        ...say('Weather?'),
        { role: 'assistant', toolPlan: 'I will look.', toolCalls: data.message.toolCalls ?? [] },
        { role: 'tool', toolCallId: call?.id ?? '', content: [{ type: 'document', document: { data: { sky: 'grey' } } }] },
      ],
    });
    const { messages } = (await sentTo('/v1/chat/completions')) as { messages: object[] };
    expect(messages[1]).toMatchObject({ role: 'assistant', content: 'I will look.', tool_calls: [{ id: call?.id, type: 'function' }] });
    expect(messages[2]).toMatchObject({ role: 'tool', tool_call_id: call?.id, content: '{"sky":"grey"}' });
  });

  test('its documents are in the question', async () => {
    const { data } = await chat({ documents: ['Rain falls.', { id: 'd2', data: { title: 'Sun', snippet: 'It shines.' } }] });
    expect(data.finishReason).toBe('COMPLETE');
    const { messages } = (await sentTo('/v1/chat/completions')) as { messages: { content: object[] }[] };
    expect(messages[0]?.content).toHaveLength(3);
    expect(JSON.stringify(messages)).toContain(Buffer.from('It shines.').toString('base64'));
  });

  test('a stream that is cut ends in an error', async () => {
    const events = await stream({ model: 'gpt-cut' });
    expect(events.at(-1)).toMatchObject({ type: 'message-end', delta: { finishReason: 'ERROR' } });
  });

  test('what is no request is refused in its own words', async () => {
    const bad = { role: 'narrator', content: 'x' } as unknown as Cohere.ChatMessageV2;
    // The client itself would refuse it.
    const reply = await gateway.request('/v2/chat', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt', messages: [bad] }),
    });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toEqual({ id: expect.any(String), message: expect.stringContaining("'messages[0].role'") });
  });
});

describe('OpenAI’s client before a model of Cohere’s', () => {
  const HELLO = { model: 'command', messages: say('echo: naïve ☕ and more') };

  test('is answered whole', async () => {
    const { data, response } = await openai.chat.completions
      .create({ ...HELLO, temperature: 1.5, logit_bias: { 1: 1 }, stop: ['never'] })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('naïve ☕ and more');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(data.usage?.completion_tokens).toBeGreaterThan(0);
    expect(response.headers.get('x-gatehouse-translated')).toBe('openai-chat>cohere');
    expect(response.headers.get('x-gatehouse-dropped')).toBe('logit-bias');
    expect(response.headers.get('x-gatehouse-adapted')).toBe('temperature');
    expect(await sentTo('/v2/chat')).toMatchObject({ temperature: 1, stop_sequences: ['never'] });
  });

  test('is streamed to, with usage where it asks for it', async () => {
    const chunks = await Array.fromAsync(
      await openai.chat.completions.create({ ...HELLO, stream: true, stream_options: { include_usage: true } }),
    );
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('naïve ☕ and more');
    expect(chunks.at(-1)?.usage?.prompt_tokens).toBeGreaterThan(0);
  });

  test('calls tools and gives their results', async () => {
    const first = await openai.chat.completions.create({ ...HELLO, tools: [TOOL], tool_choice: 'required' });
    const message = first.choices[0]?.message;
    const [call] = message?.tool_calls ?? [];
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    if (message === undefined || call === undefined) throw new Error('no tool was called');
    const second = await openai.chat.completions.create({
      model: 'command',
      tools: [TOOL],
      messages: [...say('Weather?'), message, { role: 'tool', tool_call_id: call.id, content: 'grey' }],
    });
    expect(second.choices[0]?.finish_reason).toBe('stop');
    expect(await sentTo('/v2/chat')).toMatchObject({
      messages: [
        {},
        { tool_plan: expect.any(String), tool_calls: [{ id: call.id }] },
        { role: 'tool', tool_call_id: call.id, content: 'grey' },
      ],
    });
  });

  test('has thoughts and JSON of a schema', async () => {
    const thought = await openai.chat.completions.create({ ...HELLO, reasoning_effort: 'low' });
    expect(thought.choices[0]?.message).toMatchObject({ reasoning_content: expect.any(String) });
    expect(await sentTo('/v2/chat')).toMatchObject({ thinking: { type: 'enabled', token_budget: 2_048 } });
    const schema = { type: 'object', properties: { n: { const: 7 } }, required: ['n'] };
    const reply = await openai.chat.completions.create({
      model: 'command',
      messages: say('Hello'),
      response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
    });
    expect(JSON.parse(reply.choices[0]?.message.content ?? '')).toEqual({ n: 7 });
  });

  test('what the vendor refuses and what is cut is an error of its own kind', async () => {
    const blocked = await failureOf(openai.chat.completions.create({ ...HELLO, model: 'command-blocked' }));
    expect(blocked).toMatchObject({ status: 400, code: 'content_policy_violation' });
    const cut = await openai.chat.completions.create({ ...HELLO, model: 'command-cut', stream: true });
    expect(await failureOf(Array.fromAsync(cut))).toMatchObject({ code: 'upstream_stream_interrupted' });
  });
});
