/*
 * The official `@google/genai` against the real process, with a simulated model server behind it that speaks the Gemini API: what an application gets when it
 * changes nothing but the base URL. Across dialects: gemini-crossing.test.ts; bytes: gemini-bytes.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ApiError, type Content, FunctionCallingConfigMode, type GenerateContentResponse, GoogleGenAI } from '@google/genai';
import { accessLine, accessLines } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'gatehouse-gemini-client-0000';
const UPSTREAM_KEY = 'AIza-upstream-key';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let client: GoogleGenAI;
let vertex: GoogleGenAI;

beforeAll(async () => {
  simulator = await startSimulator(['--models', 'sim-1,gemini-3-sim,embed-sim']);
  const target = (model: string, provider = 'google-ai-studio') => ({ targets: [{ provider, model }] });
  gateway = await startGateway({
    config: {
      auth: {
        keys: [
          { name: 'client', key: KEY },
          { name: 'narrow', key: `${KEY}-narrow`, models: ['sim-1'] },
        ],
      },
      limits: { mode: 'off' },
      upstream: { ping_interval: '200ms', retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: {
        'google-ai-studio': { base_url: simulator.url, api_key: UPSTREAM_KEY },
        'vertex-ai': { base_url: `${simulator.url}/v1/projects/p/locations/us-central1`, api_key: 'ya29.token' },
      },
      models: {
        'gemini-house': target('sim-1'),
        'sim-1': target('sim-1'),
        'gemini-3-sim': target('gemini-3-sim'),
        'vendor/embed-house': target('embed-sim'),
        'gemini-vertex': target('sim-1', 'vertex-ai'),
        quiet: target('sim-1!tokens=3,tokens-per-second=2'),
        busy: target('sim-1!status=503'),
        keyless: target('sim-1!status=403'),
        blocked: target('sim-1!content-policy'),
        refused: target('sim-1!refusal'),
        broken: target('sim-1!error-after=3'),
        cut: target('sim-1!cut-after=3'),
      },
    },
  });
  client = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
  vertex = new GoogleGenAI({ vertexai: true, apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const contents = 'Hello';
const weather = {
  functionDeclarations: [
    { name: 'get_weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
  ],
};
const joined = (chunks: readonly GenerateContentResponse[]) => chunks.map(({ text }) => text ?? '').join('');

describe('an answer', () => {
  test('comes whole, and streamed with the same text', async () => {
    const whole = await client.models.generateContent({ model: 'gemini-house', contents });
    expect(whole.text).toBeTruthy();
    expect(whole.candidates?.[0]?.finishReason as string).toBe('STOP');
    expect(whole.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'gemini-house', contents }));
    expect(joined(chunks)).toBe(whole.text ?? '');
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason as string).toBe('STOP');
  });

  test('counts towards the caller, with thoughts in the output', async () => {
    const config = { httpOptions: { headers: { 'x-correlation-id': 'gemini-usage' } } };
    const reply = await client.models.generateContent({ model: 'gemini-3-sim', contents, config });
    const { promptTokenCount = 0, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = reply.usageMetadata ?? {};
    expect(thoughtsTokenCount).toBeGreaterThan(0);
    const line = await accessLine(gateway, 'gemini-usage');
    expect(line).toMatchObject({ input_tokens: promptTokenCount, output_tokens: candidatesTokenCount + thoughtsTokenCount });
  });

  test('may be several', async () => {
    const stream = await client.models.generateContentStream({ model: 'sim-1', contents, config: { candidateCount: 3 } });
    const ended = (await Array.fromAsync(stream)).flatMap(({ candidates = [] }) => candidates).filter(({ finishReason }) => finishReason);
    expect(ended.map(({ index }) => index ?? 0).toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
  });

  test('fits a JSON schema', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const config = { responseMimeType: 'application/json', responseJsonSchema: schema };
    const { text } = await client.models.generateContent({ model: 'gemini-house', contents, config });
    expect(JSON.parse(text ?? '')).toEqual({ city: expect.any(String) });
  });

  test('is asked of Vertex AI, and by its clients', async () => {
    expect((await client.models.generateContent({ model: 'gemini-vertex', contents })).text).toBeTruthy();
    expect((await simulator.requests('/v1/projects/p/locations/us-central1/publishers/google/models/sim-1:generateContent')).length).toBe(
      1,
    );
    expect((await vertex.models.generateContent({ model: 'gemini-house', contents })).text).toBeTruthy();
    const chunks = await Array.fromAsync(await vertex.models.generateContentStream({ model: 'gemini-vertex', contents }));
    expect(joined(chunks)).toBeTruthy();
  });
});

describe('tools and thoughts', () => {
  test('go back and forth over several turns with their signatures', async () => {
    const model = 'gemini-3-sim';
    const config = {
      tools: [weather],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
      thinkingConfig: { includeThoughts: true },
    };
    const history: Content[] = [{ role: 'user', parts: [{ text: 'The weather in Rome?' }] }];
    for (let turn = 0; turn < 3; turn += 1) {
      const stream = await client.models.generateContentStream({ model, contents: history, config });
      const parts = (await Array.fromAsync(stream)).flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
      const call = parts.find(({ functionCall }) => functionCall !== undefined);
      expect(call?.thoughtSignature).toBeTruthy();
      history.push({ role: 'model', parts });
      const { id = '', name = '' } = call?.functionCall ?? {};
      history.push({ role: 'user', parts: [{ functionResponse: { id, name, response: { output: 'sunny' } } }] });
    }
    const last = await client.models.generateContent({ model, contents: history, config: { tools: [weather] } });
    expect(last.candidates).toHaveLength(1);
    // A signature that is not the vendor's own is refused: what went through was what came.
    const forged = structuredClone(history);
    for (const { parts = [] } of forged) for (const part of parts) if (part.thoughtSignature !== undefined) part.thoughtSignature = 'AAAA';
    expect(await rejection(client.models.generateContent({ model, contents: forged, config }))).toMatchObject({ status: 400 });
  });
});

describe('what is no chat', () => {
  test('tokens are counted', async () => {
    const { totalTokens } = await client.models.countTokens({ model: 'gemini-house', contents });
    expect(totalTokens).toBeGreaterThan(0);
  });

  test('texts become vectors, under the name of the model that is asked', async () => {
    const { embeddings } = await client.models.embedContent({
      model: 'vendor/embed-house',
      contents: ['one', 'two'],
      config: { outputDimensionality: 8 },
    });
    expect(embeddings?.map(({ values }) => values?.length)).toEqual([8, 8]);
  });

  test('models are listed a page at a time, those that the caller may use', async () => {
    const names: (string | undefined)[] = [];
    for await (const { name } of await client.models.list({ config: { pageSize: 3 } })) names.push(name);
    expect(names).toContain('models/gemini-house');
    expect(names).toContain('models/vendor/embed-house');
    expect(new Set(names).size).toBe(names.length);
    expect(await client.models.get({ model: 'vendor/embed-house' })).toMatchObject({ name: 'models/vendor/embed-house' });
    const narrow = await gateway.request(`/v1beta/models?key=${KEY}-narrow`);
    expect(((await narrow.json()) as { models: { name: string }[] }).models.map(({ name }) => name)).toEqual(['models/sim-1']);
    expect(await rejection(client.models.get({ model: 'nothing' }))).toMatchObject({ status: 404 });
  });
});

describe('the key', () => {
  test('may stand in the query, and stays here', async () => {
    const ask = (query: string, headers: Record<string, string> = {}) =>
      gateway.request(`/v1beta/models/sim-1:generateContent${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ contents: [{ parts: [{ text: 'a key in the query' }] }] }),
      });
    expect((await ask(`?key=${KEY}`)).status).toBe(200);
    expect((await ask('')).status).toBe(401);
    expect((await ask('?key=wrong')).status).toBe(401);
    expect((await ask(`?key=${KEY}`, { 'x-goog-api-key': `${KEY}-narrow` })).status).toBe(400);
    const sent = (await simulator.requests('/v1beta/models/sim-1:generateContent')).find(({ body }) => body?.includes('in the query'));
    expect(JSON.stringify(sent)).not.toContain(KEY);
    expect(sent?.headers['x-goog-api-key']).toBe(UPSTREAM_KEY);
    await eventually(() => gateway.logs().length > 3);
    expect(JSON.stringify(gateway.logs()) + gateway.process.stderr.join('')).not.toContain(KEY);
    // Elsewhere it is no credential.
    expect((await gateway.request(`/v1/models?key=${KEY}`)).status).toBe(401);
  });
});

describe('what goes wrong', () => {
  test('is told as Google tells it', async () => {
    const error = await rejection(client.models.generateContent({ model: 'nothing', contents }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404 });
    expect(JSON.parse((error as ApiError).message)).toMatchObject({
      error: { code: 404, status: 'NOT_FOUND', details: expect.arrayContaining([expect.objectContaining({ reason: 'MODEL_UNKNOWN' })]) },
    });
    expect(await rejection(client.models.generateContent({ model: 'sim-1', contents: [] }))).toBeInstanceOf(Error);
    expect(await rejection(client.models.generateContent({ model: 'busy', contents }))).toMatchObject({ status: 503 });
    // Whose key it was is not the caller's business.
    expect(await rejection(client.models.generateContent({ model: 'keyless', contents }))).toMatchObject({ status: 502 });
  });

  test('a blocked prompt and a refusal are answers', async () => {
    expect((await client.models.generateContent({ model: 'blocked', contents })).promptFeedback?.blockReason as string).toBe(
      'PROHIBITED_CONTENT',
    );
    for (const [model, reason] of [
      ['blocked', undefined],
      ['refused', 'SAFETY'],
    ] as const) {
      const chunks = await Array.fromAsync(await client.models.generateContentStream({ model, contents }));
      expect(chunks.at(-1)?.candidates?.[0]?.finishReason as string | undefined).toBe(reason);
    }
  });

  test('inside a stream it is an error, whichever way the stream broke', async () => {
    for (const model of ['broken', 'cut']) {
      const read = async () => Array.fromAsync(await client.models.generateContentStream({ model, contents }));
      expect(await rejection(read())).toMatchObject({ name: 'ApiError', status: 502 });
    }
  });

  test('a quiet stream is kept alive by what no client minds', async () => {
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'quiet', contents }));
    expect(joined(chunks)).toBeTruthy();
  });

  test('who leaves is let go', async () => {
    const leaving = new AbortController();
    const config = { abortSignal: leaving.signal };
    const stream = await client.models.generateContentStream({ model: 'quiet', contents, config });
    await stream.next();
    leaving.abort();
    expect(await rejection(Array.fromAsync(stream))).toBeInstanceOf(Error);
    await eventually(() => accessLines(gateway).some(({ outcome }) => outcome === 'client_closed'));
  });
});
