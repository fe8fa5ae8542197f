import { describe, expect, test } from 'bun:test';
import { createManualClock } from '../base/manual-clock.ts';
import { stateConfig } from '../stores/state-config.ts';
import { openStores } from '../stores/stores.ts';
import type { EndpointHealth } from '../upstream/registry.ts';
import { createStoreHealth, createUpstreamHealth } from './upstream-view.ts';

const endpoint = (name: string, status: EndpointHealth['status'], statusCode?: number): EndpointHealth => ({
  name,
  group: name.split('@')[0] ?? '',
  status,
  ...(statusCode === undefined ? {} : { statusCode, responseTimeMs: statusCode / 10 }),
});

describe('the health of a group of endpoints', () => {
  for (const { name, endpoints, want } of [
    {
      name: 'healthy while all are',
      endpoints: [endpoint('a@1', 'healthy', 200), endpoint('a@2', 'healthy', 204)],
      want: { status: 'healthy', statusCode: 200, responseTimeMs: 20 },
    },
    {
      name: 'degraded while some are ill, and shows the ill one',
      endpoints: [endpoint('a@1', 'healthy', 200), endpoint('a@2', 'unhealthy', 503)],
      want: { status: 'degraded', statusCode: 503, responseTimeMs: 50.3 },
    },
    {
      name: 'unhealthy when all are ill',
      endpoints: [endpoint('a@1', 'unhealthy'), endpoint('a@2', 'unhealthy', 500)],
      want: { status: 'unhealthy' },
    },
    {
      name: 'unknown while none was asked',
      endpoints: [endpoint('a@1', 'unknown'), endpoint('a@2', 'unknown')],
      want: { status: 'unknown' },
    },
    {
      name: 'healthy when one is and the other was not asked',
      endpoints: [endpoint('a@1', 'unknown'), endpoint('a@2', 'healthy')],
      want: { status: 'healthy' },
    },
  ] as const) {
    test(`is ${name}`, () => {
      expect([...createUpstreamHealth({ health: () => endpoints }, new Set())()]).toEqual([{ name: 'a', kind: 'upstream', ...want }]);
    });
  }

  test('is not told of a spare one of which nothing is known, and is as soon as there is', () => {
    const told = (status: EndpointHealth['status']) =>
      [...createUpstreamHealth({ health: () => [endpoint('a', status), endpoint('b', 'unknown')] }, new Set(['a']))()].map(
        ({ name }) => name,
      );
    expect(told('unknown')).toEqual(['b']);
    expect(told('unhealthy')).toEqual(['a', 'b']);
  });
});

describe('the health of stores', () => {
  const deps = {
    clock: createManualClock(),
    random: () => 0.5,
    replicas: () => 1,
    onFault: () => {},
    onChange: () => {},
  };

  test('is not told where all is in memory', async () => {
    await using stores = openStores(stateConfig.parse({}), deps);
    expect([...createStoreHealth(stores)()]).toEqual([]);
  });

  test('is unhealthy while a Redis that is configured is not there', async () => {
    await using stores = openStores(stateConfig.parse({ counters: 'redis://127.0.0.1:1' }), deps);
    await stores.ready();
    expect([...createStoreHealth(stores)()]).toEqual([
      { name: 'redis', kind: 'check', status: 'unhealthy' },
      { name: 'counters', kind: 'check', status: 'unhealthy' },
    ]);
  });
});
