/* What callers see when an upstream behaves oddly below HTTP: the real process, bare sockets behind it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect, type Socket } from 'node:net';
import { eventually } from '../harness/eventually.ts';
import { type GatewayProcess, startGateway } from '../harness/gateway.ts';
import { type BlackHole, openBlackHole } from '../upstream/black-hole.ts';
import { httpReply } from '../upstream/faulty-upstream.ts';
import { type SocketUpstream, startSocketUpstream } from '../upstream/socket-upstream.ts';

const KEY = 'sk-caller-00000000000';
const auth = { authorization: `Bearer ${KEY}` };
const REPLY_BYTES = 300_000;

let picky: SocketUpstream;
let large: SocketUpstream;
let mail: SocketUpstream;
let hole: BlackHole;
let gateway: GatewayProcess;
beforeAll(async () => {
  picky = await startSocketUpstream((socket) => {
    socket.once('data', () => socket.pause().write(httpReply(413, 'too large for me'), () => socket.destroy()));
  });
  large = await startSocketUpstream((socket) =>
    socket.on('data', (bytes) => {
      const [, size] = /^GET \/large\/(\d+)/.exec(bytes.toString('latin1')) ?? [];
      socket.write(httpReply(200, 'x'.repeat(Number(size ?? REPLY_BYTES))));
    }),
  );
  mail = await startSocketUpstream((socket) => socket.on('data', () => void socket.write('-ERR unknown command\r\n')));
  hole = await openBlackHole();
  gateway = await startGateway({
    config: {
      auth: { keys: [{ name: 'caller', key: KEY, tenant: 'acme' }] },
      limits: { mode: 'off' },
      services: {
        picky: { urls: [picky.url], routes: ['/picky/*'] },
        large: { urls: [large.url], routes: ['/large/*'] },
        mail: { urls: [mail.url], routes: ['/mail/*'], breaker: { enabled: false } },
        hole: { urls: [`http://127.0.0.1:${hole.port}`, large.url], routes: ['/hole/*'], pool: { connect_timeout: '200ms' } },
      },
    },
  });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await hole?.[Symbol.asyncDispose]();
  for (const upstream of [picky, large, mail]) await upstream?.[Symbol.asyncDispose]();
});

test('an upstream that refuses a body before it has read it, and goes away, has its refusal told', async () => {
  for (let round = 0; round < 3; round += 1) {
    const reply = await gateway.request('/picky/x', { method: 'POST', headers: auth, body: new Uint8Array(8_000_000) });
    expect([reply.status, await reply.text()]).toEqual([413, 'too large for me']);
  }
  expect(picky.connections).toBe(3);
});

test('callers that do not read their replies hold up nobody, though the upstream has long answered', async () => {
  const { port } = new URL(gateway.url);
  const callers: Socket[] = [];
  // What the kernels between us take is not known: of so many sizes, some leave the gateway with the last of a reply.
  for (let size = 400_000; size <= 8_000_000; size += 200_000) {
    const caller = connect(Number(port), '127.0.0.1', () => {
      caller.write(`GET /large/${size} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\n\r\n`);
      caller.pause();
    });
    caller.on('error', () => {});
    callers.push(caller);
  }
  const { sockets } = large;
  await eventually(() => sockets.size > 0 && [...sockets].every((socket) => socket.bytesWritten > 0), { what: 'all were answered' });
  for (let count = 0; count < 100; count += 1) {
    const reply = await gateway.request('/large/1000', { headers: auth });
    expect((await reply.text()).length).toBe(1_000);
  }
  for (const caller of callers) caller.destroy();
});

test('an address that swallows packets is left after its connect timeout, also for what must not be sent twice', async () => {
  for (let count = 0; count < 4; count += 1) {
    const reply = await gateway.request('/hole/x', { method: 'POST', headers: auth, body: 'once' });
    expect([reply.status, (await reply.text()).length]).toEqual([200, REPLY_BYTES]);
  }
});

test('a server of another kind is a bad gateway at once, not after a deadline', async () => {
  const reply = await gateway.request('/mail/x', { method: 'POST', headers: auth, body: 'HELO' });
  expect(reply.status).toBe(502);
});
