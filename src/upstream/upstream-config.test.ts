import { expect, test } from 'bun:test';
import { servicesConfig } from './services-config.ts';
import { upstreamConfig, withOverrides } from './upstream-config.ts';

test('the defaults are those of the contract', () => {
  const config = upstreamConfig.parse({});
  expect(config).toMatchObject({
    first_token_timeout: 10_000,
    idle_timeout: 10_000,
    total_timeout: 600_000,
    retries: { attempts_max: 2, base_delay: 100, delay_max: 5_000, budget_percent: 10, budget_per_second: 3 },
    breaker: { failure_threshold: 5, success_threshold: 2, timeout: 10_000, first_timeout: 1_000, window_size: 100 },
    allow_private: false,
  });
});

test('what a service says otherwise is laid over the defaults, value by value', () => {
  const defaults = upstreamConfig.parse({ retries: { attempts_max: 4 }, breaker: { timeout: '30s' } });
  const own = servicesConfig.parse({
    s: { urls: ['http://s:1'], retries: { base_delay: '1s' }, breaker: { enabled: false }, health: { path: '/health' } },
  });
  const settings = withOverrides(defaults, own.s ?? {});
  expect(settings.retries).toMatchObject({ attempts_max: 4, base_delay: 1_000 });
  expect(settings.breaker).toMatchObject({ enabled: false, timeout: 30_000 });
  expect(settings.health).toMatchObject({ path: '/health', interval: 10_000 });
  expect(Object.keys(settings).sort()).toEqual(Object.keys(defaults).sort());
});

for (const [name, service, message] of [
  ['an unknown key', { urls: ['http://x'], retry: 1 }, 'Unrecognized key'],
  ['no address', { urls: [] }, 'expected array to have >=1'],
  ['credentials in a URL', { urls: ['http://user:secret@x'] }, 'must have no user'],
  ['another scheme', { urls: ['ftp://x'] }, 'Invalid URL'],
  ['an address twice', { urls: ['http://x', 'http://x'] }, 'listed twice'],
  ['a fallback that is not there', { urls: ['http://x'], fallback: 'y' }, "no service 'y'"],
  ['itself as a fallback', { urls: ['http://x'], fallback: 's' }, 'its own fallback'],
  ['a route that is no path', { urls: ['http://x'], routes: ['GET x'] }, 'must be a path'],
  ['both kinds of rewriting', { urls: ['http://x'], strip_prefix: '/a', rewrite: '/b' }, 'exclude each other'],
] as const) {
  test(`a service is refused for ${name}`, () => {
    const result = servicesConfig.safeParse({ s: service });
    expect(result.success ? '' : result.error.message).toContain(message);
  });
}
