import { describe, expect, test } from 'bun:test';
import { TransportError } from '../transport-error.ts';
import { type Framing, parseReplyHead, type ReplyHead } from './reply-head.ts';

/** What is thrown, in short. */
function refusal(lines: readonly string[], method = 'GET'): string {
  try {
    parseReplyHead(lines.join('\r\n'), method);
  } catch (error) {
    if (error instanceof TransportError && error.fault === 'protocol') return error.message;
    throw error;
  }
  return 'accepted';
}

function parsed(lines: readonly string[], method = 'GET'): ReplyHead {
  return parseReplyHead(lines.join('\r\n'), method);
}

const OK = 'HTTP/1.1 200 OK';

describe('the status line', () => {
  for (const [line, status] of [
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.1 200 ', 200],
    ['HTTP/1.1 200', 200],
    ['HTTP/1.0 404 Not Found', 404],
    ['HTTP/1.1 600 \xfcber', 600],
    ['HTTP/1.1 999 a\tb', 999],
    ['HTTP/1.1 101 Switching', 101],
  ] as const) {
    test(`${JSON.stringify(line)} says ${status}`, () => {
      expect(parsed([line]).status).toBe(status);
    });
  }

  for (const line of [
    '',
    'HTTP/1.1',
    'HTTP/1.1 ',
    'HTTP/1.1 099 Low',
    'HTTP/1.1 1000 High',
    'HTTP/1.1 20',
    'HTTP/1.1 2O0 OK',
    'HTTP/1.1 -200 OK',
    'HTTP/1.1 +20 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1\t200 OK',
    ' HTTP/1.1 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/2 200 OK',
    'HTTP/11.1 200 OK',
    'ICY 200 OK',
    'HTTP/1.1 200 OK\nContent-Length: 5',
    'HTTP/1.1 200 OK\rContent-Length: 5',
    'HTTP/1.1 200 \0',
    'HTTP/1.1 200 \x1b[31m',
    'HTTP/1.1 200\x7f',
  ]) {
    test(`${JSON.stringify(line)} is refused`, () => {
      expect(refusal([line])).toContain('status line');
    });
  }
});

describe('headers', () => {
  test('keep their order and their bytes, in lower case, without the space around them', () => {
    expect(parsed([OK, 'X-One:1', 'x-TWO: \t 2 \t', 'X-One: ', 'ETag: "\xe4\xf6\xfc\xff"', 'content-length: 0']).fields).toEqual([
      'x-one',
      '1',
      'x-two',
      '2',
      'x-one',
      '',
      'etag',
      '"\xe4\xf6\xfc\xff"',
      'content-length',
      '0',
    ]);
  });

  test('lose no byte that is no space: UTF-8 may end in A0 or 85', () => {
    const utf8 = Buffer.from('voilà').toString('latin1');
    expect(parsed([OK, `x: ${utf8}`, 'y: \xa0z\xa0', 'z: \x85']).fields).toEqual(['x', utf8, 'y', '\xa0z\xa0', 'z', '\x85']);
  });

  for (const [name, line, want] of [
    ['no colon', 'nothing', 'no colon'],
    ['no name', ': value', 'name'],
    ['a space before the colon', 'Content-Length : 5', 'name'],
    ['a tab before the colon', 'Content-Length\t: 5', 'name'],
    ['a name in quotes', '"x": 1', 'name'],
    ['a name beyond ASCII', 'x\xe4: 1', 'name'],
    ['a NUL in a name', 'x\0: 1', 'name'],
    ['a folded line', ' folded: 1', 'name'],
    ['a line folded with a tab', '\tfolded', 'no colon'],
    ['a NUL in a value', 'x: a\0b', 'control'],
    ['a bare CR in a value', 'x: a\rTransfer-Encoding: chunked', 'control'],
    ['a bare LF in a value', 'x: a\nTransfer-Encoding: chunked', 'control'],
    ['a bare CR at the end of a value', 'x: a\r', 'control'],
    ['an escape in a value', 'x: \x1b]0;a', 'control'],
    ['a DEL in a value', 'x: \x7f', 'control'],
    ['a vertical tab before a coding', 'Transfer-Encoding: \x0bchunked', 'control'],
    ['a form feed after a length', 'Content-Length: 5\x0c', 'control'],
  ] as const) {
    test(`with ${name} are refused`, () => {
      expect(refusal([OK, 'a: b', line, 'c: d'])).toContain(want);
    });
  }

  test('are at most 256', () => {
    const lines = Array.from({ length: 256 }, (_, index) => `x-${index}: ${index}`);
    expect(parsed([OK, ...lines]).fields.length).toBe(512);
    expect(refusal([OK, ...lines, 'x: y'])).toContain('256');
  });

  test('are at most 256 with those that do not go on', () => {
    expect(refusal([OK, ...Array.from({ length: 257 }, () => 'keep-alive: timeout=5')])).toContain('256');
  });

  test('of the connection do not go on, nor what it names; what holds the message together does', () => {
    const { fields } = parsed([
      OK,
      'Connection: keep-alive, X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'connection: , x-other,,CONTENT-TYPE, content-length, no token',
      'X-Other: 2',
      'Content-Type: text/plain',
      'Content-Length: 3',
      'Trailer: x',
      'Upgrade: h2c',
      'Alt-Svc: h3',
      'Proxy-Authenticate: Basic',
      'X-Kept: 3',
    ]);
    expect(fields).toEqual(['content-type', 'text/plain', 'content-length', '3', 'x-kept', '3']);
  });
});

