/*
 * The simulated Gemini API and Vertex AI, through Google's own client and, where the shape is what matters, as bytes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Content, FunctionCallingConfigMode, type GenerateContentConfig, GoogleGenAI, Type } from '@google/genai';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: GoogleGenAI;
let vertex: GoogleGenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: simulator.url } });
  vertex = new GoogleGenAI({ vertexai: true, apiKey: 'any', httpOptions: { baseUrl: simulator.url } });
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const HOST = '/v1beta/models';
const PROJECT = '/v1/projects/p/locations/us-central1/publishers/google/models';
const KEY = { 'x-goog-api-key': 'any', 'content-type': 'application/json' };
const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };

const post = (target: string, body: unknown, headers: Record<string, string> = KEY) =>
  fetch(`${simulator.url}${target}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const ask = async (body: unknown, model = 'sim-1', method = 'generateContent') =>
  (await (await post(`${HOST}/${model}:${method}`, body)).json()) as Json;
const generate = (contents: string | Content[], config: GenerateContentConfig = {}, model = 'sim-1') =>
  client.models.generateContent({ model, contents, config });

const weather = {
  name: 'get_weather',
  parameters: {
    type: Type.OBJECT,
    properties: {
      city: { type: Type.STRING },
      unit: { type: Type.STRING, enum: ['celsius', 'fahrenheit'] },
      days: { type: Type.INTEGER, minimum: 2 },
    },
    required: ['city', 'unit', 'days'],
  },
};
const time = { name: 'get_time', parametersJsonSchema: { type: 'object', properties: { zone: { const: 'UTC' } }, required: ['zone'] } };
const tools = [{ functionDeclarations: [weather, time] }];

describe('an answer', () => {
  test('comes whole, with usage that adds up and all that the vendor says beside it', async () => {
    const reply = await ask(hello);
    expect(Object.keys(reply)).toEqual(['candidates', 'usageMetadata', 'modelVersion', 'responseId']);
    const [candidate] = reply['candidates'] as Json[];
    expect(candidate).toMatchObject({
      content: { role: 'model', parts: [{ text: expect.stringMatching(/^[A-Z].*\.$/) }] },
      finishReason: 'STOP',
      index: 0,
    });
    expect(candidate?.['safetyRatings']).toHaveLength(4);
    const usage = reply['usageMetadata'] as Record<string, number>;
    expect(usage['totalTokenCount']).toBe((usage['promptTokenCount'] ?? 0) + (usage['candidatesTokenCount'] ?? 0));
    expect(usage['promptTokensDetails']).toEqual([{ modality: 'TEXT', tokenCount: usage['promptTokenCount'] }] as never);
  });

  test('streams as responses of the same text, each with the usage so far', async () => {
    const whole = await generate('Hello');
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1', contents: 'Hello' }));
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe(whole.text ?? '');
    const counts = chunks.map((chunk) => chunk.usageMetadata?.candidatesTokenCount ?? 0);
    expect(counts.slice(0, 3)).toEqual([1, 2, 3]);
    expect(counts.at(-1)).toBe(whole.usageMetadata?.candidatesTokenCount ?? 0);
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.finishReason as string | undefined).filter(Boolean)).toEqual(['STOP']);
    expect(new Set(chunks.map((chunk) => chunk.responseId)).size).toBe(1);
  });

  test('is a list that grows when SSE is not asked for, with the same responses in it', async () => {
    const sse = await (await post(`${HOST}/sim-1:streamGenerateContent?alt=sse`, hello)).text();
    const list = await post(`${HOST}/sim-1:streamGenerateContent`, hello);
    expect(list.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    const events = sse.split('\r\n\r\n').filter((event) => event !== '');
    expect(events.every((event) => event.startsWith('data: '))).toBe(true);
    expect(await list.json()).toEqual(events.map((event) => JSON.parse(event.slice(6)) as unknown));
  });

  test('ends at maxOutputTokens with MAX_TOKENS, and before a stop sequence with STOP', async () => {
    const full = (await generate('Hello')).text ?? '';
    const cut = await generate('Hello', { maxOutputTokens: 4 });
    expect(cut.candidates?.[0]?.finishReason as string).toBe('MAX_TOKENS');
    expect(cut.usageMetadata?.candidatesTokenCount).toBe(4);
    const word = ` ${full.split(' ')[5]}`;
    expect((await generate('Hello', { stopSequences: [word] })).text).toBe(full.slice(0, full.indexOf(word)));
  });

  test('has as many candidates as asked for, in a stream side by side', async () => {
    const whole = await generate('Hello', { candidateCount: 3 });
    expect(whole.candidates?.map((candidate) => candidate.index)).toEqual([0, 1, 2]);
    const chunks = await Array.fromAsync(
      await client.models.generateContentStream({ model: 'sim-1', contents: 'Hello', config: { candidateCount: 3 } }),
    );
    for (const candidate of whole.candidates ?? []) {
      const own = chunks.flatMap((chunk) => chunk.candidates ?? []).filter(({ index }) => index === candidate.index);
      expect(own.map(({ content }) => content?.parts?.[0]?.text ?? '').join('')).toBe(candidate.content?.parts?.[0]?.text ?? 'none');
    }
  });

  test('gives log probabilities of each token, whole and streamed', async () => {
    const config = { responseLogprobs: true, logprobs: 2 };
    const whole = await generate('Hello', config, 'sim-1!tokens=4');
    const [candidate] = whole.candidates ?? [];
    expect(candidate?.logprobsResult?.chosenCandidates?.map(({ token }) => token).join('')).toBe(whole.text ?? 'none');
    expect(candidate?.logprobsResult?.topCandidates?.every(({ candidates }) => candidates?.length === 2)).toBe(true);
    expect(candidate?.avgLogprobs).toBeLessThanOrEqual(0);
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1!tokens=4', contents: 'Hello', config }));
    const streamed = chunks.flatMap((chunk) => chunk.candidates?.[0]?.logprobsResult?.chosenCandidates ?? []);
    expect(streamed).toEqual(candidate?.logprobsResult?.chosenCandidates ?? []);
  });

  test('is the same for the same seed, and another for another', async () => {
    const said = async (seed: number) => (await generate('Hello', { seed })).text;
    expect(await said(7)).toBe(await said(7));
    expect(await said(7)).not.toBe(await said(8));
  });

  test('fits a schema in Google’s words, a JSON Schema, and an enum', async () => {
    const config = (more: object) => ({ responseMimeType: 'application/json', ...more });
    const schema = {
      type: Type.OBJECT,
      properties: { age: { type: Type.INTEGER, minimum: 18 }, tags: { type: Type.ARRAY, minItems: '2', items: { type: Type.BOOLEAN } } },
      required: ['age', 'tags'],
    };
    expect(JSON.parse((await generate('Hello', config({ responseSchema: schema }))).text ?? '')).toEqual({ age: 18, tags: [true, true] });
    const json = { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] };
    expect(JSON.parse((await generate('Hello', config({ responseJsonSchema: json }))).text ?? '')).toEqual({ ok: true });
    expect(JSON.parse((await generate('Hello', config({}))).text ?? '')).toBeObject();
    const word = { responseMimeType: 'text/x.enum', responseSchema: { type: Type.STRING, enum: ['yes', 'no'] } };
    expect((await generate('Hello', word)).text).toBe('yes');
  });

  test('cites, and is grounded by a search, when asked to', async () => {
    const reply = await generate('Cite your sources', { tools: [{ googleSearch: {} }] });
    expect(reply.candidates?.[0]?.citationMetadata?.citations?.[0]).toMatchObject({ startIndex: 0, uri: expect.any(String) });
    expect(reply.candidates?.[0]?.groundingMetadata?.groundingChunks?.[0]?.web?.uri).toBeString();
    expect((await generate('Hello')).candidates?.[0]).not.toHaveProperty('citationMetadata');
  });

  test('counts pictures by modality, and what is cached apart', async () => {
    const contents = [
      {
        role: 'user',
        parts: [
          { text: 'What is it?' },
          { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          { fileData: { mimeType: 'application/pdf', fileUri: 'gs://b/f' } },
        ],
      },
    ];
    const reply = await generate(contents, { cachedContent: 'cachedContents/x' });
    expect(reply.usageMetadata?.promptTokensDetails?.map(({ modality, tokenCount }) => [modality as string, tokenCount]).slice(1)).toEqual([
      ['IMAGE', 258],
      ['DOCUMENT', 258],
    ]);
    expect(reply.usageMetadata?.cachedContentTokenCount).toBe(1_024);
  });
});

describe('thoughts', () => {
  test('are counted, told only when asked for, and signed', async () => {
    const silent = await generate('Hello', { thinkingConfig: { thinkingBudget: 100 } });
    const told = await generate('Hello', { thinkingConfig: { includeThoughts: true } });
    expect(silent.candidates?.[0]?.content?.parts).toHaveLength(1);
    expect(silent.usageMetadata?.thoughtsTokenCount).toBe(12);
    expect(told.candidates?.[0]?.content?.parts).toMatchObject([{ thought: true }, { thoughtSignature: expect.any(String) }]);
    expect(told.text).toBe(silent.text);
    const none = await generate('Hello', { thinkingConfig: { thinkingBudget: 0 } });
    expect(none.usageMetadata).not.toHaveProperty('thoughtsTokenCount');
  });

  test('stream before the answer, and the signature comes with the last part', async () => {
    const config = { thinkingConfig: { includeThoughts: true } };
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1', contents: 'Hello', config }));
    const parts = chunks.map((chunk) => chunk.candidates?.[0]?.content?.parts?.[0]);
    expect(parts.findLastIndex((part) => part?.thought === true)).toBe(11);
    expect(parts.at(-1)).toMatchObject({ text: '', thoughtSignature: expect.any(String) });
  });
});

describe('functions', () => {
  const rows: [name: string, text: string, config: object, want: string[]][] = [
    ['are left alone when nobody asks', 'Hello', {}, []],
    ['are called when the user says so', 'Use a tool please', {}, ['get_weather']],
    ['are called together when the user names several', 'Try get_weather and get_time', {}, ['get_weather', 'get_time']],
    ['are called in mode ANY', 'Hello', { mode: FunctionCallingConfigMode.ANY }, ['get_weather']],
    ['are called when allowed by name', 'Hello', { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['get_time'] }, ['get_time']],
    ['are not called in mode NONE', 'Use a tool please', { mode: FunctionCallingConfigMode.NONE }, []],
  ];
  for (const [name, text, functionCallingConfig, want] of rows) {
    test(name, async () => {
      const config = { tools, toolConfig: { functionCallingConfig } };
      const reply = await generate(text, config);
      expect(reply.functionCalls?.map((call) => call.name) ?? []).toEqual(want);
      expect(reply.candidates?.[0]?.finishReason as string).toBe('STOP');
      const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1', contents: text, config }));
      expect(chunks.flatMap((chunk) => chunk.functionCalls ?? [])).toEqual(reply.functionCalls ?? []);
    });
  }

  test('get arguments that fit their schema, and an id only from models that give one', async () => {
    const config = { tools };
    expect((await generate('Try get_weather', config)).functionCalls?.[0]).toEqual({
      name: 'get_weather',
      args: { city: expect.any(String), unit: 'celsius', days: 2 },
    });
    expect((await generate('Try get_time', config, 'gemini-3-pro')).functionCalls?.[0]).toEqual({
      id: expect.any(String),
      name: 'get_time',
      args: { zone: 'UTC' },
    });
  });

  const answered = (part: object, responses = 1) => ({
    tools: [{ functionDeclarations: [weather] }],
    contents: [
      ...hello.contents,
      { role: 'model', parts: [{ functionCall: { name: 'get_weather', args: {} }, ...part }] },
      {
        role: 'user',
        parts: Array.from({ length: responses }, () => ({ functionResponse: { name: 'get_weather', response: { sky: 'blue' } } })),
      },
    ],
  });

  test('that have answered get words', async () => {
    expect(await ask(answered({}))).toMatchObject({
      candidates: [{ finishReason: 'STOP', content: { parts: [{ text: expect.any(String) }] } }],
    });
  });

  test('and their responses go in pairs, right after one another', async () => {
    const count = /number of function response parts is equal to the number of function call parts/;
    expect((await ask(answered({}, 2)))['error']).toMatchObject({ message: expect.stringMatching(count) });
    expect((await ask(answered({}, 0)))['error']).toMatchObject({ code: 400 });
    const orphan = [{ role: 'user', parts: [{ functionResponse: { name: 'f', response: {} } }] }];
    expect((await ask({ contents: orphan }))['error']).toMatchObject({
      message: expect.stringMatching(/immediately after a function call turn/),
    });
  });

  test('of a model that demands signatures are refused without, or with one that was changed', async () => {
    const first = await generate('Use a tool', { tools }, 'gemini-3-pro');
    const [part] = first.candidates?.[0]?.content?.parts ?? [];
    const signature = part?.thoughtSignature ?? '';
    const status = async (more: object) => (await post(`${HOST}/gemini-3-pro:generateContent`, answered(more))).status;
    expect(await status({ thoughtSignature: signature })).toBe(200);
    expect(await status({ thoughtSignature: 'skip_thought_signature_validator' })).toBe(200);
    expect(await status({ thoughtSignature: Buffer.from(`x${signature}`).toString('base64') })).toBe(400);
    expect((await ask(answered({}), 'gemini-3-pro'))['error']).toMatchObject({
      message: expect.stringMatching(/^Function call is missing a thought_signature .*`default_api:get_weather` , position 2/),
    });
  });
});

describe('the other methods', () => {
  test('count tokens, of contents or of a whole request', async () => {
    const { totalTokens } = await client.models.countTokens({ model: 'sim-1', contents: 'Hello' });
    expect(totalTokens).toBe((await generate('Hello')).usageMetadata?.promptTokenCount ?? 0);
    const whole = await ask(
      { generateContentRequest: { model: 'models/sim-1', ...hello, systemInstruction: { parts: { text: 'Be brief and kind' } } } },
      'sim-1',
      'countTokens',
    );
    expect(whole['totalTokens']).toBeGreaterThan(totalTokens ?? 0);
    expect(await vertex.models.countTokens({ model: 'sim-1', contents: 'Hello' })).toMatchObject({ totalTokens });
  });

  test('embed one text or many, as long as asked for, the same on Vertex AI', async () => {
    const asked = { model: 'sim-embed', contents: ['one', 'two'], config: { outputDimensionality: 8 } };
    const many = await client.models.embedContent(asked);
    expect(many.embeddings).toHaveLength(2);
    expect(Math.hypot(...(many.embeddings?.[0]?.values ?? []))).toBeCloseTo(1, 5);
    const one = await ask({ content: { parts: [{ text: 'one' }] }, output_dimensionality: 8 }, 'sim-embed', 'embedContent');
    expect(one).toEqual({ embedding: { values: many.embeddings?.[0]?.values } });
    const predicted = (await (
      await post(`${PROJECT}/sim-embed:predict`, { instances: [{ content: 'one' }], parameters: { outputDimensionality: 8 } })
    ).json()) as Json;
    expect(predicted['predictions']).toMatchObject([
      { embeddings: { values: many.embeddings?.[0]?.values, statistics: { truncated: false } } },
    ]);
  });

  test('list models page by page, and show one', async () => {
    const pager = await client.models.list({ config: { pageSize: 2 } });
    const names: string[] = [];
    for await (const model of pager) names.push(model.name ?? '');
    expect(names).toEqual(['models/sim-1', 'models/sim-2', 'models/sim-embed']);
    expect(await client.models.get({ model: 'sim-2' })).toMatchObject({
      name: 'models/sim-2',
      supportedActions: expect.arrayContaining(['generateContent']),
    });
  });
});

describe('Vertex AI', () => {
  test('answers with a project’s path and a token, with its own fields beside the same ones', async () => {
    const reply = (await (await post(`${PROJECT}/sim-1:generateContent`, hello, { authorization: 'Bearer any' })).json()) as Json;
    expect(reply).toMatchObject({ createTime: expect.any(String), usageMetadata: { trafficType: 'ON_DEMAND' } });
    expect(reply['candidates']).toEqual((await ask(hello))['candidates']);
  });

  test('answers the client, whole and streamed', async () => {
    const whole = await vertex.models.generateContent({ model: 'sim-1', contents: 'Hello' });
    const chunks = await Array.fromAsync(await vertex.models.generateContentStream({ model: 'sim-1', contents: 'Hello' }));
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe(whole.text ?? 'none');
  });
});
