import { describe, expect, test } from 'bun:test';
import { beginTrace, createTraceIds, formatTraceparent, parseTraceparent } from './trace.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('traceparent', () => {
  for (const row of [
    { name: 'sampled', text: `00-${TRACE}-${SPAN}-01`, want: { traceId: TRACE, spanId: SPAN, sampled: true } },
    { name: 'not sampled', text: `00-${TRACE}-${SPAN}-00`, want: { traceId: TRACE, spanId: SPAN, sampled: false } },
    { name: 'with flags not yet defined', text: `00-${TRACE}-${SPAN}-ff`, want: { traceId: TRACE, spanId: SPAN, sampled: true } },
    {
      name: 'of a later version with more fields',
      text: `cc-${TRACE}-${SPAN}-01-what-the-future`,
      want: { traceId: TRACE, spanId: SPAN, sampled: true },
    },
    { name: 'of version 00 with more fields', text: `00-${TRACE}-${SPAN}-01-more`, want: undefined },
    { name: 'of the forbidden version', text: `ff-${TRACE}-${SPAN}-01`, want: undefined },
    { name: 'with a trace id of zeros', text: `00-${'0'.repeat(32)}-${SPAN}-01`, want: undefined },
    { name: 'with a span id of zeros', text: `00-${TRACE}-${'0'.repeat(16)}-01`, want: undefined },
    { name: 'in upper case', text: `00-${TRACE.toUpperCase()}-${SPAN}-01`, want: undefined },
    { name: 'too short', text: `00-${TRACE.slice(1)}-${SPAN}-01`, want: undefined },
    { name: 'too long', text: `00-${TRACE}0-${SPAN}-01`, want: undefined },
    { name: 'with white space inside', text: `00-${TRACE}-${SPAN} -01`, want: undefined },
    { name: 'with a line feed at its end', text: `00-${TRACE}-${SPAN}-01\n`, want: undefined },
    { name: 'empty', text: '', want: undefined },
  ]) {
    test(`${row.name}: ${row.want === undefined ? 'a new trace' : 'the trace goes on'}`, () => {
      expect(parseTraceparent(row.text)).toEqual(row.want);
    });
  }
});

describe('a trace', () => {
  const ids = createTraceIds(Uint32Array.of(1, 2, 3, 4));

  test('goes on where the caller is in one, with our own span', () => {
    const trace = beginTrace(new Headers({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1,other=2' }), ids, 0);
    expect(trace).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, sampled: true, state: 'vendor=1,other=2' });
    expect(trace.spanId).not.toBe(SPAN);
    expect(parseTraceparent(formatTraceparent(trace))).toEqual({ traceId: TRACE, spanId: trace.spanId, sampled: true });
  });

  test('hands on no state that is too long, and none without a trace', () => {
    expect(
      beginTrace(new Headers({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: `a=${'x'.repeat(600)}` }), ids, 1).state,
    ).toBeUndefined();
    expect(beginTrace(new Headers({ tracestate: 'a=1' }), ids, 1).state).toBeUndefined();
  });

  test('begins anew where the caller sent nonsense', () => {
    const trace = beginTrace(new Headers({ traceparent: 'nonsense' }), ids, 1);
    expect(trace.parentSpanId).toBeUndefined();
    expect(parseTraceparent(formatTraceparent(trace))).toBeDefined();
  });

  for (const { ratio, least, most } of [
    { ratio: 0, least: 0, most: 0 },
    { ratio: 0.25, least: 2_250, most: 2_750 },
    { ratio: 1, least: 10_000, most: 10_000 },
  ]) {
    test(`is sampled with the share ${ratio}`, () => {
      let sampled = 0;
      for (let index = 0; index < 10_000; index += 1) if (beginTrace(new Headers(), ids, ratio).sampled) sampled += 1;
      expect(sampled).toBeGreaterThanOrEqual(least);
      expect(sampled).toBeLessThanOrEqual(most);
    });
  }
});

test('ids are well formed and do not repeat', () => {
  const ids = createTraceIds(new Uint32Array(4));
  const seen = new Set<string>();
  for (let index = 0; index < 50_000; index += 1) {
    const traceId = ids.traceId();
    const spanId = ids.spanId();
    if (!/^[0-9a-f]{32}$/.test(traceId) || !/^[0-9a-f]{16}$/.test(spanId)) throw new Error(`${traceId} ${spanId}`);
    seen.add(traceId).add(spanId);
  }
  expect(seen.size).toBe(100_000);
});

test('generators with different seeds give different ids', () => {
  expect(createTraceIds(Uint32Array.of(1, 0, 0, 0)).traceId()).not.toBe(createTraceIds(Uint32Array.of(2, 0, 0, 0)).traceId());
});
