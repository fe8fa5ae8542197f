import { describe, expect, test } from 'bun:test';
import { FaultCounter } from './fault-counter.ts';
import { FAULTS, type Faults, faultHelp, parseFaults, splitModel } from './faults.ts';

const readable: { name: string; text: string; want: Faults }[] = [
  { name: 'nothing', text: '', want: {} },
  { name: 'a number', text: 'status=503', want: { status: 503 } },
  { name: 'a flag', text: 'silence', want: { silence: true } },
  { name: 'a word', text: 'status=502,body=html', want: { status: 502, body: 'html' } },
  { name: 'commas', text: 'status=429,retry-after=2', want: { status: 429, retryAfter: 2 } },
  { name: 'semicolons, as headers like them', text: 'status=429;retry-after-ms=200', want: { status: 429, retryAfterMs: 200 } },
  { name: 'spaces and empty parts', text: ' status = 500 , ; no-done ', want: { status: 500, noDone: true } },
  { name: 'a fraction where it has a meaning', text: 'retry-after=0.5,jitter=0.25', want: { retryAfter: 0.5, jitter: 0.25 } },
  { name: 'a number that may stand alone', text: 'context-length', want: { contextLength: 0 } },
  { name: 'zero tokens', text: 'cut-after=0', want: { cutAfter: 0 } },
  { name: 'counts and keys', text: 'reset,times=2,key=abc', want: { reset: true, times: 2, key: 'abc' } },
  { name: 'the later of two equal names', text: 'status=500,status=503', want: { status: 503 } },
];

describe('a fault text', () => {
  for (const row of readable) {
    test(`is read: ${row.name}`, () => {
      expect(parseFaults(row.text)).toEqual(row.want);
    });
  }

  const refused: [text: string, message: RegExp][] = [
    ['explode', /unknown fault 'explode'; known: delay-ms, /],
    ['statuss=500', /unknown fault/],
    ['status', /'status' needs a whole number from 300 to 599/],
    ['status=', /needs a whole number/],
    ['status=200', /from 300 to 599, not '200'/],
    ['status=503.5', /needs a whole number/],
    ['status=abc', /not 'abc'/],
    ['cut-after=-1', /from 0/],
    ['jitter=1.5', /from 0 to 1/],
    ['silence=yes', /'silence' takes no value/],
    ['body=xml', /one of json, html, empty, not 'xml'/],
    ['key', /'key' needs a value/],
    ['toString=1', /unknown fault/],
  ];
  for (const [text, message] of refused) {
    test(`is refused: '${text}'`, () => {
      expect(() => parseFaults(text)).toThrow(message);
    });
  }

  test('has a line of help for every fault', () => {
    expect(faultHelp().split('\n')).toHaveLength(Object.keys(FAULTS).length);
    expect(faultHelp()).toContain('retry-after-ms=…');
  });
});

test('a model’s name ends at the first exclamation mark', () => {
  expect(splitModel('sim-1')).toEqual({ name: 'sim-1', faults: '' });
  expect(splitModel('org/sim:tag!status=503,times=2')).toEqual({ name: 'org/sim:tag', faults: 'status=503,times=2' });
  expect(splitModel('sim!key=a!b')).toEqual({ name: 'sim', faults: 'key=a!b' });
});

describe('faults from several places', () => {
  test('come together, and the later overrides the earlier field by field', () => {
    const base: Faults = { firstTokenMs: 5 };
    const taken = new FaultCounter().take(base, ['status=500,retry-after=1', '', 'status=503']);
    expect(taken).toEqual({ firstTokenMs: 5, status: 503, retryAfter: 1 });
    expect(base).toEqual({ firstTokenMs: 5 });
  });

  test('are the base itself when there are none', () => {
    const base: Faults = {};
    expect(new FaultCounter().take(base, ['', ''])).toBe(base);
  });

  test('with `times` hold so many times, and then not', () => {
    const counter = new FaultCounter();
    const statuses = Array.from({ length: 4 }, () => counter.take({}, ['status=503,times=2']).status);
    expect(statuses).toEqual([503, 503, undefined, undefined]);
    counter.reset();
    expect(counter.take({}, ['status=503,times=2']).status).toBe(503);
  });

  test('with different keys are counted apart', () => {
    const counter = new FaultCounter();
    const once = (key: string) => counter.take({}, [`status=503,times=1,key=${key}`]).status;
    expect([once('a'), once('b'), once('a'), once('b')]).toEqual([503, 503, undefined, undefined]);
  });

  test('when used up, leave the others as they are', () => {
    const counter = new FaultCounter();
    const take = () => counter.take({}, ['tokens=9', 'tokens=3,times=1']).tokens;
    expect([take(), take()]).toEqual([3, 9]);
  });
});
