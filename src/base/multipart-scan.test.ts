import { describe, expect, test } from 'bun:test';
import { createMultipartScanner, MultipartScanError, multipartBoundary } from './multipart-scan.ts';

const FILE = Buffer.concat([Buffer.from('\r\n--\r\n--b\n\r\n-'), Buffer.from([0, 255, 13, 10, 45, 45])]);
const field = (name: string, value: string | Buffer, more = '') =>
  Buffer.concat([
    Buffer.from(`--bnd\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
    Buffer.from(value),
    Buffer.from('\r\n'),
  ]);
const END = Buffer.from('--bnd--\r\n');
const FORM = Buffer.concat([
  field('model', 'whisper-1'),
  field('file', FILE, '; filename="a.wav"\r\nContent-Type: audio/wav'),
  field('empty', ''),
  field('stream', 'true'),
  END,
]);

function scan(chunks: readonly Uint8Array[], keep = ['model', 'stream', 'empty']) {
  const scanner = createMultipartScanner({ boundary: 'bnd', keeps: (name) => keep.includes(name) });
  for (const chunk of chunks) scanner.push(chunk);
  return scanner.finish();
}

const WANT = [
  { name: 'model', isFile: false, value: 'whisper-1', kept: 'whisper-1' },
  { name: 'file', isFile: true, value: FILE.toString('latin1'), kept: undefined },
  { name: 'empty', isFile: false, value: '', kept: '' },
  { name: 'stream', isFile: false, value: 'true', kept: 'true' },
];
const seen = (chunks: readonly Uint8Array[]) =>
  scan(chunks).map(({ name, isFile, start, end, content }) => ({
    name,
    isFile,
    value: FORM.subarray(start, end).toString('latin1'),
    kept: content === undefined ? undefined : Buffer.from(content).toString(),
  }));

describe('a form', () => {
  test('is read in one piece, cut at every byte, and one byte at a time', () => {
    expect(seen([FORM])).toEqual(WANT);
    for (let at = 0; at <= FORM.length; at += 1) expect(seen([FORM.subarray(0, at), FORM.subarray(at)])).toEqual(WANT);
    expect(seen(Array.from(FORM, (byte) => Uint8Array.of(byte)))).toEqual(WANT);
  });

  test('does not depend on what becomes of the chunks afterwards', () => {
    const scanner = createMultipartScanner({ boundary: 'bnd', keeps: () => true });
    for (let at = 0; at < FORM.length; at += 7) {
      const chunk = Uint8Array.from(FORM.subarray(at, at + 7));
      scanner.push(chunk);
      chunk.fill(0);
    }
    expect(scanner.finish().map(({ content }) => Buffer.from(content ?? []).toString('latin1'))).toEqual(WANT.map(({ value }) => value));
  });
});

describe('what can be read in two ways is refused:', () => {
  const head = (text: string) => Buffer.from(`--bnd\r\n${text}\r\n\r\nx\r\n--bnd--`);
  for (const [name, body] of Object.entries({
    'a cut form': FORM.subarray(0, FORM.length - 5),
    'an empty body': Buffer.from(''),
    'another boundary': Buffer.from('--other\r\n'),
    'text before the form': Buffer.concat([Buffer.from('hello\r\n'), FORM]),
    'text behind it': Buffer.concat([FORM, Buffer.from('--bnd\r\n')]),
    'no parts': Buffer.from('--bnd--'),
    'a line that begins like the boundary': Buffer.concat([field('a', 'x\r\n--bndary'), END]),
    'a boundary with one dash behind it': Buffer.concat([field('a', 'x\r\n--bnd-'), END]),
    'a bare line feed behind the boundary': Buffer.from('--bnd\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--bnd--'),
    'a boundary where content should be': Buffer.from(
      '--bnd\r\nContent-Disposition: form-data; name="a"\r\n\r\n--bnd\r\nx: y\r\n\r\n\r\n--bnd--',
    ),
    'no disposition': head('Content-Type: text/plain'),
    'two dispositions': head('Content-Disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="model"'),
    'two names': head('Content-Disposition: form-data; name="a"; name="model"'),
    'an extended name': head('Content-Disposition: form-data; name="a"; name*=utf-8\'\'model'),
    'an escape in a name': head('Content-Disposition: form-data; name="mo\\del"'),
    'a folded header': head('Content-Disposition: form-data;\r\n name="model"'),
    'a bare line feed in a head': head('X: y\nContent-Disposition: form-data; name="model"'),
    'an attachment': head('Content-Disposition: attachment; name="a"'),
    'a transfer encoding': head('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64'),
    'a head that is no UTF-8': Buffer.concat([Buffer.from('--bnd\r\nX: '), Buffer.from([255]), Buffer.from('\r\n\r\nx\r\n--bnd--')]),
    'an endless head': Buffer.from(`--bnd\r\nX: ${'y'.repeat(5_000)}`),
    'too many parts': Buffer.concat([...Array.from({ length: 129 }, () => field('a', 'x')), END]),
    'a field that is too long': Buffer.concat([field('model', 'x'.repeat(65_537)), END]),
  })) {
    test(name, () => expect(() => scan([body])).toThrow(MultipartScanError));
  }
});

test('the boundary is taken from the content type as RFC 2046 has it', () => {
  expect(multipartBoundary('multipart/form-data; boundary=abc')).toBe('abc');
  expect(multipartBoundary('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe('a b');
  expect(multipartBoundary('application/json')).toBeUndefined();
  expect(multipartBoundary(null)).toBeUndefined();
  for (const odd of [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=a; boundary=b',
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ])
    expect(multipartBoundary(odd)).toBe('');
});
