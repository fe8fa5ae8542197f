/*
 * AWS's own client against the real process, with a simulated Bedrock behind it that checks signatures: what an application gets when it changes nothing but the
 * endpoint and the key. Across dialects: bedrock-crossing.test.ts.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  AccessDeniedException,
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  ResourceNotFoundException,
  ThrottlingException,
  ValidationException,
} from '@aws-sdk/client-bedrock-runtime';
import { accessLines } from '../harness/access-log.ts';
import { bedrockClient, SIMULATED_PAIR } from '../harness/bedrock.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-bedrock-client-0000';
const LIMITED = 'sk-bedrock-limited-000';
const MODEL = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
const PROFILE = 'arn:aws:bedrock:eu-central-1:123456789012:application-inference-profile/abc123';

let simulator: SimulatorProcess;
let gateway: GatewayProcess;
let bearer: BedrockRuntimeClient;
let signing: BedrockRuntimeClient;

beforeAll(async () => {
  simulator = await startSimulator();
  const target = (model: string) => ({ targets: [{ provider: 'aws-bedrock', model }] });
  gateway = await startGateway({
    config: {
      auth: {
        keys: [
          { name: 'house-key', key: KEY },
          { name: 'narrow', key: LIMITED, models: ['nothing'] },
        ],
      },
      limits: { mode: 'off' },
      cache: { routes: [{ match: '/model/*' }] },
      upstream: { retries: { base_delay: '1ms', delay_max: '5ms' } },
      providers: {
        'aws-bedrock': {
          base_url: simulator.url,
          region: 'eu-central-1',
          aws: SIMULATED_PAIR,
          models: ['eu.anthropic.*', 'arn:*', 'sim-1'],
        },
      },
      models: {
        house: target(MODEL),
        overloaded: target('sim-1!status=429'),
        denied: target('sim-1!status=403'),
        broken: target('sim-1!error-after=3,tokens-per-second=100'),
        cut: target('sim-1!cut-after=3,tokens-per-second=100'),
        malformed: target('sim-1!malformed-after=3,tokens-per-second=100'),
        slow: target('sim-1!tokens=200,tokens-per-second=20'),
      },
    },
  });
  bearer = bedrockClient(gateway.url, { key: KEY });
  signing = bedrockClient(gateway.url, { keyName: 'house-key', key: KEY });
});
afterAll(async () => {
  bearer?.destroy();
  signing?.destroy();
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

type Input = Omit<ConverseCommandInput, 'modelId'>;
type Messages = NonNullable<ConverseCommandInput['messages']>;

const say = (text: string): Messages => [{ role: 'user', content: [{ text }] }];
const tools = [
  {
    toolSpec: {
      name: 'get_weather',
      inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
    },
  },
];
const converse = (input: Input, modelId = MODEL, client = bearer) => client.send(new ConverseCommand({ modelId, ...input }));
async function stream(input: Input, modelId = MODEL, client = bearer): Promise<ConverseStreamOutput[]> {
  const reply = await client.send(new ConverseStreamCommand({ modelId, ...input }));
  return Array.fromAsync(reply.stream ?? []);
}
const streamedText = (events: readonly ConverseStreamOutput[]) =>
  events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');

describe('a caller with a bearer key', () => {
  test('is answered whole, with usage, and the id that Bedrock gave', async () => {
    const reply = await converse({ messages: say('echo: naïve café ☕') });
    expect(reply.output?.message).toEqual({ role: 'assistant', content: [{ text: 'naïve café ☕' }] });
    expect(reply).toMatchObject({ stopReason: 'end_turn', usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) } });
    expect(reply.$metadata.requestId).toMatch(/^[0-9a-f]{8}-/);
  });

  test('is streamed what it would be answered whole', async () => {
    const whole = await converse({ messages: say('Hello') });
    const events = await stream({ messages: say('Hello') });
    expect(events.map((event) => Object.keys(event)[0]).slice(-2)).toEqual(['messageStop', 'metadata']);
    expect(streamedText(events)).toBe(whole.output?.message?.content?.[0]?.text ?? '');
    expect(events.at(-1)?.metadata?.usage).toEqual(whole.usage);
  });

  test('may name a model by an alias of the house, by an ARN, and by its provider', async () => {
    for (const model of ['house', PROFILE, `aws-bedrock/${MODEL}`]) {
      const reply = await converse({ messages: say('echo: here') }, model);
      expect(reply.output?.message?.content).toEqual([{ text: 'here' }]);
    }
    const paths = (await simulator.requests('/model')).slice(-3).map(({ path }) => path);
    expect(paths[0]).toBe('/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse');
    expect(paths[1]).toBe(`/model/${encodeURIComponent(PROFILE)}/converse`);
  });

  test('calls tools, and goes on from their results with signed thoughts', async () => {
    const asked = {
      messages: say('Use get_weather for Oslo'),
      toolConfig: { tools },
      inferenceConfig: { maxTokens: 4_000 },
      additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 2_000 } },
    };
    const first = await converse(asked);
    const content = first.output?.message?.content ?? [];
    expect(content[0]?.reasoningContent?.reasoningText?.signature).toBeString();
    const call = content.find(({ toolUse }) => toolUse !== undefined)?.toolUse;
    const next = await converse({
      ...asked,
      messages: [
        ...asked.messages,
        { role: 'assistant', content },
        { role: 'user', content: [{ toolResult: { toolUseId: call?.toolUseId, content: [{ text: 'sunny' }] } }] },
      ],
    });
    expect(next.stopReason).toBe('end_turn');
  });
});

describe('a caller who signs', () => {
  test('is known by the name of the key, whole and streamed, and Bedrock gets the gateway’s signature', async () => {
    const whole = await converse({ messages: say('Hello') }, MODEL, signing);
    const events = await stream({ messages: say('Hello') }, MODEL, signing);
    expect(streamedText(events)).toBe(whole.output?.message?.content?.[0]?.text ?? '');
    const [sent] = (await simulator.requests('/model')).slice(-1);
    expect(sent?.headers['authorization']).toStartWith('AWS4-HMAC-SHA256 Credential=AKIASIMULATOR0000000/');
    await eventually(
      () => accessLines(gateway).some((line) => JSON.stringify(line).includes('/converse-stream') && line['principal'] === 'key:house-key'),
      {
        what: 'a line with the key of the caller',
      },
    );
  });

  test('may sign a path with an ARN in it', async () => {
    const reply = await converse({ messages: say('echo: signed') }, PROFILE, signing);
    expect(reply.output?.message?.content).toEqual([{ text: 'signed' }]);
  });

  test('is refused with another secret, another name, or a clock that is far off', async () => {
    for (const [client, name, status] of [
      [bedrockClient(gateway.url, { keyName: 'house-key', key: `${KEY}x` }), 'InvalidSignatureException', 403],
      [bedrockClient(gateway.url, { keyName: 'nobody', key: KEY }), 'UnrecognizedClientException', 401],
      [
        bedrockClient(gateway.url, { keyName: 'house-key', key: KEY, more: { systemClockOffset: 400_000 } }),
        'InvalidSignatureException',
        403,
      ],
    ] as const) {
      const error = await rejection(converse({ messages: say('Hello') }, MODEL, client));
      expect(error).toMatchObject({ name, $metadata: { httpStatusCode: status } });
    }
  });

  test('is refused when what was signed is not what arrived', async () => {
    const authorization = await signedHeaders();
    for (const change of [{ body: '{"messages":[]}' }, { path: '/model/other/converse' }, { query: '?a=1' }]) {
      const reply = await fetch(`${gateway.url}${change.path ?? '/model/house/converse'}${change.query ?? ''}`, {
        method: 'POST',
        headers: authorization,
        body: change.body ?? SIGNED_BODY,
      });
      expect(reply.status).toBe(403);
      expect(reply.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException');
    }
    const kept = await fetch(`${gateway.url}/model/house/converse`, { method: 'POST', headers: authorization, body: SIGNED_BODY });
    expect(kept.status).toBe(200);
  });

  test('is not known on routes that know no signatures', async () => {
    const reply = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: (await signedHeaders())['authorization'] ?? '' } });
    expect(reply.status).toBe(401);
  });
});

const SIGNED_BODY = JSON.stringify({ messages: [{ role: 'user', content: [{ text: 'Hello' }] }] });

/** Headers as another client signs them: without the digest of the body. */
async function signedHeaders(): Promise<Record<string, string>> {
  const { AwsV4Signer } = await import('aws4fetch');
  const signed = await new AwsV4Signer({
    url: `${gateway.url}/model/house/converse`,
    method: 'POST',
    body: SIGNED_BODY,
    accessKeyId: 'house-key',
    secretAccessKey: KEY,
    service: 'bedrock',
    region: 'eu-central-1',
  }).sign();
  const { host: _host, ...headers } = Object.fromEntries(signed.headers);
  return { ...headers, 'content-type': 'application/json' };
}

