/* The simulated Cohere API through Cohere's own client, and the rerankers of others as they publish them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Cohere, CohereClient, CohereClientV2 } from 'cohere-ai';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: CohereClientV2;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new CohereClientV2({ token: 'any', environment: simulator.url, maxRetries: 0 });
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Asked = Partial<Cohere.V2ChatRequest>;
type Event = Cohere.V2ChatStreamResponse;

const say = (content: string): Cohere.ChatMessageV2[] => [{ role: 'user', content }];
const chat = (more: Asked = {}, model = 'sim-1') => client.chat({ model, messages: say('Hello'), ...more });
const stream = async (more: Asked = {}, model = 'sim-1'): Promise<Event[]> =>
  Array.fromAsync(await client.chatStream({ model, messages: say('Hello'), ...more }));
const textOf = (events: Event[]) =>
  events.map((event) => (event.type === 'content-delta' ? (event.delta?.message?.content?.text ?? '') : '')).join('');
const saidBy = ({ message }: Cohere.V2ChatResponse) => message.content?.find((part) => part.type === 'text')?.text ?? '';

const tools: Cohere.ToolV2[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] }, days: { type: 'integer', minimum: 2 } },
        required: ['city', 'unit', 'days'],
      },
    },
  },
  { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { const: 'UTC' } } } } },
];

describe('chat', () => {
  test('answers whole, with tokens as billed and as used', async () => {
    const reply = await chat();
    expect(saidBy(reply)).toMatch(/^[A-Z].*\.$/);
    expect(reply).toMatchObject({ finishReason: 'COMPLETE', message: { role: 'assistant' } });
    const { billedUnits, tokens } = reply.usage ?? {};
    expect(tokens?.inputTokens).toBe((billedUnits?.inputTokens ?? 0) + 8);
    expect(tokens?.outputTokens).toBe(billedUnits?.outputTokens ?? -1);
    expect(reply.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('streams the same text in Cohere’s events', async () => {
    const whole = await chat();
    const events = await stream();
    expect(textOf(events)).toBe(saidBy(whole));
    expect(events.map(({ type }) => type).filter((type) => type !== 'content-delta')).toEqual([
      'message-start',
      'content-start',
      'content-end',
      'message-end',
    ]);
    const last = events.at(-1);
    expect(last?.type === 'message-end' ? last.delta : undefined).toEqual({ finishReason: 'COMPLETE', usage: whole.usage } as never);
    expect(events[0]?.type === 'message-start' ? events[0].id : '').toBe(whole.id);
  });

  test('ends at max_tokens, and before a stop sequence', async () => {
    const full = saidBy(await chat());
    const cut = await chat({ maxTokens: 4 });
    expect(cut).toMatchObject({ finishReason: 'MAX_TOKENS', usage: { billedUnits: { outputTokens: 4 } } });
    const word = ` ${full.split(' ')[5]}`;
    const stopped = await chat({ stopSequences: [word] });
    expect(stopped.finishReason).toBe('STOP_SEQUENCE');
    expect(saidBy(stopped)).toBe(full.slice(0, full.indexOf(word)));
  });

  test('is the same for the same seed, and another for another', async () => {
    expect(saidBy(await chat({ seed: 7 }))).toBe(saidBy(await chat({ seed: 7 })));
    expect(saidBy(await chat({ seed: 7 }))).not.toBe(saidBy(await chat({ seed: 8 })));
  });

  test('fits a schema', async () => {
    const jsonSchema = { type: 'object', properties: { age: { type: 'integer', minimum: 18 } }, required: ['age'] };
    expect(JSON.parse(saidBy(await chat({ responseFormat: { type: 'json_object', jsonSchema } })))).toEqual({ age: 18 });
    expect(JSON.parse(saidBy(await chat({ responseFormat: { type: 'json_object' } })))).toBeObject();
  });

  test('thinks first when told to, whole and streamed', async () => {
    const thinking = { thinking: { type: 'enabled' as const } };
    const whole = await chat(thinking);
    expect(whole.message.content?.map(({ type }) => type)).toEqual(['thinking', 'text']);
    const events = await stream(thinking);
    const thoughts = events.map((event) => (event.type === 'content-delta' ? (event.delta?.message?.content?.thinking ?? '') : ''));
    expect(whole.message.content?.[0]).toEqual({ type: 'thinking', thinking: thoughts.join('') });
    expect(textOf(events)).toBe(saidBy(whole));
  });

  test('gives log probabilities', async () => {
    const reply = await chat({ logprobs: true }, 'sim-1!tokens=4');
    expect(reply.logprobs?.map(({ text }) => text).join('')).toBe(saidBy(reply));
    const streamed = (await stream({ logprobs: true }, 'sim-1!tokens=4')).flatMap((event) =>
      event.type === 'content-delta' ? (event.logprobs ?? []) : [],
    );
    expect(streamed).toEqual(reply.logprobs ?? []);
  });

  test('cites documents, by where in the text, unless told not to', async () => {
    const documents = ['The grass is green.', { id: 'sky', data: { text: 'The sky is blue.' } }];
    const reply = await chat({ documents });
    expect(reply.message.citations?.map(({ sources }) => sources?.[0]?.id)).toEqual(['doc:0', 'sky']);
    for (const { start, end, text } of reply.message.citations ?? []) expect(saidBy(reply).slice(start, end)).toBe(text ?? 'none');
    const streamed = (await stream({ documents })).flatMap((event) =>
      event.type === 'citation-start' ? (event.delta?.message?.citations ?? []) : [],
    );
    expect(streamed).toEqual(reply.message.citations ?? []);
    expect((await chat({ documents, citationOptions: { mode: 'OFF' } })).message).not.toHaveProperty('citations');
  });

  test('reads pictures, and a system’s words', async () => {
    const messages: Cohere.ChatMessageV2[] = [
      { role: 'system', content: 'Be kind' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', imageUrl: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
    ];
    expect((await chat({ messages })).usage?.billedUnits?.inputTokens).toBeGreaterThan(256);
  });
});

describe('tools', () => {
  const rows: [name: string, text: string, toolChoice: Cohere.V2ChatRequestToolChoice | undefined, want: string[]][] = [
    ['are left alone when nobody asks', 'Hello', undefined, []],
    ['are called when the user says so', 'Use a tool please', undefined, ['get_weather']],
    ['are called together when the user names several', 'Try get_weather and get_time', undefined, ['get_weather', 'get_time']],
    ['are called when required', 'Hello', 'REQUIRED', ['get_weather']],
    ['are not called when forbidden', 'Use a tool please', 'NONE', []],
  ];
  for (const [name, text, toolChoice, want] of rows) {
    test(name, async () => {
      const asked = { messages: say(text), tools, ...(toolChoice === undefined ? {} : { toolChoice }) };
      const { message, finishReason } = await chat(asked);
      expect(message.toolCalls?.map((call) => call.function?.name ?? '') ?? []).toEqual(want);
      expect(finishReason).toBe(want.length > 0 ? 'TOOL_CALL' : 'COMPLETE');

      const events = await stream(asked);
      const plan = events.map((event) => (event.type === 'tool-plan-delta' ? (event.delta?.message?.toolPlan ?? '') : '')).join('');
      expect(plan).toBe(message.toolPlan ?? '');
      const starts = events.flatMap((event) => (event.type === 'tool-call-start' ? [event] : []));
      const calls = starts.map(({ index, delta }) => {
        const own = events.flatMap((event) =>
          event.type === 'tool-call-delta' && event.index === index ? [event.delta?.message?.toolCalls?.function?.arguments ?? ''] : [],
        );
        const call = delta?.message?.toolCalls;
        return { id: call?.id, type: call?.type, function: { name: call?.function?.name, arguments: own.join('') } };
      });
      expect(calls as unknown[]).toEqual(message.toolCalls ?? []);
    });
  }

  test('get arguments that fit, and when they have answered there are words that cite them', async () => {
    const messages = say('Use a tool');
    const { message } = await chat({ messages, tools });
    const [call] = message.toolCalls ?? [];
    const given = JSON.parse(call?.function?.arguments ?? '') as Record<string, unknown>;
    expect(given['unit']).toBe('celsius');
    expect(given['days']).toBe(2);
    const result: Cohere.ChatMessageV2 = { role: 'tool', toolCallId: call?.id ?? '', content: 'sunny' };
    const toolCalls = message.toolCalls ?? [];
    const reply = await chat({
      messages: [...messages, { role: 'assistant', toolCalls, toolPlan: message.toolPlan ?? '' }, result],
      tools,
    });
    expect(reply.finishReason).toBe('COMPLETE');
    expect(reply.message.citations?.[0]?.sources?.[0]).toEqual({ type: 'tool', id: `${call?.id}:0`, toolOutput: { content: 'sunny' } });
  });
});

describe('embed', () => {
  test('gives each format of the same vector', async () => {
    const reply = await client.embed({
      model: 'sim-embed',
      inputType: 'search_document',
      texts: ['one', 'two'],
      embeddingTypes: ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'],
    });
    const { float, int8, uint8, binary, ubinary, base64 } = reply.embeddings;
    const [vector = []] = float ?? [];
    expect(float).toHaveLength(2);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
    expect(int8?.[0]).toEqual(vector.map((value) => Math.round(value * 127) + 0));
    expect(uint8?.[0]?.map((value) => value - 128)).toEqual(int8?.[0] ?? []);
    expect(ubinary?.[0]).toHaveLength(vector.length / 8);
    expect(binary?.[0]).toEqual((ubinary?.[0] ?? []).map((value) => value - 128));
    expect(((ubinary?.[0]?.[0] ?? 0) & 128) > 0).toBe((vector[0] ?? 0) > 0);
    const bytes = Buffer.from(base64?.[0] ?? '', 'base64');
    expect(bytes.readFloatLE(0)).toBeCloseTo(vector[0] ?? 9, 6);
    expect(reply.meta?.billedUnits?.inputTokens).toBe(2);
    expect(reply.texts).toEqual(['one', 'two']);
  });

  test('takes pictures and mixed inputs, and a dimension', async () => {
    const content: Cohere.EmbedContent[] = [
      { type: 'text', text: 'one' },
      { type: 'image_url', imageUrl: { url: 'data:image/png;base64,AAAA' } },
    ];
    const reply = await client.embed({ model: 'sim-embed', inputType: 'search_document', inputs: [{ content }], outputDimension: 512 });
    expect(reply.embeddings.float?.[0]).toHaveLength(512);
    expect(reply.meta?.billedUnits?.images).toBe(1);
  });
});

describe('rerank', () => {
  const query = 'red apple pie';
  const documents = ['a blue car', 'a red apple', 'an apple pie that is red', 'pears'];
  const post = async (path: string, body: object, headers: Record<string, string> = { authorization: 'Bearer any' }) =>
    (await (await fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as Record<
      string,
      unknown
    >;

  test('has Cohere’s shape in both versions, in order of relevance', async () => {
    const second = await client.rerank({ model: 'sim-rerank', query, documents, topN: 3 });
    expect(second.results.map(({ index }) => index)).toEqual([2, 1, 0]);
    expect(second.results[0]?.relevanceScore).toBeGreaterThan(second.results[1]?.relevanceScore ?? 1);
    expect(second.meta).toMatchObject({ apiVersion: { version: '2' }, billedUnits: { searchUnits: 1 } });
    const first = await new CohereClient({ token: 'any', environment: simulator.url, maxRetries: 0 }).rerank({
      model: 'rerank-english-v3.0',
      query,
      documents: documents.map((text) => ({ text })),
      returnDocuments: true,
    });
    expect(first.results[0]).toMatchObject({ index: 2, document: { text: documents[2] } });
    expect(first.meta?.apiVersion?.version).toBe('1');
  });

  test('has Jina’s shape for its models, or on its path', async () => {
    const want = {
      object: 'list',
      usage: { total_tokens: expect.any(Number) },
      results: [{ index: 2, document: { text: documents[2] } }, {}, {}, {}],
    };
    expect(await post('/v1/rerank', { model: 'jina-reranker-v2-base-multilingual', query, documents })).toMatchObject(want);
    expect(await post('/jina/v1/rerank', { model: 'sim-1', query, documents })).toMatchObject({ ...want, model: 'sim-1' });
    const bare = await post('/jina/v1/rerank', { model: 'sim-1', query, documents, return_documents: false, top_n: 1 });
    expect(bare['results']).toEqual([{ index: 2, relevance_score: expect.any(Number) }]);
  });

  test('has Voyage’s shape for its models, its fields, or on its path', async () => {
    const want = { object: 'list', usage: { total_tokens: expect.any(Number) }, data: [{ index: 2, relevance_score: expect.any(Number) }] };
    expect(await post('/v1/rerank', { model: 'rerank-2.5-lite', query, documents: documents.slice(2, 3).concat('x') })).toMatchObject({
      object: 'list',
      data: [{ index: 0 }, { index: 1 }],
    });
    expect(await post('/v1/rerank', { model: 'sim-1', query, documents, top_k: 1 })).toMatchObject(want);
    const told = await post('/voyage/v1/rerank', { model: 'sim-1', query, documents, return_documents: true });
    expect((told['data'] as object[])[0]).toEqual({ index: 2, relevance_score: expect.any(Number), document: documents[2] });
  });

  test('is a list with Text Embeddings Inference, without a key', async () => {
    const rows = (await post('/rerank', { query, texts: documents, return_text: true }, {})) as unknown as {
      index: number;
      score: number;
      text: string;
    }[];
    expect(rows.map(({ index }) => index)).toEqual([2, 1, 0, 3]);
    expect(rows[0]).toEqual({ index: 2, text: documents[2] ?? '', score: expect.any(Number) });
    const raw = (await post('/rerank', { query, texts: documents, raw_scores: true }, {})) as unknown as { score: number }[];
    expect(raw.at(-1)?.score).toBeLessThan(0);
  });
});
