import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createTimestamps } from './timestamp.ts';

test('a timestamp is what toISOString says, in any order of times', () => {
  const timestamp = createTimestamps();
  const time = fc.oneof(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.integer({ min: 1_767_225_600_000, max: 1_767_225_603_000 }));
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
      for (const epochMs of times) expect(timestamp(epochMs)).toBe(new Date(epochMs).toISOString());
    }),
  );
});
