/*
 * Outages: an upstream that is gone for a while, while requests keep coming. The callers see nothing of it but who answers; the upstream
 * is left alone but for one probe at a time, and is asked again soon after it is back.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { RequestRecord } from '../../src/simulate/recorder.ts';
import { eventually } from '../harness/eventually.ts';
import { freePort } from '../harness/free-port.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { startLoad } from '../harness/load.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-outage-00000000000000';
const LANES = 4;
const FIRST_TIMEOUT_MS = 300;
const FAILURES_TO_OPEN = 5;
/** CONTRACTS.md §2: from the recovery to the first answer. */
const BACK_MS = 10_000;

/** Models whose first target is at `primary`, and the second at `secondary`; each with breakers of its own. */
const MODELS = ['outage', 'probe', 'client-fault', 'policy', 'budget'] as const;

let primary: SimulatorProcess;
let secondary: SimulatorProcess;
let gateway: GatewayProcess;
let latePort: number;

beforeAll(async () => {
  latePort = freePort();
  [primary, secondary] = await Promise.all([startSimulator(['--records', '20000']), startSimulator(['--records', '20000'])]);
  const at = (url: string, more: object = {}) => ({ type: 'openai-compatible', base_url: `${url}/v1`, ...more });
  const quick = { breaker: { first_timeout: `${FIRST_TIMEOUT_MS}ms`, timeout: '1s' }, retries: { base_delay: '10ms', delay_max: '1s' } };
  const pair = (name: string) => ({
    targets: [
      { provider: 'primary', model: `sim-1!key=${name}` },
      { provider: 'secondary', model: `sim-2!key=${name}`, priority: 1 },
    ],
  });
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'outage', key: KEY }] },
      limits: { mode: 'off' },
      telemetry: { metrics: { access: 'public' } },
      providers: {
        primary: at(primary.url, quick),
        secondary: at(secondary.url, quick),
        // With every default.
        late: at(`http://127.0.0.1:${latePort}`),
        frugal: at(primary.url, { breaker: { enabled: false }, retries: { budget_per_second: 0, base_delay: '0ms' } }),
      },
      models: {
        ...Object.fromEntries(MODELS.map((name) => [name, pair(name)])),
        defaults: {
          targets: [
            { provider: 'late', model: 'sim-1' },
            { provider: 'secondary', model: 'sim-2', priority: 1 },
          ],
        },
        benched: {
          targets: [
            { provider: 'primary', model: 'sim-1!status=429,retry-after=30' },
            { provider: 'secondary', model: 'sim-2', priority: 1 },
          ],
        },
        patient: { targets: [{ provider: 'primary', model: 'sim-1!status=429,retry-after-ms=400,times=1' }] },
        unwelcome: {
          targets: [
            { provider: 'primary', model: 'sim-1!status=401' },
            { provider: 'secondary', model: 'sim-2', priority: 1 },
          ],
        },
        'all-down': {
          targets: [
            { provider: 'primary', model: 'sim-1!status=500,key=down' },
            { provider: 'secondary', model: 'sim-2!status=503', priority: 1 },
          ],
        },
        'all-busy': {
          targets: [
            { provider: 'primary', model: 'sim-1!status=429,retry-after=40' },
            { provider: 'secondary', model: 'sim-2!status=429,retry-after=20', priority: 1 },
          ],
        },
        liberal: {
          retry_content_policy: true,
          targets: [
            { provider: 'primary', model: 'sim-1!content-policy' },
            { provider: 'secondary', model: 'sim-2', priority: 1 },
          ],
        },
        frugal: { targets: [{ provider: 'frugal', model: 'sim-1!status=500,key=frugal' }] },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await Promise.all([primary?.[Symbol.asyncDispose](), secondary?.[Symbol.asyncDispose]()]);
});

interface Answer {
  readonly status: number;
  readonly provider: string | null;
  readonly headers: Headers;
  readonly body: string;
}

async function chat(model: string, stream = false): Promise<Answer> {
  const reply = await gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  return { status: reply.status, provider: reply.headers.get('x-gatehouse-provider'), headers: reply.headers, body: await reply.text() };
}

