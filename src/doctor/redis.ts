/*
 * Redis: reached, allowed, quick, and set up such that counters survive. One connection of our own, which is closed again; nothing is written but
 * a key that lives for a second.
 */

import { RedisClient } from 'bun';
import type { Abortable } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../config/safety.ts';
import { type Finding, fail, graver, ok, shown, skipped, warn } from './finding.ts';
import { dialRedis } from './redis-dial.ts';

const CONNECT_MS_MAX = 2_000;
const PINGS = 5;
/** Scripts with `TIME` before a write need effects replication: Redis 5, and every Valkey. */
const MAJOR_MIN = 5;
const SKEW_MS_MAX = 2_000;

export interface RedisFacts {
  readonly product: string;
  readonly version: string;
  /** Of the middle one of some pings. */
  readonly roundTripMs: number;
  /** The server's clock less ours. */
  readonly skewMs: number;
  /** Undefined where the server does not tell. */
  readonly evictionPolicy: string | undefined;
  readonly memoryBytesMax: number;
  readonly memoryBytesUsed: number;
  readonly isPersistent: boolean | undefined;
  readonly role: string;
  /** Why it may not be written to; undefined: it may. */
  readonly writeRefusal: string | undefined;
  /** Why news of breakers cannot be heard; undefined: they can. */
  readonly subscribeRefusal: string | undefined;
}

export type RedisOutcome = { readonly kind: 'answered'; readonly facts: RedisFacts } | { readonly kind: 'failed'; readonly reason: string };

/** Pure: the addresses that are configured, each once, with the settings that name it. */
export function redisUrls({ state }: Pick<Config, 'state'>): ReadonlyMap<string, readonly string[]> {
  const urls = new Map<string, string[]>();
  for (const setting of ['counters', 'cache'] as const) {
    const url = state[setting];
    if (url !== 'memory') urls.set(url, [...(urls.get(url) ?? []), `state.${setting}`]);
  }
  return urls;
}

export async function examineRedis(config: Config, deps: { readonly clock: Clock; readonly signal: Abortable }): Promise<Finding[]> {
  const urls = redisUrls(config);
  if (urls.size === 0) return [skipped('redis', 'no Redis is configured: counters and cache are in memory')];
  const outcomes = await Promise.all(
    [...urls].map(async ([url, settings]) => judgeRedis({ url, settings, config }, await probeRedis(url, config.state.prefix, deps))),
  );
  return outcomes.flat();
}

interface Judged {
  readonly url: string;
  readonly settings: readonly string[];
  readonly config: Config;
}

/** Pure. */
export function judgeRedis({ url, settings, config }: Judged, outcome: RedisOutcome): Finding[] {
  const where = shown(url);
  const named = settings.join(' and ');
  if (outcome.kind === 'failed')
    return [
      fail('redis.reached', {
        subject: where,
        seen: `${where} does not answer: ${outcome.reason}`,
        todo: `start it, or set ${named} (or REDIS_URL) to where it is; a password goes in as redis://:PASSWORD@HOST:6379`,
      }),
      ...way(url, config),
    ];
  const { facts } = outcome;
  const timeoutMs = config.state.timeout;
  const told = `${facts.product} ${facts.version} at ${where} answers in ${facts.roundTripMs.toFixed(1)} ms`;
  const findings: Finding[] = [];
  if (facts.roundTripMs * 4 > timeoutMs)
    findings.push(
      warn('redis.reached', {
        subject: where,
        seen: `${told}: calls are given up after ${timeoutMs} ms (state.timeout)`,
        todo: 'move Redis nearer, or raise state.timeout',
      }),
    );
  else findings.push(ok('redis.reached', told, where));
  if (Number.parseInt(facts.version, 10) < MAJOR_MIN)
    findings.push(
      fail('redis.version', {
        subject: where,
        seen: `${facts.product} ${facts.version} is too old for the scripts that count`,
        todo: 'take Redis 6 or newer, or Valkey',
      }),
    );
  if (facts.role !== 'master')
    findings.push(
      fail('redis.role', { subject: where, seen: 'it is a replica, which takes no writes', todo: `set ${named} to the primary` }),
    );
  if (facts.writeRefusal !== undefined)
    findings.push(
      fail('redis.write', {
        subject: where,
        seen: `nothing can be written: ${facts.writeRefusal}`,
        todo: `allow this user ~${config.state.prefix}* +@all in its ACL, or free memory`,
      }),
    );
  if (facts.subscribeRefusal !== undefined)
    findings.push(
      warn('redis.news', {
        subject: where,
        seen: `news of circuit breakers cannot be heard: ${facts.subscribeRefusal}`,
        todo: `allow this user &${config.state.prefix}* +@pubsub in its ACL`,
      }),
    );
  return [...findings, eviction(facts, settings, where), persistence(facts, settings, where), skew(facts, where), ...way(url, config)];
}

