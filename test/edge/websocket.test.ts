/* WebSockets at the edge, on real sockets: who gets one, what a session sees, and how it ends. */
import { afterEach, expect, test } from 'bun:test';
import { connect as connectTcp } from 'node:net';
import type { Handler } from '../../src/pipeline/policy.ts';
import type { InnerReply, WebSocketPeer, WebSocketSession, WebSocketUpgrade } from '../../src/pipeline/web-socket.ts';
import { eventually } from '../harness/eventually.ts';
import { rawExchange, rawRequest } from '../harness/raw-http.ts';
import { ECHO, type EdgeServer, route, startEdge, text } from './edge-server.ts';

let edge: EdgeServer | undefined;
afterEach(async () => {
  await edge?.[Symbol.asyncDispose]();
  edge = undefined;
});

/** A route that answers each text by asking `/echo`, and reports what happened to it. */
function sockets(more: Partial<WebSocketUpgrade> = {}, seen: string[] = []) {
  const open = (peer: WebSocketPeer): WebSocketSession => ({
    message: (data) => {
      if (typeof data !== 'string') throw new Error('bytes are not for me');
      const asked = peer.ask({ method: 'POST', path: '/echo', headers: new Headers(), body: Buffer.from(data) });
      asked.then(
        ({ status, body }) => peer.send(`${status} ${typeof body === 'string' ? body : ''}`),
        () => seen.push('a request was rejected'),
      );
    },
    drain: () => {
      seen.push('drain');
      peer.close(1001, 'going away');
    },
    closed: () => void seen.push(`closed ${peer.signal.aborted}`),
  });
  const handler: Handler = async () => ({
    status: 101,
    headers: { 'x-of-the-route': 'yes' },
    body: null,
    upgrade: { messageBytesMax: 1_000, open, ...more },
  });
  return route('/socket', handler, { methods: ['GET'], websocket: true });
}

const INNER = route(
  '/echo',
  async (request) => text(`got ${request.body.kind === 'bytes' ? Buffer.from(request.body.bytes).toString() : '?'}`),
  {
    methods: ['POST'],
  },
);

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The status that an upgrade is answered with. */
async function statusOf(path: string, headers: Readonly<Record<string, string>> = HANDSHAKE): Promise<number> {
  return (await rawExchange(edge?.url ?? '', [rawRequest({ target: path, headers })], { timeoutMs: 1_000 })).status;
}

function connect(path: string): Promise<WebSocket> {
  const socket = new WebSocket(`${edge?.url.replace('http', 'ws') ?? ''}${path}`);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket), { once: true });
    socket.addEventListener('error', () => reject(new Error('no WebSocket')), { once: true });
  });
}

const message = (socket: WebSocket) =>
  new Promise<string>((resolve) => socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true }));
const closed = (socket: WebSocket) =>
  new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code), { once: true }));

test('a message becomes a request of its own, and every exchange ends', async () => {
  const seen: string[] = [];
  edge = await startEdge([sockets({}, seen), INNER]);
  const socket = await connect('/socket');
  socket.send('hello');
  expect(await message(socket)).toBe('200 got hello');
  expect(edge.outcomes).toEqual([{ kind: 'complete', status: 200, bytesSent: 9 }]);
  socket.close();
  await eventually(() => edge?.outcomes.length === 2, { what: 'the end of the upgrade' });
  expect(edge.outcomes[1]).toEqual({ kind: 'complete', status: 101, bytesSent: 0 });
  expect(seen).toEqual(['closed true']);
});

test('a path without one says 426, and so does a plain request to a path with nothing else', async () => {
  edge = await startEdge([sockets(), ECHO]);
  for (const path of ['/echo', '/nowhere']) expect([path, await statusOf(path)]).toEqual([path, 426]);
  expect((await fetch(`${edge.url}/socket`)).status).toBe(426);
  await edge[Symbol.asyncDispose]();
  edge = await startEdge([sockets(), ECHO], { websocket: { enabled: false } });
  expect(await statusOf('/socket')).toBe(426);
});

test('a broken handshake is a 400, and a page of another origin a 403', async () => {
  edge = await startEdge([sockets()], { cors: { origins: ['https://app.example'] } });
  expect(await statusOf('/socket', { Connection: 'Upgrade', Upgrade: 'websocket' })).toBe(400);
  expect(await statusOf('/socket', { ...HANDSHAKE, Origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf('/socket', { ...HANDSHAKE, Origin: 'https://app.example' })).toBe(101);
});

test('a message that is too long, and a session that throws, close the socket and nothing else', async () => {
  edge = await startEdge([sockets(), INNER]);
  const [long, bad, good] = await Promise.all([connect('/socket'), connect('/socket'), connect('/socket')]);
  long.send('x'.repeat(1_001));
  expect(await closed(long)).toBe(1009);
  bad.send(Buffer.from('bytes'));
  expect(await closed(bad)).toBe(1011);
  good.send('still here');
  expect(await message(good)).toBe('200 got still here');
});

test('there are no more of them than may be, and an idle one is closed', async () => {
  edge = await startEdge([sockets()], { websocket: { sockets_max: 1, idle_timeout: '1s' } });
  const socket = await connect('/socket');
  expect(await statusOf('/socket')).toBe(503);
  expect(await closed(socket)).toBe(1001);
});

test('a drain asks every session to end, and is whole when they did', async () => {
  const seen: string[] = [];
  edge = await startEdge([sockets({}, seen)]);
  const socket = await connect('/socket');
  const end = closed(socket);
  expect(await edge.listener.drain({ delayMs: 0, timeoutMs: 5_000 })).toBe(true);
  expect(await end).toBe(1001);
  expect(seen).toEqual(['drain', 'closed true']);
});

test('a slow reader holds its sender, and a stream whose caller left is ended', async () => {
  const chunk = new Uint8Array(1_000_000);
  let given = 0;
  let returned = false;
  async function* endless() {
    try {
      for (;;) {
        given += 1;
        yield chunk;
      }
    } finally {
      returned = true;
    }
  }
  const flood = async (peer: WebSocketPeer, { body }: InnerReply) => {
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) return;
    for await (const bytes of body) {
      if (peer.signal.aborted) break;
      if (!peer.send(bytes)) await peer.drained();
    }
  };
  const open = (peer: WebSocketPeer): WebSocketSession => ({
    message: () =>
      void peer
        .ask({ method: 'POST', path: '/endless', headers: new Headers(), body: new Uint8Array(0) })
        .then((reply) => flood(peer, reply)),
    drain: () => {},
    closed: () => {},
  });
  const stream = route('/endless', async () => ({ status: 200, headers: {}, body: endless() }));
  edge = await startEdge([sockets({ open }), stream]);
  const socket = connectTcp(edge.listener.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(rawRequest({ target: '/socket', headers: HANDSHAKE }));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  // A masked text frame with one letter, whose mask is all zeros.
  socket.write(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x67));
  await eventually(() => given > 1, { what: 'the beginning of the flood' });
  let before = 0;
  await eventually(() => before === (before = given), { what: 'a flood that stands still' });
  // What the kernel's buffers hold, and no more.
  expect(given).toBeLessThan(60);
  socket.destroy();
  await eventually(() => returned, { what: 'the end of the stream' });
  await eventually(() => edge?.outcomes.some(({ kind }) => kind === 'client_closed') === true, { what: 'its exchange' });
});
