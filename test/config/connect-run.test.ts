/*
 * What `gatehouse connect` prints, done as printed: each text is run against a real gateway, in front of a target of another dialect where the client allows it,
 * and the model behind it must have heard of it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENTS } from '../../src/cli/connect/clients.ts';
import { runCommand } from '../harness/command.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { ROOT } from '../harness/process.ts';
import { pythonAvailable } from '../harness/python.ts';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

const KEY = 'sk-connect-000000000000';
const MODEL = 'team-model';
const TIMEOUT_MS = 60_000;

let folder: string;
let simulator: SimulatorProcess;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-connect-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  simulator = await startSimulator();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'client', key: KEY }] },
      limits: { mode: 'off' },
      // None of the clients speaks it.
      providers: { local: { type: 'simulator', base_url: simulator.url, dialects: ['ollama'] } },
      models: { [MODEL]: { targets: [{ provider: 'local', model: 'sim-1' }] } },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await simulator?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => simulator.reset());

async function printed(client: string): Promise<string> {
  const { code, stdout } = await runCommand(
    ['connect', client, '--url', gateway.url, '--model', MODEL],
    `auth: { keys: [{ name: a, key: ${KEY} }] }\n`,
  );
  expect(code).toBe(0);
  expect(stdout).not.toContain(KEY);
  return stdout;
}

/** Runs a line of the shell where the packages are, with the key where the texts say that it is. */
async function run(line: string): Promise<string> {
  const child = Bun.spawn(['sh', '-c', line], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      GATEHOUSE_KEY: KEY,
      ANTHROPIC_API_KEY: 'of-somebody-else',
      BUN: process.execPath,
    },
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  });
  const [said, complained] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect({ code: await child.exited, complained }).toEqual({ code: 0, complained: '' });
  return said;
}

async function runProgram(code: string, before = ''): Promise<string> {
  await writeFile(join(folder, 'program.mjs'), code);
  return run(`${before}\n"$BUN" program.mjs`);
}

/** The last messages that the model was sent. */
async function heard(): Promise<string[]> {
  const seen = await simulator.requests('/api/chat');
  return seen.map(({ body }) => (JSON.parse(body) as { messages: { content: string }[] }).messages.at(-1)?.content ?? '');
}

const TESTED: Readonly<Record<string, () => Promise<void>>> = {
  async 'claude-code'() {
    const lines = (await printed('claude-code')).split('\n');
    expect(lines.filter((line) => line === 'claude')).toHaveLength(1);
    // The same variables are read by Anthropic's client, which Claude Code is built with.
    const said = await runProgram(
      `import Anthropic from '@anthropic-ai/sdk';
       const { ANTHROPIC_MODEL, ANTHROPIC_DEFAULT_OPUS_MODEL: opus, ANTHROPIC_DEFAULT_SONNET_MODEL: sonnet, ANTHROPIC_DEFAULT_HAIKU_MODEL: haiku } = process.env;
       for (const model of [ANTHROPIC_MODEL, opus, sonnet, haiku])
         await new Anthropic().messages.create({ model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello!' }] });`,
      lines.filter((line) => line !== 'claude').join('\n'),
    );
    expect(said).toBe('');
    expect(await heard()).toEqual(['Hello!', 'Hello!', 'Hello!', 'Hello!']);
  },

  async codex() {
    const {
      model,
      model_provider: id,
      model_providers: known,
    } = Bun.TOML.parse(await printed('codex')) as {
      model: string;
      model_provider: string;
      model_providers: Record<string, Record<'name' | 'base_url' | 'env_key' | 'wire_api', string>>;
    };
    const provider = known[id];
    // Names that are Codex' own would be left as they are.
    expect(['openai', 'ollama', 'lmstudio', 'amazon-bedrock']).not.toContain(id);
    expect(Object.keys(provider ?? {}).sort()).toEqual(['base_url', 'env_key', 'name', 'wire_api']);
    expect(provider).toMatchObject({ wire_api: 'responses', env_key: 'GATEHOUSE_KEY' });
    const reply = await fetch(`${provider?.base_url}/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'Hello!', stream: true, store: false }),
    });
    expect(await reply.text()).toContain('response.completed');
    expect(await heard()).toEqual(['Hello!']);
  },

  async openai() {
    const text = await printed('openai');
    const [variables = '', programs = ''] = text.split('# JavaScript\n');
    const [javascript = '', python = ''] = programs.split('# Python\n');
    await runProgram(javascript, variables);
    expect(await heard()).toEqual(['Hello!']);
    if (!pythonAvailable()) return;
    await writeFile(join(folder, 'program.py'), python);
    await run(`${variables}\npython3 program.py`);
    expect(await heard()).toEqual(['Hello!', 'Hello!']);
  },

  async 'ai-sdk'() {
    await runProgram(withoutTitle(await printed('ai-sdk')));
    expect(await heard()).toEqual(['Hello!']);
  },

  async langchain() {
    await runProgram(withoutTitle(await printed('langchain')));
    expect(await heard()).toEqual(['Hello!']);
  },

  async 'open-webui'() {
    const variables = Object.fromEntries(
      [...(await printed('open-webui')).matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(Object.keys(variables).sort()).toEqual([
      'ENABLE_FORWARD_USER_INFO_HEADERS',
      'ENABLE_OPENAI_API',
      'OPENAI_API_BASE_URLS',
      'OPENAI_API_KEYS',
    ]);
    // What it asks first.
    const reply = await fetch(`${variables['OPENAI_API_BASE_URLS']}/models`, { headers: { authorization: `Bearer ${KEY}` } });
    expect(await reply.json()).toMatchObject({ data: [{ id: MODEL }] });
  },
};

function withoutTitle(text: string): string {
  return text.replace(/^# .*\n/, '');
}

describe('what gatehouse connect prints', () => {
  for (const { name } of CLIENTS) {
    test(
      `${name}: works as printed`,
      async () => {
        const tested = TESTED[name];
        if (tested === undefined) throw new Error(`nobody has tried the settings of '${name}'`);
        await tested();
      },
      TIMEOUT_MS,
    );
  }
});
