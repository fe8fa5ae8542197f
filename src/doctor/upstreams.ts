/*
 * Providers and services, asked as the gateway itself would ask them: by the same transport, under the same rules about addresses, with the
 * credential that is configured. A provider is asked for its models, which costs nothing; a service for its health path.
 */

import { type Abortable, withDeadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { createRouter, type Provider } from '../routing/router.ts';
import type { Transport } from '../upstream/transport/transport.ts';
import { TransportError } from '../upstream/transport/transport-error.ts';
import { withOverrides } from '../upstream/upstream-config.ts';
import { type Finding, fail, ok, shown, skipped, warn } from './finding.ts';

const ANSWER_MS_MAX = 4_000;
const SLOW_MS = 1_000;
const BODY_BYTES_MAX = 4 * 1_048_576;
const SKEW_MS_MAX = 60_000;
/** Addresses that are asked at once, and in all. */
const LANES = 16;
const PROBES_MAX = 200;

export type ProbeOutcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly durationMs: number;
      readonly dateMs: number | undefined;
      readonly body: Uint8Array;
    }
  | { readonly kind: 'silent'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly fault: string; readonly reason: string };

export interface ProbeDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: Abortable;
}

interface Probe {
  readonly baseUrl: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly settings: { readonly pool: Config['upstream']['pool']; readonly allow_private: boolean; readonly proxy?: string | undefined };
  /** POST with this body; default: GET. */
  readonly body?: Uint8Array;
}

export async function examineUpstreams(config: Config, deps: ProbeDeps): Promise<Finding[]> {
  const router = createRouter(config);
  const providers = [...router.providers.values()].flatMap((provider) =>
    provider.urls.map((url) => async (): Promise<Finding[]> => {
      const headers = { accept: 'application/json', 'accept-encoding': 'identity', ...router.credentialOf(provider) };
      const outcome = await probe({ baseUrl: url, url: `${url}/models`, headers, settings: provider.upstream }, deps);
      return judgeProvider({ provider, url, wanted: modelsOf(config, provider), nowMs: deps.clock.now() }, outcome);
    }),
  );
  const services = Object.entries(config.services).flatMap(([name, service]) =>
    service.urls.map((url) => async (): Promise<Finding[]> => {
      const settings = withOverrides(config.upstream, service);
      const outcome = await probe(
        { baseUrl: url, url: new URL(settings.health.path ?? '/', url).href, headers: service.headers, settings },
        deps,
      );
      return [judgeService({ name, url, healthPath: settings.health.path }, outcome)];
    }),
  );
  const probes = [...providers, ...services];
  if (probes.length === 0)
    return [
      warn('upstreams', {
        seen: 'no provider and no service is configured',
        todo: 'set providers or services, or OPENAI_API_KEY, MAX_SERVE_URL, PRICING_SERVICE_URL …',
      }),
    ];
  const left = probes.length - PROBES_MAX;
  return [
    ...(await inLanes(probes.slice(0, PROBES_MAX))),
    ...(left > 0 ? [skipped('upstreams', `${left} further addresses were not asked`)] : []),
    ...backups(config),
  ];
}

async function inLanes(work: readonly (() => Promise<Finding[]>)[]): Promise<Finding[]> {
  const results: Finding[][] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < work.length; index = next++) results[index] = (await work[index]?.()) ?? [];
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results.flat();
}

/** Asks once. Never rejects. */
export async function probe(
  { baseUrl, url, headers, settings, body }: Probe,
  { transport, clock, signal }: ProbeDeps,
): Promise<ProbeOutcome> {
  const startMs = clock.monotonic();
  using deadline = withDeadline(signal, { deadlineMs: ANSWER_MS_MAX, clock, reason: () => new Error('no answer') });
  try {
    using connector = transport.connector(baseUrl, {
      pool: { ...settings.pool, keep_alive: 0 },
      allowPrivate: settings.allow_private,
      proxy: settings.proxy,
    });
    const request = { url, method: body === undefined ? 'GET' : 'POST', headers, body: body ?? null };
    const reply = await connector.send(request, deadline.signal);
    const date = Date.parse(reply.headers.get('date') ?? '');
    const bytes = await reply.bytes(BODY_BYTES_MAX);
    return {
      kind: 'answered',
      status: reply.status,
      durationMs: clock.monotonic() - startMs,
      dateMs: Number.isNaN(date) ? undefined : date,
      body: bytes,
    };
  } catch (error) {
    if (deadline.signal.aborted) return { kind: 'silent', afterMs: ANSWER_MS_MAX };
    if (error instanceof TransportError) return { kind: 'failed', fault: error.fault, reason: error.message };
    if (error instanceof GatewayError || error instanceof TypeError) return { kind: 'failed', fault: 'forbidden', reason: error.message };
    throw error;
  }
}

