import { expect, test } from 'bun:test';
import { parseRetryAfter } from './retry-after.ts';

const date = 'Sat, 21 Nov 2026 03:00:00 GMT';

for (const { name, headers, want } of [
  { name: 'seconds', headers: { 'retry-after': '7' }, want: 7_000 },
  { name: 'a fraction of a second', headers: { 'retry-after': '0.25' }, want: 250 },
  { name: 'milliseconds, which are more exact', headers: { 'retry-after-ms': '1500', 'retry-after': '1' }, want: 1_500 },
  { name: 'a date, against the date of the reply', headers: { 'retry-after': 'Sat, 21 Nov 2026 03:00:20 GMT', date }, want: 20_000 },
  { name: 'a date that is past', headers: { 'retry-after': 'Sat, 21 Nov 2026 02:00:00 GMT', date }, want: 0 },
  { name: 'a date in a reply without one', headers: { 'retry-after': 'Sat, 21 Nov 2026 03:00:20 GMT' }, want: undefined },
  { name: 'more than a day', headers: { 'retry-after': '999999999' }, want: 86_400_000 },
  { name: 'nonsense', headers: { 'retry-after': 'soon', 'retry-after-ms': '-1', date }, want: undefined },
  { name: 'nothing', headers: {}, want: undefined },
]) {
  test(`Retry-After: ${name}`, () => {
    expect(parseRetryAfter(new Headers(headers))).toBe(want);
  });
}
