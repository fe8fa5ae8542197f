import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOptions } from '../../src/cli/start-options.ts';
import { PRESETS } from '../../src/config/preset-config.ts';
import { runCommand as run } from '../harness/command.ts';

describe('gatehouse', () => {
  test('alone, or with --help, lists the commands', async () => {
    for (const args of [[], ['--help'], ['help']]) {
      const { code, stdout } = await run(args);
      expect(code).toBe(0);
      for (const name of ['start', 'check', 'explain', 'simulate']) expect(stdout).toContain(`  ${name} `);
    }
  });

  test('--version is the version', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('knows what was meant by a mistyped command', async () => {
    expect(await run(['chekc'])).toMatchObject({
      code: 2,
      stderr: "gatehouse: there is no command 'chekc' (did you mean 'check'?)\nSee: gatehouse --help\n",
    });
  });

  test('every command says what it takes', async () => {
    for (const name of ['check', 'explain', 'simulate', 'generate']) {
      expect((await run([name, '--help'])).stdout).toStartWith(`Usage: gatehouse ${name}`);
      expect((await run(['help', name])).stdout).toStartWith(`Usage: gatehouse ${name}`);
    }
  });

  test('an unknown flag, or too many arguments, is exit code 2', async () => {
    expect(await run(['check', '--prot', '1'])).toMatchObject({ code: 2, stdout: '' });
    expect((await run(['check', 'a', 'b'])).code).toBe(2);
    expect((await run(['explain', '..'])).code).toBe(2);
    expect((await run(['check', '--set', 'server.port'])).code).toBe(2);
  });
});

describe('gatehouse check', () => {
  test('says OK, with counts', async () => {
    const yaml =
      'auth: { keys: [{ name: a, key: abcdefgh }] }\nproviders: { ollama: {} }\nmodels: { m: { targets: [{ provider: ollama }] } }\n';
    expect(await run(['check'], yaml)).toMatchObject({ code: 0, stdout: 'OK: gatehouse.yaml: 1 provider, 1 model, 0 services, 1 key\n' });
    expect(JSON.parse((await run(['check', '--json'], yaml)).stdout)).toEqual({
      ok: true,
      providers: 1,
      models: 1,
      services: 0,
      keys: 1,
      warnings: [],
    });
  });

  test('shows each problem with its line and a caret', async () => {
    const { code, stderr } = await run(['check'], 'server:\n  port: 8080\n  environmnt: test\nauth: { keys: [{ name: a, key: abc }] }\n');
    expect(code).toBe(1);
    expect(stderr).toBe(`gatehouse.yaml:3:3: server.environmnt: unknown key (did you mean 'environment'?)
  3 |   environmnt: test
        ^
gatehouse.yaml:4:32: auth.keys[0].key: must have at least 8 characters
  4 | auth: { keys: [{ name: a, key: ••• }] }
                                     ^
`);
  });

  test('says what a start would refuse, with its place', async () => {
    const { code, stderr } = await run(['check'], 'server:\n  host: 0.0.0.0\n');
    expect(code).toBe(1);
    expect(stderr).toStartWith('gatehouse.yaml:2:9: server.host: listening on 0.0.0.0 without keys lets everyone in (set API_KEYS');
  });

  test('counts variables and flags as a start does, and tells them apart', async () => {
    expect((await run(['check'], '', { PORT: 'x' })).stderr).toBe('env PORT: server.port: must be a number, not a text\n');
    expect((await run(['check', '--port', 'x'], '')).stderr).toBe('flag --port: server.port: must be a number, not a text\n');
  });

  test('a file can be named', async () => {
    expect(await run(['check', 'nowhere.yaml'])).toMatchObject({ code: 1, stderr: 'nowhere.yaml: there is no such file\n' });
  });
});

describe('gatehouse explain', () => {
  test('shows values and origins in columns', async () => {
    const { code, stdout } = await run(
      ['explain', 'limits.default', '--set', 'limits.default.per_second=3'],
      'limits:\n  default:\n    per_hour: 5\n',
    );
    expect(code).toBe(0);
    expect(stdout).toBe(
      'limits.default.per_hour    5  gatehouse.yaml:3:15\nlimits.default.per_second  3  flag --set limits.default.per_second\n',
    );
  });

  test('hides secrets, and makes no key', async () => {
    const { stdout } = await run(['explain', 'auth', '--json'], undefined, { API_KEYS: 'sk-canary-canary' });
    expect(stdout).toContain('(secret, set)');
    expect(stdout).not.toContain('canary');
    const { cwd } = await run(['explain']);
    expect(await Bun.file(join(cwd, '.config', 'gatehouse', 'key')).exists()).toBe(false);
  });

  test('a path that is not there, or a configuration that is none, is exit code 1', async () => {
    expect(await run(['explain', 'server.prot'])).toMatchObject({ code: 1, stderr: "nothing is set at 'server.prot'\n" });
    expect((await run(['explain'], 'a: 1\n')).code).toBe(1);
  });
});

describe('--env-file', () => {
  const explainPort = ['explain', 'server.port', '--env-file', '.env'];

  test('gives variables, and explain names the line', async () => {
    const { stdout } = await run(explainPort, undefined, {}, '# ours\nPORT=4711\n');
    expect(stdout).toBe('server.port  4711  env PORT (.env:2)\n');
    const path = await run(explainPort, undefined, {}, 'GATEHOUSE_SERVER__PORT=4711\n');
    expect(path.stdout).toBe('server.port  4711  env GATEHOUSE_SERVER__PORT (.env:1)\n');
  });

  test('the environment wins, but for a variable that is empty there', async () => {
    expect((await run(explainPort, undefined, { PORT: '4712' }, 'PORT=4711\n')).stdout).toBe('server.port  4712  env PORT\n');
    expect((await run(explainPort, undefined, { PORT: '' }, 'PORT=4711\n')).stdout).toBe('server.port  4711  env PORT (.env:1)\n');
  });

  test('it may name the preset and the configuration file, and what that refers to', async () => {
    const named = await run(explainPort, 'server: { port: "${MINE}" }\n', {}, 'GATEHOUSE_CONFIG=gatehouse.yaml\nMINE=4713\n');
    expect(named.stdout).toBe('server.port  4713  gatehouse.yaml:1:17 via MINE\n');
    expect((await run(explainPort, undefined, {}, 'GATEHOUSE_PRESET=ai-platform\n')).stdout).toMatch(
      /^server\.port  9000  preset ai-platform:\d+\n$/,
    );
  });

  test('is not read unless it is named', async () => {
    expect((await run(['explain', 'server.port'], undefined, {}, 'PORT=4711\n')).stdout).toBe('server.port  8080  default\n');
  });

  test('a file that is missing, a line that is none and a value that does not fit are said with their place', async () => {
    expect(await run(['check', '--env-file', 'nowhere.env'])).toMatchObject({
      code: 1,
      stderr: 'nowhere.env: there is no such file (--env-file names it)\n',
    });
    const { code, stderr } = await run(['check', '--env-file', '.env'], undefined, {}, 'API_KEY=canary-canary\ncanary canary\nPORT=x\n');
    expect(code).toBe(1);
    expect(stderr).toContain('.env:2: is no NAME=value (a name begins with a letter; comments begin with #)\n');
    expect(stderr).toContain('env PORT (.env:3): server.port: must be a number, not a text\n');
    expect(stderr).not.toContain('canary');
  });

  test('.env.example changes nothing as it is, and all of it can be used', async () => {
    const example = readFileSync(join(import.meta.dirname, '..', '..', '.env.example'), 'utf8');
    const plain = (await run(['explain', '--env-file', '.env'], undefined, {}, example)).stdout;
    expect(plain).toBe((await run(['explain'])).stdout);
    const used = example.replaceAll(/^#(?=[A-Z][A-Z_]*=)/gm, '').replace(/^GATEHOUSE_(?:CONFIG|PRESET)=.*$/gm, '');
    expect(await run(['check', '--env-file', '.env', '--host', '127.0.0.1'], undefined, {}, used)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('--preset', () => {
  for (const name of PRESETS) {
    test(`check finds nothing wrong with ${name}`, async () => {
      const { code, stdout, stderr } = await run(['check', '--preset', name]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`OK: preset ${name}, no file: `);
    });
  }

  test('a name that is none is said where it was given', async () => {
    expect(await run(['check', '--preset', 'aivilage'])).toMatchObject({
      code: 1,
      stderr: `flag --preset: preset: must be one of ${PRESETS.join(', ')} (did you mean 'aivillage'?)\n`,
    });
    expect((await run(['check'], 'preset: [stillme]\n')).stderr).toStartWith('gatehouse.yaml:1:1: preset: ');
    expect((await run(['check'], '', { GATEHOUSE_PRESET: '../stillme' })).stderr).toStartWith('env GATEHOUSE_PRESET: preset: must be');
  });
});

test('flags of start become settings, each with its name', () => {
  expect(
    startOptions({
      config: 'a.yaml',
      'env-file': '.env',
      preset: 'stillme',
      port: '1',
      'log-level': 'debug',
      set: ['limits.mode=off', 'a=b=c'],
    }),
  ).toEqual({
    file: 'a.yaml',
    envFile: '.env',
    flags: [
      { flag: '--preset', path: 'preset', text: 'stillme' },
      { flag: '--port', path: 'server.port', text: '1' },
      { flag: '--log-level', path: 'telemetry.log.level', text: 'debug' },
      { flag: '--set limits.mode', path: 'limits.mode', text: 'off' },
      { flag: '--set a', path: 'a', text: 'b=c' },
    ],
  });
});
