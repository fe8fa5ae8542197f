/*
 * Uploads of people who mean harm, or whose files are broken: each gets a clear answer of the 4xx kind, the gateway goes on answering others,
 * and nothing is left: no file, no document, no process, no memory.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { docx, docxOf, pdf, pdfOf, WORD_CLOSE, WORD_OPEN, zip } from '../harness/document-files.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { watchMemory } from '../harness/memory.ts';
import { rawExchange } from '../harness/raw-http.ts';
import { AUTH, call, END, LIMITS, part, rawHead, upload } from './upload-client.ts';

let folder: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-hostile-'));
  gateway = await startGateway({
    config: {
      auth: AUTH,
      limits: LIMITS,
      state: { records: `sqlite:${join(folder, 'gatehouse.db')}` },
      uploads: { extraction_timeout: '3s', extraction_memory_max: '256MiB', pages_max: 50, text_characters_max: 12_000_000 },
    },
    // Whatever the process or its children leave behind lies there.
    env: { TMPDIR: folder },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  expect((await gateway.request('/health')).status).toBe(200);
  expect((await call(gateway, '/v1/upload')).body.data).toEqual([]);
  expect((await readdir(folder)).filter((name) => !name.startsWith('gatehouse.db'))).toEqual([]);
  await eventually(async () => (await childrenOf(gateway.process.pid)).length === 0);
});

async function childrenOf(pid: number): Promise<string[]> {
  const listed = await Bun.$`ps -o pid= --ppid ${pid}`.nothrow().text();
  return listed.split('\n').filter((line) => line.trim() !== '');
}

const FILL = Buffer.alloc(50_000_000, 'a');
const LAUGHS = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">${Array.from({ length: 11 }, (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`).join('')}]>`;
const FONT = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>';
const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>';
const packed = (text: string) => {
  const bytes = deflateSync(Buffer.from(text), { level: 9 });
  return `<< /Length ${bytes.length} /Filter /FlateDecode >>\nstream\n${bytes.toString('latin1')}\nendstream`;
};
const pageOf = (contents: string) =>
  `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents ${contents} /Resources << /Font << /F1 3 0 R >> >> >>`;

describe('a hostile file', () => {
  for (const { name, content, file = 'a.txt', status, code, says } of [
    {
      name: 'a Windows executable',
      content: Buffer.from('MZ\x90\0\x03\0\0\0', 'latin1'),
      status: 415,
      code: 'file_type_unsupported',
      says: 'Windows executable',
    },
    {
      name: 'a Linux executable',
      content: Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1'),
      file: 'report.pdf',
      status: 415,
      code: 'file_type_unsupported',
      says: 'Linux executable',
    },
    {
      name: 'an image',
      content: Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1'),
      file: 'a.md',
      status: 415,
      code: 'file_type_unsupported',
      says: 'PNG',
    },
    {
      name: 'random bytes',
      content: crypto.getRandomValues(new Uint8Array(60_000)),
      status: 415,
      code: 'file_type_unsupported',
      says: 'binary',
    },
    {
      name: 'an archive',
      content: zip([{ name: 'a.txt', content: 'x' }]),
      file: 'a.docx',
      status: 415,
      code: 'file_type_unsupported',
      says: 'zip archive',
    },
    {
      name: 'a spreadsheet',
      content: zip([{ name: 'xl/workbook.xml', content: 'x' }]),
      file: 'a.docx',
      status: 415,
      code: 'file_type_unsupported',
      says: '.xlsx',
    },
    {
      name: 'a Word document that is cut',
      content: docx('x'.repeat(5_000)).subarray(0, 400),
      status: 422,
      code: 'file_unreadable',
      says: 'damaged zip',
    },
    {
      name: 'a Word document with a password',
      content: zip([{ name: 'word/document.xml', content: 'x', encrypted: true }]),
      status: 422,
      code: 'file_unreadable',
      says: 'encrypted',
    },
    { name: 'a Word document that is no XML', content: docxOf('<<<not xml'), status: 422, code: 'file_unreadable', says: 'damaged' },
    {
      name: 'a zip bomb',
      content: docxOf(Buffer.concat([Buffer.from(`${WORD_OPEN}<w:p><w:r><w:t>`), FILL, FILL, FILL])),
      status: 422,
      code: 'file_too_complex',
      says: 'unpacks to',
    },
    {
      name: 'a zip bomb that lies about its size',
      content: docxOf(Buffer.concat([Buffer.from(`${WORD_OPEN}<w:p><w:r><w:t>`), FILL, FILL, FILL, FILL, FILL, FILL, FILL, FILL]), 1_000),
      status: 422,
      code: 'file_too_complex',
      says: 'takes more than',
    },
    {
      name: 'millions of elements',
      content: docxOf(WORD_OPEN + '<w:p/>'.repeat(8_000_000) + WORD_CLOSE),
      status: 422,
      code: 'file_too_complex',
      says: 'takes more than',
    },
    {
      name: 'elements within elements',
      content: docxOf(WORD_OPEN + '<w:p>'.repeat(300_000) + '</w:p>'.repeat(300_000) + WORD_CLOSE),
      status: 422,
      code: 'file_too_complex',
      says: '',
    },
    {
      name: 'a billion laughs',
      content: docxOf(`${LAUGHS}${WORD_OPEN}<w:p><w:r><w:t>&l11;</w:t></w:r></w:p>${WORD_CLOSE}`),
      status: 422,
      code: 'file_unreadable',
      says: 'damaged',
    },
    {
      name: 'an entity that names a file',
      content: docxOf(
        `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${WORD_OPEN}<w:p><w:r><w:t>[&e;]</w:t></w:r></w:p>${WORD_CLOSE}`,
      ),
      status: 422,
      code: 'file_unreadable',
      says: 'damaged',
    },
    { name: 'a PDF that is cut', content: pdf('x').subarray(0, 200), status: 422, code: 'file_unreadable', says: 'damaged' },
    { name: 'a PDF of nothing but its first line', content: '%PDF-1.7\n', status: 422, code: 'file_unreadable', says: 'damaged' },
    {
      name: 'a PDF of rubbish',
      content: Buffer.concat([Buffer.from('%PDF-1.7\n'), crypto.getRandomValues(new Uint8Array(50_000))]),
      status: 422,
      code: 'file_unreadable',
      says: 'damaged',
    },
    { name: 'a PDF without text', content: pdf(''), status: 422, code: 'file_unreadable', says: 'no text' },
    {
      name: 'a PDF with a password',
      content: pdfOf(
        [
          CATALOG,
          '<< /Type /Pages /Kids [] /Count 0 >>',
          `<< /Filter /Standard /V 1 /R 2 /O (${'x'.repeat(32)}) /U (${'y'.repeat(32)}) /P -4 >>`,
        ],
        '/Encrypt 3 0 R /ID [(a)(b)] ',
      ),
      status: 422,
      code: 'file_unreadable',
      says: 'encrypted',
    },
    {
      name: 'a PDF whose pages go round in a circle',
      content: pdfOf([CATALOG, '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 40 >>']),
      status: 422,
      code: 'file_unreadable',
      says: 'damaged',
    },
    {
      name: 'a PDF of too many pages',
      content: pdf(...Array.from({ length: 51 }, (_, index) => `page ${index}`)),
      status: 422,
      code: 'file_too_complex',
      says: '51 pages',
    },
    {
      name: 'a PDF that says it has a billion pages',
      content: pdfOf([CATALOG, '<< /Type /Pages /Kids [] /Count 1000000000 >>']),
      status: 422,
      code: 'file_',
      says: '',
    },
    {
      name: 'a PDF that unpacks to a hundred megabytes',
      content: pdfOf([
        CATALOG,
        '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
        FONT,
        pageOf('5 0 R'),
        packed(`BT /F1 8 Tf ${`(${'a'.repeat(30)}) Tj `.repeat(3_000_000)}ET`),
      ]),
      status: 422,
      code: 'file_too_complex',
      says: 'takes more than',
    },
    {
      name: 'nested arrays',
      content: '['.repeat(10_000_000),
      file: 'a.json',
      status: 422,
      code: 'file_too_complex',
      says: 'levels of nesting',
    },
    { name: 'JSON that is none', content: '{"a": 1', file: 'a.json', status: 422, code: 'file_unreadable', says: 'no JSON' },
    { name: 'white space', content: ' \n\t '.repeat(1_000), status: 422, code: 'file_unreadable', says: 'no text' },
    { name: 'a page of nothing but elements', content: '<html>'.repeat(500_000), status: 422, code: 'file_', says: '' },
  ]) {
    test(`such as ${name} is refused with ${status}`, async () => {
      const answer = await upload(gateway, content, { name: file });
      expect(answer.status).toBe(status);
      expect(answer.body.error).toMatchObject({ type: 'invalid_request_error', param: 'file', code: expect.stringContaining(code) });
      expect(answer.body.error.message).toContain(says);
      expect(answer.body.error.message).not.toContain('root:');
    }, 20_000);
  }
});

test('a sender who leaves while its file is read leaves no process behind', async () => {
  const bomb = pdfOf([
    CATALOG,
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    FONT,
    pageOf('5 0 R'),
    packed(`BT /F1 8 Tf ${`(${'b'.repeat(30)}) Tj `.repeat(3_000_000)}ET`),
  ]);
  const body = Buffer.concat([part('name="file"; filename="a"', bomb), END]);
  const leaving = rawExchange(gateway.url, [rawHead(body.length), body], { timeoutMs: 800 });
  await eventually(async () => (await childrenOf(gateway.process.pid)).length > 0);
  await leaving;
  const leftMs = performance.now();
  await eventually(async () => (await childrenOf(gateway.process.pid)).length === 0);
  // Well before the time limit of reading.
  expect(performance.now() - leftMs).toBeLessThan(1_500);
});

test('a gateway that is killed while a file is read takes the reading process with it', async () => {
  const slow = pdfOf([
    CATALOG,
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    FONT,
    pageOf('5 0 R'),
    packed(`BT /F1 8 Tf ${`(${'c'.repeat(30)}) Tj `.repeat(3_000_000)}ET`),
  ]);
  await using own = await startGateway({ config: { auth: AUTH, limits: LIMITS, state: { records: 'memory' } } });
  const upset = upload(own, slow).catch(() => undefined);
  const [child] = await eventually(async () => {
    const children = await childrenOf(own.process.pid);
    return children.length > 0 && children;
  });
  // Its watch is there a moment after the process.
  await Bun.sleep(300);
  own.process.kill('SIGKILL');
  await upset;
  const lives = async () => (await Bun.$`ps -o stat= -p ${child?.trim()}`.nothrow().text()).replace(/^Z.*/, '').trim() !== '';
  await eventually(async () => !(await lives()));
}, 20_000);

