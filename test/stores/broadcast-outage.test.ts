/*
 * What the news between processes do when Redis fails: nothing is thrown and nothing is waited for, and they are heard again soon after it
 * is back, by those who are told that they missed some.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { systemClock } from '../../src/base/system-clock.ts';
import type { StateConfig } from '../../src/stores/state-config.ts';
import { openStores, type Stores } from '../../src/stores/stores.ts';
import { eventually } from '../harness/eventually.ts';
import { redisAvailable, startRedis } from '../harness/redis.ts';

const redis = redisAvailable() ? await startRedis() : undefined;
afterAll(() => redis?.[Symbol.asyncDispose]());

interface Member extends AsyncDisposable {
  readonly stores: Stores;
  readonly heard: string[];
  readonly joins: () => number;
}

function open(config: Partial<StateConfig>): Member {
  const stores = openStores(
    { counters: 'memory', cache: 'memory', timeout: 50, prefix: 'news:', cache_bytes_max: 1_000_000, counter_keys_max: 1_000, ...config },
    { clock: systemClock, random: Math.random, replicas: () => 1, onFault: () => {}, onChange: () => {} },
  );
  const heard: string[] = [];
  let joins = 0;
  stores.broadcast.listen({ onMessage: (message) => void heard.push(message), onJoin: () => void (joins += 1) });
  return { stores, heard, joins: () => joins, [Symbol.asyncDispose]: () => stores[Symbol.asyncDispose]() };
}

describe.skipIf(redis === undefined)('when Redis', () => {
  const server = () => redis ?? expect.unreachable();
  const faults = {
    'is killed': { begin: () => server().kill(), end: () => server().restart() },
    'is frozen': { begin: () => server().pause(), end: () => server().resume() },
  };
  for (const [name, { begin, end }] of Object.entries(faults)) {
    test(`${name}, publishing costs nothing, and both hear each other again once it is back`, async () => {
      await using first = open({ counters: server().url });
      // Whichever store uses Redis brings the news along.
      await using second = open({ cache: server().url });
      await eventually(() => first.joins() === 1 && second.joins() === 1, { what: 'joining' });
      first.stores.broadcast.publish('before');
      await eventually(() => second.heard.includes('before'), { what: 'the news' });

      await begin();
      const startMs = performance.now();
      for (let index = 0; index < 20_000; index += 1) first.stores.broadcast.publish('during');
      expect(performance.now() - startMs).toBeLessThan(1_000);
      // Long enough for the silence to be noticed where the connection did not break.
      await Bun.sleep(name === 'is frozen' ? 4_000 : 300);
      await end();

      await eventually(() => first.joins() >= 2 && second.joins() >= 2, { what: 'joining again', timeoutMs: 15_000 });
      let count = 0;
      await eventually(
        () => {
          count += 1;
          first.stores.broadcast.publish(`after ${count}`);
          second.stores.broadcast.publish(`after ${count}`);
          return first.heard.some((text) => text.startsWith('after')) && second.heard.some((text) => text.startsWith('after'));
        },
        { what: 'the news again', timeoutMs: 15_000, intervalMs: 50 },
      );
    }, 40_000);
  }

  test('is not configured, there is nobody to hear', async () => {
    await using alone = open({});
    await eventually(() => alone.joins() === 1, { what: 'joining' });
    alone.stores.broadcast.publish('hello');
    await Bun.sleep(20);
    expect(alone.heard).toEqual([]);
  });

  test('refuses subscribing, it is asked again now and then and not in a storm', async () => {
    using client = new DisposableRedis(server().url);
    await client.redis.send('ACL', ['SETUSER', 'deaf', 'on', '>secret', '~*', '+@all', '-subscribe', 'resetchannels']);
    const url = server().url.replace('redis://', 'redis://deaf:secret@');
    const connectionsMade = async () => Number(/total_connections_received:(\d+)/.exec(await client.info())?.[1]);
    await using deaf = open({ counters: url, prefix: 'deaf:' });
    await deaf.stores.ready();
    await Bun.sleep(300);
    const before = await connectionsMade();
    await Bun.sleep(1_500);
    expect((await connectionsMade()) - before).toBeLessThanOrEqual(2);
    expect(deaf.joins()).toBe(0);
  }, 15_000);
});

class DisposableRedis implements Disposable {
  readonly redis: Bun.RedisClient;

  constructor(url: string) {
    this.redis = new Bun.RedisClient(url);
  }

  async info(): Promise<string> {
    return String(await this.redis.send('INFO', ['stats']));
  }

  [Symbol.dispose](): void {
    this.redis.close();
  }
}
