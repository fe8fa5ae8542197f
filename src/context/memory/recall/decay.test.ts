import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decayFactor, decaySetting, importanceFactor } from './decay.ts';
import { DAY_MS } from './time/calendar.ts';

const NOW = Date.parse('2025-06-18T09:00:00Z');
const aged = (days: number, ...touchedDaysAgo: number[]) => ({
  eventMs: NOW - days * DAY_MS,
  touchesMs: touchedDaysAgo.map((ago) => NOW - ago * DAY_MS),
});
const mild = decaySetting('mild', undefined);
const strong = decaySetting('strong', undefined);

test('half of what may be lost is lost at the half-life', () => {
  expect(decayFactor(aged(0), NOW, mild)).toBe(1);
  expect(decayFactor(aged(30), NOW, mild)).toBeCloseTo(0.9);
  expect(decayFactor(aged(100_000), NOW, mild)).toBeCloseTo(0.8);
  expect(decayFactor(aged(7), NOW, strong)).toBeCloseTo(0.65);
  expect(decayFactor(aged(90), NOW, decaySetting('mild', 90 * DAY_MS))).toBeCloseTo(0.9);
  expect(decayFactor(aged(5_000), NOW, decaySetting('off', undefined))).toBe(1);
});

test('newer is worth more than older, and each touch lifts, within the floor and 1', () => {
  const days = fc.double({ min: 0, max: 40_000, noNaN: true });
  fc.assert(
    fc.property(days, days, fc.array(days, { maxLength: 20 }), fc.constantFrom(mild, strong), (a, b, touches, setting) => {
      const newer = decayFactor(aged(Math.min(a, b)), NOW, setting);
      const older = decayFactor(aged(Math.max(a, b)), NOW, setting);
      const touched = decayFactor(aged(Math.max(a, b), ...touches), NOW, setting);
      expect(newer).toBeGreaterThanOrEqual(older);
      expect(touched).toBeGreaterThanOrEqual(older);
      for (const factor of [newer, older, touched]) expect(factor >= setting.floor && factor <= 1).toBe(true);
    }),
  );
});

test('a time in the future counts as now', () => {
  expect(decayFactor(aged(-400), NOW, strong)).toBe(1);
});

test('importance moves a little, within bounds', () => {
  expect(importanceFactor({ importance: 0.5 })).toBe(1);
  expect(importanceFactor({ importance: 1 })).toBeGreaterThan(importanceFactor({ importance: 0 }));
  expect(importanceFactor({ importance: 99 })).toBeCloseTo(1.05);
});
