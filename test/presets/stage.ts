/*
 * A preset on the stage its document sets: the gateway on a free port, with the documented variables, and real servers (simulated services, a
 * Redis, the health of a Qdrant) where these say. Commands of the document reach it at the documented port.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVICES } from '../../src/simulate/services/catalog.ts';
import { type CurlShell, createCurlShell } from '../harness/curl.ts';
import { eventually } from '../harness/eventually.ts';
import { startGatehouse } from '../harness/process.ts';
import { type RedisProcess, startRedis } from '../harness/redis.ts';
import { ORIGINALS, type Original, portOf, variablesOf } from './originals.ts';

export interface Backstage extends AsyncDisposable {
  readonly redis: RedisProcess;
  /** Where a simulated service is; `models` are the LLM servers. */
  url(name: string): string;
}

/** What is behind every gateway: each simulated service on a port of its own. */
export async function startBackstage(): Promise<Backstage> {
  await using cleanup = new AsyncDisposableStack();
  const last = SERVICES.at(-1)?.name ?? '';
  const simulators = cleanup.use(
    await startGatehouse(['simulate', '--each', '--port', '0', '--quiet'], { readyPattern: new RegExp(`^${last}: simulator ready`) }),
  );
  const redis = cleanup.use(await startRedis());
  const urls = new Map(
    simulators.stdout.map((line) => /^([\w-]+): simulator ready at (\S+)/.exec(line)).map((found) => [found?.[1], found?.[2]]),
  );
  const opened = cleanup.move();
  return {
    redis,
    url(name) {
      const url = urls.get(name);
      if (url === undefined) throw new Error(`there is no simulated ${name}`);
      return url;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

export interface Stage extends AsyncDisposable {
  readonly original: Original;
  readonly url: string;
  readonly shell: CurlShell;
  /** Lines of JSON that the gateway has logged. */
  logs(): Record<string, unknown>[];
}

/** The key of the village's stage: its own document's is refused in production. */
export const VILLAGE_KEY = 'sk-of-our-own-0000001';

/** Where the stage departs from the documented values. */
const OWN_VARIABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Its examples of custom keys replace the keys that its commands use.
  'ai-platform': { API_KEYS: '' },
  // Its production settings: the document's own secrets are refused there.
  aivillage: {
    ENVIRONMENT: 'production',
    GATEWAY_HOST: '127.0.0.1',
    API_KEY: VILLAGE_KEY,
    SECRET_KEY: 'a-secret-of-our-own-000000000001',
    CORS_ORIGINS: 'https://your-domain.com,https://api.your-domain.com',
  },
};

/** Starts one, and waits until it knows that all behind it is well. */
export async function setStage(preset: string, backstage: Backstage): Promise<Stage> {
  const original = ORIGINALS.find((one) => one.preset === preset);
  if (original === undefined) throw new Error(`there is no document of ${preset}`);
  await using cleanup = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'gatehouse-stage-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
  const qdrant = startQdrant();
  cleanup.defer(() => qdrant.stop(true));
  // Limits and replies of one stage are not the next one's.
  const prefix = `${preset}-${crypto.randomUUID()}:`;
  // A machine that is busy with other tests is no Redis that is down.
  const state = ['--set', `state.prefix=${prefix}`, '--set', 'state.timeout=5s'];
  const gateway = cleanup.use(
    await startGatehouse(['start', '--preset', preset, '--port', '0', ...state], {
      readyPattern: /API\s+(http:\/\/([\d.]+):\d+)\/v1/,
      env: { HOME: home, ...environmentOf(original, backstage, qdrant.url.origin) },
    }),
  );
  const url = gateway.ready[1] ?? '';
  // The AI microservices are not probed: nothing is known of one that was not called.
  await allIsWell(url, { isProbed: preset !== 'ai-microservices' });
  const ports = new Map([
    [portOf(original), url],
    // "Test new version": the one that is started beside the old, in its place.
    [8081, url],
    [1216, backstage.url('stillme')],
    [11434, backstage.url('models')],
  ]);
  const shell = cleanup.use(await createCurlShell(ports));
  const opened = cleanup.move();
  return { original, url, shell, logs: () => gateway.stdout.flatMap(parseLog), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The documented variables with their documented values, but for addresses: those are where the servers of the test are. */
function environmentOf(original: Original, backstage: Backstage, qdrant: string): Record<string, string> {
  const places: Record<string, string> = {
    REDIS_URL: `${backstage.redis.url}/0`,
    QDRANT_URL: qdrant,
    OLLAMA_BACKEND: backstage.url('models'),
    MAX_SERVE_URL: backstage.url('models'),
    ...Object.fromEntries(SERVICES.map(({ name, variable }) => [variable, backstage.url(name)])),
  };
  const documented = new Map(variablesOf(original).map(({ name, fallback }) => [name, places[name] ?? fallback ?? '']));
  // Its document names them as machines (`docker compose exec gateway ping qdrant`), and leaves the variables to an example file.
  if (original.preset === 'ai-platform')
    for (const name of ['REDIS_URL', 'QDRANT_URL', 'MAX_SERVE_URL']) documented.set(name, places[name] ?? '');
  const all = { ...Object.fromEntries(documented), ...OWN_VARIABLES[original.preset] };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** A Qdrant, as far as health goes. */
function startQdrant() {
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => (request.url.endsWith('/readyz') ? new Response('all shards are ready') : new Response(null, { status: 404 })),
  });
}

interface Health {
  readonly status: string;
  readonly checks: Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, { readonly status: string }>>;
}

/** Waits until all is known to be well: first answers count a service that was not asked yet as working. */
async function allIsWell(url: string, { isProbed }: { readonly isProbed: boolean }): Promise<void> {
  let last: unknown;
  try {
    await eventually(
      async () => {
        const health = (await (await fetch(`${url}/health`)).json()) as Health;
        last = health;
        const known = [...Object.values(health.checks), ...(isProbed ? Object.values(health.services).map(({ status }) => status) : [])];
        return health.status === 'healthy' && known.every((word) => word === 'ok' || word === 'healthy');
      },
      { what: 'all being well', timeoutMs: 15_000, intervalMs: 50 },
    );
  } catch (error) {
    throw new Error(`the last answer was ${JSON.stringify(last)}`, { cause: error });
  }
}

function parseLog(line: string): Record<string, unknown>[] {
  return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
}
