/*
 * What the launcher and the test runner share: which Bun to run, with which environment and flags, and whether what
 * package-lock.json asks for is installed. Node built-ins only, for it runs before anything is installed; and few of them,
 * for it is in the way of every start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * `fetch` in Bun keeps requests waiting beyond 256 at a time, unless this is in the environment before the process starts.
 * 65535 is the most that Bun takes (it refuses to start with more), and costs no memory: so nobody needs another value.
 */
export const runtimeEnvironment = { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: '65535' };

/** Flags for a program of ours: the project's bunfig.toml and no other (it says why, line by line). */
export const runtimeFlags = [`--config=${join(root, 'bunfig.toml')}`];

const VERSION_MIN = [1, 4];

/**
 * The path of Bun: from the package of this platform, else from PATH when new enough. Throws an Error whose message says what
 * to do. It asks npm's own layout through `require.resolve`, so it is found beside us, above us (npx, global) and hoisted.
 */
export async function findBun() {
  const require = createRequire(import.meta.url);
  for (const name of packageNames(process.platform, process.arch)) {
    try {
      return require.resolve(`${name}/bin/${process.platform === 'win32' ? 'bun.exe' : 'bun'}`);
    } catch {
      // Not this one: npm installs only the package that fits.
    }
  }
  const version = await versionOnPath();
  if (version !== undefined && isNewEnough(version)) return 'bun';
  throw new Error(
    [
      `no Bun for ${process.platform} ${process.arch}${version === undefined ? '' : ` (the one on PATH is ${version})`}.`,
      'It comes with `npm install --include=optional`;',
      `or put Bun ${VERSION_MIN.join('.')} or newer on PATH (https://bun.com).`,
    ].join(' '),
  );
}

/** Packages that may hold Bun for a platform, likeliest first. npm picks glibc or musl by itself. */
export function packageNames(platform, arch) {
  const system = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[platform];
  const processor = { x64: 'x64', arm64: 'aarch64' }[arch];
  if (system === undefined || processor === undefined) return [];
  const name = `@oven/bun-${system}-${processor}`;
  if (system !== 'linux') return [name];
  // Both are there only when someone forced it (`npm install --force`, a copied tree): then the C library decides.
  return existsSync(`/lib/ld-musl-${arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`) ? [`${name}-musl`, name] : [name, `${name}-musl`];
}

async function versionOnPath() {
  const { spawnSync } = await import('node:child_process');
  const { status, stdout } = spawnSync('bun', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Whether a version (`1.4.5`) is at least VERSION_MIN. */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
}

/**
 * Installs what package-lock.json asks for, unless it is there; `withDevelopment` counts the tools for tests and checks too. Says whether it did.
 * Throws when npm fails. Without a lock file we were installed as a package ourselves, and npm has done it already.
 */
export async function ensureInstalled({ withDevelopment }) {
  const wanted = readLock(join(root, 'package-lock.json'));
  if (wanted === undefined) return false;
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (isInstalled(wanted, installed, withDevelopment)) return false;

  process.stderr.write('gatehouse: installing dependencies with npm ci\n');
  // Someone who has the tools keeps them, though a start alone would not need them.
  const keepsDevelopment = withDevelopment || Object.values(installed ?? {}).some((entry) => entry.dev === true);
  // Every choice is said, so neither NODE_ENV nor an .npmrc changes it. No package of ours needs an install script.
  const flags = ['--include=optional', keepsDevelopment ? '--include=dev' : '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(['ci', '--loglevel=error', ...flags]);
  return true;
}

/** The packages of a lock file by path, or undefined when there is none. */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${error.message}`, { cause: error });
  }
}

/**
 * Whether each wanted package is installed at its version. Content is compared, not file times: those say nothing after a copy
 * or a container build, where a needless `npm ci` could not even reach the network.
 */
export function isInstalled(wanted, installed, withDevelopment) {
  if (installed === undefined) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    // Optional packages of other platforms are missing, and so may the development ones be.
    const mayBeMissing = entry.optional || entry.devOptional || (entry.dev && !withDevelopment);
    if (found === undefined ? !mayBeMissing : found.version !== entry.version) return false;
  }
  return true;
}

/** Runs npm in the project's folder; its output goes to standard error, for standard output belongs to the command. */
async function npm(args) {
  const { spawnSync } = await import('node:child_process');
  // Under `npm start` the variable names the npm that runs us. On Windows npm is a script, which only a shell can start.
  const ownNpm = process.env.npm_execpath?.endsWith('npm-cli.js') ? process.env.npm_execpath : undefined;
  const [command, commandArgs] = ownNpm === undefined ? ['npm', args] : [process.execPath, [ownNpm, ...args]];
  const { status, error } = spawnSync(command, commandArgs, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: ownNpm === undefined && process.platform === 'win32',
  });
  if (error !== undefined) throw new Error(`cannot run npm: ${error.message}`, { cause: error });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed with exit code ${status}`);
}