/** Counters that are evicted are limits that forget; a cache that is never evicted ends in refused writes. */
function eviction({ evictionPolicy, memoryBytesMax, memoryBytesUsed }: RedisFacts, settings: readonly string[], where: string): Finding {
  if (evictionPolicy === undefined) return skipped('redis.eviction', 'it does not tell its maxmemory-policy', where);
  const counts = settings.includes('state.counters');
  const caches = settings.includes('state.cache');
  if (memoryBytesMax === 0 && caches)
    return warn('redis.eviction', {
      subject: where,
      seen: 'it has no maxmemory: cached replies may fill the machine',
      todo: 'set maxmemory, and maxmemory-policy volatile-ttl, in redis.conf',
    });
  if (evictionPolicy.startsWith('allkeys') && counts)
    return warn('redis.eviction', {
      subject: where,
      seen: `maxmemory-policy ${evictionPolicy} may throw counters away, and with them limits`,
      todo: 'set maxmemory-policy to volatile-ttl, or give state.counters a Redis of its own',
    });
  if (evictionPolicy === 'noeviction' && caches && memoryBytesMax > 0)
    return warn('redis.eviction', {
      subject: where,
      seen: 'maxmemory-policy noeviction refuses every write once cached replies fill it, counters too',
      todo: 'set maxmemory-policy to volatile-ttl',
    });
  if (memoryBytesMax > 0 && memoryBytesUsed > memoryBytesMax * 0.9)
    return warn('redis.eviction', {
      subject: where,
      seen: `${Math.round((100 * memoryBytesUsed) / memoryBytesMax)} % of its memory is used`,
      todo: 'raise maxmemory',
    });
  return ok('redis.eviction', `maxmemory-policy ${evictionPolicy}`, where);
}

function persistence({ isPersistent }: RedisFacts, settings: readonly string[], where: string): Finding {
  if (!settings.includes('state.counters')) return skipped('redis.persistence', 'it only holds cached replies, which may be lost', where);
  if (isPersistent === undefined) return skipped('redis.persistence', 'it does not tell whether it persists', where);
  if (isPersistent) return ok('redis.persistence', 'what was spent of a limit outlives its restart', where);
  return warn('redis.persistence', {
    subject: where,
    seen: 'it persists nothing: after its restart everyone has the whole limit again',
    todo: 'set appendonly yes, or save 60 1, in redis.conf, if an hour’s limit must outlive a restart',
  });
}

function skew({ skewMs }: RedisFacts, where: string): Finding {
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  if (Math.abs(skewMs) <= SKEW_MS_MAX) return ok('redis.clock', 'its clock agrees with ours', where);
  return warn('redis.clock', {
    subject: where,
    seen: `its clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours: one of the two is wrong`,
    todo: 'set both clocks by NTP (timedatectl set-ntp true)',
  });
}

/** How safe the way there is. */
function way(url: string, config: Config): Finding[] {
  const { protocol, hostname, password } = new URL(url);
  if (isLoopback(hostname)) return [];
  const grave = graver(config.server.environment === 'production');
  const where = shown(url);
  if (password === '')
    return [
      grave('redis.password', {
        subject: where,
        seen: 'it is on another machine and asks for no password',
        todo: 'set requirepass or an ACL there, and redis://:PASSWORD@HOST:6379 here',
      }),
    ];
  if (protocol === 'redis:')
    return [
      warn('redis.password', {
        subject: where,
        seen: 'its password crosses the network as plain text',
        todo: 'use rediss://, or a private network that nobody else is on',
      }),
    ];
  return [ok('redis.password', 'it asks for a password, and the way there is encrypted', where)];
}

