/*
 * Everything that the demo plays on: two model servers and every AI service, simulated, each on a port of its own; the gateway before them;
 * and, once a step asks for it, a second gateway before AIVillage's services, whose paths the first one answers itself.
 */

import type { Clock } from '../../base/clock.ts';
import { SIMULATOR_DEFAULTS, type SimulatorOptions } from '../../simulate/options.ts';
import { SERVICES } from '../../simulate/services/catalog.ts';
import { createSimulator, type Simulator } from '../../simulate/simulator.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type Deed, JWT_SECRET, KEYS, type Recipient } from './step.ts';

export interface Stage extends AsyncDisposable {
  /** Where somebody is; starts the second gateway when it is asked for first. */
  urlOf(recipient: Recipient): Promise<string>;
  /** Does it; returns what a person would do, as a line. */
  act(deed: Deed): Promise<string>;
  /** Takes every deed back, and makes every breaker forget. */
  heal(): Promise<void>;
  /** Of the first gateway. */
  findLog(matches: (line: string) => boolean): string | undefined;
}

export interface StageDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Fast enough not to bore, slow enough to see a stream arrive. */
const MODEL_PACE = { firstTokenMs: 30, tokensPerSecond: 300 };

/** Behind the second gateway; the first answers `/v1/chat` and `/v1/query` itself. */
const VILLAGE = new Set(['twin', 'agent_controller', 'knowledge_system']);
/** In the file, with its one path: its variable would take all of `/api/*`, of which the first gateway answers much itself. */
const NARROWED = new Set(['stillme']);

/** Resolves when the gateway serves. */
export async function openStage(deps: StageDeps): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const servers = new Map<Recipient, Server>();
  const add = (name: string, more: Partial<SimulatorOptions>): void => {
    servers.set(name, opened.use(new Server({ ...SIMULATOR_DEFAULTS, ...more }, deps.clock)));
  };
  add('primary', { behaviour: MODEL_PACE });
  add('backup', { behaviour: MODEL_PACE, seed: 2 });
  for (const { name } of SERVICES) add(name, { service: name });

  const urlOfServer = (name: Recipient): string => serverNamed(servers, name).url;
  const start = (config: object, names: (name: string) => boolean): Promise<GatewayProcess> =>
    startGatewayProcess({ config, variables: variablesOf(names, urlOfServer), environment: deps.environment }, deps);
  const gateway = opened.use(await start(mainConfig(urlOfServer), (name) => !VILLAGE.has(name) && !NARROWED.has(name)));
  let village: Promise<GatewayProcess> | undefined;
  const closers = opened.move();
  return {
    async urlOf(recipient) {
      if (recipient === 'gateway') return gateway.url;
      if (recipient !== 'village') return urlOfServer(recipient);
      village ??= start(villageConfig(), (name) => VILLAGE.has(name)).then((started) => closers.use(started));
      return (await village).url;
    },
    act: (deed) => act(deed, servers),
    async heal() {
      for (const server of servers.values()) await server.heal();
      for (const { url } of [gateway, ...(village === undefined ? [] : [await village])]) await resetBreakers(url, deps.signal);
    },
    findLog: (matches) => gateway.findLog(matches),
    [Symbol.asyncDispose]: () => closers.disposeAsync(),
  };
}

/** The documented variables of the services that `names` picks. */
function variablesOf(names: (name: string) => boolean, urlOf: (name: string) => string): Record<string, string> {
  return Object.fromEntries(SERVICES.flatMap(({ name, variable }) => (names(name) ? [[variable, urlOf(name)]] : [])));
}

/** A simulated server that can be stopped, and started again where it was. */
class Server implements AsyncDisposable {
  readonly url: string;
  readonly #options: SimulatorOptions;
  readonly #clock: Clock;
  #running: Simulator | undefined;

