import { NEVER } from '../../base/abort.ts';
import { GatewayError } from '../../base/errors.ts';
import { createPathMatch } from '../../base/path-match.ts';
import type { Exchange } from '../../pipeline/exchange.ts';
import { type Principal, principalFact } from '../../pipeline/facts.ts';
import type { Policy } from '../../pipeline/policy.ts';
import type { Reply } from '../../pipeline/reply.ts';
import type { GatewayRequest } from '../../pipeline/request.ts';
import type { Bucket, CounterStore, TakeResult } from '../../stores/counter/counter-store.ts';
import type { LimitsConfig, RatesConfig, RouteLimitConfig } from './rate-limit-config.ts';

export interface RateLimitDeps {
  readonly counters: CounterStore;
  /** Called for every request over a limit, also in shadow mode. `scope` is bounded: a tier's or a route limit's name. */
  readonly onLimited: (scope: string) => void;
}

const WINDOWS = [
  { field: 'per_second', suffix: 's', header: 'second', windowMs: 1_000 },
  { field: 'per_minute', suffix: 'm', header: 'minute', windowMs: 60_000 },
  { field: 'per_hour', suffix: 'h', header: 'hour', windowMs: 3_600_000 },
] as const;

interface Window {
  readonly suffix: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly names: { readonly limit: string; readonly remaining: string; readonly reset: string };
  readonly limitText: string;
}

interface RouteRule {
  readonly matches: (path: string) => boolean;
  readonly tier: string | undefined;
  readonly by: RouteLimitConfig['by'];
  readonly tag: string;
  readonly scope: string;
  readonly windows: readonly Window[];
}

/** Limits how many requests one principal may start, per second, minute and hour, by tier and by route: all of them or none is charged. */
export function createRateLimit(config: LimitsConfig, deps: RateLimitDeps): Policy {
  const general = windowsOf(config.default);
  const tiers = new Map(Object.entries(config.tiers).map(([tier, rates]) => [tier, windowsOf(rates)]));
  const rules = config.routes.map(
    (rule, index): RouteRule => ({
      matches: createPathMatch(rule.match),
      tier: rule.tier,
      by: rule.by,
      tag: `@${index}`,
      scope: `route:${rule.match}`,
      windows: windowsOf(rule),
    }),
  );

  const judge = (result: TakeResult, asked: Asked, exchange: Exchange): void => {
    describe(result, asked, exchange);
    if (result.allowed) return;
    const refused = result.buckets.findIndex((bucket) => bucket.retryAfterMs > 0);
    deps.onLimited(asked.scopes[refused] ?? 'other');
    if (config.mode === 'enforce') throw refusal(result, asked);
  };

  return {
    name: 'rate-limit',
    stage: 'allow',
    reads: [principalFact],
    layer: (route) => {
      if (config.mode === 'off' || route.kind === 'system') return undefined;
      const remembered = new WeakMap<Principal, Remembered>();
      const askedBy = (request: GatewayRequest, exchange: Exchange): Asked => {
        const principal = exchange.get(principalFact);
        const known = remembered.get(principal);
        if (known !== undefined && known.path === request.path) return known.asked;
        const asked = ask(request, { principal, exchange, windows: tiers.get(principal.tier) ?? general, rules });
        if (!asked.byAddress) remembered.set(principal, { path: request.path, asked });
        return asked;
      };
      // No async function: in this process the store answers at once, and then nothing here waits.
      return (next) => (request, exchange) => {
        const asked = askedBy(request, exchange);
        if (asked.buckets.length === 0) return next(request, exchange);
        const result = deps.counters.take(asked.buckets, NEVER);
        if (result instanceof Promise) {
          const judgeLater = async (): Promise<Reply> => {
            judge(await result, asked, exchange);
            return next(request, exchange);
          };
          return judgeLater();
        }
        judge(result, asked, exchange);
        return next(request, exchange);
      };
    },
  };
}

/** What one request takes. `buckets` and `windows` run side by side; the general ones come first. */
interface Asked {
  readonly buckets: Bucket[];
  readonly windows: Window[];
  /** Labels beside the buckets: whose limit it is. */
  readonly scopes: string[];
  /** Whether the caller's address is part of it, which a principal may change from request to request. */
  byAddress: boolean;
}