describe('errors', () => {
  test('have the classes that the client has for them', async () => {
    const refused = await rejection(converse({ messages: [{ role: 'assistant', content: [{ text: 'me first' }] }] }));
    expect(refused).toBeInstanceOf(ValidationException);
    expect((refused as Error).message).toContain('A conversation must start with a user message');
    expect(await rejection(converse({ messages: say('Hello') }, 'overloaded'))).toBeInstanceOf(ThrottlingException);
    expect(await rejection(converse({ messages: say('Hello') }, 'no-such-provider/model'))).toBeInstanceOf(ResourceNotFoundException);
    const narrow = bedrockClient(gateway.url, { key: LIMITED });
    expect(await rejection(converse({ messages: say('Hello') }, MODEL, narrow))).toBeInstanceOf(AccessDeniedException);
    const stranger = bedrockClient(gateway.url, { key: 'sk-nobody-000000000000' });
    expect(await rejection(converse({ messages: say('Hello') }, MODEL, stranger))).toMatchObject({ name: 'UnrecognizedClientException' });
    // The gateway's own credential is at fault, so the caller is not told that theirs is.
    expect(await rejection(converse({ messages: say('Hello') }, 'denied'))).toMatchObject({ $metadata: { httpStatusCode: 502 } });
  });

  test('inside a stream come as exceptions, after what was said before', async () => {
    for (const model of ['broken', 'cut', 'malformed']) {
      const reply = await bearer.send(new ConverseStreamCommand({ modelId: model, messages: say('Hello') }));
      const seen: ConverseStreamOutput[] = [];
      const error = await rejection(
        (async () => {
          for await (const event of reply.stream ?? []) seen.push(event);
        })(),
      );
      expect(error).toMatchObject({ name: 'ModelStreamErrorException' });
      expect(streamedText(seen).length).toBeGreaterThan(0);
      expect(seen.some((event) => event.messageStop !== undefined)).toBe(false);
    }
  });

  test('tell a body that is none', async () => {
    for (const body of ['', '{', '[]', '{"messages":"x"}', '{"messages":[],"Messages":[]}', '{"inferenceConfig":{"maxTokens":"x"}}']) {
      const reply = await fetch(`${gateway.url}/model/house/converse`, {
        method: 'POST',
        headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
        body,
      });
      expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([400, 'ValidationException']);
      expect(await reply.json()).toEqual({ message: expect.any(String) });
    }
  });
});

