/*
 * What the simulated Gemini API says when it does not answer: refusals, blocked prompts, errors before and within a stream, and what it
 * refuses in a request, in Google's words.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ApiError, GoogleGenAI } from '@google/genai';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
let client: GoogleGenAI;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new GoogleGenAI({ apiKey: 'any', httpOptions: { baseUrl: simulator.url } });
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

type Json = Record<string, unknown>;

const HOST = '/v1beta/models';
const PROJECT = '/v1/projects/p/locations/us-central1/publishers/google/models';
const KEY = { 'x-goog-api-key': 'any', 'content-type': 'application/json' };
const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };

const post = (target: string, body: unknown, headers: Record<string, string> = KEY) =>
  fetch(`${simulator.url}${target}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const ask = async (body: unknown) => (await (await post(`${HOST}/sim-1:generateContent`, body)).json()) as Json;
const generate = (model: string) => client.models.generateContent({ model, contents: 'Hello' });

describe('what is no plain answer', () => {
  test('a refusal ends with SAFETY, names the category and says nothing', async () => {
    const reply = await generate('sim-1!refusal');
    expect(reply.candidates?.[0]?.finishReason as string).toBe('SAFETY');
    expect(reply.candidates?.[0]).not.toHaveProperty('content');
    expect(reply.candidates?.[0]?.safetyRatings?.filter(({ blocked }) => blocked)).toHaveLength(1);
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1!refusal', contents: 'Hello' }));
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.finishReason as string)).toEqual(['SAFETY']);
  });

  test('an end may have any of the vendor’s reasons', async () => {
    const reply = await generate('sim-1!finish=RECITATION');
    expect(reply.candidates?.[0]?.finishReason as string).toBe('RECITATION');
    expect(reply.text).toBeString();
  });

  test('a blocked prompt has feedback, status 200 and no candidates', async () => {
    const reply = await generate('sim-1!content-policy');
    expect(reply.promptFeedback?.blockReason as string).toBe('PROHIBITED_CONTENT');
    expect(reply).not.toHaveProperty('candidates');
    const chunks = await Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1!content-policy', contents: 'Hello' }));
    expect(chunks).toHaveLength(1);
    expect(chunks[0]?.promptFeedback?.blockReason as string).toBe('PROHIBITED_CONTENT');
  });

  for (const [fault, status, name] of [
    ['status=401', 401, 'UNAUTHENTICATED'],
    ['status=403', 403, 'PERMISSION_DENIED'],
    ['status=429', 429, 'RESOURCE_EXHAUSTED'],
    ['status=500', 500, 'INTERNAL'],
    ['status=503', 503, 'UNAVAILABLE'],
    ['status=504', 504, 'DEADLINE_EXCEEDED'],
    ['context-length', 400, 'INVALID_ARGUMENT'],
  ] as const) {
    for (const method of ['generateContent', 'streamGenerateContent?alt=sse', 'countTokens', 'embedContent']) {
      test(`${fault} is an error in Google’s shape (${method})`, async () => {
        const asked = method === 'embedContent' ? { content: hello.contents[0] } : hello;
        const reply = await post(`${HOST}/sim-1!${fault}:${method}`, asked);
        expect(reply.status).toBe(status);
        expect(((await reply.json()) as Json)['error']).toEqual({ code: status, message: expect.any(String), status: name });
      });
    }
  }

  test('a quota that runs out says when to come back, in the header and in the details', async () => {
    const reply = await post(`${HOST}/sim-1!status=429,retry-after=7:generateContent`, hello);
    expect(reply.headers.get('retry-after')).toBe('7');
    expect(((await reply.json()) as { error: { details: object[] } }).error.details).toEqual([
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' },
    ]);
    expect(await rejection(generate('sim-1!status=429'))).toBeInstanceOf(ApiError);
  });
});

describe('within a stream', () => {
  const raw = (fault: string, query = '?alt=sse') =>
    rawExchange(
      simulator.url,
      [rawRequest({ target: `${HOST}/sim-1!tokens=6,${fault}:streamGenerateContent${query}`, headers: KEY, body: JSON.stringify(hello) })],
      { timeoutMs: 600 },
    );
  const events = (body: string) => body.split('\r\n\r\n').filter((event) => event !== '');

  test('the connection is cut, ended, or falls silent after n tokens', async () => {
    for (const query of ['?alt=sse', '']) {
      expect(await raw('cut-after=3', query)).toMatchObject({ status: 200, complete: false, connection: 'reset' });
      expect(await raw('stall-after=3', query)).toMatchObject({ status: 200, complete: false, connection: 'open' });
    }
    const ended = await raw('end-after=3');
    expect(ended.complete).toBe(true);
    expect(events(ended.body)).toHaveLength(3);
    expect(ended.body).not.toContain('finishReason');
    expect((await raw('end-after=3', '')).body.endsWith(']')).toBe(false);
  });

  test('an error in band is an error of Google’s, also as the first of a list', async () => {
    expect(
      JSON.parse(
        events((await raw('error-after=2')).body)
          .at(-1)
          ?.slice(6) ?? '',
      ),
    ).toMatchObject({ error: { code: 503, status: 'UNAVAILABLE' } });
    const chunks = async () =>
      Array.fromAsync(await client.models.generateContentStream({ model: 'sim-1!error-after=2', contents: 'Hello' }));
    expect(await rejection(chunks())).toMatchObject({ name: 'ApiError', status: 503 });
    for (const [after, length] of [
      [0, 1],
      [2, 3],
    ] as const) {
      const list = JSON.parse((await raw(`error-after=${after}`, '')).body) as Json[];
      expect(list).toHaveLength(length);
      expect(list.at(-1)).toMatchObject({ error: { code: 503 } });
    }
  });

  test('an event is malformed, another huge, and finish or usage may be missing', async () => {
    const malformed = events((await raw('malformed-after=2')).body);
    expect(malformed).toHaveLength(8);
    expect(() => JSON.parse(malformed[2]?.slice(6) ?? '')).toThrow();
    expect(Math.max(...events((await raw('huge-event=50000')).body).map((event) => event.length))).toBeGreaterThan(50_000);
    expect((await raw('no-finish')).body).not.toContain('finishReason');
    expect((await raw('no-usage')).body).not.toContain('usageMetadata');
    expect(events((await raw('no-done')).body)).toHaveLength(6);
    expect((await raw('no-done', '')).body).toContain('"finishReason":"STOP"');
    expect(await raw('empty')).toMatchObject({ status: 200, body: '', complete: true });
  });
});

describe('a request', () => {
  test('may be in snake_case, with one thing where a list is due and numbers as text', async () => {
    const body = {
      contents: { parts: { text: 'Hello' } },
      system_instruction: { parts: { text: 'Be brief' } },
      generation_config: { max_output_tokens: '3', stop_sequences: ['zzz'], thinking_config: { include_thoughts: true } },
      tools: { function_declarations: [{ name: 'f', parameters_json_schema: {} }] },
    };
    expect(await ask(body)).toMatchObject({
      candidates: [{ finishReason: 'MAX_TOKENS' }],
      usageMetadata: { candidatesTokenCount: 3, thoughtsTokenCount: 12 },
    });
  });

  test('has its key in the header or in the query; without, it is refused', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await post(`${HOST}/sim-1:generateContent?key=any`, hello, json)).status).toBe(200);
    const refused = await post(`${HOST}/sim-1:generateContent`, hello, json);
    expect(refused.status).toBe(403);
    expect(((await refused.json()) as Json)['error']).toMatchObject({ status: 'PERMISSION_DENIED' });
    const onVertex = await post(`${PROJECT}/sim-1:generateContent`, hello, json);
    expect(((await onVertex.json()) as Json)['error']).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
  });

  const text = { parts: [{ text: 'Hello' }] };
  const declared = (declaration: object) => ({ contents: [text], tools: [{ functionDeclarations: [declaration] }] });
  const config = (generationConfig: object) => ({ contents: [text], generationConfig });
  const rows: [name: string, body: unknown, message: RegExp][] = [
    ['with broken JSON', '{', /^Invalid JSON payload received\./],
    ['that is a list', [], /^Invalid value at ''/],
    ['without contents', {}, /GenerateContentRequest\.contents: contents is not specified/],
    ['with a content without parts', { contents: [{ parts: [] }] }, /contents\[0\]\.parts: contents\.parts must not be empty/],
    ['with a role nobody has', { contents: [{ ...text, role: 'assistant' }] }, /^Please use a valid role: user, model\.$/],
    [
      'with a field nobody knows',
      { contents: [text], messages: [] },
      /^Invalid JSON payload received\. Unknown name "messages": Cannot find field\.$/,
    ],
    ['with an unknown field further down', config({ maxTokens: 3 }), /Unknown name "maxTokens" at 'generation_config': Cannot find field/],
    [
      'with a text that is a number',
      { contents: [{ parts: [{ text: 3 }] }] },
      /^Invalid value at 'contents\[0\]\.parts\[0\]\.text' \(TYPE_STRING\), 3$/,
    ],
    ['with a part of nothing', { contents: [{ parts: [{}] }] }, /required oneof field 'data'/],
    [
      'with a part of two things',
      { contents: [{ parts: [{ text: '', inlineData: { mimeType: 'a/b', data: '' } }] }] },
      /oneof field 'data' is already set/,
    ],
    [
      'with data that is no base64',
      { contents: [{ parts: [{ inlineData: { mimeType: 'a/b', data: '%%%' } }] }] },
      /Base64 decoding failed/,
    ],
    ['with a temperature of 3', config({ temperature: 3 }), /temperature must be in the range \[0\.0, 2\.0\]/],
    ['with no tokens to answer', config({ maxOutputTokens: 0 }), /max_output_tokens must be positive/],
    ['with six stop sequences', config({ stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] }), /stop_sequences/],
    ['with a MIME type that is none', config({ responseMimeType: 'text/html' }), /allowed mimetypes are/],
    ['with a schema of text', config({ responseSchema: { type: 'STRING' } }), /response_mime_type/],
    [
      'with two measures of thinking',
      config({ thinkingConfig: { thinkingBudget: 1, thinkingLevel: 'LOW' } }),
      /only one of thinking budget and thinking level/,
    ],
    ['with a function that has a space', declared({ name: 'a b' }), /Invalid function name/],
    [
      'with an object of nothing',
      declared({ name: 'f', parameters: { type: 'OBJECT', properties: {} } }),
      /parameters\.properties: should be non-empty for OBJECT type/,
    ],
    [
      'with an array of nothing',
      declared({ name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'ARRAY' } } } }),
      /properties\[a\]\.items: missing field/,
    ],
    [
      'with a keyword of JSON Schema',
      declared({ name: 'f', parameters: { type: 'OBJECT', properties: { a: { type: 'STRING', const: 1 } } } }),
      /Unknown name "const" at 'tools\[0\]\.function_declarations\[0\]\.parameters\.properties\[a\]'/,
    ],
    [
      'with the same function twice',
      { contents: [text], tools: [{ functionDeclarations: [{ name: 'f' }, { name: 'f' }] }] },
      /Duplicate function declaration found: f/,
    ],
    ['with a mode nobody has', { contents: [text], toolConfig: { functionCallingConfig: { mode: 'MUST' } } }, /mode.*"MUST"/],
  ];
  for (const [name, body, message] of rows) {
    test(`${name} is refused`, async () => {
      const reply = await post(`${HOST}/sim-1:generateContent`, body);
      expect(reply.status).toBe(400);
      expect(((await reply.json()) as Json)['error']).toMatchObject({
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message),
      });
    });
  }

  test('that breaks several rules is told all of them, with their fields', async () => {
    const { error } = (await ask(config({ a: 1, temperature: 'hot' }))) as { error: { details: { fieldViolations: Json[] }[] } };
    expect(error.details[0]?.fieldViolations.map(({ field }) => field)).toEqual(['generation_config', 'generation_config.temperature']);
  });

  test('that nests without end is refused', async () => {
    let schema = '{}';
    for (let depth = 0; depth < 2_000; depth += 1) schema = `{"items":${schema}}`;
    const reply = await post(
      `${HOST}/sim-1:generateContent`,
      `{"contents":[{"parts":[{"text":""}]}],"generationConfig":{"responseSchema":${schema}}}`,
    );
    expect(reply.status).toBe(400);
  });

  test('for a model or method that is none gets 404', async () => {
    await using strict = await startSimulator(['--models', 'only', '--no-any-model']);
    const at = (path: string) => fetch(`${strict.url}${path}`, { method: 'POST', headers: KEY, body: JSON.stringify(hello) });
    expect((await at(`${HOST}/only:generateContent`)).status).toBe(200);
    const unknown = await at(`${HOST}/other:generateContent`);
    expect(unknown.status).toBe(404);
    expect(((await unknown.json()) as Json)['error']).toMatchObject({
      status: 'NOT_FOUND',
      message: expect.stringMatching(/^models\/other is not found for API version v1beta/),
    });
    for (const path of [`${HOST}/only:predict`, `${HOST}/only:fly`, `${HOST}:generateContent`, '/v1beta/nothing'])
      expect((await at(path)).status).toBe(404);
  });
});
