/*
 * The first start: nothing configured, nobody known. What it prints must work when it is done as printed; and what would be open to
 * everyone does not start. Each process has a home of its own, so what the developer's machine holds plays no part.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../harness/eventually.ts';
import { startGateway } from '../harness/gateway.ts';
import { ROOT, type StartedProcess, startGatehouse, startProcess } from '../harness/process.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const READY = /(?:API|url":")\s*(http:\/\/[\d.]+:\d+)/;

let home: string;
let simulator: SimulatorProcess;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gatehouse-home-'));
  simulator = await startSimulator();
});
afterAll(async () => {
  await simulator?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** A home where nothing was ever started. */
async function freshHome(): Promise<string> {
  return await mkdtemp(join(home, 'user-'));
}

function start(user: string, env: Readonly<Record<string, string>> = {}): Promise<StartedProcess> {
  return startGatehouse(['start', '--port', '0'], { readyPattern: /Try it:/, env: { HOME: user, ...env } });
}

const greetingOf = (started: StartedProcess) => started.stderr.join('\n');
const keyIn = (text: string) => /sk-gatehouse-[\w-]{32}/.exec(text)?.[0] ?? '';

/** The command below "Try it:", as a person would copy it. */
async function curlIn(started: StartedProcess): Promise<string> {
  for (;;) {
    const lines = greetingOf(started).split('\n');
    const from = lines.findIndex((line) => line.includes('curl '));
    const to = lines.findIndex((line, index) => index >= from && from !== -1 && !line.endsWith('\\'));
    if (from !== -1 && to !== -1) return lines.slice(from, to + 1).join('\n');
    await Bun.sleep(5);
  }
}

async function sh(command: string): Promise<{ readonly code: number; readonly stdout: string }> {
  const child = Bun.spawn(['sh', '-c', command], { stdout: 'pipe', stderr: 'pipe', stdin: 'ignore' });
  return { stdout: await new Response(child.stdout).text(), code: await child.exited };
}

