/* Forms on their way to a model: what arrives is what was sent, to the byte, but for the name of the model; and what is no plain form goes nowhere. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { accessLine } from '../harness/access-log.ts';
import { eventually } from '../harness/eventually.ts';
import { watchMemory } from '../harness/memory.ts';
import { KEY, type MediaRig, NARROW, startMediaRig } from './media-rig.ts';

const MIB = 1_048_576;
let rig: MediaRig;
beforeAll(async () => {
  rig = await startMediaRig({ media: { form_bytes_max: '80MiB', memory_bytes_max: '1MiB' } });
});
afterAll(() => rig?.[Symbol.asyncDispose]());
beforeEach(() => {
  rig.sink.received.length = 0;
  rig.sink.answer = () => Response.json({ text: 'heard' });
});

const BOUNDARY = "--odd'boundary+1(2)";
const part = (head: string, value: string | Uint8Array) =>
  Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${head}\r\n\r\n`), Buffer.from(value), Buffer.from('\r\n')]);
const field = (name: string, value: string) => part(`content-disposition: form-data; name="${name}"`, value);
const file = (bytes: Uint8Array, name = 'file') =>
  part(`Content-Disposition: form-data; name="${name}"; filename="tön \u{1f600}.wav"\r\nContent-Type: audio/wav`, bytes);
const form = (...parts: Buffer[]) => Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
const TYPE = `multipart/form-data; charset=utf-8; boundary="${BOUNDARY}"`;

function send(
  body: Uint8Array | ReadableStream<Uint8Array>,
  more: { readonly path?: string; readonly key?: string; readonly headers?: object } = {},
) {
  return fetch(`${rig.gateway.url}${more.path ?? '/v1/audio/transcriptions'}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${more.key ?? KEY}`, 'content-type': TYPE, ...more.headers },
    body,
  });
}

/** Bytes of all kinds, among them what looks like boundaries. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let at = 0; at < length; at += 4)
    bytes.writeUInt32LE((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0), Math.min(at, length - 4));
  return Buffer.concat([Buffer.from('\r\n--\r\n----odd\r\n\r\n'), bytes, Buffer.from('\r\n--')]);
}

describe('what arrives', () => {
  for (const [name, size] of [
    ['small', 1_000],
    ['larger than what is kept in memory', 30 * MIB],
  ] as const) {
    for (const modelAt of ['before', 'behind'] as const) {
      test(`of a form with a ${name} file and the model ${modelAt} it is what was sent`, async () => {
        const bytes = file(noise(size));
        const model = (value: string) => field('model', value);
        const made = (value: string) =>
          modelAt === 'before'
            ? form(model(value), bytes, field('x_unknown', ''), field('temperature', '0.20'))
            : form(field('x_unknown', ''), bytes, field('temperature', '0.20'), model(value));
        for (const [asked, named] of [
          ['kept', 'kept'],
          ['renamed', 'a-longer-name/at-the-target'],
          ['sink/m', 'm'],
        ] as const) {
          rig.sink.received.length = 0;
          expect((await send(made(asked))).status).toBe(200);
          const [received] = rig.sink.received;
          expect(received?.body.equals(made(named))).toBe(true);
          expect(received?.headers.get('content-type')).toBe(TYPE);
          expect(received?.headers.get('content-length')).toBe(String(made(named).length));
          expect(received?.headers.get('authorization')).toBeNull();
        }
      });
    }
  }

  test('has a model where the caller said none, and the target another name than the API', async () => {
    const edited = form(field('prompt', 'x'), file(Buffer.from('GIF'), 'image'));
    rig.sink.answer = () => Response.json({ data: [] });
    await using own = await startMediaRig({ models: { 'dall-e-2': { targets: [{ provider: 'sink', model: 'painter' }] } } });
    own.sink.answer = () => Response.json({ data: [] });
    const reply = await fetch(`${own.gateway.url}/v1/images/variations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': TYPE },
      body: edited,
    });
    expect(reply.status).toBe(200);
    expect(own.sink.received[0]?.body.toString()).toBe(
      Buffer.concat([Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\npainter\r\n`), edited]).toString(),
    );
  });

  test('is the whole of it again, for a target that comes after one that failed', async () => {
    await using own = await startMediaRig({
      media: { memory_bytes_max: '1KiB' },
      models: { pair: { targets: [{ provider: 'first' }, { provider: 'sink', model: 'p', priority: 1 }] } },
    });
    await own.first.fault('status=503');
    const bytes = noise(5 * MIB);
    const reply = await fetch(`${own.gateway.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': TYPE },
      body: form(file(bytes), field('model', 'pair')),
    });
    expect([reply.status, reply.headers.get('x-gatehouse-provider')]).toEqual([200, 'sink']);
    expect(own.sink.received[0]?.body.equals(form(file(bytes), field('model', 'p')))).toBe(true);
  });

  test('costs little memory, however many large forms there are', async () => {
    const body = form(file(noise(60 * MIB)), field('model', 'kept'));
    await send(body);
    using memory = watchMemory(rig.gateway.process.pid);
    await Promise.all(Array.from({ length: 4 }, async () => expect((await send(body)).status).toBe(200)));
    // Four of them are 240 MiB.
    expect(memory.grownMib()).toBeLessThan(120);
  });
});

describe('what is refused, and goes to no model:', () => {
  const recording = file(Buffer.from('RIFF'));
  const rows: [
    name: string,
    body: Buffer,
    want: { status?: number; code?: string; param?: string | null; says?: string },
    headers?: object,
  ][] = [
    [
      'a second model behind the file',
      form(field('model', 'kept'), recording, field('model', 'whisper')),
      { param: 'model', says: 'twice' },
    ],
    [
      'a model in another spelling',
      form(field('model', 'kept'), recording, field('Model', 'whisper')),
      { param: 'model', says: 'written so' },
    ],
    ['a list of models', form(field('model', 'kept'), recording, field('model[]', 'whisper')), { param: 'model', says: 'written so' }],
    ['a model that is a file', form(file(Buffer.from('kept'), 'model'), recording), { param: 'model', says: 'not a file' }],
    ['no model', form(recording), { param: 'model', says: 'required' }],
    ['an empty model', form(field('model', ''), recording), { param: 'model' }],
    ['a model with a line break', form(field('model', 'ke\r\npt'), recording), { param: 'model' }],
    ['a huge model', form(field('model', 'x'.repeat(100_000)), recording), { says: 'longer than' }],
    ['no file', form(field('model', 'kept')), { param: 'file', says: 'required' }],
    ['a stream that is neither true nor false', form(field('model', 'kept'), field('stream', 'maybe'), recording), { param: 'stream' }],
    ['a cut form', form(field('model', 'kept'), recording).subarray(0, -6), { says: 'closing boundary' }],
    [
      'something behind the form',
      Buffer.concat([form(field('model', 'kept'), recording), field('model', 'whisper')]),
      { says: 'follows its end' },
    ],
    ['another boundary', Buffer.from('--other\r\n'), { says: 'boundary' }],
    ['no boundary', form(field('model', 'kept'), recording), { says: 'no boundary' }, { 'content-type': 'multipart/form-data' }],
    [
      'a compressed form',
      Buffer.from(Bun.gzipSync(form(field('model', 'kept'), recording))),
      { status: 415 },
      { 'content-encoding': 'gzip' },
    ],
    ['JSON', Buffer.from('{"model":"kept"}'), { param: 'file', says: 'multipart/form-data' }, { 'content-type': 'application/json' }],
    ['a form of another kind', Buffer.from('model=kept'), { status: 415 }, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form that is too large', form(field('model', 'kept'), file(Buffer.alloc(81 * MIB))), { status: 413, code: 'body_too_large' }],
    ['a model that is not there', form(field('model', 'nothing'), recording), { status: 404, code: 'model_not_found' }],
  ];
  for (const [name, body, want, headers = {}] of rows) {
    test(name, async () => {
      const reply = await send(body, { headers });
      const { error } = (await reply.json()) as { error: { message: string; type: string; param: string | null; code: string } };
      expect(reply.status).toBe(want.status ?? 400);
      expect(error.type).toBe('invalid_request_error');
      if (want.code !== undefined) expect(error.code).toBe(want.code);
      if (want.param !== undefined) expect(error.param).toBe(want.param);
      if (want.says !== undefined) expect(error.message).toContain(want.says);
      expect(rig.sink.received).toEqual([]);
    });
  }

  test('a model that the key may not use, wherever in the form it stands', async () => {
    for (const body of [form(field('model', 'kept'), recording), form(recording, field('model', 'kept'))]) {
      const reply = await send(body, { key: NARROW });
      expect([reply.status, ((await reply.json()) as { error: { code: string } }).error.code]).toEqual([403, 'model_forbidden']);
    }
    expect(rig.sink.received).toEqual([]);
  });

  test('a form of a caller who has no key, before it is read', async () => {
    const reply = await send(form(field('model', 'kept'), recording), { key: 'sk-nobody-000000000000' });
    expect(reply.status).toBe(401);
  });
});

test('a caller who leaves inside a form leaves nothing behind', async () => {
  const { hostname, port } = new URL(rig.gateway.url);
  const socket = connect(Number(port), hostname);
  const head = `POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: ${TYPE}\r\nContent-Length: 50000000\r\nX-Correlation-Id: left-inside\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), field('model', 'kept'), file(noise(3 * MIB)).subarray(0, 3 * MIB)]));
  await eventually(() => socket.bytesWritten > 3_000_000 && socket.writableLength === 0, { what: 'the form to be on its way' });
  socket.destroy();
  expect(await accessLine(rig.gateway, 'left-inside')).toMatchObject({ status_code: 499, outcome: 'client_closed' });
  expect(rig.sink.received).toEqual([]);
});