/** Asks everything there is to ask. Never rejects. */
async function probeRedis(url: string, prefix: string, { clock, signal }: { clock: Clock; signal: Abortable }): Promise<RedisOutcome> {
  const refusal = await dialRedis(url, { clock, deadlineMs: CONNECT_MS_MAX });
  if (refusal !== undefined) return { kind: 'failed', reason: withoutPassword(refusal, url) };
  const client = new RedisClient(url, { connectionTimeout: CONNECT_MS_MAX, autoReconnect: false, enableOfflineQueue: false });
  const close = (): void => client.close();
  // A frozen server takes the connection and says nothing: closing ends every wait.
  const timer = clock.after(CONNECT_MS_MAX * 2, close);
  signal.addEventListener('abort', close, { once: true });
  try {
    await client.connect();
    return { kind: 'answered', facts: await askRedis(client, prefix, clock) };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error, url) };
  } finally {
    timer[Symbol.dispose]();
    signal.removeEventListener('abort', close);
    client.close();
  }
}

async function askRedis(client: RedisClient, prefix: string, clock: Clock): Promise<RedisFacts> {
  const times: number[] = [];
  for (let count = 0; count < PINGS; count += 1) {
    const startMs = clock.monotonic();
    await client.ping();
    times.push(clock.monotonic() - startMs);
  }
  const [seconds, micros] = (await client.send('TIME', [])) as [string, string];
  const skewMs = Number(seconds) * 1_000 + Number(micros) / 1_000 - clock.now();
  const info = parseInfo(String(await client.send('INFO', []).catch(() => '')));
  const writeRefusal = await refusalOf(() => client.send('SET', [`${prefix}doctor`, '1', 'PX', '1000']));
  return {
    product: info['valkey_version'] === undefined ? 'Redis' : 'Valkey',
    version: info['valkey_version'] ?? info['redis_version'] ?? 'of unknown version',
    roundTripMs: times.toSorted((a, b) => a - b)[Math.floor(PINGS / 2)] ?? 0,
    skewMs,
    evictionPolicy: info['maxmemory_policy'],
    memoryBytesMax: Number(info['maxmemory'] ?? 0),
    memoryBytesUsed: Number(info['used_memory'] ?? 0),
    isPersistent: await persists(client, info),
    role: info['role'] ?? 'master',
    writeRefusal,
    subscribeRefusal: await refusalOf(() => client.subscribe(`${prefix}news`, () => {})),
  };
}

/** The append-only file, or points at which snapshots are saved; undefined where neither is told. */
async function persists(client: RedisClient, info: Readonly<Record<string, string>>): Promise<boolean | undefined> {
  if (info['aof_enabled'] === '1') return true;
  const reply: unknown = await client.send('CONFIG', ['GET', 'save']).catch(() => undefined);
  const save = Array.isArray(reply) ? (reply as unknown[])[1] : (reply as { save?: unknown } | undefined)?.save;
  if (typeof save === 'string') return save !== '';
  return info['aof_enabled'] === undefined
    ? undefined
    : Number(info['rdb_last_save_time'] ?? 0) > Number(info['process_start_time'] ?? Infinity);
}

async function refusalOf(call: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return firstLine(error);
  }
}

/** Pure: `name:value` lines. */
export function parseInfo(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return line.startsWith('#') || colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)]];
    }),
  );
}

/** What the client says, in the words of whoever has to mend it. */
function reasonOf(error: unknown, url: string): string {
  const safe = withoutPassword(firstLine(error), url);
  return /closed|timeout/i.test(safe) ? `it stopped answering (${safe}); perhaps the database number does not exist there` : safe;
}

/** A server may repeat what it was sent: a password is never passed on. */
function withoutPassword(said: string, url: string): string {
  const { password } = new URL(url);
  return password === '' ? said : said.replaceAll(password, '••••').replaceAll(decodeURIComponent(password), '••••');
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 200) ?? '';
}