/** One request, whole or streamed in turn, and what was wrong with the answer. */
function steadyCaller(model: string, onAnswer: (provider: string | null) => void = () => {}): () => Promise<string | undefined> {
  let turn = 0;
  return async () => {
    turn += 1;
    const stream = turn % 2 === 0;
    const { status, provider, body } = await chat(model, stream);
    onAnswer(provider);
    await Bun.sleep(5);
    const isWhole = stream ? body.endsWith('data: [DONE]\n\n') : body.includes('"finish_reason":"stop"');
    return status === 200 && isWhole ? undefined : `${status} ${body}`;
  };
}

const asked = async (simulator: SimulatorProcess, model: string): Promise<RequestRecord[]> =>
  (await simulator.requests('/v1/')).filter(({ body }) => body.includes(`"${model}"`));

async function breakerState(model: string): Promise<string> {
  const board = (await (await gateway.request('/circuit-breakers')).json()) as Record<string, { state: string }>;
  return Object.entries(board).find(([name]) => name.endsWith(`/${model}`))?.[1].state ?? 'absent';
}

const isOpen = (model: string) =>
  eventually(async () => /open/i.test(await breakerState(model)), { what: `the breaker of ${model} opening` });

describe('an outage', () => {
  test('is seen by nobody: fallbacks answer, the breaker opens within five failures, and lets one probe at a time through', async () => {
    const model = 'sim-1!key=outage';
    const providers: (string | null)[] = [];
    const load = startLoad(
      LANES,
      steadyCaller('outage', (provider) => providers.push(provider)),
    );
    await eventually(() => providers.length > 20, { what: 'answers' });
    expect(new Set(providers)).toEqual(new Set(['primary']));

    // Before it, for the first failures may come before its caller is told.
    const outageAtMs = Date.now();
    await primary.fault('status=503');
    await isOpen(model);
    providers.length = 0;
    await Bun.sleep(1_500);
    // Those under way when it opened have ended long since.
    expect(new Set(providers)).toEqual(new Set(['secondary']));
    const recoveryAtMs = Date.now();
    await primary.fault('');
    await eventually(() => providers.at(-1) === 'primary', { what: 'the return to the primary', timeoutMs: BACK_MS });
    const backMs = Date.now() - recoveryAtMs;
    const result = await load.stop();

    expect(result.failures).toEqual([]);
    expect(backMs).toBeLessThan(BACK_MS);
    const failed = (await asked(primary, model)).filter(({ status, receivedAtMs }) => status === 503 && receivedAtMs >= outageAtMs);
    const [first] = failed;
    const burst = failed.filter(({ receivedAtMs }) => receivedAtMs - (first?.receivedAtMs ?? 0) < FIRST_TIMEOUT_MS - 50);
    // The fifth opens it; the other lanes may have sent one each before that was known.
    expect(burst.length).toBeWithin(FAILURES_TO_OPEN, FAILURES_TO_OPEN + LANES);
    const probes = failed.slice(burst.length);
    expect(probes.length).toBeGreaterThan(0);
    for (const [index, probe] of probes.entries()) {
      const before = failed[burst.length + index - 1];
      expect(probe.receivedAtMs - (before?.receivedAtMs ?? 0)).toBeGreaterThan(FIRST_TIMEOUT_MS - 50);
    }
  });

  test('has one probe under way, however slow it is and however many callers there are', async () => {
    const model = 'sim-1!key=probe';
    await primary.fault('status=503');
    const load = startLoad(16, steadyCaller('probe'));
    await isOpen(model);
    await eventually(async () => (await primary.stats()).open === 0);
    await primary.fault('status=503,delay-ms=300');
    const sinceMs = Date.now();
    await Bun.sleep(1_800);
    const result = await load.stop();
    await primary.fault('');
    expect(result.failures).toEqual([]);
    const probes = (await asked(primary, model)).filter(({ receivedAtMs }) => receivedAtMs > sinceMs);
    expect(probes.length).toBeGreaterThan(1);
    for (const [index, probe] of probes.entries()) {
      const before = probes[index - 1];
      if (before !== undefined)
        expect(probe.receivedAtMs).toBeGreaterThan(before.receivedAtMs + (before.endedAfterMs ?? Number.POSITIVE_INFINITY));
    }
  });

  test('of a server that is not there, with the default settings, ends within ten seconds of its coming', async () => {
    let last: string | null = null;
    const load = startLoad(
      LANES,
      steadyCaller('defaults', (provider) => (last = provider)),
    );
    await eventually(async () => /open/i.test(await breakerState('late/sim-1')) || /open/i.test(await breakerState('sim-1')));
    await Bun.sleep(3_000);
    await using late = await startSimulator(['--port', String(latePort)]);
    const startMs = performance.now();
    await eventually(() => last === 'late', { what: 'answers of the server that came', timeoutMs: BACK_MS });
    const backMs = performance.now() - startMs;
    expect((await load.stop()).failures).toEqual([]);
    expect(backMs).toBeLessThan(BACK_MS);
    expect((await late.stats()).requests).toBeGreaterThan(0);
  });
});

