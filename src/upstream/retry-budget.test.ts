import { expect, test } from 'bun:test';
import { createRetryBudget } from './retry-budget.ts';

function drain(budget: ReturnType<typeof createRetryBudget>, nowMs: number): number {
  let count = 0;
  while (budget.withdraw(nowMs)) count += 1;
  return count;
}

test('a quiet upstream may be retried a few times a second, saved up for ten', () => {
  const budget = createRetryBudget({ budget_percent: 10, budget_per_second: 3 }, 0);
  expect([drain(budget, 0), drain(budget, 1_000), drain(budget, 2_000), drain(budget, 100_000)]).toEqual([30, 3, 3, 30]);
});

test('a busy upstream may be retried for a tenth of its requests, and no more', () => {
  const budget = createRetryBudget({ budget_percent: 10, budget_per_second: 0 }, 0);
  let retries = 0;
  for (let index = 0; index < 10_000; index += 1) {
    budget.deposit(index);
    if (budget.withdraw(index)) retries += 1;
  }
  expect(retries).toBeWithin(990, 1_001);
});

test('what was saved up long ago has faded', () => {
  const budget = createRetryBudget({ budget_percent: 10, budget_per_second: 0 }, 0);
  for (let index = 0; index < 1_000; index += 1) budget.deposit(0);
  expect(budget.affords(0)).toBe(true);
  expect([drain(budget, 10_000), budget.affords(10_000), drain(budget, 60_000)]).toEqual([36, false, 0]);
});

test('no budget means no retries', () => {
  const budget = createRetryBudget({ budget_percent: 0, budget_per_second: 0 }, 0);
  budget.deposit(1);
  expect(budget.withdraw(1)).toBe(false);
});
