/*
 * The Gemini API across dialects, with the official clients of both sides against the real process: Google's client before a model that speaks OpenAI's chat
 * completions, OpenAI's and Anthropic's before one that speaks the Gemini API. The simulated vendors refuse what the real ones do: unknown fields, rounds of
 * tools that don't fit, signatures that are not their own or are missing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import Anthropic from '@anthropic-ai/sdk';
import { type Content, FunctionCallingConfigMode, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'gatehouse-gemini-crossing-0000';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let google: GoogleGenAI;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  simulator = await startSimulator();
  const gpt = (model: string) => ({ targets: [{ provider: 'openai', model }] });
  const gemini = (model: string) => ({ targets: [{ provider: 'google-ai-studio', model }] });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'crossing', key: KEY }] },
      limits: { mode: 'off' },
      providers: {
        openai: { base_url: `${simulator.url}/v1`, api_key: 'sk-upstream' },
        'google-ai-studio': { base_url: simulator.url, api_key: 'AIza-upstream', dialects: ['gemini'] },
        anthropic: { base_url: `${simulator.url}/v1`, api_key: 'sk-ant-upstream' },
      },
      models: {
        gpt: gpt('sim-1'),
        'gpt-broken': gpt('sim-1!error-after=3,tokens-per-second=40'),
        'gpt-refusing': gpt('sim-1!status=400'),
        claude: { targets: [{ provider: 'anthropic', model: 'sim-1' }] },
        gemini: gemini('sim-1'),
        'gemini-3': gemini('gemini-3-sim'),
        'gemini-blocked': gemini('sim-1!content-policy'),
        'gemini-broken': gemini('sim-1!error-after=3,tokens-per-second=40'),
        either: {
          targets: [
            { provider: 'openai', model: 'sim-1!status=503' },
            { provider: 'google-ai-studio', model: 'sim-1', priority: 1 },
          ],
        },
      },
    },
  });
  google = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: gateway.url } });
  openai = new OpenAI({ apiKey: KEY, baseURL: `${gateway.url}/v1` });
  anthropic = new Anthropic({ apiKey: KEY, baseURL: gateway.url });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

const contents = 'Hello';
const say = (content: string) => [{ role: 'user' as const, content }];
const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe("Google's client before a model of OpenAI's API", () => {
  test('gets an answer, whole and in both forms of a stream', async () => {
    const whole = await google.models.generateContent({
      model: 'gpt',
      contents,
      config: { systemInstruction: 'Be brief.', maxOutputTokens: 300 },
    });
    expect(whole.text).toBeTruthy();
    expect(whole.candidates?.[0]?.finishReason as string).toBe('STOP');
    expect(whole.usageMetadata?.candidatesTokenCount).toBeGreaterThan(0);
    const config = { systemInstruction: 'Be brief.', maxOutputTokens: 300 };
    const chunks = await Array.fromAsync(await google.models.generateContentStream({ model: 'gpt', contents, config }));
    expect(chunks.map(({ text }) => text ?? '').join('')).toBe(whole.text ?? '');
    expect(chunks.at(-1)?.usageMetadata?.totalTokenCount).toBe(whole.usageMetadata?.totalTokenCount ?? 0);
    const body = JSON.stringify({
      contents: [{ parts: [{ text: contents }] }],
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      generationConfig: { maxOutputTokens: 300 },
    });
    const list = (await (await ask('gpt:streamGenerateContent', body)).json()) as { candidates: { content?: Content }[] }[];
    expect(
      list
        .flatMap(({ candidates }) => candidates[0]?.content?.parts ?? [])
        .map(({ text }) => text)
        .join(''),
    ).toBe(whole.text ?? '');
  });

  const ask = (target: string, body: string) =>
    gateway.request(`/v1beta/models/${target}`, {
      method: 'POST',
      headers: { 'x-goog-api-key': KEY, 'content-type': 'application/json' },
      body,
    });

  test('calls tools over several turns, whose ids are told', async () => {
    const config = {
      tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: schema }] }],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
    };
    const history: Content[] = [{ role: 'user', parts: [{ text: 'The weather in Rome?' }] }];
    for (let turn = 0; turn < 2; turn += 1) {
      const parts = (await Array.fromAsync(await google.models.generateContentStream({ model: 'gpt', contents: history, config }))).flatMap(
        ({ candidates }) => candidates?.[0]?.content?.parts ?? [],
      );
      const call = parts.find(({ functionCall }) => functionCall !== undefined)?.functionCall;
      expect(call).toMatchObject({ name: 'get_weather', args: { city: expect.any(String) }, id: expect.any(String) });
      // Older clients give no ids: the name says which call it was.
      history.push({
        role: 'model',
        parts: parts
          .map(({ functionCall }) => ({ functionCall: { name: functionCall?.name ?? '', args: functionCall?.args ?? {} } }))
          .slice(0, 1),
      });
      history.push({ role: 'user', parts: [{ functionResponse: { name: 'get_weather', response: { output: 'sunny' } } }] });
    }
    expect((await google.models.generateContent({ model: 'gpt', contents: history })).text).toBeTruthy();
  });

  test('gets JSON of a schema in OpenAPI’s words, sees an image, and is told what was left out', async () => {
    const body = JSON.stringify({
      contents: [{ role: 'user', parts: [{ text: 'What is this?' }, { inline_data: { mime_type: 'image/png', data: PIXEL } }] }],
      generation_config: {
        response_mime_type: 'application/json',
        response_schema: { type: 'OBJECT', properties: { city: { type: 'STRING' } }, required: ['city'] },
      },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
    });
    const reply = await ask('gpt:generateContent', body);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-gatehouse-dropped')).toContain('field:safetySettings');
    const { candidates } = (await reply.json()) as { candidates: { content: Content }[] };
    expect(JSON.parse(candidates[0]?.content.parts?.[0]?.text ?? '')).toEqual({ city: expect.any(String) });
  });

  test('embeds and counts', async () => {
    const { embeddings } = await google.models.embedContent({ model: 'gpt', contents: ['one', 'two'] });
    expect(embeddings).toHaveLength(2);
    const one = (await (await ask('gpt:embedContent', '{"content":{"parts":[{"text":"one"}]}}')).json()) as {
      embedding: { values: number[] };
    };
    expect(one.embedding.values).toEqual(embeddings?.[0]?.values ?? []);
    expect((await google.models.countTokens({ model: 'gpt', contents })).totalTokens).toBeGreaterThan(0);
  });

  test('is told failures in its own words', async () => {
    expect(await rejection(google.models.generateContent({ model: 'gpt-refusing', contents }))).toMatchObject({
      name: 'ApiError',
      status: 400,
    });
    const read = async () => Array.fromAsync(await google.models.generateContentStream({ model: 'gpt-broken', contents }));
    expect(await rejection(read())).toMatchObject({ name: 'ApiError', status: 502 });
    const list = (await (await ask('gpt-broken:streamGenerateContent', '{"contents":[{"parts":[{"text":"Hello"}]}]}')).json()) as object[];
    expect(list.at(-1)).toMatchObject({ error: { code: 502 } });
  });

  test('is answered by the target of its own dialect when the other is down', async () => {
    expect((await google.models.generateContent({ model: 'either', contents })).text).toBeTruthy();
  });

  test('carries the thoughts of Anthropic’s models back to them', async () => {
    const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 2_000 }, maxOutputTokens: 4_000 };
    const first = await google.models.generateContent({ model: 'claude', contents, config });
    const content = first.candidates?.[0]?.content ?? {};
    expect(content.parts?.some(({ thought, thoughtSignature }) => thought === true && thoughtSignature !== undefined)).toBe(true);
    const history: Content[] = [{ role: 'user', parts: [{ text: contents }] }, content, { role: 'user', parts: [{ text: 'And then?' }] }];
    expect((await google.models.generateContent({ model: 'claude', contents: history, config })).text).toBeTruthy();
    const [sent] = (await simulator.requests('/v1/messages')).slice(-1);
    expect(sent?.body).toContain('"signature"');
    // A model of Google's own is spared what another vendor signed.
    expect((await google.models.generateContent({ model: 'gemini-3', contents: history, config })).candidates).toHaveLength(1);
  });
});

describe("OpenAI's client before a model of the Gemini API", () => {
  test('gets an answer, whole and streamed', async () => {
    const whole = await openai.chat.completions.create({ model: 'gemini', messages: say('Hello') });
    expect(whole.choices[0]?.message.content).toBeTruthy();
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    const stream = await openai.chat.completions.create({
      model: 'gemini',
      messages: say('Hello'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content ?? '');
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(whole.usage?.total_tokens ?? 0);
  });

  test('counts thoughts as output', async () => {
    const { usage } = await openai.chat.completions.create({ model: 'gemini-3', messages: say('Hello') });
    const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    expect(reasoning).toBeGreaterThan(0);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  test('calls several tools over turns that need signatures', async () => {
    const tools: OpenAI.ChatCompletionTool[] = ['get_weather', 'get_time'].map((name) => ({
      type: 'function',
      function: { name, parameters: schema },
    }));
    const messages: OpenAI.ChatCompletionMessageParam[] = say('Weather and time in Rome?');
    for (let turn = 0; turn < 2; turn += 1) {
      const { choices } = await openai.chat.completions.create({ model: 'gemini-3', messages, tools, tool_choice: 'required' });
      const message = choices[0]?.message;
      expect(choices[0]?.finish_reason).toBe('tool_calls');
      if (message === undefined) throw new Error('no answer');
      messages.push(message);
      for (const { id } of message.tool_calls ?? []) messages.push({ role: 'tool', tool_call_id: id, content: '{"ok":true}' });
    }
    expect((await openai.chat.completions.create({ model: 'gemini-3', messages, tools })).choices).toHaveLength(1);
  });

  test('gets JSON of a schema, several answers, log probabilities and vectors', async () => {
    const format = { type: 'json_schema' as const, json_schema: { name: 'city', schema } };
    const { choices } = await openai.chat.completions.create({ model: 'gemini', messages: say('Hello'), response_format: format });
    expect(JSON.parse(choices[0]?.message.content ?? '')).toEqual({ city: expect.any(String) });
    const several = await openai.chat.completions.create({
      model: 'gemini',
      messages: say('Hello'),
      n: 2,
      logprobs: true,
      top_logprobs: 2,
    });
    expect(several.choices).toHaveLength(2);
    expect(several.choices[0]?.logprobs?.content?.[0]?.top_logprobs).toHaveLength(2);
    expect((await openai.embeddings.create({ model: 'gemini', input: ['one', 'two'] })).data).toHaveLength(2);
  });

  test('is told that a prompt was blocked, and of a broken stream', async () => {
    const blocked = await openai.chat.completions.create({ model: 'gemini-blocked', messages: say('Hello') });
    expect(blocked.choices[0]?.finish_reason).toBe('content_filter');
    const read = async (model: string) =>
      Array.fromAsync(await openai.chat.completions.create({ model, messages: say('Hello'), stream: true }));
    expect((await read('gemini-blocked')).flatMap(({ choices }) => choices).at(-1)?.finish_reason).toBe('content_filter');
    expect(await rejection(read('gemini-broken'))).toBeInstanceOf(Error);
  });
});

describe("Anthropic's client before a model of the Gemini API", () => {
  test('streams thoughts and calls, and sends their signatures back', async () => {
    const tools: Anthropic.Tool[] = [{ name: 'get_weather', input_schema: schema }];
    const messages: Anthropic.MessageParam[] = say('The weather in Rome?');
    const asked = { model: 'gemini-3', max_tokens: 4_000, thinking: { type: 'enabled' as const, budget_tokens: 2_000 }, tools };
    for (let turn = 0; turn < 2; turn += 1) {
      const message = await anthropic.messages.stream({ ...asked, messages, tool_choice: { type: 'any' } }).finalMessage();
      expect(message.stop_reason).toBe('tool_use');
      messages.push({ role: 'assistant', content: message.content });
      const results = message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
      messages.push({ role: 'user', content: results.map((id) => ({ type: 'tool_result' as const, tool_use_id: id, content: 'sunny' })) });
    }
    const sent = (await simulator.requests('/v1beta/models/gemini-3-sim:streamGenerateContent')).at(-1)?.body ?? '';
    expect(sent).toContain('"thoughtSignature"');
    expect(sent).not.toContain('skip_thought_signature_validator');
    expect(
      (await anthropic.messages.countTokens({ model: 'gemini-3', messages: say('Hello'), system: 'Be brief.', tools })).input_tokens,
    ).toBeGreaterThan(0);
  });
});