describe('a target that said when to come back', () => {
  test('is not asked before that, while another answers', async () => {
    for (let count = 0; count < 10; count += 1)
      expect(await chat('benched', count % 2 === 0)).toMatchObject({ status: 200, provider: 'secondary' });
    expect(await asked(primary, 'sim-1!status=429,retry-after=30')).toHaveLength(1);
  });

  test('is asked again then, when the wait is short and there is no other', async () => {
    expect(await chat('patient')).toMatchObject({ status: 200, provider: 'primary' });
    const [first, second, ...more] = await asked(primary, 'sim-1!status=429,retry-after-ms=400,times=1');
    expect(more).toEqual([]);
    expect((second?.receivedAtMs ?? 0) - (first?.receivedAtMs ?? 0)).toBeWithin(398, 1_400);
  });

  test('is not the one whose wait the caller is told, when another asked for less', async () => {
    const { status, headers, body } = await chat('all-busy');
    expect([status, headers.get('retry-after'), headers.get('x-should-retry')]).toEqual([429, '20', 'true']);
    const { error } = JSON.parse(body) as { error: { metadata: { attempts: { target: string; status: number }[] } } };
    expect(error.metadata.attempts.map(({ target, status: told }) => [target.split('/')[0], told])).toEqual([
      ['primary', 429],
      ['secondary', 429],
    ]);
  });
});

test('a target that refuses the credential of the gateway is asked last from then on, and its 401 is never shown', async () => {
  for (let count = 0; count < 10; count += 1)
    expect(await chat('unwelcome', count % 2 === 0)).toMatchObject({ status: 200, provider: 'secondary' });
  expect(await asked(primary, 'sim-1!status=401')).toHaveLength(1);
});

test('when all targets have failed, the last status is told, and every attempt', async () => {
  const { status, headers, body } = await chat('all-down');
  expect([status, headers.get('x-gatehouse-attempts'), headers.get('x-should-retry')]).toEqual([503, '4', 'false']);
  const { error } = JSON.parse(body) as { error: { message: string; metadata: { attempts: { target: string; status: number }[] } } };
  expect(error.message).toContain('overloaded');
  expect(error.metadata.attempts.map((attempt) => attempt.status)).toEqual([500, 500, 503, 503]);
});

test('requests for which the caller is at fault never open a breaker', async () => {
  const refused = (count: number) =>
    gateway.request('/v1/chat/completions', {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ model: 'client-fault', n: 1_000 + count, messages: [{ role: 'user', content: 'Hello' }] }),
    });
  for (let count = 0; count < 30; count += 1) expect((await refused(count)).status).toBe(400);
  expect(await breakerState('sim-1!key=client-fault')).toMatch(/closed/i);
  expect(await chat('client-fault')).toMatchObject({ status: 200, provider: 'primary' });
});

test('a refusal for content policy goes to the next target where the model was told so', async () => {
  for (const stream of [false, true]) expect(await chat('liberal', stream)).toMatchObject({ status: 200, provider: 'secondary' });
});

test('retries add no more than their share to the load of an upstream that is down', async () => {
  const requests = 200;
  for (let sent = 0; sent < requests; sent += 20) await Promise.all(Array.from({ length: 20 }, () => chat('frugal')));
  const attempts = (await asked(primary, 'sim-1!status=500,key=frugal')).length;
  expect(attempts).toBeWithin(requests + 1, requests * 1.1 + 1);
});
