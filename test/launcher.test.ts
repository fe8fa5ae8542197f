/*
 * The launcher, as people meet it: a fresh clone with nothing installed, and a process that must pass on arguments, exit codes and
 * signals. The first test installs from the registry, so it needs the network.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isInstalled, isNewEnough, packageNames } from '../bin/runtime.mjs';
import { copyCheckout } from './harness/checkout.ts';

const root = dirname(import.meta.dir);
const node = Bun.which('node') ?? 'node';
const INSTALL_TIMEOUT_MS = 180_000;

/** What a person's shell would have: nothing that the test runner's own npm or launcher has set. */
const environment: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(npm_|BUN_|NODE_(OPTIONS|ENV)$)/.test(name) ? [] : [[name, value]],
    ),
  ),
  // Nothing goes on in folders that are deleted at the end.
  GATEHOUSE_BUNDLE: 'off',
};

let folder: string;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-launcher-')));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | number | null;
}

function start(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  return Bun.spawn([node, ...args], {
    cwd: options.cwd ?? folder,
    env: options.env ?? environment,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

async function run(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<Outcome> {
  const child = start(args, options);
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { stdout, stderr, code: child.exitCode, signal: child.signalCode };
}

/** Collects what a process prints. */
function collect(stream: ReadableStream<Uint8Array>) {
  const decoder = new TextDecoder();
  let text = '';
  const waiting = new Set<() => void>();
  const done = (async () => {
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      for (const wake of waiting) wake();
    }
    return text;
  })();
  return {
    /** All of it, when the stream has ended. */
    done,
    /** The first match, as soon as it is there. Throws when the stream ends before. */
    async until(pattern: RegExp): Promise<string> {
      for (;;) {
        const match = pattern.exec(text);
        if (match !== null) return match[0];
        const more = Promise.withResolvers<void>();
        waiting.add(more.resolve);
        const ended = await Promise.race([more.promise.then(() => false), done.then(() => true)]);
        waiting.delete(more.resolve);
        if (ended && !pattern.test(text)) throw new Error(`ended without ${pattern}: ${text}`);
      }
    },
  };
}

const READY = /http:\/\/[\d.]+:\d+/;

/** A program for the launcher to run: says what it was given, then does as its first argument tells. */
const PROGRAM = `
const [what, ...rest] = process.argv.slice(2);
if (what === 'say') process.stdout.write(JSON.stringify({ rest, max: process.env.BUN_CONFIG_MAX_HTTP_REQUESTS, dotenv: process.env.FROM_DOTENV ?? null }));
if (what === 'exit') process.exit(Number(rest[0]));
if (what === 'die') process.kill(process.pid, rest[0]);
if (what === 'wait') {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('alive') });
  const leave = (name) => { process.stdout.write('got ' + name + '\\n'); process.exit(7); };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(name, () => leave(name));
  process.stdout.write('http://127.0.0.1:' + server.port + ' ' + process.pid + '\\n');
}
`;

describe('a fresh clone', () => {
  test(
    'npm start installs what is missing, without install scripts, and answers',
    async () => {
      const clone = join(folder, 'clone');
      await copyCheckout(root, clone);
      const child = Bun.spawn(['npm', 'start', '--silent', '--', '--port', '0'], {
        cwd: clone,
        env: { ...environment, npm_config_ignore_scripts: 'true' },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      });
      const stderr = child.stderr.text();
      try {
        const address = await collect(child.stdout)
          .until(READY)
          .catch(async (error: unknown) => {
            throw new Error(`npm start: ${await stderr}`, { cause: error });
          });
        expect((await fetch(`${address}/livez`)).status).toBe(200);
      } finally {
        child.kill('SIGTERM');
      }
      // The pipe closes when the last process that holds it has ended: npm, its shell, the launcher, the gateway.
      expect(await stderr).toContain('gatehouse: installing dependencies with npm ci\n');
      // Only what a start needs: the tools come with the first `npm test`.
      expect(await Bun.file(join(clone, 'node_modules/zod/package.json')).exists()).toBe(true);
      expect(await Bun.file(join(clone, 'node_modules/typescript/package.json')).exists()).toBe(false);
    },
    INSTALL_TIMEOUT_MS,
  );
});

// Where Node can, the launcher becomes Bun; elsewhere Bun is its child. Both must look the same from outside.
const canExec = Bun.spawnSync([node, '-p', 'typeof process.execve']).stdout.toString().trim() === 'function';
const withoutExec = ['--import', 'data:text/javascript,process.execve=undefined'];
const WAYS = [{ way: 'as a child', flags: withoutExec }, ...(canExec ? [{ way: 'in place of Node', flags: [] }] : [])];

for (const { way, flags } of WAYS) {
  describe(`the launcher, running Bun ${way}`, () => {
    let launch: string[];
    beforeAll(async () => {
      const program = join(folder, 'program.ts');
      await writeFile(program, PROGRAM);
      await writeFile(join(folder, '.env'), 'FROM_DOTENV=surprise\n');
      await writeFile(join(folder, 'bunfig.toml'), 'preload = ["./missing.ts"]\n');
      launch = [...flags, join(root, 'bin/gatehouse.mjs'), 'run', program];
    });

    test('passes arguments on, lifts the limit of fetch, and reads no .env or bunfig.toml of the current folder', async () => {
      const { stdout, stderr, code } = await run([...launch, 'say', '--flag', '-x', 'two words']);
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
      expect(JSON.parse(stdout)).toEqual({ rest: ['--flag', '-x', 'two words'], max: '65535', dotenv: null });
    });

    test('exits with the code of the program', async () => {
      expect(await run([...launch, 'exit', '3'])).toMatchObject({ code: 3, signal: null });
    });

    test('dies of the signal of which the program died', async () => {
      expect(await run([...launch, 'die', 'SIGKILL'])).toMatchObject({ signal: 'SIGKILL' });
      expect(await run([...launch, 'die', 'SIGTERM'])).toMatchObject({ signal: 'SIGTERM' });
    });

    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const) {
      test(`passes ${signal} on and waits for the end`, async () => {
        const child = start([...launch, 'wait']);
        const output = collect(child.stdout);
        await output.until(READY);
        child.kill(signal);
        expect(await child.exited).toBe(7);
        expect(await output.done).toEndWith(`got ${signal}\n`);
      });
    }

    test('takes the program with it when it is killed', async () => {
      const child = start([...launch, 'wait']);
      const address = await collect(child.stdout).until(READY);
      expect(await (await fetch(address)).text()).toBe('alive');
      child.kill('SIGKILL');
      await child.exited;
      const deadline = performance.now() + 5_000;
      while (await answers(address)) expect(performance.now()).toBeLessThan(deadline);
    });

    test('says what is missing for `run`', async () => {
      const { stderr, code } = await run(launch.slice(0, -1));
      expect({ stderr, code }).toEqual({ stderr: 'gatehouse: usage: gatehouse run FILE [ARGUMENTS…]\n', code: 1 });
    });
  });
}

async function answers(address: string): Promise<boolean> {
  try {
    await fetch(address, { keepalive: false });
    return true;
  } catch {
    return false;
  }
}

describe('the launcher, started by npm', () => {
  test('drains when npm is told to end, though npm and its shell do not pass that on', async () => {
    const project = join(folder, 'by-npm');
    await mkdir(project);
    await writeFile(join(project, 'program.ts'), PROGRAM);
    const script = `"${node}" "${join(root, 'bin/gatehouse.mjs')}" run "${join(project, 'program.ts')}" wait`;
    await writeFile(join(project, 'package.json'), JSON.stringify({ scripts: { go: script } }));
    const npm = Bun.spawn(['npm', 'run', 'go', '--silent'], { cwd: project, env: environment, stdin: 'ignore', stdout: 'pipe' });
    const output = collect(npm.stdout);
    await output.until(READY);
    npm.kill('SIGTERM');
    expect(await output.done).toEndWith('got SIGTERM\n');
  });
});

describe('installed as a package', () => {
  test('Bun is found where npm hoists it or on PATH, and missing Bun is explained', async () => {
    const installed = join(folder, 'prefix/lib/node_modules/gatehouse');
    await mkdir(join(installed, 'bin'), { recursive: true });
    for (const path of ['bin/gatehouse.mjs', 'bin/bundle.mjs', 'bin/runtime.mjs', 'bunfig.toml', 'package.json'])
      await cp(join(root, path), join(installed, path));
    const launch = [join(installed, 'bin/gatehouse.mjs'), 'run', join(folder, 'program.ts'), 'say'];
    await writeFile(join(folder, 'program.ts'), PROGRAM);
    const bare = { PATH: dirname(node) };

    const missing = await run(launch, { env: bare });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('npm install --include=optional');

    const onPath = join(folder, 'path');
    await mkdir(onPath);
    await symlink(process.execPath, join(onPath, 'bun'));
    expect(await run(launch, { env: { PATH: `${onPath}:${bare.PATH}` } })).toMatchObject({ stderr: '', code: 0 });

    const [name] = packageNames(process.platform, process.arch);
    const hoisted = join(folder, 'prefix/lib/node_modules', name ?? '', 'bin');
    await mkdir(hoisted, { recursive: true });
    await symlink(process.execPath, join(hoisted, process.platform === 'win32' ? 'bun.exe' : 'bun'));
    expect(await run(launch, { env: bare })).toMatchObject({ stderr: '', code: 0 });
  });
});

describe('what the launcher decides', () => {
  for (const { name, wanted, installed, dev, want } of [
    { name: 'nothing is there', wanted: { a: { version: '1' } }, installed: undefined, dev: false, want: false },
    { name: 'all is there', wanted: { '': {}, a: { version: '1' } }, installed: { a: { version: '1' } }, dev: false, want: true },
    { name: 'one is missing', wanted: { a: { version: '1' } }, installed: {}, dev: false, want: false },
    { name: 'one has another version', wanted: { a: { version: '2' } }, installed: { a: { version: '1' } }, dev: false, want: false },
    {
      name: 'a package of another platform is missing',
      wanted: { a: { version: '1', optional: true } },
      installed: {},
      dev: true,
      want: true,
    },
    {
      name: 'Bun has another version',
      wanted: { a: { version: '2', optional: true } },
      installed: { a: { version: '1' } },
      dev: false,
      want: false,
    },
    { name: 'a tool is missing for a start', wanted: { a: { version: '1', dev: true } }, installed: {}, dev: false, want: true },
    { name: 'a tool is missing for the tests', wanted: { a: { version: '1', dev: true } }, installed: {}, dev: true, want: false },
  ]) {
    test(`install or not: ${name}`, () => expect(isInstalled(wanted, installed, dev)).toBe(want));
  }

  test('the package of each platform', () => {
    expect(packageNames('darwin', 'arm64')).toEqual(['@oven/bun-darwin-aarch64']);
    expect(packageNames('win32', 'x64')).toEqual(['@oven/bun-windows-x64']);
    expect(packageNames('linux', 'x64').toSorted()).toEqual(['@oven/bun-linux-x64', '@oven/bun-linux-x64-musl']);
    expect(packageNames('linux', 'arm64').toSorted()).toEqual(['@oven/bun-linux-aarch64', '@oven/bun-linux-aarch64-musl']);
    expect(packageNames('sunos', 'x64')).toEqual([]);
  });

  test('which Bun on PATH is new enough', () => {
    expect(['1.3.9', '1.4.0', '1.10.0', '2.0.0', '0.9.9', 'what'].map((version) => isNewEnough(version))).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
