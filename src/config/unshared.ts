import type { Config } from './config.ts';

export interface Unshared {
  readonly what: 'limits' | 'cache' | 'circuit breakers';
  /** What follows for whoever runs or calls it. */
  readonly effect: string;
  /** The setting that shares it. */
  readonly setting: string;
}

/** What several workers each have for themselves because no Redis is configured; empty for one process. Pure. */
export function unshared({ server: { workers }, state, limits, cache, upstream }: Config): Unshared[] {
  if (workers === 1) return [];
  const found: Unshared[] = [];
  if (state.counters === 'memory' && limits.mode !== 'off')
    found.push({
      what: 'limits',
      effect: `each of the ${workers} workers counts by itself, so up to ${workers} times as many requests are admitted`,
      setting: 'state.counters',
    });
  if (state.cache === 'memory' && cache.routes.length > 0)
    found.push({
      what: 'cache',
      effect: `each of the ${workers} workers keeps its own, so an answer may be fetched ${workers} times and takes ${workers} times the memory`,
      setting: 'state.cache',
    });
  if (state.counters === 'memory' && state.cache === 'memory' && upstream.breaker.enabled)
    found.push({
      what: 'circuit breakers',
      effect: `each of the ${workers} workers finds out by itself that an upstream is down`,
      setting: 'state.counters',
    });
  return found;
}
