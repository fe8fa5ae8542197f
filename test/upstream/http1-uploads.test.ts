/* Bodies on their way to an upstream that takes them, refuses them, or goes away. */
import { describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { GatewayError } from '../../src/base/errors.ts';
import { httpReply, ok, startFaultyUpstream } from './faulty-upstream.ts';
import { eventually } from './rig.ts';
import { startSocketUpstream } from './socket-upstream.ts';
import { countBytes, faultOf, latin1, openSockets, uploadOf } from './wires.ts';

const TOO_LARGE = httpReply(413, 'too large');

/** A body of these pieces; what follows them is up to `finish`. */
function streamOf(
  pieces: readonly string[],
  finish?: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(new TextEncoder().encode(piece));
      else if (finish === undefined) controller.close();
      else finish(controller);
    },
  });
}

const sized = (bytes: number) => new Headers({ 'content-length': String(bytes) });

describe('a streamed body', () => {
  test('arrives as it was, in chunks or of a length, whatever its pieces', async () => {
    using server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      maxRequestBodySize: 100_000_000,
      fetch: async (request) => new Response(new Bun.CryptoHasher('sha256').update(await request.bytes()).digest('hex')),
    });
    using wire = openSockets(server.url.href);
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const pieces = [1, 15, 16, 17, 255, 256, 4_095, 4_096, 65_535, 0, 65_536, 300_000, 10_000_000].map((size) =>
      new Uint8Array(size).map((_zero, at) => bytes[at % bytes.length] ?? 0),
    );
    const want = new Bun.CryptoHasher('sha256').update(Buffer.concat(pieces)).digest('hex');
    const total = pieces.reduce((sum, { length }) => sum + length, 0);
    for (const headers of [{}, sized(total)]) {
      const left = [...pieces];
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = left.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        },
      });
      expect(await wire.text({ method: 'POST', body, headers })).toBe(want);
    }
    expect(await wire.text({ method: 'POST', body: Buffer.concat(pieces) })).toBe(want);
    expect(wire.found).toEqual(['new', 'reused', 'reused']);
  });

  test('that is empty is a body', async () => {
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url);
    await wire.text({ method: 'POST', body: streamOf([]) });
    await wire.text({ method: 'POST', body: streamOf([]), headers: sized(0) });
    expect(a.requests.map(({ headers }) => [headers.get('transfer-encoding'), headers.get('content-length')])).toEqual([
      ['chunked', undefined],
      [undefined, '0'],
    ]);
    expect(a.connections).toBe(1);
  });

  for (const row of [
    { name: 'is shorter than it said', body: () => streamOf(['abc']), headers: sized(5), want: 'request_invalid' },
    { name: 'is longer than it said', body: () => streamOf(['abc', 'defghi']), headers: sized(5), want: 'request_invalid' },
    { name: 'is longer than nothing', body: () => streamOf(['abc']), headers: sized(0), want: 'request_invalid' },
    {
      name: 'fails for a reason of ours',
      body: () => streamOf(['abc'], (controller) => controller.error(new GatewayError('body_timeout', 'slow'))),
      headers: {},
      want: 'body_timeout',
    },
    {
      name: 'breaks off',
      body: () => streamOf(['abc'], (controller) => controller.error(new Error('gone'))),
      headers: {},
      want: 'client_closed',
    },
    {
      name: 'fails at once',
      body: () => streamOf([], (controller) => controller.error(new Error('gone'))),
      headers: sized(3),
      want: 'client_closed',
    },
    {
      name: 'has no length that is one',
      body: () => streamOf(['abc']),
      headers: new Headers({ 'content-length': '3, 3' }),
      want: 'header_invalid',
    },
  ]) {
    test(`that ${row.name} is no whole request, and no fault of the upstream`, async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = openSockets(a.url);
      const request = { method: 'POST', body: row.body(), headers: row.headers };
      expect(await faultOf(Promise.resolve().then(() => wire.ask(request)))).toBe(row.want);
      await eventually('it is closed', () => a.open === 0);
      expect(a.requests.filter(({ body }) => body !== '').length).toBe(0);
    });
  }

  test('goes on while the reply comes, and one that is not read does not stop it', async () => {
    const total = 3_000_000;
    await using a = await startSocketUpstream((socket) => {
      let received = 0;
      socket.once('data', (head) => {
        received = head.length - (head.indexOf('\r\n\r\n') + 4);
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n${'y'.repeat(2_000_000)}`);
        socket.on('data', (bytes) => {
          received += bytes.length;
          if (received === total) socket.write('y'.repeat(1_000_000));
        });
      });
    });
    using wire = openSockets(a.url);
    const { stream, state } = uploadOf(total);
    const reply = await wire.ask({ method: 'POST', body: stream, headers: sized(total) });
    await eventually('all is sent', () => state.pulledBytes === total);
    expect(await countBytes(reply.reader())).toBe(total);
    expect([a.sockets.size, wire.found]).toEqual([1, ['new']]);
  });
});

describe('an early answer', () => {
  const large = () => ({ method: 'POST', body: new Uint8Array(50_000_000) });
  const streamed = () => {
    const upload = uploadOf(50_000_000);
    return { method: 'POST', body: upload.stream, state: upload.state };
  };

  for (const [name, answer] of [
    ['and reads no more', (socket: Socket) => void socket.pause().write(TOO_LARGE)],
    ['and closes', (socket: Socket) => void socket.end(TOO_LARGE)],
    [
      'and goes away with what was sent unread',
      (socket: Socket) => void socket.pause().write(TOO_LARGE, () => setTimeout(() => socket.destroy(), 10)),
    ],
  ] as const) {
    for (const kind of ['whole', 'streamed'] as const) {
      test(`to a ${kind} body, from an upstream that refuses it ${name}, is the reply`, async () => {
        await using a = await startSocketUpstream((socket) => socket.once('data', () => answer(socket)));
        using wire = openSockets(a.url);
        for (let round = 1; round <= 2; round += 1) {
          const request = kind === 'whole' ? { ...large(), state: undefined } : streamed();
          const reply = await wire.ask(request);
          expect([reply.status, latin1(await reply.bytes(100))]).toEqual([413, 'too large']);
          if (request.state !== undefined) {
            const { state } = request;
            await eventually('the stream is cancelled', () => state.cancelled);
            expect(state.pulledBytes).toBeLessThan(30_000_000);
          }
          expect(wire.found.length).toBe(round);
        }
        expect(wire.found).toEqual(['new', 'new']);
        for (const socket of a.sockets) socket.resume();
        await eventually('they are closed', () => a.sockets.size === 0);
      });
    }
  }

  test('that comes before the last piece of a body ends its connection, for the rest would follow', async () => {
    let offer: ReadableStreamDefaultController<Uint8Array> | undefined;
    await using a = await startSocketUpstream((socket) => socket.once('data', () => void socket.write(httpReply(200, 'enough'))));
    using wire = openSockets(a.url);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        offer = controller;
        controller.enqueue(new Uint8Array(10));
      },
    });
    expect(await wire.text({ method: 'POST', body })).toBe('enough');
    await eventually('it is closed', () => a.sockets.size === 0);
    expect(() => offer?.enqueue(new Uint8Array(10))).toThrow();
  });
});

describe('an upstream that goes away inside a body', () => {
  for (const kind of ['whole', 'streamed', 'streamed and waiting'] as const) {
    test(`fails a ${kind} one, which is not sent again`, async () => {
      await using a = await startSocketUpstream((socket) => socket.once('data', () => socket.resetAndDestroy()));
      using wire = openSockets(a.url);
      const upload = uploadOf(50_000_000);
      let cancelled = false;
      const waiting = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(10)),
        cancel: () => {
          cancelled = true;
        },
      });
      const body = { whole: new Uint8Array(50_000_000), streamed: upload.stream, 'streamed and waiting': waiting }[kind];
      expect(await faultOf(wire.ask({ method: 'PUT', body }))).toBe('reset');
      if (kind !== 'whole') await eventually('the stream is cancelled', () => upload.state.cancelled || cancelled);
      expect(a.connections).toBe(1);
    });
  }
});
