/*
 * What the simulated Bedrock Runtime says when it does not answer: exceptions before and within a stream, broken frames, and what it
 * refuses in a request.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { crc32 } from 'node:zlib';
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { awsHttp } from '../harness/aws-http.ts';
import { eventually } from '../harness/eventually.ts';
import { leaveAfter, rawRequest } from '../harness/raw-http.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const ID = 'AKIASIMULATOR0000000';
const SECRET = 'simulator/not-a-secret/not-a-secret/0000';
const BEARER = { authorization: 'Bearer any', 'content-type': 'application/json' };

let simulator: SimulatorProcess;
let client: BedrockRuntimeClient;
beforeAll(async () => {
  simulator = await startSimulator();
  client = new BedrockRuntimeClient({
    endpoint: simulator.url,
    region: 'us-east-1',
    credentials: { accessKeyId: ID, secretAccessKey: SECRET },
    maxAttempts: 1,
    requestHandler: awsHttp(),
  });
});
afterAll(() => {
  client?.destroy();
  return simulator?.[Symbol.asyncDispose]();
});

const hello = { messages: [{ role: 'user' as const, content: [{ text: 'Hello' }] }] };
const post = (path: string, body: unknown, headers: Record<string, string> = BEARER) =>
  fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
const converse = (body: unknown, headers?: Record<string, string>) => post('/model/sim-1/converse', body, headers);

/** Exception and message of a failure. */
async function failure(reply: Response): Promise<[number, string, string]> {
  const { message } = (await reply.json()) as { message: string };
  return [reply.status, reply.headers.get('x-amzn-errortype')?.split(':')[0] ?? '', message];
}

interface Frame {
  readonly headers: Record<string, string>;
  readonly payload: string;
}

/** Reads frames after AWS's specification. Throws where a length or a checksum does not hold. */
function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const total = bytes.readUInt32BE(at);
    const headersLength = bytes.readUInt32BE(at + 4);
    const frame = bytes.subarray(at, at + total);
    expect(frame).toHaveLength(total);
    expect(frame.readUInt32BE(8)).toBe(crc32(frame.subarray(0, 8)));
    expect(frame.readUInt32BE(total - 4)).toBe(crc32(frame.subarray(0, total - 4)));
    const headers: Record<string, string> = {};
    for (let place = 12; place < 12 + headersLength; ) {
      const name = frame.subarray(place + 1, place + 1 + (frame[place] ?? 0)).toString();
      place += 1 + name.length;
      expect(frame[place]).toBe(7);
      const length = frame.readUInt16BE(place + 1);
      headers[name] = frame.subarray(place + 3, place + 3 + length).toString();
      place += 3 + length;
    }
    frames.push({ headers, payload: frame.subarray(12 + headersLength, total - 4).toString() });
    at += total;
  }
  return frames;
}

describe('within a stream', () => {
  const stream = (fault: string, operation = 'converse-stream') => {
    const body =
      operation === 'converse-stream'
        ? hello
        : { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages: [{ role: 'user', content: 'ä' }] };
    return post(`/model/sim-1!tokens=4,${fault}/${operation}`, body);
  };
  const frames = async (fault: string, operation?: string) => framesOf(Buffer.from(await (await stream(fault, operation)).arrayBuffer()));
  const types = (all: Frame[]) => all.map(({ headers }) => headers[':event-type'] ?? headers[':exception-type']);

  test('frames have their headers, lengths and checksums, and their padding', async () => {
    const reply = await stream('');
    expect(reply.headers.get('content-type')).toBe('application/vnd.amazon.eventstream');
    const all = framesOf(Buffer.from(await reply.arrayBuffer()));
    expect(all[0]).toEqual({
      headers: { ':event-type': 'messageStart', ':content-type': 'application/json', ':message-type': 'event' },
      payload: expect.stringMatching(/^\{"role":"assistant","p":"abc[a-zA-Z0-9]*"\}$/),
    });
    expect(types(all)).toEqual([
      'messageStart',
      ...Array.from({ length: 4 }, () => 'contentBlockDelta'),
      'contentBlockStop',
      'messageStop',
      'metadata',
    ]);
  });

  for (const operation of ['converse-stream', 'invoke-with-response-stream']) {
    test(`an error in band is an exception, and the end (${operation})`, async () => {
      const last = (await frames('error-after=2', operation)).at(-1);
      expect(last?.headers).toEqual({
        ':exception-type': 'modelStreamErrorException',
        ':content-type': 'application/json',
        ':message-type': 'exception',
      });
      expect(JSON.parse(last?.payload ?? '')).toMatchObject({ message: expect.any(String), originalStatusCode: 500 });
    });

    test(`a frame that holds may have broken JSON, or a great deal of it (${operation})`, async () => {
      const broken = (await frames('malformed-after=1', operation)).filter(({ payload }) => {
        const json =
          operation === 'converse-stream' ? payload : Buffer.from((JSON.parse(payload) as { bytes: string }).bytes, 'base64').toString();
        return !json.endsWith('}');
      });
      expect(broken).toHaveLength(1);
      expect(Math.max(...(await frames('huge-event=100000', operation)).map(({ payload }) => payload.length))).toBeGreaterThan(100_000);
    });

    test(`the connection is cut or the body ended after n tokens (${operation})`, async () => {
      expect(await rejection(frames('cut-after=2', operation))).toBeInstanceOf(Error);
      const ended = types(await frames('end-after=2', operation));
      expect(ended).not.toContain('messageStop');
      expect(ended.length).toBeLessThan(types(await frames('', operation)).length);
      expect((await stream('empty', operation)).status).toBe(200);
    });
  }

  test('AWS’s client makes the exception an error of its own', async () => {
    const reply = await client.send(new ConverseStreamCommand({ modelId: 'sim-1!error-after=1', ...hello }));
    expect(await rejection(Array.fromAsync(reply.stream ?? []))).toMatchObject({
      name: 'ModelStreamErrorException',
      originalStatusCode: 500,
    });
  });

  test('stop, usage and terminal may be missing', async () => {
    const payloads = async (fault: string) => (await frames(fault)).map(({ payload }) => payload).join('');
    expect(await payloads('no-finish')).not.toContain('stopReason');
    expect(await payloads('no-usage')).not.toContain('inputTokens');
    expect(types(await frames('no-done'))).not.toContain('messageStop');
    const events = async (fault: string) =>
      (await frames(fault, 'invoke-with-response-stream'))
        .map(({ payload }) => Buffer.from((JSON.parse(payload) as { bytes: string }).bytes, 'base64').toString())
        .join('');
    expect(await events('no-finish')).not.toContain('"max_tokens"');
    expect(await events('no-usage')).not.toContain('tokens"');
    expect(await events('no-done')).not.toContain('message_stop');
  });

  test('a client that leaves is seen to', async () => {
    await simulator.reset();
    const body = JSON.stringify(hello);
    await leaveAfter(
      simulator.url,
      rawRequest({ target: '/model/sim-1!tokens=9000,tokens-per-second=100/converse-stream', headers: BEARER, body }),
      500,
    );
    await eventually(async () => (await simulator.stats()).clientsGone === 1, { what: 'the leaving being seen' });
  });
});

