import { expect, test } from 'bun:test';
import { HttpReader } from './http-reader.ts';

const FIXED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n';
const EMPTY = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

function read(text: string, pieceBytes: number): string[] {
  const seen: string[] = [];
  let body = '';
  const reader = new HttpReader({
    head: (head) => seen.push(head.slice(0, head.indexOf('\r'))),
    body: (bytes) => {
      body += bytes.toString();
    },
    end: () => {
      seen.push(body);
      body = '';
    },
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  return seen;
}

for (const pieceBytes of [1, 2, 3, 7, 1_000]) {
  test(`messages one after another are told apart when they arrive ${pieceBytes} bytes at a time`, () => {
    expect(read(FIXED + CHUNKED + EMPTY + FIXED, pieceBytes)).toEqual([
      'HTTP/1.1 200 OK',
      'hello',
      'HTTP/1.1 200 OK',
      'hello',
      'GET / HTTP/1.1',
      '',
      'HTTP/1.1 200 OK',
      'hello',
    ]);
  });
}

test('a chunk size that is no number is refused', () => {
  expect(() => read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 1_000)).toThrow('chunk size');
});