describe('without any configuration', () => {
  test('it starts, says where and with which key, and the line that it prints works as printed', async () => {
    const user = await freshHome();
    await using started = await start(user);
    const curl = await curlIn(started);
    const greeting = greetingOf(started);
    expect(greeting).toContain('Gatehouse is ready');
    expect(greeting).toContain('simulated');
    expect(curl).toContain(keyIn(greeting));
    expect(curl).toMatch(/curl http:\/\/127\.0\.0\.1:\d+\/v1\/chat\/completions/);
    const { code, stdout } = await sh(`${curl} --silent --fail`);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout) as { object: string; choices: { message: { role: string; content: string } }[] };
    expect(answer.object).toBe('chat.completion');
    expect(answer.choices[0]?.message).toMatchObject({ role: 'assistant', content: expect.any(String) });
  });

  test('each address that it prints answers, and only the API wants the key', async () => {
    await using started = await start(await freshHome());
    await curlIn(started);
    const urls = [...greetingOf(started).matchAll(/(API|Health|Metrics)\s+(http:\S+)/g)].map(([, name, url]) => [name, url] as const);
    expect(urls.map(([name]) => name)).toEqual(['API', 'Health', 'Metrics']);
    for (const [name, url] of urls) {
      const reply = await fetch(name === 'API' ? `${url}/models` : (url ?? ''));
      expect([name, reply.status]).toEqual([name, name === 'API' ? 401 : 200]);
    }
  });

  test('the key stays the same, in a file that nobody else can read, and no log line has it', async () => {
    const user = await freshHome();
    await using first = await start(user);
    await curlIn(first);
    await using second = await start(user);
    await curlIn(second);
    const key = keyIn(greetingOf(first));
    expect(keyIn(greetingOf(second))).toBe(key);
    const path = join(user, '.config', 'gatehouse', 'key');
    expect((await readFile(path, 'utf8')).trim()).toBe(key);
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect([...first.stdout, ...second.stdout].join('\n')).not.toContain(key);
    await using other = await start(await freshHome());
    await curlIn(other);
    expect(keyIn(greetingOf(other))).not.toBe(key);
  });

  test('a provider named in the environment is used instead of the simulated one', async () => {
    await using started = await start(await freshHome(), {
      OPENAI_API_KEY: 'sk-upstream-0000000000',
      OPENAI_BASE_URL: `${simulator.url}/v1`,
    });
    const url = READY.exec(greetingOf(started))?.[1] ?? '';
    const listed = await sh(`${await curlIn(started)} --silent --fail`);
    expect((JSON.parse(listed.stdout) as { data: { id: string }[] }).data.map(({ id }) => id)).toContain('sim-1');
    expect(greetingOf(started)).toMatch(/Models\s+openai/);
    const reply = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyIn(greetingOf(started))}`, 'content-type': 'application/json' },
      body: '{"model":"any-name","messages":[{"role":"user","content":"echo: through"}]}',
    });
    expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'through' } }] });
    const [seen] = await simulator.requests('/v1/chat');
    expect(seen?.headers['authorization']).toBe('Bearer sk-upstream-0000000000');
    expect(started.stdout.join('\n')).not.toContain('sk-upstream');
  });

  test('keys of several vendors are all found, also beside one whose address is not known, and the greeting says so', async () => {
    await using started = await start(await freshHome(), {
      OPENAI_API_KEY: 'sk-upstream-0000000000',
      OPENAI_BASE_URL: `${simulator.url}/v1`,
      ANTHROPIC_API_KEY: 'sk-ant-upstream-0000000000',
      ANTHROPIC_BASE_URL: simulator.url,
      MISTRAL_API_KEY: 'mistral-0000000000',
      GROQ_API_KEY: 'gsk_0000000000',
      AZURE_OPENAI_API_KEY: 'azure-0000000000',
      CLOUDFLARE_API_TOKEN: 'cloudflare-0000000000',
    });
    await curlIn(started);
    const greeting = greetingOf(started);
    expect(greeting).toMatch(/Found +openai, anthropic, mistral, groq /);
    expect(greeting).toMatch(/Models .*anthropic \(claude-\*\).*groq \(\*\)/);
    expect(greeting + started.stdout.join('\n')).not.toMatch(/upstream-0000|gsk_0000|mistral-0000|azure-0000|cloudflare-0000/);
    const url = READY.exec(greeting)?.[1] ?? '';
    for (const [model, provider] of [
      ['gpt-any', 'openai'],
      ['claude-any', 'anthropic'],
    ] as const) {
      const reply = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keyIn(greeting)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'echo: through' }] }),
      });
      expect(reply.headers.get('x-gatehouse-provider')).toBe(provider);
      expect(await reply.json()).toMatchObject({ choices: [{ message: { content: 'through' } }] });
    }
  });

  test('the simulated model stops answering when a reload brings a provider: made-up answers never mix with real ones', async () => {
    const user = await freshHome();
    await using started = await start(user);
    await curlIn(started);
    const url = READY.exec(greetingOf(started))?.[1] ?? '';
    const ask = async (model: string): Promise<number> => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${keyIn(greetingOf(started))}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
      });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await ask('made-up')).toBe(200);

    await mkdir(join(user, '.config/gatehouse'), { recursive: true });
    await writeFile(
      join(user, '.config/gatehouse/gatehouse.yaml'),
      JSON.stringify({
        providers: { real: { type: 'openai-compatible', base_url: `${simulator.url}/v1` } },
        models: { known: { targets: [{ provider: 'real', model: 'sim-1' }] } },
      }),
    );
    started.kill('SIGHUP');
    await eventually(async () => (await ask('known-and-more')) === 404, { what: 'the reload' });
    expect(await ask('made-up')).toBe(404);
    expect(await ask('known')).toBe(200);
  });

  test('`node bin/gatehouse.mjs start` is the same, and ends well at SIGTERM', async () => {
    const user = await freshHome();
    await using started = await startProcess({
      command: 'node',
      args: [join(ROOT, 'bin', 'gatehouse.mjs'), 'start', '--port', '0'],
      env: { HOME: user },
      readyPattern: /Try it:/,
    });
    expect((await sh(`${await curlIn(started)} --silent --fail`)).code).toBe(0);
    started.kill('SIGTERM');
    expect(await started.exited).toEqual({ code: 0, signal: null });
  });
});

/** Runs `gatehouse start` to its end, which must come by itself. */
async function refusedStart(
  env: Readonly<Record<string, string>>,
  config?: string,
  flags: readonly string[] = ['--port', '0'],
): Promise<{ code: number | null; said: string; logged: string }> {
  const user = await freshHome();
  const folder = join(user, 'project');
  await mkdir(folder);
  if (config !== undefined) await writeFile(join(folder, 'gatehouse.yaml'), config);
  const child = Bun.spawn([process.execPath, `--config=${join(ROOT, 'bunfig.toml')}`, join(ROOT, 'src/main.ts'), 'start', ...flags], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: user, ...env },
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  const [said, logged] = await Promise.all([new Response(child.stderr).text(), new Response(child.stdout).text()]);
  await child.exited;
  clearTimeout(timer);
  return { code: child.exitCode, said, logged };
}

describe('a start is refused, with what to set,', () => {
  for (const { name, env = {}, config, says } of [
    { name: 'on every interface without keys', env: { GATEWAY_HOST: '0.0.0.0' }, says: [/server\.host/, /API_KEYS/] },
    {
      name: 'on every interface of IPv6 without keys',
      config: 'server: { host: "::" }\n',
      says: [/gatehouse\.yaml:1:17: server\.host/, /auth\.keys/],
    },
    {
      name: 'on every interface with keys that nobody has to have',
      config: 'server: { host: 0.0.0.0 }\nauth: { required: false, keys: [{ name: a, key: sk-good-000000000000 }] }\n',
      says: [/auth\.required/],
    },
    {
      name: 'on every interface with a documented key',
      env: { GATEWAY_HOST: '0.0.0.0', API_KEY: 'dev-gateway-key-12345' },
      says: [/documented/],
    },
    {
      name: 'in production with documented keys and secrets, each of them',
      env: {
        ENVIRONMENT: 'production',
        API_KEYS: 'sk-test-key-123,sk-admin-key-456,sk-good-0000000000000',
        SECRET_KEY: 'dev-secret-key-change-in-production',
      },
      says: [/auth\.keys\[0\]/, /auth\.keys\[1\]/, /auth\.jwt\.secret/, /openssl rand/],
    },
    { name: 'in production without any key', env: { ENVIRONMENT: 'production' }, says: [/production needs keys/] },
    {
      name: 'in production with pages of every origin',
      env: { ENVIRONMENT: 'production', API_KEYS: 'sk-good-0000000000000', CORS_ORIGINS: '*' },
      says: [/server\.cors\.origins/],
    },
    { name: 'with a value that is none', env: { LOG_LEVEL: 'loud' }, says: [/LOG_LEVEL/, /telemetry\.log\.level/] },
    { name: 'with an unknown setting', config: 'serverr: {}\n', says: [/gatehouse\.yaml:1:1/, /did you mean 'server'/] },
    {
      name: 'with a route that is there already',
      config: 'services: { a: { urls: ["http://a"], routes: ["GET /health"] } }\n',
      says: [/two routes for GET \/health/],
    },
    {
      name: 'with a certificate that is not there',
      config: 'server: { tls: { cert_file: /none/cert.pem, key_file: /none/key.pem } }\n',
      says: [/\/none\/cert\.pem/],
    },
    {
      name: 'with a configuration that is not there',
      env: { GATEHOUSE_CONFIG: '/none/gatehouse.yaml' },
      says: [/\/none\/gatehouse\.yaml/, /GATEHOUSE_CONFIG/],
    },
  ] as { name: string; env?: Record<string, string>; config?: string; says: RegExp[] }[]) {
    test(name, async () => {
      const { code, said, logged } = await refusedStart(env, config);
      expect(code).toBe(1);
      expect(said).toStartWith('Gatehouse does not start:\n\n');
      for (const pattern of says) expect(said).toMatch(pattern);
      // Words, not a stack trace; and no secret in them.
      expect(said).not.toMatch(/^\s+at /m);
      expect(said).not.toMatch(/sk-good|dev-secret-key/);
      expect(logged).toBe('');
    });
  }

  test('on a port that is taken', async () => {
    await using first = await startGateway({ config: {} });
    const { port } = new URL(first.url);
    const { code, said } = await refusedStart({ PORT: port }, undefined, []);
    expect(code).toBe(1);
    expect(said).toContain(port);
    expect(said).not.toMatch(/^\s+at /m);
  });
});
