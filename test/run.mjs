/*
 * `npm test`: installs what is missing, then runs every check and every test, one after the other, stopping at nothing, and ends
 * with one plain line: `N passed, N failed`. A static check counts as one.
 *
 *   npm test                          everything
 *   npm test -- src/base -t 'lru'     only tests: what follows goes to `bun test` (file filters and flags)
 *   npm run check                     only the static checks (`--static`)
 *
 * Tests against a real server are skipped, with a note, where its program is missing. GATEHOUSE_TEST_REQUIRE=redis,postgres,nginx,chromium,curl,python
 * makes a missing one a failure.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ensureInstalled, findBun, root, runtimeEnvironment, runtimeFlags } from '../bin/runtime.mjs';

const TEST_TIMEOUT_MS = 20_000;

/** Servers, the browser and the clients that tests start, by the name that GATEHOUSE_TEST_REQUIRE uses, with their programs. */
const SERVERS = { redis: 'redis-server', postgres: 'postgres', nginx: 'nginx', chromium: 'chromium', curl: 'curl', python: 'python3' };
/** What a program must be able to do, where being there is not enough: arguments with which it ends well. */
const ABLE = { python: { args: ['-c', 'import openai'], what: "python3 with OpenAI's client (test/python/requirements.txt)" } };

const STATIC_CHECKS = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  { name: 'lint', script: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', script: '@biomejs/biome/bin/biome', args: ['check', '--error-on-warnings'] },
  { name: 'unused code and dependencies', script: 'knip/bin/knip.js', args: [] },
  {
    name: 'code that only tests use',
    script: 'knip/bin/knip.js',
    args: ['--production', '--include', 'files,exports,types'],
  },
];

// Debian keeps servers where the PATH of an ordinary user does not look, and PostgreSQL's in a folder for each version.
const debianFolders = ['/usr/local/sbin', '/usr/sbin', ...versionsIn('/usr/lib/postgresql').map((version) => join(version, 'bin'))];
const searchPath = [process.env.PATH ?? '', ...(process.platform === 'win32' ? [] : debianFolders)].join(delimiter);
const environment = { ...runtimeEnvironment, PATH: searchPath };

async function main(argv) {
  await ensureInstalled({ withDevelopment: true });
  const total = { passed: 0, failed: 0 };
  const count = (passed, failed) => {
    total.passed += passed;
    total.failed += failed;
  };

  const testArgs = argv.filter((argument) => argument !== '--static');
  if (testArgs.length === 0) {
    for (const check of STATIC_CHECKS) await runStatic(check, count);
  }
  if (!argv.includes('--static')) {
    const notes = checkServers(count);
    notes.push(...(await runTests(testArgs, count)));
    for (const note of notes) print(`note: ${note}`);
  }

  print(`\n${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

async function runStatic({ name, script, args }, count) {
  print(`── ${name}: ${script.split('/').at(-1)} ${args.join(' ')}`);
  const startMs = performance.now();
  const code = await exitCodeOf(spawn(process.execPath, [join(root, 'node_modules', script), ...args], { cwd: root, stdio: 'inherit' }));
  print(`   ${code === 0 ? 'passed' : 'FAILED'} in ${seconds(startMs)}\n`);
  if (code === 0) count(1, 0);
  else count(0, 1);
}

/** Fails for each required server that is missing; returns notes about the others. */
function checkServers(count) {
  const required = (process.env.GATEHOUSE_TEST_REQUIRE ?? '').split(',').filter((name) => name !== '');
  const notes = [];
  for (const name of new Set([...Object.keys(SERVERS), ...required])) {
    const program = SERVERS[name];
    if (program === undefined) {
      print(`── GATEHOUSE_TEST_REQUIRE names '${name}', which is none of ${Object.keys(SERVERS).join(', ')}: FAILED\n`);
      count(0, 1);
    } else if (!isOnPath(program) || !isAble(program, ABLE[name])) {
      const missing = ABLE[name]?.what ?? program;
      if (required.includes(name)) {
        print(`── ${missing} is required, but not on PATH: FAILED\n`);
        count(0, 1);
      } else {
        notes.push(`no ${missing} on PATH: the tests that need it were skipped`);
      }
    }
  }
  return notes;
}

/** Runs `bun test`, shows its output as it comes, and counts by its summary; returns notes. */
async function runTests(args, count) {
  const bun = await findBun();
  const bunArgs = [
    'test',
    '--no-orphans',
    `--timeout=${TEST_TIMEOUT_MS}`,
    ...(args.length > 0 ? args : ['--path-ignore-patterns=**/.cache/**', './src', './test', './bench', './eval']),
  ];
  print(`── tests: bun ${bunArgs.join(' ')}`);
  const startMs = performance.now();
  const child = spawn(bun, [...runtimeFlags, ...bunArgs], {
    cwd: root,
    env: process.stdout.isTTY ? { ...environment, FORCE_COLOR: '1' } : environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // The summary is at the very end; a little of the output is enough to find it.
  let tail = '';
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding('utf8').on('data', (text) => {
      to.write(text);
      tail = (tail + text).slice(-4096);
    });
  }
  const code = await exitCodeOf(child);
  const { isWhole, passed, failed, skipped } = parseSummary(tail);
  // A failure without a failed test: a file that cannot be loaded, an error between tests, a crash, a test that ended the process.
  const failedAnyhow = failed === 0 && (code !== 0 || !isWhole) ? 1 : failed;
  print(`   ${failedAnyhow === 0 ? 'passed' : `FAILED (exit code ${code})`} in ${seconds(startMs)}\n`);
  count(passed, failedAnyhow);
  return skipped > 0 ? [`${skipped} tests were skipped`] : [];
}

/** The counts in the last summary of `bun test` (` 12 pass`, ` 0 fail`, ` 1 skip`); absent ones are 0. */
function parseSummary(output) {
  // Terminal colours are left out.
  const plain = output.replace(/\u001b\[[0-9;]*m/g, '');
  const last = (word) => Number([...plain.matchAll(new RegExp(`^ *(\\d+) ${word}$`, 'gm'))].at(-1)?.[1] ?? 0);
  return { isWhole: /^Ran \d+ tests? across /m.test(plain), passed: last('pass'), failed: last('fail'), skipped: last('skip') };
}

function exitCodeOf(child) {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      print(`   ${error.message}`);
      resolve(1);
    });
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
}

function isOnPath(program) {
  return searchPath.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Folders named by numbers, the highest first. */
function versionsIn(folder) {
  try {
    return readdirSync(folder)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => join(folder, version));
  } catch {
    return [];
  }
}

function isAble(program, able) {
  return able === undefined || spawnSync(program, able.args, { env: environment, stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function seconds(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  print(`${error.message}\n\n0 passed, 1 failed`);
  process.exitCode = 1;
});