describe('instead of an answer', () => {
  for (const [fault, status, code] of [
    ['status=401', 401, 'UnrecognizedClientException'],
    ['status=403', 403, 'AccessDeniedException'],
    ['status=404', 404, 'ResourceNotFoundException'],
    ['status=408', 408, 'ModelTimeoutException'],
    ['status=424', 424, 'ModelErrorException'],
    ['status=429', 429, 'ThrottlingException'],
    ['status=500', 500, 'InternalServerException'],
    ['status=503', 503, 'ServiceUnavailableException'],
    ['context-length', 400, 'ValidationException'],
    ['content-policy', 400, 'ValidationException'],
  ] as const) {
    for (const operation of ['converse', 'converse-stream', 'invoke', 'count-tokens']) {
      test(`${fault} is ${code} (${operation})`, async () => {
        const invoked = { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages: [{ role: 'user', content: 'Hello' }] };
        const body = operation === 'invoke' ? invoked : operation === 'count-tokens' ? { input: { converse: hello } } : hello;
        expect(await failure(await post(`/model/sim-1!${fault}/${operation}`, body))).toEqual([status, code, expect.any(String)]);
      });
    }
  }

  test('AWS’s client knows the exceptions by name', async () => {
    const send = (fault: string) => rejection(client.send(new ConverseCommand({ modelId: `sim-1!${fault}`, ...hello })));
    expect(await send('status=429')).toMatchObject({ name: 'ThrottlingException' });
    expect(await send('context-length')).toMatchObject({ name: 'ValidationException', message: 'Input is too long for requested model.' });
  });

  test('an end may have any of the vendor’s reasons', async () => {
    const reply = await client.send(new ConverseCommand({ modelId: 'sim-1!finish=model_context_window_exceeded', ...hello }));
    expect(reply.stopReason).toBe('model_context_window_exceeded');
  });

  test('a refusal is filtered content, and a guardrail answers where there is one', async () => {
    const refused = await client.send(new ConverseCommand({ modelId: 'sim-1!refusal', ...hello }));
    expect(refused.stopReason).toBe('content_filtered');
    const guardrailConfig = { guardrailIdentifier: 'g', guardrailVersion: '1', trace: 'enabled' as const };
    const guarded = await client.send(new ConverseCommand({ modelId: 'sim-1!content-policy', ...hello, guardrailConfig }));
    expect(guarded).toMatchObject({ stopReason: 'guardrail_intervened', trace: { guardrail: { inputAssessment: expect.any(Object) } } });
  });
});

