/*
 * A new configuration while the old one serves: by editing the file, by SIGHUP, by the admin route. Nothing that is under way notices;
 * what comes later is served by the new one, or by the old one where the new one is no good.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rename, writeFile } from 'node:fs/promises';
import { logLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type LoadResult, startLoad } from '../harness/load.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEYS = { caller: 'sk-caller-00000000000', admin: 'sk-admin-000000000000', later: 'sk-later-000000000000' };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

interface Variant {
  readonly models?: readonly string[];
  readonly services?: object;
  readonly keys?: readonly object[];
  readonly limits?: object;
  readonly upstream?: object;
  readonly server?: object;
}

function config({
  models = ['sim-1'],
  services = {},
  keys = [],
  limits = { mode: 'off' },
  upstream = {},
  server = {},
}: Variant = {}): object {
  return {
    server,
    auth: { keys: [{ name: 'caller', key: KEYS.caller }, { name: 'admin', key: KEYS.admin, admin: true }, ...keys] },
    limits,
    upstream,
    providers: { simulator: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
    models: Object.fromEntries(models.map((name) => [name, { targets: [{ provider: 'simulator', model: 'sim-1' }] }])),
    services: { anything: { urls: [simulator.url], routes: ['/anything/*'] }, ...services },
  };
}

const chatBody = (model: string, more: object = {}) =>
  JSON.stringify({ model, messages: [{ role: 'user', content: 'echo: hello' }], ...more });

function ask(
  gateway: GatewayProcess,
  { model = 'sim-1', key = KEYS.caller, more = {} }: { model?: string; key?: string; more?: object } = {},
) {
  return gateway.request('/v1/chat/completions', {
    method: 'POST',
    headers: { ...bearer(key), 'content-type': 'application/json' },
    body: chatBody(model, more),
  });
}

const reloadByAdmin = (gateway: GatewayProcess) => gateway.request('/admin/reload', { method: 'POST', headers: bearer(KEYS.admin) });

async function modelsOf(gateway: GatewayProcess): Promise<string[]> {
  const reply = await gateway.request('/v1/models', { headers: bearer(KEYS.caller) });
  return ((await reply.json()) as { data: { id: string }[] }).data.map(({ id }) => id).toSorted();
}

describe('a configuration that is good comes into force', () => {
  test('when the file is edited, without being told', async () => {
    await using gateway = await startGateway({ config: config() });
    await gateway.writeConfig(config({ models: ['sim-1', 'new'] }));
    await eventually(async () => (await modelsOf(gateway)).includes('new'), { what: 'the new model' });
    const line = await logLine(gateway, 'Configuration reloaded');
    expect(line).toMatchObject({ level: 'INFO', trigger: 'file', changed: ['models.new'] });
  });

  test('when the file is replaced, as editors and deployments do', async () => {
    await using gateway = await startGateway({ config: config() });
    for (const model of ['one', 'two']) {
      await writeFile(`${gateway.configPath}.new`, JSON.stringify(config({ models: [model] })));
      await rename(`${gateway.configPath}.new`, gateway.configPath);
      await eventually(async () => (await modelsOf(gateway)).includes(model), { what: `the model '${model}'` });
    }
  });

  test('at SIGHUP', async () => {
    await using gateway = await startGateway({ config: config() });
    await gateway.writeConfig(config({ keys: [{ name: 'later', key: KEYS.later }] }));
    gateway.process.kill('SIGHUP');
    await eventually(async () => (await ask(gateway, { key: KEYS.later })).status === 200, { what: 'the new key' });
  });

  test('when an admin says so, and the answer tells what changed', async () => {
    await using gateway = await startGateway({ config: config() });
    expect(await (await reloadByAdmin(gateway)).json()).toEqual({ status: 'applied', changed: [] });
    await gateway.writeConfig(config({ models: ['sim-1', 'new'], limits: { default: { per_minute: 7 } } }));
    const reply = await reloadByAdmin(gateway);
    const { status, changed } = (await reply.json()) as { status: string; changed: string[] };
    // Unless the watcher was faster: then there is nothing left to change.
    expect(status).toBe('applied');
    if (changed.length > 0) expect(changed).toEqual(expect.arrayContaining(['limits.default.per_minute', 'models.new']));
    expect((await ask(gateway)).headers.get('x-ratelimit-limit-minute')).toBe('7');
    const shown = (await (await gateway.request('/admin/config', { headers: bearer(KEYS.admin) })).json()) as Record<
      string,
      { value: unknown }
    >;
    expect(shown['limits.default.per_minute']?.value).toBe(7);
    expect(JSON.stringify(shown)).not.toContain(KEYS.admin);
  });

  test('also when it takes something away: a key, a model, a route', async () => {
    const more = { old: { urls: [simulator.url], routes: ['/old/*'], rewrite: '/anything/*' } };
    await using gateway = await startGateway({
      config: config({ models: ['sim-1', 'old'], keys: [{ name: 'later', key: KEYS.later }], services: more }),
    });
    expect((await ask(gateway, { model: 'old', key: KEYS.later })).status).toBe(200);
    expect((await gateway.request('/old/x', { headers: bearer(KEYS.caller) })).status).toBe(200);
    await gateway.writeConfig(config());
    await reloadByAdmin(gateway);
    expect((await ask(gateway, { key: KEYS.later })).status).toBe(401);
    expect((await ask(gateway, { model: 'old' })).status).toBe(404);
    expect((await gateway.request('/old/x', { headers: bearer(KEYS.caller) })).status).toBe(404);
  });

  test('and what only a start can change is said, not passed over', async () => {
    await using gateway = await startGateway({ config: config() });
    await gateway.writeConfig({
      ...config({ server: { workers: 2, drain_timeout: '5s', cors: { origins: ['https://page.example'] } } }),
      state: { prefix: 'other:' },
      telemetry: { log: { level: 'debug' } },
    });
    await reloadByAdmin(gateway);
    const line = await logLine(gateway, 'Some changes take effect at the next start alone');
    expect(line).toMatchObject({
      level: 'WARN',
      changed: ['server.cors.origins', 'server.workers', 'state.prefix', 'telemetry.log.level'],
    });
  });
});

describe('a configuration that is bad is refused, and the old one goes on:', () => {
  const good = () => JSON.stringify(config(), null, 2);
  for (const { name, text, problem } of [
    {
      name: 'an unknown key, with file, line, column and the nearest name',
      text: () => `limits:\n  default:\n    per_minut: 5\n`,
      problem: /gatehouse\.yaml:3:5: limits\.default\.per_minut: .*did you mean 'per_minute'/,
    },
    { name: 'what is no YAML', text: () => `${good()}\n}{`, problem: /gatehouse\.yaml:\d+:\d+: / },
    {
      name: 'a value out of range',
      text: () => `server:\n  drain_timeout: 2d\n`,
      problem: /gatehouse\.yaml:2:18: server\.drain_timeout: /,
    },
    {
      name: 'a target whose provider is not there',
      text: () => `models:\n  m:\n    targets:\n      - provider: nobody\n`,
      problem: /gatehouse\.yaml:4:19: models\.m\.targets\[0\]\.provider: /,
    },
    {
      name: 'two services for one route',
      text: () => `services:\n  a: { urls: [http://a], routes: [/x] }\n  b: { urls: [http://b], routes: [/x] }\n`,
      problem: /gatehouse\.yaml:3:35: services\.b\.routes\[0\]: leads to the service 'a' already/,
    },
    {
      name: 'a service for a route of the gateway itself',
      text: () => `services:\n  a: { urls: [http://a], routes: ["POST /v1/chat/completions"] }\n`,
      problem: /two routes for POST \/v1\/chat\/completions/,
    },
    {
      name: 'a metadata address',
      text: () => `services:\n  cloud:\n    urls: ["http://169.254.169.254"]\n    routes: [/cloud]\n`,
      problem: /gatehouse\.yaml:3:12: services\.cloud\.urls\[0\]: 169\.254\.169\.254 is a link-local/,
    },
    {
      name: 'a variable that is not set',
      text: () => `providers:\n  x:\n    base_url: "\${NOT_SET_ANYWHERE}"\n`,
      problem: /gatehouse\.yaml:3:\d+: .*NOT_SET_ANYWHERE/,
    },
  ]) {
    test(name, async () => {
      await using gateway = await startGateway({ config: config() });
      await gateway.writeConfig(text());
      const reply = await reloadByAdmin(gateway);
      expect(reply.status).toBe(400);
      const { error, detail } = (await reply.json()) as { error: object; detail: { problems: string[] } };
      expect(error).toMatchObject({ code: 'config_invalid' });
      expect(detail.problems.join('\n')).toMatch(problem);
      const line = await logLine(gateway, 'Configuration refused; the one before stays in force');
      expect(line).toMatchObject({ level: 'ERROR' });
      expect((line['problems'] as string[]).join('\n')).toMatch(problem);
      expect((await ask(gateway)).status).toBe(200);
      expect((await gateway.request('/anything/x', { headers: bearer(KEYS.caller) })).status).toBe(200);
      expect(await modelsOf(gateway)).toEqual(['sim-1']);
      // And a good one is taken again.
      await gateway.writeConfig(config({ models: ['mended'] }));
      await eventually(async () => (await modelsOf(gateway)).includes('mended'), { what: 'the mended configuration' });
    });
  }
});

describe('under load', () => {
  const RELOADS = 10;
  const STREAMS = 20;

  test('ten reloads drop nothing: no request fails, and every stream runs to its end', async () => {
    await using gateway = await startGateway({ config: config() });
    const stream = async () => {
      // Some 1.5 s, across several reloads each.
      const reply = await ask(gateway, { more: { stream: true, messages: [{ role: 'user', content: 'Tell me more' }] }, model: 'slow' });
      return `${reply.status} ${(await reply.text()).endsWith('data: [DONE]\n\n')}`;
    };
    const variant = (round: number) => ({
      ...config({
        models: ['sim-1', `model-${round}`],
        // Groups come and go, and the treatment of those that stay changes with every other reload.
        services: { [`service-${round}`]: { urls: [simulator.url], routes: [`/service-${round}/*`], rewrite: '/anything/*' } },
        upstream: { pool: { idle_max: 32 + (round % 2) } },
        limits: { mode: round % 2 === 0 ? 'off' : 'shadow' },
      }),
    });
    const withSlow = (round: number) => {
      const made = variant(round) as { models: Record<string, object> };
      made.models['slow'] = { targets: [{ provider: 'simulator', model: 'sim-1!tokens=60,tokens-per-second=40' }] };
      return made;
    };
    await gateway.writeConfig(withSlow(0));
    await reloadByAdmin(gateway);
    await eventually(async () => (await modelsOf(gateway)).includes('slow'));

    const load = startLoad(4, async () => {
      const reply = await ask(gateway);
      const text = await reply.text();
      return reply.status === 200 && text.includes('hello') ? undefined : `${reply.status} ${text}`;
    });
    const services = startLoad(2, async () => {
      const reply = await gateway.request('/anything/x', { method: 'POST', headers: bearer(KEYS.caller), body: 'x'.repeat(100_000) });
      return reply.status === 200 && (await reply.text()).includes('xxx') ? undefined : `${reply.status}`;
    });
    const streams = Array.from({ length: STREAMS }, stream);
    let results: LoadResult[];
    try {
      for (let round = 1; round <= RELOADS; round += 1) {
        await gateway.writeConfig(withSlow(round));
        if (round % 2 === 0) gateway.process.kill('SIGHUP');
        else expect((await reloadByAdmin(gateway)).status).toBe(200);
        await eventually(async () => (await modelsOf(gateway)).includes(`model-${round}`), { what: `reload ${round}` });
      }
      expect(await Promise.all(streams)).toEqual(Array.from({ length: STREAMS }, () => '200 true'));
    } finally {
      results = await Promise.all([load.stop(), services.stop()]);
    }
    for (const { requests, failures } of results) {
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(100);
    }
    expect((await gateway.request('/service-10/x', { headers: bearer(KEYS.caller) })).status).toBe(200);
    expect((await gateway.request('/service-9/x', { headers: bearer(KEYS.caller) })).status).toBe(404);
  }, 30_000);

  test('what was counted stays counted: limits, breakers and metrics survive a reload', async () => {
    const limits = { default: { per_hour: 50 } };
    const broken = { broken: { urls: ['http://127.0.0.1:9'], routes: ['/broken/*'] } };
    // No breaker opens by itself again while the test looks.
    const upstream = { breaker: { first_timeout: '60s', timeout: '60s' }, retries: { attempts_max: 1 } };
    await using gateway = await startGateway({ config: config({ limits, upstream, services: broken }) });
    for (let count = 0; count < 5; count += 1) await gateway.request('/broken/x', { headers: bearer(KEYS.caller) });
    const states = async () => (await (await gateway.request('/circuit-breakers')).json()) as Record<string, { state: string }>;
    expect((await states())['broken']?.state).toBe('open');
    for (let count = 0; count < 15; count += 1) expect((await ask(gateway)).status).toBe(200);
    const total = async () => ((await (await gateway.request('/api/metrics')).json()) as { requests: { total: number } }).requests.total;
    const before = await total();

    await gateway.writeConfig(config({ limits, upstream, services: broken, models: ['sim-1', 'new'] }));
    await reloadByAdmin(gateway);
    expect(await modelsOf(gateway)).toContain('new');
    expect((await states())['broken']?.state).toBe('open');
    const refused = await gateway.request('/broken/x', { headers: bearer(KEYS.caller) });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'breaker_open', message: "Circuit breaker 'broken' is OPEN" } });
    // 20 before, and the refused one.
    expect((await ask(gateway)).headers.get('x-ratelimit-remaining-hour')).toBe(String(50 - 22));
    expect(await total()).toBeGreaterThan(before);
  });
});

test('a reload is the admin’s alone', async () => {
  await using gateway = await startGateway({ config: config() });
  expect((await gateway.request('/admin/reload', { method: 'POST' })).status).toBe(401);
  expect((await gateway.request('/admin/reload', { method: 'POST', headers: bearer(KEYS.caller) })).status).toBe(403);
});

test('a configuration that vanishes is refused: it is no start without one', async () => {
  await using gateway = await startGateway({ config: config() });
  await rename(gateway.configPath, `${gateway.configPath}.away`);
  expect((await reloadByAdmin(gateway)).status).toBe(400);
  expect((await ask(gateway)).status).toBe(200);
  await rename(`${gateway.configPath}.away`, gateway.configPath);
  expect((await reloadByAdmin(gateway)).status).toBe(200);
});

describe('a request that had begun before a reload', () => {
  const half = (path: string, body: string): readonly [string, string] => {
    const head = rawRequest({ target: path, headers: { ...bearer(KEYS.caller), 'Content-Type': 'application/json' }, body });
    return [head.slice(0, -10), head.slice(-10)];
  };

  for (const { name, path, body } of [
    { name: 'a service', path: '/gone/x', body: JSON.stringify({ some: 'words, sent in two pieces' }) },
    { name: 'a model', path: '/v1/chat/completions', body: chatBody('gone') },
  ]) {
    test(`is answered by what it began with: ${name} that the new configuration does not have`, async () => {
      const services = { gone: { urls: [simulator.url], routes: ['/gone/*'], rewrite: '/anything/*' } };
      const withGone = config({ services }) as { models: object };
      withGone.models = { gone: { targets: [{ provider: 'simulator', model: 'only-this-one' }] } };
      await using gateway = await startGateway({ config: withGone });
      const [first, rest] = half(path, body);
      const exchange = rawExchange(gateway.url, [first, { waitMs: 600 }, rest], { timeoutMs: 5_000 });
      await Bun.sleep(100);
      await gateway.writeConfig(config());
      expect((await reloadByAdmin(gateway)).status).toBe(200);
      const reply = await exchange;
      expect([reply.status, reply.complete]).toEqual([200, true]);
    });
  }
});
