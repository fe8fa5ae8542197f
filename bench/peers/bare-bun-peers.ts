/* The two bare Bun peers of bare-bun.ts. */
import { type ChildOptions, freePort, SUBJECT_CORE } from '../measure/children.ts';
import { type Peer, type PeerDefinition, type PeerSetup, startPeer } from './peer.ts';

export const bareBunServer: PeerDefinition = {
  name: 'bare Bun server',
  about: 'Bun.serve that reads the body and answers constant bytes',
  version: async () => Bun.version,
  start: (setup) => startBareBun('server', setup),
};

export const bareBunProxy: PeerDefinition = {
  name: 'bare Bun proxy',
  about: 'Bun.serve + fetch, native pass-through',
  version: async () => Bun.version,
  waysToStart: [{ name: 'bun bare-bun.ts proxy', options: (setup, port) => options('proxy', setup, port) }],
  start: (setup) => startBareBun('proxy', setup),
};

async function startBareBun(mode: 'server' | 'proxy', setup: PeerSetup): Promise<Peer> {
  const port = freePort();
  return await startPeer({ name: `bare Bun ${mode}`, port, readyPath: '/bench/count' }, options(mode, setup, port));
}

function options(mode: 'server' | 'proxy', setup: PeerSetup, port: number): ChildOptions {
  const script = new URL('bare-bun.ts', import.meta.url).pathname;
  return {
    command: [process.execPath, script, mode, String(port), String(setup.upstreamPort)],
    core: SUBJECT_CORE,
    // Bun's fetch runs 256 requests at a time unless this is set before the process starts.
    env: { BUN_CONFIG_MAX_HTTP_REQUESTS: '65535' },
    outputPath: `${setup.scratch}/bare-bun-${mode}-${port}.log`,
  };
}
