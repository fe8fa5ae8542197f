/*
 * A real PostgreSQL for tests: on a port of its own, its data in a folder of its own, to be stopped, frozen, killed and brought back on the same port.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQL } from 'bun';
import { freePort } from './free-port.ts';
import { type StartedProcess, startProcess } from './process.ts';

export interface PostgresProcess extends AsyncDisposable {
  readonly port: number;
  /** Makes an empty database; resolves with its URL. */
  createDatabase(): Promise<string>;
  /** Ends all of it at once (SIGKILL, as when the machine is switched off) and waits. */
  kill(): Promise<void>;
  /** Freezes every process of it: connections stay open, nothing answers. */
  pause(): void;
  resume(): void;
  /** Ends it if it runs, and starts it on the same port, with what it had stored. */
  restart(): Promise<void>;
}

export interface PostgresOptions {
  /** `name=value`, as on its command line. */
  readonly settings?: readonly string[];
  /** Given the folder before the server starts there: for certificates. */
  readonly prepare?: (folder: string) => Promise<void>;
}

/** Debian keeps them apart, by version, where no PATH looks. */
const DEBIAN_FOLDER = '/usr/lib/postgresql';

/**
 * Whether PostgreSQL's server is here. For `test.skipIf(!postgresAvailable())`. Throws when it is missing and GATEHOUSE_TEST_REQUIRE
 * (a comma list) names `postgres`.
 */
export function postgresAvailable(): boolean {
  if (programFolder() !== undefined) return true;
  const required = (process.env['GATEHOUSE_TEST_REQUIRE'] ?? '').split(',').map((name) => name.trim());
  if (required.includes('postgres')) throw new Error('GATEHOUSE_TEST_REQUIRE names postgres, but there is no PostgreSQL server here');
  return false;
}

const STARTS_MAX = 5;

/** Throws when it does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-postgres-'));
  const owner = ownerOf();
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const made = spawnSync(
    ...asOwner('initdb', ['-D', folder, '-U', 'gatehouse', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C']),
  );
  if (made.status !== 0) throw new Error(`initdb: ${String(made.stderr)}`);
  await options.prepare?.(folder);
  if (owner !== undefined) spawnSync('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);

  const first = await startOnFreePort(folder, options);
  const { port } = first;
  let { started } = first;
  let databases = 0;
  const kill = async () => {
    const pids = family(started.pid);
    for (const pid of pids) tryKill(pid, 'SIGKILL');
    await started.exited;
  };
  const signalAll = (signal: NodeJS.Signals) => {
    for (const pid of family(started.pid)) tryKill(pid, signal);
  };
  return {
    port,
    async createDatabase() {
      databases += 1;
      const name = `test_${databases}`;
      await using sql = new SQL(urlOf(port, 'postgres'), { max: 1, tls: false });
      await sql.unsafe(`CREATE DATABASE ${name}`);
      return urlOf(port, name);
    },
    kill,
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async restart() {
      await kill();
      started = await startOn(port, folder, options);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function urlOf(port: number, database: string): string {
  return `postgres://gatehouse@127.0.0.1:${port}/${database}`;
}

async function startOnFreePort(folder: string, options: PostgresOptions): Promise<{ port: number; started: StartedProcess }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = freePort();
    try {
      return { port, started: await startOn(port, folder, options) };
    } catch (error) {
      // Someone else took the port in between.
      if (attempt === STARTS_MAX) throw error;
    }
  }
}

function startOn(port: number, folder: string, { settings = [] }: PostgresOptions): Promise<StartedProcess> {
  // What a process of it wrote is with the system when it is killed: to wait for the disk proves nothing here.
  const all = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=60',
    'shared_buffers=16MB',
    ...settings,
  ];
  const [command, args] = asOwner('postgres', ['-D', folder, '-p', String(port), ...all.flatMap((setting) => ['-c', setting])]);
  return startProcess({ command, args, readyPattern: /database system is ready to accept connections/, timeoutMs: 30_000 });
}

/** The server refuses to run as root: then as the user that its package has made. */
function ownerOf(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(String(spawnSync('id', [flag, 'postgres']).stdout).trim());
  return { uid: id('-u'), gid: id('-g') };
}

function asOwner(program: string, args: readonly string[]): [command: string, args: string[]] {
  const path = join(programFolder() ?? '', program);
  const owner = ownerOf();
  if (owner === undefined) return [path, [...args]];
  return ['setpriv', [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', path, ...args]];
}

function programFolder(): string | undefined {
  const onPath = Bun.which('postgres');
  if (onPath !== null) return join(onPath, '..');
  const versions = foldersIn(DEBIAN_FOLDER).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN_FOLDER, version, 'bin')).find((folder) => Bun.which('postgres', { PATH: folder }) !== null);
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The server and the processes that it has made, one for each connection; the parent first, lest it make new ones. */
function family(pid: number): number[] {
  const children = String(spawnSync('pgrep', ['-P', String(pid)]).stdout);
  return [pid, ...children.split('\n').filter(Boolean).map(Number)];
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself in between.
  }
}
