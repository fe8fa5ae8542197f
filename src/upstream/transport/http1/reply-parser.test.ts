import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { cutAt, everyByte, type ParsedReply, parsePieces } from '../../../../test/upstream/parsed-reply.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const LENGTH_5 = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';

interface Row {
  readonly name: string;
  readonly method?: string;
  readonly bytes: string;
  readonly body?: string;
  /** As `ParsedReply` says; an error by a part of its words. */
  readonly end: string;
  readonly whenClosed?: 'whole' | 'cut';
}

const WHOLE: readonly Row[] = [
  { name: 'a length', bytes: `${LENGTH_5}12345`, body: '12345', end: 'whole' },
  { name: 'no bytes', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', end: 'whole' },
  { name: 'no headers, no body', bytes: 'HTTP/1.1 204\r\n\r\n', end: 'whole' },
  { name: 'HEAD', method: 'HEAD', bytes: LENGTH_5, end: 'whole' },
  { name: '304', bytes: 'HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n', end: 'whole' },
  { name: 'one chunk', bytes: `${CHUNKED}5\r\n12345\r\n0\r\n\r\n`, body: '12345', end: 'whole' },
  { name: 'no chunk', bytes: `${CHUNKED}0\r\n\r\n`, end: 'whole' },
  {
    name: 'chunks',
    bytes: `${CHUNKED}1\r\na\r\n00002\r\nbc\r\nA\r\n0123456789\r\n0a\r\n9876543210\r\n000\r\n\r\n`,
    body: 'abc01234567899876543210',
    end: 'whole',
  },
  {
    name: 'chunks that look like framing',
    bytes: `${CHUNKED}5\r\n0\r\n\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n`,
    body: '0\r\n\r\n\r\n\r\n',
    end: 'whole',
  },
  { name: 'extensions', bytes: `${CHUNKED}1;a\r\na\r\n1 ; name="v;\xe4"\r\nb\r\n1\t\r\nc\r\n0;last\r\n\r\n`, body: 'abc', end: 'whole' },
  { name: 'a trailer', bytes: `${CHUNKED}1\r\na\r\n0\r\nx-sum: 1\r\nContent-Length: 99\r\n\r\n`, body: 'a', end: 'whole' },
  { name: 'an interim reply before it', bytes: `HTTP/1.1 100 Continue\r\n\r\n${LENGTH_5}12345`, body: '12345', end: 'whole' },
  {
    name: 'interim replies before it',
    bytes: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102\r\n\r\n${CHUNKED}1\r\na\r\n0\r\n\r\n`,
    body: 'a',
    end: 'whole',
  },
  { name: 'until it closes', bytes: 'HTTP/1.1 200 OK\r\n\r\nany\r\n\r\nthing', body: 'any\r\n\r\nthing', end: 'open', whenClosed: 'whole' },
  { name: 'until it closes, and nothing', bytes: 'HTTP/1.0 200 OK\r\n\r\n', end: 'open', whenClosed: 'whole' },
  { name: 'something after a length', bytes: `${LENGTH_5}12345HTTP/1.1 200 OK\r\n\r\n`, body: '12345', end: 'surplus' },
  { name: 'an empty line after it', bytes: `${LENGTH_5}12345\r\n`, body: '12345', end: 'surplus' },
  { name: 'something after no body', bytes: 'HTTP/1.1 204\r\nContent-Length: 1\r\n\r\nx', end: 'surplus' },
  { name: 'a body after HEAD', method: 'HEAD', bytes: `${LENGTH_5}12345`, end: 'surplus' },
  { name: 'something after chunks', bytes: `${CHUNKED}1\r\na\r\n0\r\n\r\nx`, body: 'a', end: 'surplus' },
];

const CUT: readonly Row[] = [
  { name: 'nothing', bytes: '', end: 'open', whenClosed: 'cut' },
  { name: 'a head', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', end: 'open', whenClosed: 'cut' },
  { name: 'an interim reply alone', bytes: 'HTTP/1.1 100 Continue\r\n\r\n', end: 'open', whenClosed: 'cut' },
  { name: 'a length', bytes: `${LENGTH_5}1234`, body: '1234', end: 'open', whenClosed: 'cut' },
  { name: 'a chunk line', bytes: `${CHUNKED}1\r\na\r\n5`, body: 'a', end: 'open', whenClosed: 'cut' },
  { name: 'a chunk', bytes: `${CHUNKED}5\r\n1234`, body: '1234', end: 'open', whenClosed: 'cut' },
  { name: 'a trailer', bytes: `${CHUNKED}1\r\na\r\n0\r\n`, body: 'a', end: 'open', whenClosed: 'cut' },
  { name: 'a trailer with a field', bytes: `${CHUNKED}1\r\na\r\n0\r\nx: y\r\n`, body: 'a', end: 'open', whenClosed: 'cut' },
];

const REFUSED: readonly Row[] = [
  { name: 'what is not HTTP', bytes: 'SSH-2.0-OpenSSH_9.6\r\n', end: 'status line' },
  { name: 'TLS', bytes: '\x15\x03\x01\0\x02\x02\x28', end: 'status line' },
  { name: 'HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', end: 'status line' },
  { name: 'an empty line first', bytes: `\r\n${LENGTH_5}12345`, end: 'status line' },
  { name: 'a body without a head', bytes: 'hello', end: 'status line' },
  { name: 'a switch of protocols', bytes: 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\nPRI', end: 'switches' },
  { name: 'a bad head after an interim reply', bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2 OK\r\n\r\n', end: 'status line' },
  { name: 'a head without end', bytes: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`, end: 'longer than' },
  { name: 'a head that is too long', bytes: `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(66_000)}\r\n\r\n`, end: 'longer than' },
  { name: 'interim replies without end', bytes: 'HTTP/1.1 100\r\n\r\n'.repeat(5_000), end: 'longer than' },
  ...[
    ['a negative size', '-1\r\na\r\n'],
    ['a sign', '+1\r\na\r\n'],
    ['a prefix', '0x1\r\na\r\n'],
    ['no size', '\r\na\r\n'],
    ['an extension alone', ';a\r\na\r\n'],
    ['a space before the size', ' 1\r\na\r\n'],
    ['a space inside the size', '1 1\r\na\r\n'],
    ['a strange space after it', '1\xa0\r\na\r\n'],
    ['a vertical tab after it', '1\x0b\r\na\r\n'],
    ['13 digits', '1000000000000\r\na\r\n'],
    ['leading zeros without end', `${'0'.repeat(5_000)}1\r\na\r\n`],
    ['a letter', 'g\r\na\r\n'],
    ['an underscore', '1_0\r\na\r\n'],
    ['a fraction', '1.0\r\na\r\n'],
    ['a bare LF after the size', '1\na\r\n'],
    ['a bare CR in an extension', '1;a\rb\r\na\r\n'],
    ['a NUL in an extension', '1;a\0\r\na\r\n'],
    ['an extension that is too long', `1;${'a'.repeat(5_000)}\r\na\r\n`],
    ['a chunk that is longer than it said', '1\r\nab\r\n'],
    ['a chunk that is shorter than it said', '3\r\nab\r\n0\r\n\r\n'],
    ['a bare LF after a chunk', '1\r\na\n0\r\n\r\n'],
    ['a bare CR after a chunk', '1\r\na\r0\r\n\r\n'],
    ['nothing after a chunk', '1\r\na0\r\n\r\n'],
    ['a bare LF in the trailer', '0\r\nx: y\n\r\n'],
    ['a bare LF instead of the trailer', '0\r\n\n'],
    ['a NUL in the trailer', '0\r\nx: \0\r\n\r\n'],
    ['a trailer that is too long', `0\r\n${'x: y\r\n'.repeat(3_000)}\r\n`],
    ['a trailer of one line that is too long', `0\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`],
  ].map(([name = '', bytes = '']) => ({ name: `chunks with ${name}`, bytes: CHUNKED + bytes, end: 'chunks are malformed' })),
];

describe.each([
  ['read whole', WHOLE],
  ['that is not all', CUT],
  ['refused', REFUSED],
])('%s', (_title, rows) => {
  for (const row of rows) {
    test(row.name, () => {
      const bytes = Buffer.from(row.bytes, 'latin1');
      const reply = parsePieces([bytes], row.method);
      expect(reply.end).toContain(row.end);
      const isRefused = rows === REFUSED;
      if (!isRefused) expect([reply.body, reply.end, reply.whenClosed]).toEqual([row.body ?? '', row.end, row.whenClosed ?? 'whole']);
      expectSame(parsePieces(everyByte(bytes), row.method), reply);
      // A long one is cut where something happens: around its beginning and its end.
      const places =
        bytes.length < 2_000 ? bytes.keys() : [...Array(100).keys(), ...Array.from({ length: 100 }, (_, at) => bytes.length - at)];
      for (const place of places) expectSame(parsePieces(cutAt(bytes, [place]), row.method), reply);
    });
  }
});

/** The same, up to how much of a body came before what was wrong with it. */
function expectSame(reply: ParsedReply, want: ParsedReply): void {
  if (want.end === 'open' || want.end === 'whole' || want.end === 'surplus') expect(reply).toEqual(want);
  else expect([reply.head, reply.end]).toEqual([want.head, want.end]);
}

describe('whatever comes', () => {
  const replies = [...WHOLE, ...CUT, ...REFUSED].filter(({ bytes }) => bytes.length > 0 && bytes.length < 1_000);
  const mutations = fc.array(
    fc.record({
      at: fc.nat(1_000),
      drop: fc.constantFrom(0, 0, 1, 1, 2, 7),
      put: fc.constantFrom(
        '',
        '\r',
        '\n',
        '\r\n',
        '\r\n\r\n',
        '\0',
        ' ',
        '\t',
        ';',
        ':',
        ',',
        '0',
        '5',
        'f',
        '-',
        'x',
        '\xa0',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        '0\r\n\r\n',
      ),
    }),
    { maxLength: 4 },
  );
  const mutated = fc.tuple(fc.constantFrom(...replies), mutations).map(([{ bytes, method }, changes]) => {
    let text = bytes;
    for (const { at, drop, put } of changes) {
      const place = at % (text.length + 1);
      text = text.slice(0, place) + put + text.slice(place + drop);
    }
    return { bytes: Buffer.from(text, 'latin1'), method };
  });
  const places = fc.array(fc.nat(1_000), { maxLength: 12 });

  test('it means the same however it is cut, nothing but a TransportError is thrown, and a body keeps to its framing', () => {
    fc.assert(
      fc.property(mutated, places, ({ bytes, method }, cuts) => {
        const whole = parsePieces([bytes], method);
        for (const reply of [whole, parsePieces(cutAt(bytes, cuts), method), parsePieces(everyByte(bytes), method)]) {
          expectSame(reply, whole);
          expectWithinFraming(reply, bytes.toString('latin1'));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test('noise is refused, or waits for more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), places, (noise, cuts) => {
        const bytes = Buffer.from(noise);
        const whole = parsePieces([bytes]);
        expectSame(parsePieces(cutAt(bytes, cuts)), whole);
        expect(whole.head).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});

function expectWithinFraming({ head, body, end }: ParsedReply, text: string): void {
  if (head === undefined) expect(body).toBe('');
  else if (head.framing.kind === 'length') {
    expect(body.length).toBeLessThanOrEqual(head.framing.length);
    if (end === 'whole' || end === 'surplus') expect(body.length).toBe(head.framing.length);
  } else if (head.framing.kind === 'until-close') expect(text.endsWith(body)).toBe(true);
  else expect(dechunked(text)?.startsWith(body)).not.toBe(false);
}

/** The other way to read chunks: all at once, with a pattern. Undefined where it finds fault. */
function dechunked(text: string): string | undefined {
  let at = text.indexOf('\r\n\r\n', text.lastIndexOf('HTTP/1.1 200')) + 4;
  let body = '';
  for (;;) {
    const [line, size] = /^([0-9a-f]{1,12})[ \t]*(?:;[^\r\n]*)?\r\n/i.exec(text.slice(at)) ?? [];
    if (line === undefined || size === undefined) return undefined;
    const length = Number.parseInt(size, 16);
    at += line.length;
    body += text.slice(at, at + length);
    at += length;
    if (length === 0) return body;
    if (text.slice(at, at + 2) !== '\r\n') return undefined;
    at += 2;
  }
}

test('one parser reads reply after reply', () => {
  for (const { bytes, method, body = '' } of WHOLE) expect(parsePieces([Buffer.from(bytes, 'latin1')], method).body).toBe(body);
});
