/*
 * The official `cohere-ai` client against the real process, with a simulated model server behind it that speaks Cohere's API: what an application gets when it
 * changes nothing but the address. Across dialects: cohere-crossing.test.ts; bytes: cohere-bytes.test.ts; reranking: rerank.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Cohere, CohereClientV2, CohereError } from 'cohere-ai';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-cohere-client-0000000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: CohereClientV2;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      upstream: { ping_interval: '100ms', retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: { cohere: { base_url: simulator.url, api_key: 'co-upstream' } },
      models: {
        'command-house': { targets: [{ provider: 'cohere', model: 'sim-1' }] },
        'rerank-house': { targets: [{ provider: 'cohere', model: 'sim-1' }] },
        quiet: { targets: [{ provider: 'cohere', model: 'sim-1!tokens=3,tokens-per-second=4' }] },
        slow: { targets: [{ provider: 'cohere', model: 'sim-1!tokens=500,tokens-per-second=20' }] },
        limited: { targets: [{ provider: 'cohere', model: 'sim-1!status=429' }] },
        blocked: { targets: [{ provider: 'cohere', model: 'sim-1!status=498' }] },
        broken: { targets: [{ provider: 'cohere', model: 'sim-1!error-after=3,tokens-per-second=50' }] },
        cut: { targets: [{ provider: 'cohere', model: 'sim-1!cut-after=3,tokens-per-second=50' }] },
      },
    },
  });
  client = new CohereClientV2({ token: KEY, environment: gateway.url, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const say = (content: string): Cohere.ChatMessageV2[] => [{ role: 'user', content }];
const HELLO = { model: 'command-house', messages: say('Hello') };
const TOOLS: Cohere.ToolV2[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'The weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
];
const saidBy = ({ message }: Cohere.V2ChatResponse) => message.content?.find((part) => part.type === 'text')?.text ?? '';
const textOf = (events: readonly Cohere.V2ChatStreamResponse[]) =>
  events.map((event) => (event.type === 'content-delta' ? (event.delta?.message?.content?.text ?? '') : '')).join('');
const endOf = (events: readonly Cohere.V2ChatStreamResponse[]) => events.find((event) => event.type === 'message-end')?.delta;

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

describe('a chat', () => {
  test('is answered whole, with usage, and says who answered', async () => {
    const { data, rawResponse } = await client.chat({ ...HELLO, messages: say('echo: naïve café ☕') }).withRawResponse();
    expect(saidBy(data)).toBe('naïve café ☕');
    expect(data.finishReason).toBe('COMPLETE');
    expect(data.usage?.tokens?.inputTokens).toBeGreaterThan(0);
    expect(rawResponse.headers.get('x-gatehouse-provider')).toBe('cohere');
    expect(rawResponse.headers.get('x-gatehouse-translated')).toBeNull();
    const line = await accessLine(gateway, rawResponse.headers.get('x-correlation-id') ?? '');
    expect(line).toMatchObject({
      status_code: 200,
      input_tokens: data.usage?.tokens?.inputTokens,
      output_tokens: data.usage?.tokens?.outputTokens,
    });
  });

  test('goes on with the gateway’s key, not the caller’s', async () => {
    await client.chat(HELLO);
    const [sent] = (await simulator.requests('/v2/chat')).slice(-1);
    expect(sent?.headers['authorization']).toBe('Bearer co-upstream');
  });

  test('is streamed to its end', async () => {
    const events = await Array.fromAsync(await client.chatStream({ ...HELLO, messages: say('echo: one two three') }));
    expect(events[0]?.type).toBe('message-start');
    expect(textOf(events)).toBe('one two three');
    expect(endOf(events)?.finishReason).toBe('COMPLETE');
    expect(endOf(events)?.usage?.tokens?.outputTokens).toBeGreaterThan(0);
  });

  test('lives through pauses: the client does not see the pings', async () => {
    const events = await Array.fromAsync(await client.chatStream({ ...HELLO, model: 'quiet' }));
    expect(endOf(events)?.finishReason).toBe('COMPLETE');
  });

  test('calls a tool, is told its result, and cites it', async () => {
    const first = await client.chat({ ...HELLO, tools: TOOLS, toolChoice: 'REQUIRED' });
    const [call] = first.message.toolCalls ?? [];
    expect(first.finishReason).toBe('TOOL_CALL');
    expect(call?.function?.name).toBe('get_weather');
    const second = await client.chat({
      ...HELLO,
      tools: TOOLS,
      messages: [
        ...HELLO.messages,
        { role: 'assistant', toolPlan: first.message.toolPlan ?? '', toolCalls: first.message.toolCalls ?? [] },
        { role: 'tool', toolCallId: call?.id ?? '', content: [{ type: 'document', document: { data: { weather: 'rain' } } }] },
      ],
    });
    expect(second.finishReason).toBe('COMPLETE');
    expect(second.message.citations?.length).toBeGreaterThan(0);
  });

  test('streams plan, calls, thoughts and citations in Cohere’s own events', async () => {
    const tools = await Array.fromAsync(await client.chatStream({ ...HELLO, tools: TOOLS, toolChoice: 'REQUIRED' }));
    const types = new Set(tools.map(({ type }) => type));
    for (const type of ['tool-plan-delta', 'tool-call-start', 'tool-call-delta', 'tool-call-end'] as const) expect(types).toContain(type);
    const cited = await Array.fromAsync(await client.chatStream({ ...HELLO, documents: ['Rain falls.'], thinking: { type: 'enabled' } }));
    expect(cited.some(({ type }) => type === 'citation-start')).toBe(true);
    expect(cited.some((event) => event.type === 'content-delta' && event.delta?.message?.content?.thinking !== undefined)).toBe(true);
  });
});

describe('other operations', () => {
  test('documents are reranked', async () => {
    const { results } = await client.rerank({ model: 'rerank-house', query: 'red apple', documents: ['a pear', 'a red apple'], topN: 1 });
    expect(results).toHaveLength(1);
    expect(results[0]?.index).toBe(1);
  });

  test('texts become vectors, in every kind of number the vendor has', async () => {
    const { embeddings } = await client.embed({
      model: 'command-house',
      texts: ['one', 'two'],
      inputType: 'search_document',
      embeddingTypes: ['float', 'int8', 'ubinary'],
    });
    expect(embeddings.float).toHaveLength(2);
    expect(embeddings.int8?.[0]?.length).toBe(embeddings.float?.[0]?.length ?? -1);
    expect(embeddings.ubinary).toHaveLength(2);
  });
});

describe('what fails', () => {
  for (const [name, model, status] of [
    ['a limit of the vendor’s', 'limited', 429],
    ['a model that there is not', 'nobody', 404],
  ] as const) {
    test(`${name} is ${status}, with a message`, async () => {
      const error = await failureOf(client.chat({ ...HELLO, model }));
      expect(error).toBeInstanceOf(CohereError);
      const { statusCode, body } = error as CohereError;
      expect(statusCode).toBe(status);
      expect(body).toMatchObject({ id: expect.any(String), message: expect.any(String) });
    });
  }

  test('what the vendor says of a bad request is handed on as it said it', async () => {
    const error = await failureOf(client.chat({ ...HELLO, temperature: 7 }));
    expect(error).toMatchObject({ statusCode: 400, body: { message: expect.stringContaining('temperature must be between 0 and 1') } });
  });

  test('a request that the vendor blocks is the caller’s', async () => {
    const error = await failureOf(client.chat({ ...HELLO, model: 'blocked' }));
    expect((error as CohereError).statusCode).toBeWithin(400, 500);
    expect(error).toMatchObject({ body: { message: expect.stringContaining('Usage Guidelines') } });
  });

  test('without a key the client is told so', async () => {
    const stranger = new CohereClientV2({ token: 'sk-wrong', environment: gateway.url, maxRetries: 0 });
    expect(await failureOf(stranger.chat(HELLO))).toMatchObject({ statusCode: 401, body: { message: expect.any(String) } });
  });

  for (const model of ['broken', 'cut']) {
    test(`a stream that is ${model} ends with an error, and never as if it were whole`, async () => {
      const events = await Array.fromAsync(await client.chatStream({ ...HELLO, model }));
      expect(textOf(events)).not.toBe('');
      expect(endOf(events)?.finishReason).toBe('ERROR');
      expect(endOf(events)?.error).toEqual(expect.any(String));
    });
  }

  test('a caller who leaves takes the request with it', async () => {
    const gone = (await simulator.stats()).clientsGone;
    const stop = new AbortController();
    const stream = await client.chatStream({ ...HELLO, model: 'slow' }, { abortSignal: stop.signal });
    const seen: string[] = [];
    await failureOf(
      (async () => {
        for await (const event of stream) {
          seen.push(event.type);
          if (event.type === 'content-delta') stop.abort();
        }
      })(),
    );
    expect(seen).toContain('content-delta');
    await eventually(async () => (await simulator.stats()).clientsGone === gone + 1, { what: 'the end of the stream upstream' });
  });
});
