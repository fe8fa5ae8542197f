/* The catalogue's data is what its packages say, and not what somebody wrote into the file. */
import { expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listedModels } from '../../src/catalog/catalog.ts';
import { readSnapshot } from '../../src/catalog/snapshot.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { snapshotText } from './snapshot-source.ts';

test('src/catalog/models.jsonl is what `npm run catalogue` makes of the packages', async () => {
  const written = await readFile(join(import.meta.dir, '../../src/catalog/models.jsonl'), 'utf8');
  // As a boolean: the difference is a quarter of a megabyte.
  expect(written === (await snapshotText())).toBe(true);
});

test('it has what it claims: lists, models with prices, facts', () => {
  const snapshot = readSnapshot();
  const models = [...listedModels(snapshot)];
  expect(snapshot.lists.size).toBeGreaterThan(20);
  expect(models.length).toBeGreaterThan(1_000);
  expect(models.filter(({ prices }) => prices !== undefined).length).toBeGreaterThan(1_000);
  expect(models.filter(({ contextWindow }) => contextWindow !== undefined).length).toBeGreaterThan(500);
  expect(models.filter(({ maxOutputTokens }) => maxOutputTokens !== undefined).length).toBeGreaterThan(100);
  for (const { list, id, prices = [], contextWindow } of models) {
    expect({ list, id, window: contextWindow === undefined || (Number.isSafeInteger(contextWindow) && contextWindow > 0) }).toMatchObject({
      window: true,
    });
    for (const { rates, perRequest = 0 } of prices) {
      const all = Object.values(rates).flatMap((rate) =>
        typeof rate === 'number' ? [rate] : [rate.base, ...rate.tiers.map((tier) => tier.rate)],
      );
      expect({ list, id, rates: [...all, perRequest].every((rate) => Number.isSafeInteger(rate) && rate >= 0) }).toMatchObject({
        rates: true,
      });
    }
  }
});

test('every provider that names a price list names one that is there', () => {
  const lists = readSnapshot().lists;
  const named = PROVIDERS.flatMap(({ name, priceList }) => (priceList === undefined ? [] : [{ name, isThere: lists.has(priceList) }]));
  expect(named.filter(({ isThere }) => !isThere)).toEqual([]);
  expect(lists.has('openai')).toBe(true);
});
