/* Forms that are broken, by mistake or on purpose: each gets an answer that names what is wrong, and nothing is kept of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type RawPart, rawExchange } from '../harness/raw-http.ts';
import { AUTH, BOUNDARY, call, END, LIMITS, part, rawHead } from './upload-client.ts';

let gateway: GatewayProcess;
beforeAll(async () => {
  gateway = await startGateway({ config: { auth: AUTH, limits: LIMITS, state: { records: 'memory' } } });
});
afterAll(() => gateway?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect((await call(gateway, '/v1/upload')).body.data).toEqual([]);
});

const FILE = part('name="file"; filename="a.txt"', 'some text');

describe('a broken form', () => {
  for (const { name, body, says, status = 400, head = {} } of [
    { name: 'without a file', body: [part('name="collection"', 'c'), END], says: "no part named 'file'" },
    { name: 'of nothing', body: [END], says: "no part named 'file'" },
    { name: 'with two files', body: [FILE, FILE, END], says: 'one file at a time' },
    { name: 'with an empty file', body: [part('name="file"; filename="a"', ''), END], says: 'empty' },
    { name: 'with the file under another name', body: [part('name="upload"; filename="a"', 'x'), END], says: "named 'upload'" },
    { name: 'with a part without a name', body: [part('filename="a"', 'x'), END], says: 'without a name' },
    { name: 'that is cut inside the file', body: [FILE.subarray(0, -6)], says: 'was cut' },
    { name: 'that is cut before its end', body: [FILE], says: 'was cut' },
    {
      name: 'of another boundary',
      body: [FILE, END],
      head: { contentType: 'multipart/form-data; boundary=other' },
      says: 'boundary is another',
    },
    { name: 'without a boundary', body: [FILE, END], head: { contentType: 'multipart/form-data' }, says: 'no boundary' },
    {
      name: 'with a boundary that is too long',
      body: [FILE, END],
      head: { contentType: `multipart/form-data; boundary=${'x'.repeat(71)}` },
      says: 'no boundary',
    },
    {
      name: 'with a thousand parts',
      body: [...Array.from({ length: 1_000 }, () => part('name="collection"', 'c')), END],
      says: "'collection' is given twice",
    },
    {
      name: 'with a head that does not end',
      body: [Buffer.from(`--${BOUNDARY}\r\nX: ${'x'.repeat(100_000)}`), END],
      says: 'head of more than',
    },
    {
      name: 'with a head that is not UTF-8',
      body: [Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n`, 'latin1'), END],
      says: 'cannot be read',
    },
    { name: 'with metadata that is no object', body: [FILE, part('name="metadata"', '[1]'), END], says: 'must be a JSON object' },
    { name: 'with metadata that is no JSON', body: [FILE, part('name="metadata"', '{"a":'), END], says: 'must be a JSON object' },
    {
      name: 'with deep metadata',
      body: [FILE, part('name="metadata"', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`), END],
      says: 'levels of nesting',
    },
    {
      name: 'with much metadata',
      body: [FILE, part('name="metadata"', JSON.stringify({ a: 'x'.repeat(20_000) })), END],
      says: 'larger than 16384 bytes',
    },
    { name: 'with a collection that is a path', body: [FILE, part('name="collection"', '../x'), END], says: "'collection' must be" },
    {
      name: 'in base64',
      body: [part('name="file"; filename="a"', 'eA==', 'Content-Transfer-Encoding: base64\r\n'), END],
      says: 'transfer encoding',
    },
    { name: 'with a name in another charset', body: [part('name="file"; filename*=klingon\'\'x', 'x'), END], says: 'another charset' },
    {
      name: 'that is JSON',
      body: [Buffer.from('{}')],
      head: { contentType: 'application/json' },
      status: 415,
      says: 'multipart/form-data',
    },
    { name: 'without a content type', body: [FILE, END], head: { contentType: null }, status: 415, says: 'no content type' },
    {
      name: 'that is compressed',
      body: [FILE, END],
      head: { headers: 'Content-Encoding: gzip\r\n' },
      status: 415,
      says: 'without Content-Encoding',
    },
    { name: 'without a body', body: [], says: 'no body' },
  ]) {
    test(`${name} is refused with ${status}`, async () => {
      const bytes = Buffer.concat(body);
      const reply = await rawExchange(gateway.url, [rawHead(bytes.length, head), bytes]);
      expect(reply.status).toBe(status);
      expect(JSON.parse(reply.body).error.message).toContain(says);
    });
  }

  test('larger than it may be is refused by its head, before a byte of it came', async () => {
    const reply = await rawExchange(gateway.url, [rawHead(0, { length: 50_000_000 })]);
    expect(reply).toMatchObject({ status: 413 });
    expect(JSON.parse(reply.body).error.code).toBe('body_too_large');
  });

  test('of a length that nobody told is refused at the byte that is too much', async () => {
    const piece = Buffer.alloc(1_048_576, 'x');
    const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
    const start = part('name="file"; filename="a"', '').subarray(0, -2);
    const parts: RawPart[] = [
      rawHead(0, { length: 'chunked' }),
      `${start.length.toString(16)}\r\n`,
      start,
      '\r\n',
      ...Array.from({ length: 11 }, () => chunk),
    ];
    // The form does not end, nor does the body: the answer comes all the same.
    const reply = await rawExchange(gateway.url, parts, { timeoutMs: 10_000 });
    expect(reply.status).toBe(413);
  });

  test('whose sender leaves in the middle leaves nothing', async () => {
    const reply = await rawExchange(gateway.url, [rawHead(5_000_000), FILE], { timeoutMs: 200 });
    expect(reply.status).toBeFalsy();
  });
});
