/*
 * The official `openai` client against the real process, when something goes wrong: which class it throws, what it tells people to quote,
 * how often it tries again, and what happens upstream when it leaves.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import OpenAI, {
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai';
import type { RequestRecord } from '../../src/simulate/recorder.ts';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rejection } from '../harness/rejection.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEYS = {
  client: 'sk-client-00000000000000',
  narrow: 'sk-narrow-00000000000000',
  patient: 'sk-patient-0000000000000',
  spent: 'sk-spent-000000000000000',
};
/** What CONTRACTS.md grants between the caller's leaving and the upstream's hearing of it. */
const ABORT_MS = 250;

/** Models that fail, each at a target of its own. */
const FAULTS = {
  broken: 'status=500',
  overloaded: 'status=503',
  'rate-limited': 'status=429,retry-after=30',
  'rate-limited-mute': 'status=429,key=mute',
  'bad-credential': 'status=401',
  'too-long': 'context-length=4',
  forbidden: 'content-policy',
  unprocessable: 'status=422',
  cut: 'tokens=8,tokens-per-second=50,cut-after=3',
  'error-in-band': 'tokens=8,tokens-per-second=100,error-after=3',
  'cut-whole': 'cut-after=3,key=whole',
  slow: 'first-token-ms=10000',
  endless: 'tokens=100000,tokens-per-second=50',
} as const;
type Model = keyof typeof FAULTS;
const targetOf = (model: Model) => `sim-1!${FAULTS[model]}`;

let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: {
        keys: [
          { name: 'client', key: KEYS.client },
          { name: 'narrow', key: KEYS.narrow, models: ['cut'] },
          { name: 'patient', key: KEYS.patient, tier: 'patient' },
          { name: 'spent', key: KEYS.spent, tier: 'spent' },
        ],
      },
      limits: { default: { per_minute: 1_000_000 }, tiers: { patient: { per_second: 1 }, spent: { per_hour: 1 } } },
      upstream: { retries: { base_delay: '10ms' } },
      providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
      models: {
        'sim-1': { targets: [{ provider: 'simulator' }] },
        ...Object.fromEntries(
          (Object.keys(FAULTS) as Model[]).map((model) => [model, { targets: [{ provider: 'simulator', model: targetOf(model) }] }]),
        ),
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
});

/** As an application has it: with the retries of the client. */
const clientOf = (apiKey: string = KEYS.client, options: object = {}) => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, ...options });
const say = (content = 'Hello') => [{ role: 'user' as const, content }];
const chat = (model: string, client = clientOf()) => client.chat.completions.create({ model, messages: say() });

async function asked(model: Model): Promise<RequestRecord[]> {
  const name = JSON.stringify(targetOf(model));
  return (await simulator.requests('/v1/')).filter(({ body }) => body.includes(name));
}

/** Wall time from `leftAtMs` until the simulator saw that the caller of a request was gone. */
async function abortDelayMs(model: Model, leftAtMs: number): Promise<number> {
  const gone = await eventually(async () => (await asked(model)).at(-1)?.outcome === 'client_gone' && (await asked(model)).at(-1), {
    what: 'the abort at the simulator',
  });
  return gone.receivedAtMs + (gone.abortedAfterMs ?? Number.POSITIVE_INFINITY) - leftAtMs;
}