test('an answer that is kept is kept for the model in the path', async () => {
  const input = { messages: say('Hello'), inferenceConfig: { temperature: 0 } };
  const before = (await simulator.stats()).requests;
  for (const model of ['sim-1', 'house', 'sim-1', 'house']) await converse(input, model);
  expect((await simulator.stats()).requests - before).toBe(2);
});

describe('bytes', () => {
  const ask = async (base: string, path: string, authorization: string, body: string) => {
    const reply = await fetch(`${base}/model/${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
    });
    return { status: reply.status, type: reply.headers.get('content-type'), bytes: Buffer.from(await reply.arrayBuffer()) };
  };

  test('pass both ways as they are, whole, streamed and refused', async () => {
    const odd = '{ "messages" : [ {"role":"user","content":[{"text":"Hello \\u00e9"}]} ],\n "fieldOfTomorrow": [1, 2.50] }';
    for (const [path, body] of [
      ['sim-1/converse', odd],
      ['sim-1/converse-stream', odd],
      ['sim-1/converse', '{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}'],
    ] as const) {
      const direct = await ask(simulator.url, path, 'Bearer anything', body);
      const through = await ask(gateway.url, path, `Bearer ${KEY}`, body);
      expect(through).toEqual(direct);
      const [sent] = (await simulator.requests('/model')).slice(-1);
      expect(sent?.body).toBe(body);
    }
  });
});

test('an abort of the caller reaches the model server', async () => {
  const controller = new AbortController();
  const reply = await bearer.send(new ConverseStreamCommand({ modelId: 'slow', messages: say('Hello') }), {
    abortSignal: controller.signal,
  });
  const error = await rejection(
    (async () => {
      for await (const _event of reply.stream ?? []) controller.abort();
    })(),
  );
  expect(error).toBeInstanceOf(Error);
  await eventually(async () => (await simulator.stats()).clientsGone > 0, { what: 'a cancelled request at the model server' });
});
