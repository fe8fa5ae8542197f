/* Two hundred tenants at once: nobody ever gets a word of anybody else's, and of who was erased nothing is left anywhere. */
import { expect, test } from 'bun:test';
import { redisAvailable, startRedis } from '../harness/redis.ts';
import { type IsolationReport, runIsolation } from './run.ts';

/** A run of some minutes on two busy cores. `npm run test:isolation` sets 100,000. */
const OPERATIONS = Number(process.env['GATEHOUSE_ISOLATION_OPERATIONS'] ?? 12_000);
const SEED = 20_260_301;
/** On a machine that has much else to do; a quiet one takes a tenth of it. */
const TIMEOUT_MS = 3 * 3_600_000;

function expectIsolated(report: IsolationReport): void {
  const { violations, failures, seconds, operations, ...more } = report;
  process.stdout.write(
    `${operations} operations in ${seconds.toFixed(1)} s (${Math.round(operations / seconds)}/s): ${JSON.stringify(more)}\n`,
  );
  expect({ violations, failures }).toEqual({ violations: [], failures: [] });
  // A run in which nothing was told would prove nothing.
  expect(report.records).toBeGreaterThan(operations / 10);
  expect(report.modelCalls).toBeGreaterThan(operations / 20);
}

test('with every store embedded', async () => expectIsolated(await runIsolation({ operations: OPERATIONS, seed: SEED })), TIMEOUT_MS);

test.skipIf(!redisAvailable())(
  'with the cache in Redis',
  async () => {
    await using redis = await startRedis();
    const report = await runIsolation({ operations: Math.ceil(OPERATIONS / 4), seed: SEED + 1, redisUrl: redis.url });
    expectIsolated(report);
    expect(report.cacheEntries).toBeGreaterThan(100);
  },
  TIMEOUT_MS,
);
