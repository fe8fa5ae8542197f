/*
 * The exact cache, and the coalescing of identical requests under way.
 *
 * Kept are whole answers with status 200 alone: a stream counts as whole after its terminal event, when the exchange ended `complete`.
 * What is kept as a stream is given back as a stream, event for event.
 *
 * `Cache-Control` of the request: `no-store` neither reads nor keeps; `no-cache` keeps, but does not read. Of a service's reply:
 * `no-store`, `no-cache` and `private` are not kept, `max-age` and `s-maxage` shorten the time. Source: RFC 9111.
 */

import { NEVER } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import { createPathMatch } from '../../base/path-match.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type CacheResult, cacheFact, type Principal, principalFact } from '../../pipeline/facts.ts';
import type { Handler, Policy } from '../../pipeline/policy.ts';
import { type ByteStream, isStream, type Reply } from '../../pipeline/reply.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import type { RouteInfo } from '../../pipeline/route.ts';
import type { ValueStore } from '../../stores/value/value-store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { CacheConfig, CacheRouteConfig } from './cache-config.ts';
import { type CacheEntry, decodeEntry, encodeEntry } from './cache-entry.ts';
import { cacheKey, keyCovers, type PassedHeaders } from './cache-key.ts';
import { createInFlight, type InFlight } from './in-flight.ts';

export interface CacheDeps {
  readonly values: ValueStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly passedHeaders: PassedHeaders;
}

interface Rule {
  readonly matches: (path: string) => boolean;
  readonly config: CacheRouteConfig;
}

interface Directives {
  readonly read: boolean;
  readonly keep: boolean;
}

/** Answers repeated requests from the value store, on the routes that the config names. */
export function createCache(config: CacheConfig, deps: CacheDeps): Policy {
  const rules = config.routes.map((rule): Rule => ({ matches: createPathMatch(rule.match), config: rule }));
  const shared = new Cache(config, deps);
  return {
    name: 'cache',
    stage: 'reuse',
    reads: [principalFact],
    writes: [cacheFact],
    layer: (route) => {
      const own = rules.filter((rule) => mayMatch(rule, route));
      if (own.length === 0) return undefined;
      return (next) => (request, exchange) => {
        const rule = own.find(({ matches }) => matches(request.path));
        if (rule === undefined || !isCacheable(request, route, rule.config)) return next(request, exchange);
        return shared.answer({ request, exchange, rule: rule.config, isModel: route.kind === 'model', next });
      };
    },
  };
}

