/*
 * Ourselves, as `gatehouse start` runs, with every default policy on: see gateway.yaml. Its log is written at its default level
 * to /dev/null: lines are formatted and handed to the system, no disk is measured.
 */
import { existsSync } from 'node:fs';
import { type ChildOptions, freePort, SUBJECT_CORE } from '../measure/children.ts';
import { BENCH_KEY, type PeerDefinition, type PeerSetup, startPeer } from './peer.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

export const gatehouse: PeerDefinition = {
  name: 'Gatehouse',
  about: 'every default policy on: key, limits, breaker, metrics, log',
  async version() {
    if (!existsSync(`${ROOT}src/main.ts`)) return undefined;
    return ((await Bun.file(`${ROOT}package.json`).json()) as { version: string }).version;
  },
  waysToStart: [
    {
      name: 'npm start (through the launcher, from the bundle that an install makes)',
      options: (setup, port) => {
        Bun.spawnSync(['node', `${ROOT}bin/prepare.mjs`]);
        return options(['node', `${ROOT}bin/gatehouse.mjs`], setup, port);
      },
    },
    { name: 'bun src/main.ts start', options: (setup, port) => options([process.execPath, `${ROOT}src/main.ts`], setup, port) },
  ],
  async start(setup) {
    const port = freePort();
    return await startPeer(
      { name: 'Gatehouse', port, readyPath: '/livez' },
      options([process.execPath, `${ROOT}src/main.ts`], setup, port),
    );
  },
};

function options(program: readonly string[], setup: PeerSetup, port: number): ChildOptions {
  const config = new URL(`../${setup.config}.yaml`, import.meta.url).pathname;
  return {
    command: [...program, 'start', '--config', config, '--port', String(port)],
    core: SUBJECT_CORE,
    cwd: setup.scratch,
    env: {
      // The launcher sets this too: Bun's fetch runs 256 requests at a time without it.
      BUN_CONFIG_MAX_HTTP_REQUESTS: '65535',
      BENCH_KEY,
      BENCH_UPSTREAM_PORT: String(setup.upstreamPort),
      BENCH_SILENT_PORT: String(setup.silentPort),
      BENCH_CLOSED_PORT: String(freePort()),
    },
    errorsPath: `${setup.scratch}/gatehouse-${port}.log`,
  };
}