test('others are answered while bombs are being read, and the memory of the gateway does not grow with them', async () => {
  using memory = watchMemory(gateway.process.pid);
  const lying = docxOf(Buffer.concat([Buffer.from(`${WORD_OPEN}<w:p><w:r><w:t>`), FILL, FILL, FILL, FILL, FILL, FILL, FILL, FILL]), 1_000);
  const bombs = Array.from({ length: 8 }, (_, index) =>
    upload(gateway, Buffer.concat([lying.subarray(0, 4), lying.subarray(4)]), { name: `${index}.docx` }),
  );
  let answered = 0;
  const done = Promise.all(bombs).then(() => (answered = -1));
  let slowestMs = 0;
  let asked = 0;
  while (answered === 0) {
    const startMs = performance.now();
    expect((await call(gateway, '/v1/upload')).status).toBe(200);
    slowestMs = Math.max(slowestMs, performance.now() - startMs);
    asked += 1;
    await Bun.sleep(20);
  }
  await done;
  for (const { status } of await Promise.all(bombs)) expect(status).toBe(422);
  expect(asked).toBeGreaterThan(10);
  expect(slowestMs).toBeLessThan(1_000);
  expect(memory.grownMib()).toBeLessThan(100);
}, 60_000);

test('more uploads at once than may be are refused with 503, and are welcome afterwards', async () => {
  const start = part('name="file"; filename="a"', 'x').subarray(0, -2);
  const slow = Array.from({ length: 8 }, () => rawExchange(gateway.url, [rawHead(1_000), start], { timeoutMs: 600 }));
  await Bun.sleep(200);
  const refused = await upload(gateway, 'MZ\0');
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'overloaded' } } });
  await Promise.all(slow);
  await eventually(async () => (await upload(gateway, 'MZ\0')).status === 415);
});

test('large files, one after the other, leave no memory behind', async () => {
  using memory = watchMemory(gateway.process.pid);
  const file = Buffer.concat([Buffer.from('MZ\0'), Buffer.alloc(10_000_000)]);
  for (let round = 0; round < 25; round += 1) expect((await upload(gateway, file)).status).toBe(415);
  // A file is 10 MB and is held twice while its form is read; the pieces it came in wait for the collector, the file itself does not.
  expect(memory.grownMib()).toBeLessThan(150);
  await eventually(async () => memory.leftMib() < 50, { what: 'memory given back', timeoutMs: 20_000 });
}, 60_000);