/** Whether a rule can ever apply to a route; one that none applies to has no layer. */
function mayMatch({ matches, config }: Rule, { kind, pattern }: RouteInfo): boolean {
  // What the gateway itself holds of somebody is read where it lies: it changes, and is erased, without a word to a cache.
  if (kind === 'system' || kind === 'resource' || (kind !== 'model' && config.models_only)) return false;
  return /[*{]/.test(pattern) || matches(pattern);
}

/** Service routes: idempotent reads without a body. Model routes: whatever is sure, or declared, to give the same answer again. */
function isCacheable(request: GatewayRequest, route: RouteInfo, rule: CacheRouteConfig): boolean {
  if (route.kind === 'model') {
    const { operation } = request;
    return (
      operation !== undefined &&
      operation.command !== true &&
      operation.upload === undefined &&
      operation.told?.isPersonal !== true &&
      (rule.any || operation.deterministic)
    );
  }
  return request.method === 'GET' && request.body.kind === 'none' && !request.headers.has('range');
}

interface Lookup {
  readonly request: GatewayRequest;
  readonly exchange: Exchange;
  readonly rule: CacheRouteConfig;
  readonly isModel: boolean;
  readonly next: Handler;
}

class Cache {
  readonly #config: CacheConfig;
  readonly #deps: CacheDeps;
  readonly #inFlight: InFlight<Reply> = createInFlight();

  constructor(config: CacheConfig, deps: CacheDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async answer(lookup: Lookup): Promise<Reply> {
    const { request, exchange, rule, next } = lookup;
    const principal: Principal = exchange.get(principalFact);
    const directives = readDirectives(request.headers.get('cache-control'));
    if (!directives.read && !directives.keep) {
      this.#note(exchange, 'bypass');
      return next(request, exchange);
    }
    const key = cacheKey(request, exchange, { principal, passedHeaders: this.#deps.passedHeaders });
    if (directives.read) {
      const found = this.#deps.values.get(key, NEVER);
      const bytes = found instanceof Promise ? await found : found;
      const entry = bytes === undefined ? undefined : decodeEntry(bytes);
      if (entry !== undefined) return this.#hit(entry, exchange);
    }
    if (rule.coalesce && request.operation?.stream === false && request.operation.deterministic) return this.#share(key, lookup);
    this.#note(exchange, directives.read ? 'miss' : 'bypass');
    return this.#keep(key, lookup, await next(request, exchange));
  }

  #hit(entry: CacheEntry, exchange: Exchange): Reply {
    this.#note(exchange, 'hit');
    exchange.replyHeaders['age'] = String(Math.max(0, Math.floor((this.#deps.clock.now() - entry.storedAtMs) / 1_000)));
    return { status: entry.status, headers: entry.headers, body: entry.body };
  }

  /** Whoever asks first calls upstream; the others wait for its answer. If it leaves or fails, each of them asks for itself. */
  async #share(key: string, lookup: Lookup): Promise<Reply> {
    const { request, exchange, next } = lookup;
    const leader = this.#inFlight.join(key, exchange.signal);
    if (leader !== undefined) {
      const reply = await leader;
      if (reply !== undefined) {
        this.#note(exchange, 'coalesced');
        return reply;
      }
      this.#note(exchange, 'miss');
      return this.#keep(key, lookup, await next(request, exchange));
    }
    this.#note(exchange, 'miss');
    using place = this.#inFlight.lead(key);
    const reply = this.#keep(key, lookup, await next(request, exchange));
    if (reply.status === 200 && !isStream(reply.body)) place.answer(reply);
    return reply;
  }

  /** Keeps the reply when it turns out to be whole; gives it on unchanged either way. */
  #keep(key: string, lookup: Lookup, reply: Reply): Reply {
    const { exchange, rule, isModel } = lookup;
    const ttlMs = lifetimeMs(reply, { ttlMs: rule.ttl, isModel });
    if (reply.status !== 200 || ttlMs <= 0 || reply.cookies !== undefined) return reply;
    const { body, headers } = reply;
    if (!isStream(body)) {
      this.#store(key, { status: 200, headers, body: asBytes(body) }, ttlMs);
      return reply;
    }
    const copy = new StreamCopy(this.#config.entry_bytes_max);
    exchange.onEnd((outcome) => {
      const bytes = copy.take();
      if (outcome.kind === 'complete' && bytes !== undefined) this.#store(key, { status: 200, headers, body: bytes }, ttlMs);
    });
    return { ...reply, body: copy.watch(body) };
  }

  #store(key: string, answer: Omit<CacheEntry, 'storedAtMs'>, ttlMs: number): void {
    if (answer.body.length > this.#config.entry_bytes_max) return;
    const stored = this.#deps.values.set(key, encodeEntry({ ...answer, storedAtMs: this.#deps.clock.now() }), { ttlMs, signal: NEVER });
    // Nobody waits for it: the store's own deadline ends it, and it counts its own faults. That it rejects would be a defect.
    if (stored instanceof Promise) stored.catch((error: unknown) => this.#deps.logger.error('the cache store rejected', { error }));
  }

  #note(exchange: Exchange, result: CacheResult): void {
    exchange.set(cacheFact, result);
    exchange.replyHeaders['x-cache'] = SHOWN[result];
    exchange.replyHeaders['x-gatehouse-cache'] = result;
  }
}

const SHOWN: Readonly<Record<CacheResult, string>> = { hit: 'HIT', miss: 'MISS', bypass: 'BYPASS', coalesced: 'HIT' };

/** Copies a stream as it passes, up to a limit; beyond it the copy is dropped and the stream goes on. */
class StreamCopy {
  readonly #bytesMax: number;
  #chunks: Uint8Array[] | undefined = [];
  #length = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  async *watch(stream: ByteStream): ByteStream {
    for await (const chunk of stream) {
      this.#length += chunk.length;
      if (this.#length > this.#bytesMax) this.#chunks = undefined;
      else this.#chunks?.push(chunk);
      yield chunk;
    }
  }

  take(): Uint8Array | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks);
  }
}

function readDirectives(header: string | null): Directives {
  if (header === null) return READ_AND_KEEP;
  const names = header.toLowerCase();
  if (names.includes('no-store')) return { read: false, keep: false };
  return names.includes('no-cache') || /max-age=0\b/.test(names) ? { read: false, keep: true } : READ_AND_KEEP;
}

const READ_AND_KEEP: Directives = { read: true, keep: true };

/** How long a reply may be used again: the rule's time, or less where the service says so; 0 when not at all. */
function lifetimeMs(reply: Reply, { ttlMs, isModel }: { readonly ttlMs: number; readonly isModel: boolean }): number {
  const header = reply.headers['cache-control']?.toLowerCase();
  if (!keyCovers(reply.headers['vary'])) return 0;
  if (header === undefined) return ttlMs;
  if (/no-store|private/.test(header)) return 0;
  // Streams of models say `no-cache` to the proxies on their way, which is no word about this cache.
  if (isModel && isStream(reply.body)) return ttlMs;
  if (header.includes('no-cache')) return 0;
  const age = /s-maxage=(\d+)/.exec(header) ?? /max-age=(\d+)/.exec(header);
  return age === null ? ttlMs : Math.min(ttlMs, Number(age[1]) * 1_000);
}

const encoder = new TextEncoder();

function asBytes(body: Uint8Array | string | null): Uint8Array {
  if (body === null) return new Uint8Array(0);
  return typeof body === 'string' ? encoder.encode(body) : body;
}
