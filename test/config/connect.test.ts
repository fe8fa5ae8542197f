import { describe, expect, test } from 'bun:test';
import { CLIENTS } from '../../src/cli/connect/clients.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { runCommand } from '../harness/command.ts';

const CONFIG = `server: { port: 9090 }
auth: { keys: [ { name: app, key: sk-canary-canary } ] }
providers: { local: { base_url: http://127.0.0.1:8000/v1 } }
models: { "team-model": { targets: [ { provider: local } ] } }
`;

describe('gatehouse connect', () => {
  for (const { name } of CLIENTS) {
    test(`${name}: where the gateway listens, and no secret`, async () => {
      const { code, stdout } = await runCommand(['connect', name], CONFIG);
      expect(code).toBe(0);
      expect(stdout).toContain('http://127.0.0.1:9090');
      expect(stdout).not.toContain('canary');
      if (name !== 'open-webui') expect(stdout).toContain('team-model');
    });
  }

  test('as the client sees it, with another model', async () => {
    const { stdout } = await runCommand(['connect', 'codex', '--url', 'https://ai.example.com/v1/', '--model', 'other'], CONFIG);
    const settings = Bun.TOML.parse(stdout) as { model?: string; model_providers?: { gatehouse?: object } };
    expect(settings.model).toBe('other');
    expect(settings.model_providers?.gatehouse).toMatchObject({ base_url: 'https://ai.example.com/v1', wire_api: 'responses' });
  });

  test('a client that nobody knows, none, or no URL is exit code 2', async () => {
    for (const args of [['connect'], ['connect', 'codxe'], ['connect', 'codex', 'openai'], ['connect', 'codex', '--url', 'ftp://x']])
      expect((await runCommand(args, CONFIG)).code).toBe(2);
    expect((await runCommand(['connect', 'codxe'], CONFIG)).stderr).toContain("did you mean 'codex'?");
  });
});

describe('gatehouse providers', () => {
  test('lists every kind with the variable that holds its key', async () => {
    const { code, stdout } = await runCommand(['providers']);
    expect(code).toBe(0);
    for (const { name, keyVariable = '' } of PROVIDERS) expect(stdout).toMatch(new RegExp(`^${name} .*${keyVariable}`, 'm'));
  });

  test('tells all of one, also as JSON', async () => {
    expect((await runCommand(['providers', 'mistral'])).stdout).toContain('https://api.mistral.ai/v1');
    const [told] = JSON.parse((await runCommand(['providers', 'mistral', '--json'])).stdout) as { name: string; key_variable: string }[];
    expect(told).toMatchObject({ name: 'mistral', key_variable: 'MISTRAL_API_KEY' });
    expect((await runCommand(['providers', 'mistrl'])).code).toBe(1);
  });
});