describe('framing', () => {
  const length = (bytes: number): Framing => ({ kind: 'length', length: bytes });
  const chunked: Framing = { kind: 'chunked' };
  const untilClose: Framing = { kind: 'until-close' };
  for (const row of [
    { name: 'a length', head: [OK, 'Content-Length: 5'], framing: length(5), keepAlive: true },
    { name: 'leading zeros', head: [OK, 'Content-Length: 0005'], framing: length(5), keepAlive: true },
    { name: 'equal lengths', head: [OK, 'Content-Length: 5', 'content-length: 5'], framing: length(5), keepAlive: true },
    { name: 'chunks', head: [OK, 'Transfer-Encoding: Chunked'], framing: chunked, keepAlive: true },
    { name: 'neither', head: [OK], framing: untilClose, keepAlive: false },
    { name: 'both', head: [OK, 'Content-Length: 5', 'Transfer-Encoding: chunked'], framing: chunked, keepAlive: false },
    {
      name: 'both, the other way round',
      head: [OK, 'Transfer-Encoding: chunked', 'Content-Length: 5'],
      framing: chunked,
      keepAlive: false,
    },
    { name: 'a farewell', head: [OK, 'Content-Length: 5', 'Connection: Close'], framing: length(5), keepAlive: false },
    { name: 'a farewell among others', head: [OK, 'Content-Length: 5', 'Connection: x, close'], framing: length(5), keepAlive: false },
    {
      name: 'a farewell in the second line',
      head: [OK, 'Content-Length: 5', 'Connection: x', 'Connection: close'],
      framing: length(5),
      keepAlive: false,
    },
    { name: 'HTTP/1.0', head: ['HTTP/1.0 200 OK', 'Content-Length: 5'], framing: length(5), keepAlive: false },
    {
      name: 'HTTP/1.0 that stays',
      head: ['HTTP/1.0 200 OK', 'Content-Length: 5', 'Connection: Keep-Alive'],
      framing: length(5),
      keepAlive: true,
    },
    {
      name: 'HTTP/1.0 that stays and does not',
      head: ['HTTP/1.0 200 OK', 'Content-Length: 5', 'Connection: keep-alive, close'],
      framing: length(5),
      keepAlive: false,
    },
    { name: 'HTTP/1.0 without a length', head: ['HTTP/1.0 200 OK', 'Connection: keep-alive'], framing: untilClose, keepAlive: false },
    { name: 'HEAD with a length', method: 'HEAD', head: [OK, 'Content-Length: 5'], framing: length(0), keepAlive: true },
    { name: 'HEAD with chunks', method: 'HEAD', head: [OK, 'Transfer-Encoding: chunked'], framing: length(0), keepAlive: true },
    { name: 'HEAD with neither', method: 'HEAD', head: [OK], framing: length(0), keepAlive: true },
    { name: '204 with a length', head: ['HTTP/1.1 204 No Content', 'Content-Length: 5'], framing: length(0), keepAlive: true },
    { name: '304 with a length', head: ['HTTP/1.1 304 Not Modified', 'Content-Length: 5'], framing: length(0), keepAlive: true },
    { name: '205', head: ['HTTP/1.1 205 Reset Content', 'Content-Length: 0'], framing: length(0), keepAlive: true },
    { name: '15 digits', head: [OK, 'Content-Length: 999999999999999'], framing: length(999_999_999_999_999), keepAlive: true },
  ] as const) {
    test(`of ${row.name}`, () => {
      const { framing, keepAlive } = parsed(row.head, 'method' in row ? row.method : 'GET');
      expect({ framing, keepAlive }).toEqual({ framing: row.framing, keepAlive: row.keepAlive });
    });
  }

  test('beside chunks a length is not told', () => {
    expect(parsed([OK, 'Content-Length: 5', 'Transfer-Encoding: chunked', 'x: y']).fields).toEqual(['x', 'y']);
  });

  test('a length without a body is told', () => {
    expect(parsed([OK, 'Content-Length: 5'], 'HEAD').fields).toEqual(['content-length', '5']);
  });

  for (const [name, head, want] of [
    ['lengths that differ', ['Content-Length: 5', 'Content-Length: 6'], 'differ'],
    ['lengths that differ in form', ['Content-Length: 5', 'Content-Length: 05'], 'differ'],
    ['lengths in a list', ['Content-Length: 5, 5'], 'number'],
    ['a negative length', ['Content-Length: -5'], 'number'],
    ['a length with a sign', ['Content-Length: +5'], 'number'],
    ['a hexadecimal length', ['Content-Length: 0x5'], 'number'],
    ['an exponent', ['Content-Length: 1e3'], 'number'],
    ['a fraction', ['Content-Length: 5.0'], 'number'],
    ['no length', ['Content-Length:'], 'number'],
    ['a length with a space', ['Content-Length: 1 2'], 'number'],
    ['digits that are none of ours', ['Content-Length: \xb2'], 'number'],
    ['16 digits', ['Content-Length: 1000000000000000'], 'number'],
    ['a bad length beside chunks', ['Content-Length: x', 'Transfer-Encoding: chunked'], 'number'],
    ['another coding', ['Transfer-Encoding: gzip'], 'coding'],
    ['codings', ['Transfer-Encoding: gzip, chunked'], 'coding'],
    ['codings in two lines', ['Transfer-Encoding: gzip', 'Transfer-Encoding: chunked'], 'coding'],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 'coding'],
    ['identity', ['Transfer-Encoding: identity'], 'coding'],
    ['an empty coding', ['Transfer-Encoding:'], 'coding'],
    ['a parameter', ['Transfer-Encoding: chunked;q=1'], 'coding'],
    ['a coding that is almost it', ['Transfer-Encoding: xchunked'], 'coding'],
    ['a coding with a strange space', ['Transfer-Encoding: \xa0chunked'], 'coding'],
  ] as const) {
    test(`of ${name} is refused`, () => {
      expect(refusal([OK, ...head])).toContain(want);
    });
  }

  test('of chunks from HTTP/1.0 is refused', () => {
    expect(refusal(['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'])).toContain('coding');
  });
});