  constructor(options: SimulatorOptions, clock: Clock) {
    this.#clock = clock;
    this.#running = createSimulator(options, { clock });
    this.url = this.#running.url;
    this.#options = { ...options, port: this.#running.port };
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  start(): void {
    this.#running ??= createSimulator(this.#options, { clock: this.#clock });
  }

  async heal(): Promise<void> {
    this.start();
    await this.control('fault', { fault: '' });
  }

  /** Tells it something; see src/simulate/control.ts. */
  async control(what: string, body: object): Promise<void> {
    const reply = await fetch(`${this.url}/__sim/${what}`, { method: 'POST', body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`the simulator refused '${what}': ${await reply.text()}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function serverNamed(servers: ReadonlyMap<Recipient, Server>, name: Recipient): Server {
  const server = servers.get(name);
  if (server === undefined) throw new Error(`there is no server '${name}' on the stage`);
  return server;
}

async function act(deed: Deed, servers: ReadonlyMap<Recipient, Server>): Promise<string> {
  switch (deed.kind) {
    case 'fault': {
      const { at, fault, path = '/' } = deed;
      const server = serverNamed(servers, at);
      await server.control('fault', { fault, path });
      return `curl -sS ${server.url}/__sim/fault --data-raw '${JSON.stringify({ fault, path })}'`;
    }
    case 'forget': {
      const server = serverNamed(servers, deed.server);
      await server.control('reset', {});
      return `curl -sS -X POST ${server.url}/__sim/reset`;
    }
    case 'stop':
      await serverNamed(servers, deed.server).stop();
      return `# '${deed.server}' is stopped: its port is closed`;
    case 'start':
      serverNamed(servers, deed.server).start();
      return `# '${deed.server}' is started again`;
  }
}

async function resetBreakers(url: string, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${KEYS.admin}` };
  const board = (await (await fetch(`${url}/circuit-breakers`, { headers, signal })).json()) as Record<string, { failure_count: number }>;
  for (const [name, { failure_count }] of Object.entries(board)) {
    if (failure_count > 0) await fetch(`${url}/circuit-breakers/${encodeURIComponent(name)}/reset`, { method: 'POST', headers, signal });
  }
}

const AUTH = {
  keys: [
    { name: 'standard', key: KEYS.standard },
    { name: 'admin', key: KEYS.admin, tier: 'admin', admin: true },
    { name: 'developer', key: KEYS.developer, tier: 'developer' },
    { name: 'limited', key: KEYS.limited },
  ],
  jwt: { secret: JWT_SECRET },
};

/** Nobody wants to watch a breaker for a minute, or to wait ten seconds for a probe. */
const IMPATIENT = {
  breaker: { failure_threshold: 5, success_threshold: 2, first_timeout: '1s', timeout: '2s' },
  health: { interval: '250ms', timeout: '1s', unhealthy_after: 1, healthy_after: 1 },
};

function villageConfig(): object {
  return { auth: AUTH, upstream: IMPATIENT };
}

function mainConfig(urlOf: (name: string) => string): object {
  const model = (name: string) => ({
    targets: [
      { provider: 'primary', model: name },
      { provider: 'backup', model: name, priority: 1 },
    ],
  });
  // Of this kind, because it answers both OpenAI's API and Ollama's, as the simulator does.
  const provider = (name: string) => ({ type: 'ollama', base_url: `${urlOf(name)}/v1`, health: { path: '/health' } });
  return {
    auth: AUTH,
    upstream: IMPATIENT,
    screening: { xss: 'block', sql_injection: 'block' },
    cache: { routes: [{ match: '/v1/chat/completions', ttl: '5m' }] },
    limits: { tiers: { developer: {}, admin: {} }, routes: [{ match: '/api/search', per_second: 5, by: 'ip' }] },
    providers: { primary: provider('primary'), backup: provider('backup') },
    models: { 'llama-3.3-8b-instruct': model('llama-3.3-8b-instruct'), 'nomic-embed-text': model('nomic-embed-text') },
    services: { stillme: { urls: [urlOf('stillme')], routes: ['POST /api/search'], health: { path: '/health' } } },
  };
}
