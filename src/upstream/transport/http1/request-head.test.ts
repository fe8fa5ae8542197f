import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../../base/errors.ts';
import { sendableTarget } from '../request-target.ts';
import { encodeRequestHead, type RequestHead } from './request-head.ts';

const PLAIN: RequestHead = { method: 'GET', target: '/', authority: 'up:8080', headers: {}, length: null };

function encode(changes: Partial<RequestHead>): string {
  return encodeRequestHead({ ...PLAIN, ...changes });
}

function codeOf(changes: Partial<RequestHead>): string {
  try {
    encode(changes);
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error);
  }
  return 'accepted';
}

test('a head is its lines, from a record or from Headers', () => {
  const want = 'POST /a?b=c HTTP/1.1\r\nhost: up:8080\r\naccept: */*\r\nx-b: \xe4 1\r\ncontent-length: 3\r\n\r\n';
  const given = { accept: '*/*', 'x-b': '\xe4 1' };
  const shared = { method: 'POST', target: '/a?b=c', length: 3 };
  expect(encode({ ...shared, headers: given })).toBe(want);
  expect(encode({ ...shared, headers: new Headers(given) })).toBe(want);
});

describe('the framing', () => {
  for (const [method, length, line] of [
    ['GET', null, ''],
    ['DELETE', null, ''],
    ['POST', null, 'content-length: 0\r\n'],
    ['PUT', null, 'content-length: 0\r\n'],
    ['PATCH', null, 'content-length: 0\r\n'],
    ['POST', 0, 'content-length: 0\r\n'],
    ['DELETE', 0, 'content-length: 0\r\n'],
    ['POST', 12, 'content-length: 12\r\n'],
    ['POST', undefined, 'transfer-encoding: chunked\r\n'],
    ['GET', undefined, 'transfer-encoding: chunked\r\n'],
    ['POST', 'given', ''],
  ] as const) {
    test(`of a ${method} with a length of ${length} is ${JSON.stringify(line)}`, () => {
      expect(encode({ method, length })).toBe(`${method} / HTTP/1.1\r\nhost: up:8080\r\n${line}\r\n`);
    });
  }
});

describe('refused', () => {
  for (const value of ['a\r\nx-evil: 1', 'a\rb', 'a\nb', 'a\0b', '\x1b', '\x7f', '\u0100', '\u{1f600}', 'a\u2028b', '\u560d\u560a']) {
    test(`the value ${JSON.stringify(value)}`, () => {
      expect(codeOf({ headers: { x: value } })).toBe('header_invalid');
    });
  }

  for (const name of ['', ' ', 'a b', 'a:', 'a\r\nb', 'a\0', '\xe4', 'a\tb', '(a)', '"a"', 'a/b', '{', '\u0100']) {
    test(`the name ${JSON.stringify(name)}`, () => {
      expect(codeOf({ headers: { [name]: 'x' } })).toBe('header_invalid');
    });
  }

  for (const method of ['', ' ', 'GET /', 'GET\r\n', 'G\0', 'G\xe4T']) {
    test(`the method ${JSON.stringify(method)}`, () => {
      expect(codeOf({ method })).toBe('method_not_allowed');
    });
  }

  test('what is refused is named without its control characters', () => {
    expect(() => encode({ headers: { 'a\r\n\0b': 'x' } })).toThrow('the header a???b cannot');
  });
});

describe('a target', () => {
  for (const [given, sent] of [
    ['/a/b?c=d&e', '/a/b?c=d&e'],
    ['/%2e%2E/%zz', '/%2e%2E/%zz'],
    ['//double//', '//double//'],
    ['//double/a b', '//double/a%20b'],
    ['/"<>\\^`{|}[]\'', '/"<>\\^`{|}[]\''],
    ['/a b', '/a%20b'],
    ['/.. ', '/..%20'],
    ['/.\t./x', '/.%09./x'],
    ['/.\r\n./x', '/.%0D%0A./x'],
    ['/\0', '/%00'],
    ['/\x7f', '/%7F'],
    ['/ä?ö=😀', '/%C3%A4?%C3%B6=%F0%9F%98%80'],
    ['/a\ud800b', '/a%EF%BF%BDb'],
    ['/a#b', '/a'],
    ['/a?b#c?d', '/a?b'],
  ] as const) {
    test(`${JSON.stringify(given)} is sent as ${sent}`, () => {
      expect(sendableTarget(given)).toBe(sent);
      expect(encode({ target: given }).split('\r\n')[0]).toBe(`GET ${sent} HTTP/1.1`);
    });
  }
});

test('whatever is given, a head is what it says, or is refused', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '\r', '\n', ':', ' ', '\0', '\xff', '\u0100') }),
  );
  fc.assert(
    fc.property(text, text, text, text, (method, path, name, value) => {
      const head = { method, target: `/${path}`, headers: { [name]: value } };
      const code = codeOf(head);
      if (code !== 'accepted') return expect(code).toBeOneOf(['header_invalid', 'method_not_allowed']);
      const lines = encode(head).split('\r\n');
      const [first = '', host, header, ...rest] = lines;
      expect(first.split(' ')).toEqual([method, sendableTarget(`/${path}`), 'HTTP/1.1']);
      expect([host, header]).toEqual(['host: up:8080', `${name}: ${value}`]);
      expect(rest.filter((line) => line !== '' && line !== 'content-length: 0')).toEqual([]);
      return expect(lines.join('')).not.toMatch(/[\r\n\0]/);
    }),
    { numRuns: 2_000 },
  );
});