/** What to do about a connection that did not come about. */
const FAULT_TODO: Readonly<Record<string, string>> = {
  refused: 'start it, or correct its address: nobody listens there',
  dns: 'correct the host name, or the DNS of this machine (in a container: the service name and the network)',
  tls: 'renew its certificate, correct http/https in the address, or name your authority in NODE_EXTRA_CA_CERTS',
  reset: 'look into its log: it breaks the connection',
  protocol: 'correct the address: something else than HTTP answers there',
  forbidden: 'correct the address, or set allow_private to true for it',
};

function unreachable(
  id: string,
  { subject, setting, url }: { subject: string; setting: string; url: string },
  outcome: Exclude<ProbeOutcome, { kind: 'answered' }>,
): Finding {
  if (outcome.kind === 'silent')
    return fail(id, {
      subject,
      seen: `${shown(url)} takes the request and does not answer within ${Math.round(outcome.afterMs / 100) / 10} s`,
      todo: `look into its log; if it needs long to wake up, keep it awake; else correct ${setting}`,
    });
  return fail(id, {
    subject,
    seen: `${shown(url)}: ${outcome.reason} [${outcome.fault}]`,
    todo: `${FAULT_TODO[outcome.fault] ?? 'correct its address'} (${setting})`,
  });
}

interface ProviderInput {
  readonly provider: Provider;
  readonly url: string;
  /** Models that the configuration expects there. */
  readonly wanted: readonly string[];
  readonly nowMs: number;
}

/** Pure. */
export function judgeProvider({ provider, url, wanted, nowMs }: ProviderInput, outcome: ProbeOutcome): Finding[] {
  const { name } = provider;
  const setting = `providers.${name}.base_url`;
  if (outcome.kind !== 'answered') return [unreachable('provider', { subject: name, setting, url }, outcome)];
  const { status, durationMs } = outcome;
  const key = provider.definition.keyVariable ?? `providers.${name}.api_key`;
  if (status === 401 || status === 403) {
    const has = provider.config.api_key === undefined ? 'asks for a credential, and none is configured' : 'refuses our credential';
    return [
      fail('provider', {
        subject: name,
        seen: `${shown(url)} ${has} (${status})`,
        todo: `set ${key} (providers.${name}.api_key) to a key that is valid there`,
      }),
    ];
  }
  if (status === 429)
    return [
      warn('provider', {
        subject: name,
        seen: `${shown(url)} says that we ask too often (429)`,
        todo: 'raise the quota there, or add another target to the models it serves',
      }),
    ];
  if (status >= 500)
    return [fail('provider', { subject: name, seen: `${shown(url)} is there and fails (${status})`, todo: 'look into its log' })];
  // Some servers have no list of models: they are there, and take our key or need none.
  if (status !== 200)
    return [
      warn('provider', {
        subject: name,
        seen: `${shown(url)}/models answers ${status}: perhaps the version path is missing`,
        todo: `set ${setting} with its version path, such as http://HOST:8000/v1`,
      }),
      ...skew(name, outcome.dateMs, nowMs),
    ];
  const told = `${shown(url)} answers in ${Math.round(durationMs)} ms`;
  const reached =
    durationMs > SLOW_MS
      ? warn('provider', {
          subject: name,
          seen: `${told}, which is slow for a list of models`,
          todo: 'look at the way there: DNS, proxy, region',
        })
      : ok('provider', told, name);
  return [reached, ...missingModels(name, wanted, listed(outcome.body)), ...skew(name, outcome.dateMs, nowMs)];
}

function modelsOf(config: Config, provider: Provider): string[] {
  return Object.entries(config.models).flatMap(([name, { targets }]) =>
    targets.flatMap((target) => (target.provider === provider.name ? [target.model ?? name] : [])),
  );
}

