/*
 * The bundle: all of src/main.ts with what it imports, in one file with its bytecode, from which a start takes half the CPU time (nearly a thousand files
 * need not be found, parsed and compiled). It is a cache and nothing else: made after an install, or in the background by a start that finds none; used while
 * every file that went into it is as it was, and never where GATEHOUSE_BUNDLE=off. Where it cannot be written, the sources are run.
 *
 * Node built-ins only, and few of them: this is in the way of every start.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, runtimeFlags } from './runtime.mjs';

const PROGRAM = join(root, 'bin', 'bundle-program.mjs');
const FOLDER = join(root, 'node_modules', '.cache', 'gatehouse');

/** `program`: the bundle's file. `stamps`: what it was made of, each `[path, milliseconds of its last change, bytes]`. */
export const MANIFEST = join(FOLDER, 'bundle.json');

/** What stands for the packages and for the runtime: their versions are in it. */
export function environmentFiles(bun) {
  return [bun, join(root, 'package.json'), join(root, 'package-lock.json'), join(root, 'node_modules', '.package-lock.json')];
}

/** `[path, milliseconds, bytes]`; zeros for what is not there. */
export function stampOf(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  return [path, found?.mtimeMs ?? 0, found?.size ?? 0];
}

/** The bundle's file, or undefined when there is none that is up to date. */
export function freshBundle(bun) {
  if (process.env.GATEHOUSE_BUNDLE === 'off') return undefined;
  try {
    const { program, stamps } = JSON.parse(readFileSync(MANIFEST, 'utf8'));
    const known = new Set(stamps.map(([path]) => path));
    const isFresh = [program, ...environmentFiles(bun)].every((path) => known.has(path)) && stamps.every(isAsItWas);
    return isFresh ? program : undefined;
  } catch {
    // None, or one that another release has made in another way.
    return undefined;
  }
}

function isAsItWas([path, changedMs, bytes]) {
  const [, changedNowMs, bytesNow] = stampOf(path);
  return changedNowMs === changedMs && bytesNow === bytes;
}

/** Makes it now, where that is possible: after an install, which takes its time anyway. */
export async function bundleNow(bun) {
  if (isOff(bun)) return;
  const { spawnSync } = await import('node:child_process');
  spawnSync(bun, [...runtimeFlags, PROGRAM], { stdio: 'ignore', cwd: root });
}

/** Has it made by a process of its own, which lets the gateway start first. */
export async function bundleLater(bun) {
  if (isOff(bun)) return;
  const { spawn } = await import('node:child_process');
  spawn(bun, [...runtimeFlags, PROGRAM, '--later'], { detached: true, stdio: 'ignore', cwd: root })
    .on('error', () => undefined)
    .unref();
}

/** Another Bun than ours may be exchanged at any time, without a file to tell by. */
function isOff(bun) {
  return process.env.GATEHOUSE_BUNDLE === 'off' || bun === 'bun';
}
