/*
 * The simulated Bedrock Runtime through AWS's own client, which signs what it sends and checks every frame that it reads.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { awsHttp } from '../harness/aws-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const CREDENTIALS = { accessKeyId: 'AKIASIMULATOR0000000', secretAccessKey: 'simulator/not-a-secret/not-a-secret/0000' };

let simulator: SimulatorProcess;
let client: BedrockRuntimeClient;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new BedrockRuntimeClient({
    endpoint: simulator.url,
    region: 'us-east-1',
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: awsHttp(),
  });
});
afterAll(() => {
  client?.destroy();
  return simulator?.[Symbol.asyncDispose]();
});

type Input = Omit<ConverseCommandInput, 'modelId'>;
type Messages = NonNullable<ConverseCommandInput['messages']>;

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const say = (text: string): Messages => [{ role: 'user', content: [{ text }] }];
const converse = (input: Input, modelId = MODEL) => client.send(new ConverseCommand({ modelId, ...input }));
async function stream(input: Input, modelId = MODEL): Promise<ConverseStreamOutput[]> {
  const reply = await client.send(new ConverseStreamCommand({ modelId, ...input }));
  return Array.fromAsync(reply.stream ?? []);
}
const deltas = (events: ConverseStreamOutput[]) => events.flatMap((event) => event.contentBlockDelta?.delta ?? []);

const tools = [
  {
    toolSpec: {
      name: 'get_weather',
      inputSchema: {
        json: {
          type: 'object',
          properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] }, days: { type: 'integer', minimum: 2 } },
          required: ['city', 'unit', 'days'],
        },
      },
    },
  },
  { toolSpec: { name: 'get_time', inputSchema: { json: { type: 'object', properties: { zone: { const: 'UTC' } } } } } },
];

describe('an answer', () => {
  test('comes whole, with usage that adds up', async () => {
    const reply = await converse({ messages: say('Hello'), system: [{ text: 'Be brief' }] });
    expect(reply.output?.message).toMatchObject({ role: 'assistant', content: [{ text: expect.stringMatching(/^[A-Z].*\.$/) }] });
    expect(reply).toMatchObject({ stopReason: 'end_turn', metrics: { latencyMs: expect.any(Number) } });
    expect(reply.usage?.totalTokens).toBe((reply.usage?.inputTokens ?? 0) + (reply.usage?.outputTokens ?? 0));
    expect(reply.$metadata.requestId).toBeString();
  });

  test('streams the same text between its frames, in Bedrock’s order', async () => {
    const whole = await converse({ messages: say('Hello') });
    const events = await stream({ messages: say('Hello') });
    const names = events.map((event) => Object.keys(event)[0]);
    expect([names[0], names[1], ...names.slice(-3)]).toEqual([
      'messageStart',
      'contentBlockDelta',
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]);
    expect(names).not.toContain('contentBlockStart');
    expect(
      deltas(events)
        .map(({ text }) => text)
        .join(''),
    ).toBe(whole.output?.message?.content?.[0]?.text ?? 'none');
    expect(events.at(-2)?.messageStop).toMatchObject({ stopReason: 'end_turn' });
    expect(events.at(-1)?.metadata).toMatchObject({ usage: whole.usage, metrics: whole.metrics });
  });

  test('ends at maxTokens, and before a stop sequence, which is told when asked for', async () => {
    const full = (await converse({ messages: say('Hello') })).output?.message?.content?.[0]?.text ?? '';
    const cut = await converse({ messages: say('Hello'), inferenceConfig: { maxTokens: 4 } });
    expect(cut).toMatchObject({ stopReason: 'max_tokens', usage: { outputTokens: 4 } });
    const word = ` ${full.split(' ')[5]}`;
    const asked = {
      messages: say('Hello'),
      inferenceConfig: { stopSequences: [word] },
      additionalModelResponseFieldPaths: ['/stop_sequence'],
    };
    const stopped = await converse(asked);
    expect(stopped).toMatchObject({ stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: word } });
    expect(stopped.output?.message?.content?.[0]?.text).toBe(full.slice(0, full.indexOf(word)));
    expect((await stream(asked)).at(-2)?.messageStop).toMatchObject({
      stopReason: 'stop_sequence',
      additionalModelResponseFields: { stop_sequence: word },
    });
  });

  test('fits a JSON schema', async () => {
    const schema = JSON.stringify({ type: 'object', properties: { age: { type: 'integer', minimum: 18 } }, required: ['age'] });
    const reply = await converse({
      messages: say('Hello'),
      outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema } } } },
    });
    expect(JSON.parse(reply.output?.message?.content?.[0]?.text ?? '')).toEqual({ age: 18 });
  });

  test('cites a document that was to be cited', async () => {
    const document = { format: 'txt' as const, name: 'Colours', source: { text: 'The grass is green.' }, citations: { enabled: true } };
    const messages: Messages = [{ role: 'user', content: [{ document }, { text: 'What is green?' }] }];
    const content = (await converse({ messages })).output?.message?.content ?? [];
    const back: Messages = [...messages, { role: 'assistant', content }, ...say('Why?')];
    expect((await converse({ messages: back })).stopReason).toBe('end_turn');
    const cited = {
      title: 'Colours',
      sourceContent: [{ text: 'The grass is green.' }],
      location: { documentChar: { documentIndex: 0, start: 0, end: 19 } },
    };
    expect(content[0]?.citationsContent?.citations).toMatchObject([cited]);
    expect(content[0]?.citationsContent?.content?.[0]?.text).toBeString();
    expect(deltas(await stream({ messages })).at(-1)).toMatchObject({ citation: cited });
  });

  test('reads what an earlier turn put before a cache point, and writes what is new', async () => {
    const cachePoint = { cachePoint: { type: 'default' as const } };
    const first: Messages = [{ role: 'user', content: [{ text: 'A long text of many words' }, cachePoint] }];
    const written = (await converse({ messages: first })).usage;
    expect(written?.cacheWriteInputTokens).toBeGreaterThan(0);
    expect(written?.cacheReadInputTokens).toBe(0);
    const next: Messages = [
      ...first,
      { role: 'assistant', content: [{ text: 'Yes' }] },
      { role: 'user', content: [{ text: 'More' }, cachePoint] },
    ];
    const read = (await converse({ messages: next })).usage;
    expect(read?.cacheReadInputTokens).toBe(written?.cacheWriteInputTokens ?? -1);
    expect(read?.cacheWriteInputTokens).toBeGreaterThan(0);
  });

  test('takes a model by ARN, and faults behind its name', async () => {
    const arn = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude!tokens=3';
    expect((await converse({ messages: say('Hello') }, arn)).usage?.outputTokens).toBe(3);
    expect((await simulator.requests('/model/')).at(-1)?.body).toContain('Hello');
  });

  test('counts tokens before they are spent', async () => {
    const messages = say('Hello');
    const counted = await client.send(new CountTokensCommand({ modelId: MODEL, input: { converse: { messages } } }));
    expect(counted.inputTokens).toBe((await converse({ messages })).usage?.inputTokens ?? -1);
  });
});

describe('tools', () => {
  const rows: [name: string, text: string, toolChoice: NonNullable<Input['toolConfig']>['toolChoice'], want: string[]][] = [
    ['are left alone when nobody asks', 'Hello', undefined, []],
    ['are called when the user says so', 'Use a tool please', { auto: {} }, ['get_weather']],
    ['are called together when the user names several', 'Try get_weather and get_time', undefined, ['get_weather', 'get_time']],
    ['are called when any is to be', 'Hello', { any: {} }, ['get_weather']],
    ['are called by name', 'Hello', { tool: { name: 'get_time' } }, ['get_time']],
  ];
  for (const [name, text, toolChoice, want] of rows) {
    test(name, async () => {
      const asked = { messages: say(text), toolConfig: { tools, ...(toolChoice === undefined ? {} : { toolChoice }) } };
      const reply = await converse(asked);
      const calls = reply.output?.message?.content?.flatMap(({ toolUse }) => toolUse ?? []) ?? [];
      expect(calls.map((call) => call.name ?? '')).toEqual(want);
      expect(reply.stopReason).toBe(want.length > 0 ? 'tool_use' : 'end_turn');

      const events = await stream(asked);
      const starts = events.flatMap((event) => event.contentBlockStart ?? []);
      const streamed = starts.map(({ contentBlockIndex, start }) => {
        const own = events
          .flatMap(({ contentBlockDelta }) => contentBlockDelta ?? [])
          .filter((delta) => delta.contentBlockIndex === contentBlockIndex);
        return { ...start?.toolUse, input: JSON.parse(own.map(({ delta }) => delta?.toolUse?.input ?? '').join('')) as unknown };
      });
      expect(streamed as unknown[]).toEqual(calls);
    });
  }

  test('get arguments that fit, one call alone where more are not wanted, and words when they have answered', async () => {
    const toolConfig = { tools };
    const single = { additionalModelRequestFields: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } } };
    const messages = say('Try get_weather and get_time');
    const reply = await converse({ messages, toolConfig, ...single });
    const [call, ...others] = reply.output?.message?.content?.flatMap(({ toolUse }) => toolUse ?? []) ?? [];
    expect(others).toEqual([]);
    expect(call?.input).toEqual({ city: expect.any(String), unit: 'celsius', days: 2 });
    const toolResult = { toolUseId: call?.toolUseId ?? '', content: [{ json: { sky: 'blue' } }] };
    const answered = await converse({
      messages: [...messages, reply.output?.message ?? { role: 'assistant', content: [] }, { role: 'user', content: [{ toolResult }] }],
      toolConfig,
    });
    expect(answered.stopReason).toBe('end_turn');
  });
});

describe('thoughts', () => {
  const thinks = { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 1_024 } } };

  test('come first, signed, whole and streamed', async () => {
    const whole = await converse({ messages: say('Hello'), ...thinks });
    const [thought, text] = whole.output?.message?.content ?? [];
    expect(thought?.reasoningContent?.reasoningText).toEqual({ text: expect.any(String), signature: expect.any(String) });
    expect(text?.text).toBeString();
    const reasoning = deltas(await stream({ messages: say('Hello'), ...thinks })).flatMap(({ reasoningContent }) => reasoningContent ?? []);
    expect(reasoning.map((delta) => delta.text ?? '').join('')).toBe(thought?.reasoningContent?.reasoningText?.text ?? 'none');
    expect(reasoning.at(-1)).toEqual({ signature: thought?.reasoningContent?.reasoningText?.signature } as never);
  });

  test('go back as they came, with the call that they led to; changed or left out, they are refused', async () => {
    const toolConfig = { tools };
    const messages = say('Use a tool');
    const first = (await converse({ messages, toolConfig, ...thinks })).output?.message?.content ?? [];
    const toolUseId = first[1]?.toolUse?.toolUseId ?? '';
    const back = (content: typeof first) =>
      converse({
        messages: [
          ...messages,
          { role: 'assistant', content },
          { role: 'user', content: [{ toolResult: { toolUseId, content: [{ text: 'sun' }] } }] },
        ],
        toolConfig,
        ...thinks,
      });
    expect((await back(first)).stopReason).toBe('end_turn');
    expect(String(await rejection(back(first.slice(1))))).toMatch(/Expected `thinking` or `redacted_thinking`, but found `tool_use`/);
    const reasoningText = { ...first[0]?.reasoningContent?.reasoningText, text: 'I thought otherwise' };
    expect(String(await rejection(back([{ reasoningContent: { reasoningText } }, ...first.slice(1)])))).toMatch(
      /Invalid `signature` in `thinking` block/,
    );
  });

  test('are redacted by the vendor’s magic words, and may go back as bytes', async () => {
    const messages = say(
      'ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB',
    );
    const content = (await converse({ messages, ...thinks })).output?.message?.content ?? [];
    expect(content[0]?.reasoningContent?.redactedContent).toBeInstanceOf(Uint8Array);
    const streamed = deltas(await stream({ messages, ...thinks }));
    expect(streamed[0]?.reasoningContent?.redactedContent).toEqual(content[0]?.reasoningContent?.redactedContent);
    expect((await converse({ messages: [...messages, { role: 'assistant', content }, ...say('Go on')], ...thinks })).stopReason).toBe(
      'end_turn',
    );
  });
});

describe('InvokeModel with Anthropic’s body', () => {
  const body = (more: object = {}) =>
    JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }], ...more });
  const invoke = async (more: object = {}, modelId = MODEL) => {
    const reply = await client.send(new InvokeModelCommand({ modelId, body: body(more) }));
    return JSON.parse(new TextDecoder().decode(reply.body)) as Record<string, unknown>;
  };
  const invokeStream = async (more: object = {}, modelId = MODEL) => {
    const reply = await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body: body(more) }));
    const events = await Array.fromAsync(reply.body ?? []);
    return events.map(({ chunk }) => JSON.parse(new TextDecoder().decode(chunk?.bytes)) as { type: string; [field: string]: unknown });
  };

  test('answers with Anthropic’s message', async () => {
    expect(await invoke()).toMatchObject({
      id: expect.stringMatching(/^msg_bdrk_01/),
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5-20250929-v1:0',
      content: [{ type: 'text', text: expect.any(String) }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
  });

  test('streams Anthropic’s events, and the service’s measures with the last', async () => {
    const whole = await invoke();
    const events = await invokeStream();
    const frames = events.map(({ type }) => type).filter((type) => type !== 'content_block_delta');
    expect(frames).toEqual(['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop']);
    const text = events.map(({ delta }) => (delta as { text?: string } | undefined)?.text ?? '').join('');
    expect((whole['content'] as { text: string }[])[0]?.text).toBe(text);
    expect(events.at(-1)?.['amazon-bedrock-invocationMetrics']).toMatchObject({
      outputTokenCount: (whole['usage'] as { output_tokens: number }).output_tokens,
    });
  });

  test('takes all that Anthropic’s body has: tools and their results, pictures, thoughts, a system text, what is cached', async () => {
    const declared = [
      { name: 'f', input_schema: { type: 'object', properties: { a: { const: 1 } } }, cache_control: { type: 'ephemeral' } },
    ];
    const called = await invoke({ tools: declared, tool_choice: { type: 'tool', name: 'f' } });
    expect(called).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'f', input: { a: 1 } }] });
    expect(
      (await invoke({ tools: declared, tool_choice: { type: 'none' }, messages: [{ role: 'user', content: 'Use a tool' }] }))[
        'stop_reason'
      ],
    ).toBe('end_turn');
    const [call] = called['content'] as { id: string }[];
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
    const answered = await invoke({
      tools: declared,
      system: [{ type: 'text', text: 'Be kind', cache_control: { type: 'ephemeral' } }],
      messages: [
        { role: 'user', content: [image, { type: 'text', text: 'Go' }] },
        { role: 'assistant', content: called['content'] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: call?.id, content: 'sun' }] },
      ],
    });
    expect(answered).toMatchObject({ stop_reason: 'end_turn', usage: { cache_read_input_tokens: 2 } });
    const thought = await invokeStream({ max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 1_024 } });
    expect(thought.filter(({ delta }) => (delta as { type?: string } | undefined)?.type === 'thinking_delta')).toHaveLength(12);
    const back = (await invoke({ max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 1_024 } }))['content'];
    expect(
      await invoke({
        messages: [
          { role: 'user', content: 'Hello' },
          { role: 'assistant', content: back },
          { role: 'user', content: 'And?' },
        ],
      }),
    ).toMatchObject({ type: 'message' });
  });

  test('refuses what the path says already, and what is missing', async () => {
    expect(String(await rejection(invoke({ model: 'x' })))).toMatch(/extraneous key \[model\] is not permitted/);
    expect(String(await rejection(invoke({ anthropic_version: undefined })))).toMatch(/required key \[anthropic_version\] not found/);
    expect(String(await rejection(invoke({ max_tokens: undefined })))).toMatch(/required key \[max_tokens\] not found/);
    expect(String(await rejection(invoke({ messages: [{ role: 'user', content: [{ type: 'sound' }] }] })))).toMatch(/Input tag 'sound'/);
  });
});