/** Undefined when it is no list of models. */
function listed(body: Uint8Array): ReadonlySet<string> | undefined {
  try {
    const { data } = JSON.parse(new TextDecoder().decode(body)) as { data?: unknown };
    if (!Array.isArray(data)) return undefined;
    return new Set(
      data.flatMap((entry: unknown) =>
        typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string' ? [entry.id] : [],
      ),
    );
  } catch {
    return undefined;
  }
}

function missingModels(provider: string, wanted: readonly string[], there: ReadonlySet<string> | undefined): Finding[] {
  if (there === undefined)
    return [
      warn('provider.models', {
        subject: provider,
        seen: 'it answers, but not with a list of models',
        todo: `set providers.${provider}.base_url with its version path, such as http://HOST:8000/v1`,
      }),
    ];
  // A name without a tag means its latest one, for servers that have tags.
  const missing = wanted.filter((model) => !there.has(model) && !there.has(`${model}:latest`));
  if (missing.length === 0)
    return wanted.length === 0 ? [] : [ok('provider.models', `it has the ${wanted.length} models that are expected of it`, provider)];
  return [
    warn('provider.models', {
      subject: provider,
      seen: `it does not list ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
      todo: 'correct the target’s `model`, or load the model there',
    }),
  ];
}

/** The `Date` header has whole seconds, and a proxy may have kept it: only a gross difference says something. */
function skew(subject: string, dateMs: number | undefined, nowMs: number): Finding[] {
  if (dateMs === undefined || Math.abs(dateMs - nowMs) <= SKEW_MS_MAX) return [];
  const seconds = Math.round(Math.abs(dateMs - nowMs) / 1_000);
  return [
    warn('clock.upstream', {
      subject,
      seen: `its clock is ${seconds} s ${dateMs > nowMs ? 'ahead of' : 'behind'} ours`,
      todo: 'set the clock by NTP (timedatectl set-ntp true): tokens and certificates depend on it',
    }),
  ];
}

/** Pure. */
export function judgeService(
  { name, url, healthPath }: { name: string; url: string; healthPath: string | undefined },
  outcome: ProbeOutcome,
): Finding {
  const setting = `services.${name}.urls`;
  if (outcome.kind !== 'answered') return unreachable('service', { subject: name, setting, url }, outcome);
  const { status, durationMs } = outcome;
  const told = `${shown(url)} answers ${status} in ${Math.round(durationMs)} ms`;
  if (status >= 500) return fail('service', { subject: name, seen: told, todo: 'look into its log' });
  if (healthPath === undefined)
    return warn('service', {
      subject: name,
      seen: `${told}; no health path is set, so it is found dead by the requests that fail`,
      todo: `set services.${name}.health.path (or upstream.health.path), such as /health`,
    });
  if (status === 401 || status === 403)
    return fail('service', {
      subject: name,
      seen: `${told} at ${healthPath}`,
      todo: `set services.${name}.headers to a credential that is valid there, or another health.path`,
    });
  if (status < 200 || status >= 300)
    return fail('service', {
      subject: name,
      seen: `${told} at ${healthPath}: the health checks take it out of service`,
      todo: `set services.${name}.health.path to a path that answers 2xx`,
    });
  if (durationMs > SLOW_MS)
    return warn('service', {
      subject: name,
      seen: `${told}, which is slow for a health check`,
      todo: 'look at the way there, and at its load',
    });
  return ok('service', told, name);
}

/** What stands alone: nobody takes over from it. */
function backups(config: Config): Finding[] {
  if (config.server.environment !== 'production') return [];
  const alone = Object.entries(config.models)
    .filter(([, { targets }]) => targets.length === 1)
    .map(([name]) => name);
  if (alone.length === 0) return [];
  return [
    warn('models.fallback', {
      seen: `${alone.slice(0, 5).join(', ')}${alone.length > 5 ? ` and ${alone.length - 5} more` : ''} ${alone.length === 1 ? 'has' : 'have'} one target: when it is down, so ${alone.length === 1 ? 'is the model' : 'are the models'}`,
      todo: 'add a target with `priority: 1` to models.NAME.targets',
    }),
  ];
}