describe('a request', () => {
  const user = (...content: object[]) => ({ role: 'user', content });
  const assistant = (...content: object[]) => ({ role: 'assistant', content });
  const text = { text: 'Hello' };
  const use = { toolUse: { toolUseId: 'a', name: 'f', input: {} } };
  const result = { toolResult: { toolUseId: 'a', content: [{ text: 'x' }] } };
  const toolConfig = { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }] };
  const rows: [name: string, body: unknown, message: RegExp, code?: string][] = [
    ['with broken JSON', '{', /no JSON/, 'SerializationException'],
    [
      'with a text that is a number',
      { messages: [user({ text: 3 })] },
      /^NUMBER_VALUE can not be converted to a String$/,
      'SerializationException',
    ],
    [
      'with maxTokens as text',
      { ...hello, inferenceConfig: { maxTokens: '3' } },
      /^STRING_VALUE can not be converted to an Integer$/,
      'SerializationException',
    ],
    ['without messages', {}, /at least one message is required/],
    [
      'with a role nobody has',
      { messages: [{ role: 'system', content: [text] }] },
      /^1 validation error detected: Value 'system' at 'messages\.1\.member\.role' failed to satisfy constraint: Member must satisfy enum value set: \[user, assistant\]$/,
    ],
    [
      'that is too hot, and has no role',
      { messages: [{ content: [text] }], inferenceConfig: { temperature: 2 } },
      /^2 validation errors detected: Value '2' at 'inferenceConfig\.temperature' .* less than or equal to 1; Value null at 'messages\.1\.member\.role' /,
    ],
    ['that the assistant begins', { messages: [assistant(text)] }, /^A conversation must start with a user message/],
    [
      'in which nobody takes turns',
      { messages: [user(text), user(text)] },
      /^A conversation must alternate between user and assistant roles/,
    ],
    ['with a message of nothing', { messages: [user()] }, /^The content field in the Message object at messages\.0 is empty/],
    [
      'with a blank text',
      { messages: [user({ text: '  ' })] },
      /^The text field in the ContentBlock object at messages\.0\.content\.0 is blank/,
    ],
    [
      'with a block of nothing',
      { messages: [user({})] },
      /^The ContentBlock object at messages\.0\.content\.0 must set one of the following keys: text, image,/,
    ],
    [
      'with a picture in a format of its own',
      { messages: [user({ image: { format: 'bmp', source: { bytes: 'AAAA' } } })] },
      /image\.format' failed to satisfy constraint/,
    ],
    [
      'with a picture that is no base64',
      { messages: [user({ image: { format: 'png', source: { bytes: '%' } } })] },
      /base64/,
      'SerializationException',
    ],
    [
      'with a document alone',
      { messages: [user({ document: { name: 'a', source: { text: 'b' } } })] },
      /^A text block must be included when using documents\.$/,
    ],
    [
      'with a document’s file name',
      { messages: [user(text, { document: { name: 'a.pdf', source: { text: 'b' } } })] },
      /^The document file name can only contain/,
    ],
    ['with calls and no tools', { messages: [user(text), assistant(use), user(result)] }, /^The toolConfig field must be defined/],
    [
      'with a call and no result',
      { messages: [user(text), assistant(use), user(text)], toolConfig },
      /^Expected toolResult blocks at messages\.2\.content for the following Ids: a$/,
    ],
    [
      'with a call at its end',
      { messages: [user(text), assistant(use)], toolConfig },
      /^Expected toolResult blocks at messages\.2\.content/,
    ],
    ['with a result and no call', { messages: [user(result)], toolConfig }, /exceeds the number of toolUse blocks of previous turn/],
    [
      'with a tool that has a space',
      { ...hello, toolConfig: { tools: [{ toolSpec: { name: 'a b', inputSchema: { json: { type: 'object' } } } }] } },
      /toolSpec\.name' failed to satisfy constraint: Member must satisfy regular expression pattern/,
    ],
    [
      'with a tool that takes a text',
      { ...hello, toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'string' } } } }] } },
      /inputSchema\.json\.type must be one of the following: object/,
    ],
    [
      'with an unknown tool to be called',
      { ...hello, toolConfig: { ...toolConfig, toolChoice: { tool: { name: 'g' } } } },
      /^The tool g in toolConfig\.toolChoice/,
    ],
    [
      'with few thoughts',
      { ...hello, additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 10 } } },
      /greater than or equal to 1024/,
    ],
    [
      'with forced calls and thoughts',
      {
        ...hello,
        toolConfig: { ...toolConfig, toolChoice: { any: {} } },
        additionalModelRequestFields: { thinking: { type: 'adaptive' } },
      },
      /^The model returned the following errors: Thinking may not be enabled when tool_choice forces tool use\.$/,
    ],
  ];
  for (const [name, body, message, code = 'ValidationException'] of rows) {
    test(`${name} is refused`, async () => {
      expect(await failure(await converse(body))).toEqual([400, code, expect.stringMatching(message)]);
    });
  }

  test('for a model or an operation that is none is refused', async () => {
    await using strict = await startSimulator(['--models', 'only', '--no-any-model']);
    const at = (path: string) => fetch(`${strict.url}${path}`, { method: 'POST', headers: BEARER, body: JSON.stringify(hello) });
    expect((await at('/model/only/converse')).status).toBe(200);
    expect(await failure(await at('/model/other/converse'))).toEqual([
      400,
      'ValidationException',
      'The provided model identifier is invalid.',
    ]);
    expect(await failure(await at('/model/only/fly'))).toEqual([404, 'UnknownOperationException', expect.any(String)]);
    expect((await at('/model')).status).toBe(404);
  });
});