describe('a refusal', () => {
  for (const { name, call, type, status, code, param } of [
    {
      name: 'a key that nobody was given',
      call: () => chat('sim-1', clientOf('sk-nobody-00000000000000')),
      type: AuthenticationError,
      status: 401,
      code: 'invalid_api_key',
      param: null,
    },
    {
      name: 'a model that is not for this key',
      call: () => chat('sim-1', clientOf(KEYS.narrow)),
      type: PermissionDeniedError,
      status: 403,
      code: 'model_forbidden',
      param: 'model',
    },
    {
      name: 'a model that does not exist',
      call: () => chat('no-such-model'),
      type: NotFoundError,
      status: 404,
      code: 'model_not_found',
      param: 'model',
    },
    {
      name: 'a listing of a model that does not exist',
      call: () => clientOf().models.retrieve('no/such-model'),
      type: NotFoundError,
      status: 404,
      code: 'model_not_found',
      param: 'model',
    },
    {
      name: 'a request without messages',
      call: () => clientOf().chat.completions.create({ model: 'sim-1', messages: [] }),
      type: BadRequestError,
      status: 400,
      code: 'request_invalid',
      param: 'messages',
    },
    {
      name: 'a path that is not served',
      call: () => clientOf().fineTuning.jobs.retrieve('job-1'),
      type: NotFoundError,
      status: 404,
      code: 'route_unknown',
      param: undefined,
    },
  ]) {
    test(`of ${name} is a ${type.name}, made once, and its request id is in the log`, async () => {
      const before = (await simulator.stats()).requests;
      const error = (await rejection(call())) as APIError;
      expect(error).toBeInstanceOf(type);
      expect([error.status, error.code, error.param]).toEqual([status, code, param]);
      expect((await simulator.stats()).requests).toBe(before);
      expect(error.headers?.get('x-should-retry')).toBe('false');
      const line = await accessLine(gateway, error.requestID ?? '');
      expect(line['status_code']).toBe(status);
    });
  }

  for (const { model, type, status, code, param } of [
    { model: 'too-long', type: BadRequestError, status: 400, code: 'context_length_exceeded', param: 'messages' },
    { model: 'forbidden', type: BadRequestError, status: 400, code: 'content_policy_violation', param: null },
    { model: 'unprocessable', type: UnprocessableEntityError, status: 422, code: null, param: null },
  ] as const) {
    test(`of the upstream, for a request of which the caller is at fault, is told as it was given: ${code ?? status}`, async () => {
      const error = (await rejection(chat(model))) as APIError;
      expect(error).toBeInstanceOf(type);
      expect([error.status, error.code, error.param]).toEqual([status, code, param]);
      expect(await asked(model)).toHaveLength(1);
    });
  }

  test('of a parameter by the upstream names the parameter', async () => {
    const error = (await rejection(clientOf().chat.completions.create({ model: 'sim-1', messages: say(), n: 500 }))) as APIError;
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error.param).toBe('n');
  });
});

describe('the retries of the client', () => {
  for (const { model, type, code, attempts } of [
    { model: 'broken', type: InternalServerError, code: 'upstream_error', attempts: 2 },
    { model: 'overloaded', type: InternalServerError, code: 'upstream_error', attempts: 2 },
    { model: 'bad-credential', type: InternalServerError, code: 'upstream_credentials', attempts: 1 },
    { model: 'cut-whole', type: InternalServerError, code: 'upstream_stream_interrupted', attempts: 2 },
    { model: 'rate-limited-mute', type: RateLimitError, code: 'rate_limit_exceeded', attempts: 2 },
  ] as const) {
    test(`do not multiply the attempts of the gateway: ${model}`, async () => {
      const error = (await rejection(chat(model))) as APIError;
      expect(error).toBeInstanceOf(type);
      expect(error.code).toBe(code);
      expect(error.headers?.get('x-should-retry')).toBe('false');
      expect(error.headers?.get('x-gatehouse-attempts')).toBe(String(attempts));
      expect(await asked(model)).toHaveLength(attempts);
    });
  }

  test('of a stream that never began do not multiply them either', async () => {
    const before = (await asked('broken')).length;
    const error = await rejection(clientOf().chat.completions.create({ model: 'broken', messages: say(), stream: true }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect((await asked('broken')).length - before).toBe(2);
  });

  test('have the wait that the upstream asked for, and the gateway does not wait so long itself', async () => {
    const error = (await rejection(chat('rate-limited', clientOf(KEYS.client, { maxRetries: 0 })))) as APIError;
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error.code).toBe('rate_limit_exceeded');
    expect(error.headers?.get('retry-after')).toBe('30');
    expect(error.headers?.get('x-should-retry')).toBe('true');
    expect(await asked('rate-limited')).toHaveLength(1);
  });

  test('wait for a limit of ours, and are answered then', async () => {
    const client = clientOf(KEYS.patient, { maxRetries: 1 });
    await chat('sim-1', client);
    const startMs = performance.now();
    const answer = await chat('sim-1', client);
    expect(answer.choices).toHaveLength(1);
    expect(performance.now() - startMs).toBeGreaterThan(500);
  });

  test('end at a limit that is long', async () => {
    const client = clientOf(KEYS.spent);
    await chat('sim-1', client);
    const error = (await rejection(chat('sim-1', client))) as APIError;
    expect(error).toBeInstanceOf(RateLimitError);
    expect([error.code, error.type]).toEqual(['rate_limit_exceeded', 'rate_limit_error']);
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(60);
    expect(error.headers?.get('x-should-retry')).toBe('false');
  });
});

describe('a stream that does not come to its end', () => {
  for (const model of ['cut', 'error-in-band'] as const) {
    test(`throws after what came of it, and does not look whole: ${model}`, async () => {
      const stream = await clientOf().chat.completions.create({ model, messages: say(), stream: true });
      let text = '';
      const read = async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      };
      const error = (await rejection(read())) as APIError;
      expect(error).toBeInstanceOf(APIError);
      expect([error.code, error.type]).toEqual(['upstream_stream_interrupted', 'api_error']);
      expect(text.split(' ').length).toBeWithin(1, 4);
      expect(await asked(model)).toHaveLength(1);
    });

    test(`fails the helper of the client too: ${model}`, async () => {
      const error = await rejection(clientOf().chat.completions.stream({ model, messages: say() }).finalChatCompletion());
      expect((error as APIError).code).toBe('upstream_stream_interrupted');
    });
  }
});

