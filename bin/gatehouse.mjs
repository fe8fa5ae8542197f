#!/usr/bin/env node
/*
 * The launcher: `gatehouse COMMAND …` runs src/main.ts under Bun, `gatehouse run FILE …` runs another TypeScript file of the
 * project in the same way (benches, generators). It installs what is missing, sets what must be set before Bun starts, and
 * then gets out of the way: where Node can, it becomes Bun (execve), so there is no second process to feed or to signal. Elsewhere it
 * stays as the parent, and passes on signals and the way it ends.
 */
import { resolve } from 'node:path';
import { bundleLater, bundleNow, freshBundle } from './bundle.mjs';
import { ensureInstalled, findBun, root, runtimeEnvironment, runtimeFlags } from './runtime.mjs';

const MAIN = resolve(root, 'src/main.ts');

/** Signals that mean something to the gateway: drain, reload, and whatever it does on SIGUSR2. */
const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * npm runs a script in a shell, and on SIGTERM that shell dies without a word to us. So under npm we stay, and take the loss of our
 * parent for a SIGTERM. Without npm it means nothing: whoever started us in the background may leave.
 */
const startedByNpm = process.env.npm_lifecycle_event !== undefined;
const PARENT_CHECK_MS = 250;

async function main() {
  const [file, args] = programOf(process.argv.slice(2));
  const isNew = await ensureInstalled({ withDevelopment: false });
  const bun = await findBun();
  if (isNew) await bundleNow(bun);
  const bunArgs = [...runtimeFlags, file === MAIN ? await mainProgram(bun, args) : file, ...args];

  // Node 22.15 and newer, not on Windows; Bun found on PATH has no path to exec.
  const canExec = process.execve !== undefined && process.platform !== 'win32' && bun !== 'bun';
  if (canExec && !startedByNpm) process.execve(bun, [bun, ...bunArgs], runtimeEnvironment);
  await runAsChild(bun, bunArgs);
}

/** The sources, or the bundle of them where there is one; a gateway that starts without one has it made for the next time. */
async function mainProgram(bun, [command]) {
  const bundle = freshBundle(bun);
  if (bundle === undefined && command === 'start') await bundleLater(bun);
  return bundle ?? MAIN;
}

/** The file to run and its arguments. */
function programOf(argv) {
  if (argv[0] !== 'run') return [MAIN, argv];
  if (argv[1] === undefined) throw new Error('usage: gatehouse run FILE [ARGUMENTS…]');
  return [resolve(root, argv[1]), argv.slice(2)];
}

/** Runs Bun as a child with our terminal, passes signals on, and ends as it ends. */
async function runAsChild(bun, bunArgs) {
  const { spawn } = await import('node:child_process');
  const { constants } = await import('node:os');
  const { isatty } = await import('node:tty');

  // `--no-orphans`: if we are killed without a chance to say so, Bun ends as well, and with it what it started.
  const child = spawn(bun, ['--no-orphans', ...bunArgs], { env: runtimeEnvironment, stdio: 'inherit' });
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us. A second one may mean "now!", so it is not passed on twice.
      if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal);
    });
  }
  if (startedByNpm) {
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, PARENT_CHECK_MS).unref();
  }
  child.on('error', (error) => fail(`cannot start ${bun}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
    if (signal === null) return;
    // Die of the same signal, so whoever waits for us sees the truth; the exit code stands where the signal does not end us.
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`gatehouse: ${message}\n`);
  process.exitCode = 1;
}

main().catch((error) => fail(error.message));