/** What a principal's last request here took: building the keys costs more than taking from the buckets. */
interface Remembered {
  readonly path: string;
  readonly asked: Asked;
}

interface AskInput {
  readonly principal: Principal;
  readonly exchange: Exchange;
  readonly windows: readonly Window[];
  readonly rules: readonly RouteRule[];
}

function ask(request: GatewayRequest, input: AskInput): Asked {
  const { principal, exchange } = input;
  const asked: Asked = {
    buckets: [],
    windows: [],
    scopes: [],
    byAddress: principal.kind === 'anonymous',
  };
  add(asked, { owner: owner('key', principal, exchange), windows: input.windows, tag: '', scope: `tier:${principal.tier}` });
  for (const rule of input.rules) {
    if (!rule.matches(request.path)) continue;
    if (rule.tier !== undefined && rule.tier !== principal.tier) continue;
    asked.byAddress ||= rule.by === 'ip';
    add(asked, { owner: owner(rule.by, principal, exchange), windows: rule.windows, tag: rule.tag, scope: rule.scope });
  }
  return asked;
}

function add(asked: Asked, more: { owner: string; windows: readonly Window[]; tag: string; scope: string }): void {
  for (const window of more.windows) {
    // What follows the last colon tells an owner's buckets apart: a store keeps those of one owner together.
    asked.buckets.push({ key: `${more.owner}:${window.suffix}${more.tag}`, limit: window.limit, windowMs: window.windowMs });
    asked.windows.push(window);
    asked.scopes.push(more.scope);
  }
}

/** Anonymous callers are told apart by their address: they have nothing else. */
function owner(by: RouteLimitConfig['by'], principal: Principal, exchange: Exchange): string {
  if (by === 'ip' || principal.kind === 'anonymous') return `rate:ip:${exchange.address}`;
  if (by === 'user' && principal.user !== undefined) return `rate:user:${principal.tenant}:${principal.user}`;
  return `rate:key:${principal.id}`;
}

/** Of limits over the same time, the general one and a route's own, the headers tell the one that leaves the least. */
function describe(result: TakeResult, asked: Asked, exchange: Exchange): void {
  const nowSeconds = exchange.clock.now() / 1_000;
  const headers = exchange.replyHeaders;
  for (let index = 0; index < asked.windows.length; index++) {
    const window = asked.windows[index];
    const bucket = result.buckets[index];
    if (window === undefined || bucket === undefined) continue;
    const told = headers[window.names.remaining];
    if (told !== undefined && Number(told) <= bucket.remaining) continue;
    headers[window.names.limit] = window.limitText;
    headers[window.names.remaining] = String(bucket.remaining);
    headers[window.names.reset] = String(Math.ceil(nowSeconds + bucket.resetMs / 1_000));
  }
}

function refusal(result: TakeResult, asked: Asked): GatewayError {
  let retryAfterMs = 0;
  for (const bucket of result.buckets) retryAfterMs = Math.max(retryAfterMs, bucket.retryAfterMs);
  const limits: Record<string, number> = {};
  for (const { names, limit } of asked.windows) {
    const name = `limit_per_${names.limit.slice('x-ratelimit-limit-'.length)}`;
    limits[name] = Math.min(limits[name] ?? limit, limit);
  }
  return new GatewayError('rate_limited', 'Rate limit exceeded', {
    retryAfterMs,
    detail: { error: 'Rate limit exceeded', ...limits, retry_after: Math.max(1, Math.ceil(retryAfterMs / 1_000)) },
  });
}

/** Names of the windows whose headers replies may carry: `second`, `minute`, `hour`. */
export function limitedWindows(config: LimitsConfig): string[] {
  if (config.mode === 'off') return [];
  const all = [config.default, ...Object.values(config.tiers), ...config.routes];
  return WINDOWS.filter(({ field }) => all.some((rates) => rates[field] !== undefined)).map(({ header }) => header);
}

function windowsOf(rates: RatesConfig): Window[] {
  return WINDOWS.flatMap(({ field, suffix, header, windowMs }) => {
    const limit = rates[field];
    if (limit === undefined) return [];
    const names = {
      limit: `x-ratelimit-limit-${header}`,
      remaining: `x-ratelimit-remaining-${header}`,
      reset: `x-ratelimit-reset-${header}`,
    };
    return [{ suffix, limit, windowMs, names, limitText: String(limit) }];
  });
}
