/*
 * Portkey's gateway, the other one in TypeScript: the npm package, run by Node as its own README says, headless, with nothing but
 * provider and upstream named. Installed on first use into bench/.cache; install scripts stay off.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { freePort, SUBJECT_CORE } from '../measure/children.ts';
import { type PeerDefinition, startPeer } from './peer.ts';

const VERSION = '1.15.2';
const CACHE = new URL('../.cache/portkey', import.meta.url).pathname;
const ENTRY = `${CACHE}/node_modules/@portkey-ai/gateway/build/start-server.js`;

export const portkey: PeerDefinition = {
  name: 'Portkey',
  about: `@portkey-ai/gateway ${VERSION} on Node, headless, no plugins`,
  async version() {
    if (Bun.which('node') === null) return undefined;
    return (existsSync(ENTRY) || (await install())) && existsSync(ENTRY) ? VERSION : undefined;
  },
  async start(setup) {
    const port = freePort();
    // It listens on every address and has no option for another: a bench stays on loopback.
    const loopback = `${setup.scratch}/portkey-loopback.cjs`;
    writeFileSync(loopback, LOOPBACK);
    return await startPeer(
      {
        name: 'Portkey',
        port,
        readyPath: '/',
        headers: { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${setup.upstreamPort}/v1` },
      },
      {
        command: ['node', '--require', loopback, ENTRY, `--port=${port}`, '--headless'],
        core: SUBJECT_CORE,
        env: { NODE_ENV: 'production' },
        errorsPath: `${setup.scratch}/portkey-${port}.log`,
      },
    );
  },
};

const LOOPBACK = `
const { Server } = require('node:net');
const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const callback = rest.find((value) => typeof value === 'function');
  return listen.call(this, { port, host: '127.0.0.1' }, callback);
};
`;

async function install(): Promise<boolean> {
  mkdirSync(CACHE, { recursive: true });
  const command = ['npm', 'install', '--prefix', CACHE, '--no-audit', '--no-fund', '--ignore-scripts', `@portkey-ai/gateway@${VERSION}`];
  const child = Bun.spawn(command, { cwd: CACHE, stdout: 'ignore', stderr: 'ignore' });
  return (await child.exited) === 0;
}
