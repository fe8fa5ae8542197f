import { expect, test } from 'bun:test';
import { classifyStatus, isServiceFailure } from './classify.ts';

const json = { 'content-type': 'application/json' };
interface Row {
  readonly name: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly want: readonly unknown[];
}

const rows: readonly Row[] = [
  { name: 'a 429 with seconds', status: 429, headers: { 'retry-after': '2' }, want: ['upstream_rate_limited', 429, 2_000] },
  {
    name: 'a 429 with milliseconds, which win',
    status: 429,
    headers: { 'retry-after': '2', 'retry-after-ms': '150' },
    want: ['upstream_rate_limited', 429, 150],
  },
  {
    name: 'a 503 with a date, read against its own clock',
    status: 503,
    headers: { date: 'Sat, 21 Nov 2026 10:00:00 GMT', 'retry-after': 'Sat, 21 Nov 2026 10:00:07 GMT' },
    want: ['upstream_error', 503, 7_000],
  },
  { name: 'a 500', status: 500, headers: {}, want: ['upstream_error', 500, undefined] },
  { name: 'a 529', status: 529, headers: {}, want: ['upstream_error', 529, undefined] },
  { name: 'a status beyond HTTP', status: 999, headers: {}, want: ['upstream_error', 599, undefined] },
  { name: 'a 401, which is never told as one', status: 401, headers: {}, want: ['upstream_credentials', 502, undefined] },
  { name: 'a 403', status: 403, headers: {}, want: ['upstream_credentials', 502, undefined] },
  { name: 'a 408', status: 408, headers: {}, want: ['upstream_timeout', 504, undefined] },
  { name: 'a 422', status: 422, headers: {}, want: ['request_invalid', 422, undefined] },
  { name: 'a 501, which is about the request', status: 501, headers: {}, want: ['request_invalid', 501, undefined] },
  { name: 'a redirect', status: 302, headers: {}, want: ['upstream_reply_invalid', 502, undefined] },
];
for (const row of rows) {
  test(`classify: ${row.name}`, () => {
    const error = classifyStatus(row.status, new Headers(row.headers), new Uint8Array(0));
    const told: unknown[] = [error.code, error.status, error.options.retryAfterMs];
    expect(told).toEqual([...row.want]);
  });
}

for (const [body, want] of [
  ['{"error":{"message":"deep"}}', 'deep'],
  ['{"error":"plain"}', 'plain'],
  ['{"message":"top"}', 'top'],
  ['{"detail":"fastapi"}', 'fastapi'],
  ['{"title":"problem","status":500}', 'problem'],
  ['{"error":{"message":7}}', 'The upstream answered 500.'],
  ['{"broken', 'The upstream answered 500.'],
  ['null', 'The upstream answered 500.'],
  [`{"message":"${'x'.repeat(600)}"}`, 'x'.repeat(500)],
] as const) {
  test(`classify: the sentence in ${body.slice(0, 40)}`, () => {
    expect(classifyStatus(500, new Headers(json), new TextEncoder().encode(body)).message).toBe(want);
  });
}

test('a service has failed with 429 and 5xx, but for those about the request', () => {
  expect([200, 304, 400, 401, 403, 404, 408, 429, 500, 501, 502, 503, 504, 505, 529].filter(isServiceFailure)).toEqual([
    429, 500, 502, 503, 504, 529,
  ]);
});
