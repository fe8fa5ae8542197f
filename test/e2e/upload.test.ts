/* Uploads against the real process: what comes in is kept as it was, its owner alone meets it, and what is deleted is gone. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docx, pdf } from '../harness/document-files.ts';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { rawExchange } from '../harness/raw-http.ts';
import { type Answer, AUTH, BOUNDARY, call, END, KEYS, LIMITS, part, rawHead, upload } from './upload-client.ts';

const BYTES_MAX = 10_485_760;
let folder: string;
let gateway: GatewayProcess;
let base: object;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-upload-'));
  base = { auth: AUTH, limits: LIMITS, state: { records: `sqlite:${join(folder, 'data', 'gatehouse.db')}` } };
  gateway = await startGateway({ config: base });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function textOf(answer: Answer): Promise<string> {
  expect(answer).toMatchObject({ status: 200 });
  return (await call(gateway, `/v1/upload/${answer.body.id}?include=text`)).body.text;
}

describe('a file', () => {
  test('is answered with all that is known of it, and read back', async () => {
    const content = 'Hello, wörld! 👋\n';
    const answer = await upload(gateway, content, { name: 'hello.txt', fields: { collection: 'notes', metadata: '{"tags":["a"]}' } });
    expect(answer).toEqual({
      status: 200,
      body: {
        id: expect.stringMatching(/^doc_[0-9a-f]{32}$/),
        object: 'document',
        status: 'stored',
        indexed: true,
        chunks: 1,
        vector_store_id: expect.stringMatching(/^vs_[0-9a-f]{32}$/),
        duplicate: false,
        filename: 'hello.txt',
        media_type: 'text/plain',
        size: Buffer.byteLength(content),
        sha256: new Bun.CryptoHasher('sha256').update(content).digest('hex'),
        characters: 16,
        charset: 'utf-8',
        collection: 'notes',
        metadata: { tags: ['a'] },
        created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    });
    const { duplicate: _, ...record } = answer.body;
    expect(await call(gateway, `/v1/upload/${answer.body.id}`)).toEqual({ status: 200, body: record });
    expect(await textOf(answer)).toBe(content);
  });

  for (const { name, file, mediaType, content, text } of [
    { name: 'a PDF', file: 'a.bin', mediaType: 'application/pdf', content: pdf('Hello PDF', 'page two'), text: 'Hello PDF\n\npage two' },
    {
      name: 'a Word document',
      file: 'a.pdf',
      mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      content: docx('Hello & <you>', 'é'),
      text: 'Hello & <you>\né\n',
    },
    { name: 'a page', file: 'a.txt', mediaType: 'text/html', content: '<!DOCTYPE html><title>T</title><p>a &amp; b', text: 'T\n\na & b' },
    { name: 'JSON', file: 'a', mediaType: 'application/json', content: '{"a": [1]}', text: '{"a": [1]}' },
    { name: 'CSV', file: 'a.CSV', mediaType: 'text/csv', content: 'a,b\r\n1,2', text: 'a,b\r\n1,2' },
    { name: 'Markdown', file: 'a.md', mediaType: 'text/markdown', content: '[a](b) # c', text: '[a](b) # c' },
    { name: 'code', file: 'a.py', mediaType: 'text/plain', content: '#!/usr/bin/python\nx = 1', text: '#!/usr/bin/python\nx = 1' },
    { name: 'UTF-16', file: 'u.txt', mediaType: 'text/plain', content: Buffer.from('\ufeffgrüße', 'utf16le'), text: 'grüße' },
    { name: 'latin1', file: 'l.txt', mediaType: 'text/plain', content: Buffer.from('gr\xfc\xdfe aus \xd6', 'latin1'), text: 'grüße aus Ö' },
  ]) {
    test(`is known as ${name} by its content, whatever its name and type say`, async () => {
      const answer = await upload(gateway, content, { name: file, type: 'image/png' });
      expect(answer.body.media_type).toBe(mediaType);
      expect(await textOf(answer)).toBe(text);
    });
  }

  test('of exactly the limit passes, and one byte more does not', async () => {
    const exact = Buffer.alloc(BYTES_MAX, 'The quick brown fox.\n');
    const answer = await upload(gateway, exact);
    expect(answer).toMatchObject({ status: 200, body: { size: BYTES_MAX, characters: BYTES_MAX } });
    expect((await textOf(answer)).length).toBe(BYTES_MAX);
    const refused = await upload(gateway, Buffer.concat([exact, Buffer.from('!')]));
    expect(refused).toMatchObject({
      status: 413,
      body: {
        error: { code: 'body_too_large', param: 'file', message: `the file is larger than ${BYTES_MAX} bytes` },
        detail: { bytes_max: BYTES_MAX },
      },
    });
  });

  test('is taken from curl as well', async () => {
    const path = join(folder, 'curl file.md');
    await Bun.write(path, '# From curl\n');
    const args = ['-sS', '-F', `file=@${path};filename=a "b" ü.md`, '-F', 'metadata={"n":1}', '-H', `x-api-key: ${KEYS.bob}`];
    const curl = Bun.spawn(['curl', ...args, `${gateway.url}/v1/upload`]);
    expect(await new Response(curl.stdout).json()).toMatchObject({
      filename: 'a _b_ ü.md',
      media_type: 'text/markdown',
      metadata: { n: 1 },
    });
  });

  test('is taken in single bytes, in chunks, with parts in any order, and with something after the end', async () => {
    const body = Buffer.concat([
      part('name="metadata"', '{"k":"v"}'),
      part('name="file"; filename="b.txt"', 'in bytes \r\n--xX'),
      END,
      Buffer.from('epilogue'),
    ]);
    const chunks = Array.from(body, (byte) => Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]));
    const reply = await rawExchange(gateway.url, [rawHead(0, { length: 'chunked' }), ...chunks, '0\r\n\r\n']);
    expect(reply.status).toBe(200);
    const answer = { status: 200, body: JSON.parse(reply.body) };
    expect(answer.body).toMatchObject({ filename: 'b.txt', metadata: { k: 'v' } });
    expect(await textOf(answer)).toBe('in bytes \r\n--xX');
  });

  for (const [shown, given] of [
    ['passwd', '../../etc/passwd'],
    ['passwd', '/etc/passwd'],
    ['x.txt', 'C:\\\\Windows\\\\x.txt'],
    ['_CON', 'CON'],
    ['photognp.txt', 'photo\u202egnp.txt'],
    ['document', '..'],
  ] as const) {
    test(`named ${JSON.stringify(given)} is shown as ${shown}, and lies nowhere under either name`, async () => {
      const body = Buffer.concat([part(`name="file"; filename="${given}"`, `path trick ${given}`), END]);
      const reply = await rawExchange(gateway.url, [rawHead(body.length), body]);
      expect(JSON.parse(reply.body)).toMatchObject({ filename: shown, size: Buffer.byteLength(`path trick ${given}`) });
    });
  }
});

describe('owners', () => {
  test('never meet, though the content is the same', async () => {
    const mine = await upload(gateway, 'what only ann knows', { who: 'ann' });
    for (const who of ['bob', 'team', 'stranger'] as const) {
      const path = `/v1/upload/${mine.body.id}`;
      expect(await call(gateway, path, { who })).toMatchObject({ status: 404, body: { error: { code: 'resource_unknown' } } });
      expect(await call(gateway, `${path}?include=text`, { who })).toMatchObject({ status: 404 });
      expect(await call(gateway, path, { who, method: 'DELETE' })).toMatchObject({ status: 404 });
      expect(JSON.stringify((await call(gateway, '/v1/upload?limit=100', { who })).body)).not.toContain(mine.body.id);
      const theirs = await upload(gateway, 'what only ann knows', { who });
      expect(theirs.body).toMatchObject({ duplicate: false });
      expect(theirs.body.id).not.toBe(mine.body.id);
    }
  });

  test('who hand in the same twice have it once, however many do so at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => upload(gateway, 'the same thing')));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ body }) => body.duplicate === false)).toHaveLength(1);
    const elsewhere = await upload(gateway, 'the same thing', { fields: { collection: 'elsewhere' } });
    expect(elsewhere.body).toMatchObject({ duplicate: false, collection: 'elsewhere' });
  });

  test('without a key are nobody', async () => {
    const reply = await gateway.request('/v1/upload', { method: 'POST', body: new FormData() });
    expect(reply.status).toBe(401);
    expect((await gateway.request('/v1/upload')).status).toBe(401);
  });
});

describe('documents', () => {
  test('are listed in pages, newest first, of one collection if asked', async () => {
    for (let index = 0; index < 5; index += 1)
      await upload(gateway, `page item ${index}`, { who: 'bob', fields: { collection: 'pages' }, name: `${index}.txt` });
    const first = await call(gateway, '/v1/upload?limit=2&collection=pages', { who: 'bob' });
    expect(first.body).toMatchObject({ object: 'list', has_more: true });
    const second = await call(gateway, `/v1/upload?limit=3&collection=pages&cursor=${first.body.next_cursor}`, { who: 'bob' });
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
    expect([...first.body.data, ...second.body.data].map(({ filename }: { filename: string }) => filename)).toEqual([
      '4.txt',
      '3.txt',
      '2.txt',
      '1.txt',
      '0.txt',
    ]);
  });

  for (const [search, param] of [
    ['limit=0', 'limit'],
    ['limit=1e9', 'limit'],
    ['limit=', 'limit'],
    ['cursor=%00', 'cursor'],
    ['cursor=MSBkb2NfeA', 'cursor'],
    ['curser=x', 'curser'],
  ]) {
    test(`are not listed by '${search}'`, async () => {
      expect(await call(gateway, `/v1/upload?${search}`)).toMatchObject({
        status: 400,
        body: { error: { code: 'request_invalid', param } },
      });
    });
  }

  test('are gone when deleted, from the files as well', async () => {
    const marker = `to be forgotten ${crypto.randomUUID()}`;
    const { body } = await upload(gateway, `${marker} `.repeat(1_000));
    expect(await stored()).toContain(marker);
    expect(await call(gateway, `/v1/upload/${body.id}`, { method: 'DELETE' })).toEqual({
      status: 200,
      body: { id: body.id, object: 'document', deleted: true },
    });
    expect(await call(gateway, `/v1/upload/${body.id}`)).toMatchObject({ status: 404 });
    expect(await call(gateway, `/v1/upload/${body.id}`, { method: 'DELETE' })).toMatchObject({ status: 404 });
    expect(await stored()).not.toContain(marker);
  });

  test('outlive a kill -9', async () => {
    const records = `sqlite:${join(folder, 'killed', 'gatehouse.db')}`;
    const ids: string[] = [];
    {
      await using first = await startGateway({ config: { ...base, state: { records } } });
      const uploads = Array.from({ length: 12 }, async (_, index) => {
        const answer = await upload(first, `document ${index} `.repeat(50_000)).catch(() => undefined);
        if (answer?.status === 200) ids.push(answer.body.id);
      });
      await eventually(() => ids.length >= 2);
      first.process.kill('SIGKILL');
      await Promise.all(uploads);
    }
    await using second = await startGateway({ config: { ...base, state: { records } } });
    const { body } = await call(second, '/v1/upload?limit=100');
    const found = (body.data as { id: string; characters: number }[]).map(({ id }) => id);
    for (const id of ids) expect(found).toContain(id);
    for (const { id, characters } of body.data)
      expect((await call(second, `/v1/upload/${id}?include=text`)).body.text).toHaveLength(characters);
  }, 60_000);
});

describe('the configuration', () => {
  test('gives the limits, and a reload changes them while documents stay', async () => {
    const config = (uploads: object) => ({ ...base, state: { records: 'memory' }, uploads, admin: { enabled: true } });
    await using own = await startGateway({ config: config({ bytes_max: 2_000, types: ['text', 'pdf'], documents_max: 2 }) });
    expect(await upload(own, 'x'.repeat(2_001))).toMatchObject({ status: 413 });
    expect(await upload(own, '{"a":1}', { name: 'a.json' })).toMatchObject({
      status: 415,
      body: { error: { code: 'file_type_unsupported', message: 'files of type json are not taken here, but: text, pdf' } },
    });
    const kept = await upload(own, 'one');
    expect((await upload(own, 'two', { who: 'bob' })).status).toBe(200);
    expect(await upload(own, 'three')).toMatchObject({ status: 403, body: { error: { code: 'quota_exceeded' } } });
    expect((await upload(own, 'three', { who: 'stranger' })).status).toBe(200);

    await own.writeConfig(config({ enabled: false }));
    own.process.kill('SIGHUP');
    await eventually(async () => (await upload(own, 'four')).status === 404);
    expect(await upload(own, 'four')).toMatchObject({
      body: { error: { code: 'feature_disabled', message: expect.stringContaining('switched off') } },
    });
    expect(await call(own, `/v1/upload/${kept.body.id}`)).toMatchObject({ status: 200 });
    expect(await call(own, `/v1/upload/${kept.body.id}`, { method: 'DELETE' })).toMatchObject({ status: 200 });
  });

  test("is the older gateway's variables too", async () => {
    const config = { ...base, state: { records: 'memory' } };
    await using small = await startGateway({ config, env: { MAX_FILE_SIZE: '1024' } });
    expect((await upload(small, 'x'.repeat(1_024))).status).toBe(200);
    expect((await upload(small, 'x'.repeat(1_025))).status).toBe(413);
    await using off = await startGateway({ config, env: { ENABLE_FILE_UPLOAD: 'false' } });
    expect(await upload(off, 'x')).toMatchObject({ status: 404, body: { error: { code: 'feature_disabled' } } });
  });

  test('of limits counts uploads as it counts other requests', async () => {
    await using own = await startGateway({
      config: { ...base, state: { records: 'memory' }, limits: { tiers: { unlimited: { per_hour: 2 } } } },
    });
    const statuses = [];
    for (let index = 0; index < 3; index += 1) statuses.push((await upload(own, `limited ${index}`)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('may put a service in the place of the route', async () => {
    await using service = {
      server: Bun.serve({ port: 0, fetch: () => Response.json({ from: 'service' }) }),
      [Symbol.asyncDispose]: async () => {},
    };
    const services = { uploads: { urls: [service.server.url.origin], routes: ['/v1/upload'] } };
    await using own = await startGateway({ config: { ...base, services } });
    expect(await upload(own, 'x')).toEqual({ status: 200, body: { from: 'service' } });
    await service.server.stop(true);
  });

  test('of a folder that cannot be written answers 503, and the gateway goes on', async () => {
    await Bun.write(join(folder, 'a-file'), '');
    await using own = await startGateway({ config: { ...base, state: { records: `sqlite:${join(folder, 'a-file', 'x.db')}` } } });
    const answer = await upload(own, 'x');
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'storage_unavailable' } } });
    expect(JSON.stringify(answer.body)).not.toContain(folder);
    expect((await own.request('/health')).status).toBe(200);
  });
});

test('the boundary of another form is not taken for ours', async () => {
  const body = Buffer.concat([part('name="file"; filename="a"', 'x'), END]);
  const reply = await rawExchange(gateway.url, [
    rawHead(body.length, { contentType: `multipart/form-data; boundary="${BOUNDARY}2"` }),
    body,
  ]);
  expect(reply.status).toBe(400);
});

/** All bytes of the store's files. */
async function stored(): Promise<string> {
  const files = await readdir(join(folder, 'data'));
  const texts = await Promise.all(
    files.map(async (file) => Buffer.from(await Bun.file(join(folder, 'data', file)).bytes()).toString('latin1')),
  );
  return texts.join('\n');
}