describe('a caller who leaves', () => {
  test('by abort of a stream ends it upstream at once', async () => {
    const stream = await clientOf().chat.completions.create({ model: 'endless', messages: say(), stream: true });
    let chunks = 0;
    let leftAtMs = 0;
    for await (const _chunk of stream) {
      if (++chunks < 5) continue;
      leftAtMs = Date.now();
      stream.controller.abort();
    }
    expect(await abortDelayMs('endless', leftAtMs)).toBeLessThan(ABORT_MS);
  });

  test('by leaving the loop ends it upstream at once', async () => {
    let leftAtMs = 0;
    for await (const _chunk of await clientOf().chat.completions.create({ model: 'endless', messages: say(), stream: true })) {
      leftAtMs = Date.now();
      break;
    }
    expect(await abortDelayMs('endless', leftAtMs)).toBeLessThan(ABORT_MS);
  });

  for (const stream of [false, true]) {
    test(`before the first token of ${stream ? 'a stream' : 'a whole answer'} ends it upstream at once`, async () => {
      const before = (await asked('slow')).length;
      const leaving = new AbortController();
      const answer = clientOf().chat.completions.create({ model: 'slow', messages: say(), stream }, { signal: leaving.signal });
      const error = rejection(answer);
      await eventually(async () => (await asked('slow')).length > before, { what: 'the request at the simulator' });
      const leftAtMs = Date.now();
      leaving.abort();
      expect(await error).toBeInstanceOf(APIUserAbortError);
      expect(await abortDelayMs('slow', leftAtMs)).toBeLessThan(ABORT_MS);
    });
  }

  test('because its own timeout is over ends it upstream, too', async () => {
    const error = await rejection(chat('slow', clientOf(KEYS.client, { timeout: 150, maxRetries: 0 })));
    expect(error).toBeInstanceOf(APIConnectionTimeoutError);
    expect(await abortDelayMs('slow', Date.now())).toBeLessThan(ABORT_MS);
  });

  test('leaves no request and no stream open', async () => {
    await eventually(async () => (await simulator.stats()).open === 0, { what: 'the end of all requests at the simulator' });
    const metrics = await (await gateway.request('/metrics')).text();
    expect(metrics).toMatch(/^gateway_streams_open 0$/m);
  });
});
