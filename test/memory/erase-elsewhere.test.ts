/* A user who is erased in one process is so in those that share a Redis with it: what they keep in their own memory goes as well. */
import { expect, test } from 'bun:test';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { redisAvailable, startRedis } from '../harness/redis.ts';
import { startMirror } from '../isolation/mirror.ts';

const KEY = 'sk-anna-0000000000';
const QUESTION = { model: 'mirror', temperature: 0, messages: [{ role: 'user', content: 'Say it' }] };

test.skipIf(!redisAvailable())('answers that another process has cached for the user are forgotten there', async () => {
  await using redis = await startRedis();
  await using mirror = startMirror();
  const config = {
    providers: { mirror: { type: 'openai-compatible', base_url: mirror.url } },
    models: { mirror: { targets: [{ provider: 'mirror' }] } },
    auth: {
      keys: [
        { name: 'anna', key: KEY, tenant: 't', user: 'anna' },
        { name: 'ben', key: 'sk-ben-00000000000', tenant: 't', user: 'ben' },
      ],
    },
    cache: { routes: [{ match: '/v1/chat/completions', ttl: '10m', any: true }] },
    state: { counters: redis.url, cache: 'memory', records: 'memory' },
  };
  await using here = await startGateway({ config });
  await using there = await startGateway({ config });
  const ask = async (gateway: GatewayProcess, key = KEY): Promise<string | null> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const reply = await gateway.request('/v1/chat/completions', { method: 'POST', headers, body: JSON.stringify(QUESTION) });
    expect(reply.status).toBe(200);
    await reply.text();
    return reply.headers.get('x-cache');
  };
  for (const gateway of [here, there]) {
    await ask(gateway);
    await eventually(async () => (await ask(gateway)) === 'HIT', { what: 'the answer is cached' });
  }
  await ask(there, 'sk-ben-00000000000');
  await eventually(
    async () => {
      // Whoever has just begun to hear may have missed it: erasing again tells it again.
      await here.request('/v1/users/anna', { method: 'DELETE', headers: { authorization: `Bearer ${KEY}` } });
      await Bun.sleep(100);
      return (await ask(there)) === 'MISS';
    },
    { what: 'the other process forgets', timeoutMs: 10_000 },
  );
  expect(await ask(there, 'sk-ben-00000000000')).toBe('HIT');
});
