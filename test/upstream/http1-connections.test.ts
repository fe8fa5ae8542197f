/* The life of our own connections: made, kept, used again, aged, closed. */
import { describe, expect, test } from 'bun:test';
import { Aborter } from '../../src/base/abort.ts';
import { createManualClock } from '../../src/base/manual-clock.ts';
import { systemClock } from '../../src/base/system-clock.ts';
import { createTransport } from '../../src/upstream/transport/transport.ts';
import { provesNotSent } from '../../src/upstream/transport/transport-error.ts';
import { upstreamConfig } from '../../src/upstream/upstream-config.ts';
import { openBlackHole } from './black-hole.ts';
import { chunk, chunkedHead, httpReply, inTurn, ok, reset, startFaultyUpstream } from './faulty-upstream.ts';
import { eventually } from './rig.ts';
import { startSocketUpstream } from './socket-upstream.ts';
import { countBytes, faultOf, latin1, type OpenWire, openSockets } from './wires.ts';

const POST = { method: 'POST', body: new Uint8Array(1) };

/** Holds so many requests at a time, so that each has a connection of its own, and answers them in reverse. */
async function together(wire: OpenWire, count: number): Promise<void> {
  const replies = await Promise.all(Array.from({ length: count }, () => wire.ask()));
  for (const reply of replies) await reply.bytes(100);
}

describe('reuse', () => {
  test('the connection that was used last is used next, and every request is counted', async () => {
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url);
    await together(wire, 3);
    for (let index = 0; index < 4; index += 1) await wire.text();
    expect(a.connections).toBe(3);
    expect(new Set(a.requests.slice(3).map(({ connection }) => connection)).size).toBe(1);
    expect(wire.found).toEqual(['new', 'new', 'new', 'reused', 'reused', 'reused', 'reused']);
  });

  test('what is idle for too long is closed, what is used is not', async () => {
    const clock = createManualClock();
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url, { clock, pool: { keep_alive: 1_000 } });
    await together(wire, 3);
    clock.advance(600);
    await wire.text();
    clock.advance(399);
    await Bun.sleep(20);
    expect(a.open).toBe(3);
    clock.advance(1);
    await eventually('the two that were not used are closed', () => a.open === 1);
    clock.advance(599);
    await Bun.sleep(20);
    expect(a.open).toBe(1);
    clock.advance(1);
    await eventually('the last is closed', () => a.open === 0);
    expect(await wire.text()).toBe('ok 5');
    clock.advance(1_000);
    await eventually('and the next', () => a.open === 0);
    expect(clock.pending).toBe(0);
  });

  test('no more are kept than may be', async () => {
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url, { pool: { idle_max: 2 } });
    await together(wire, 5);
    await eventually('three are closed', () => a.open === 2);
    await together(wire, 2);
    expect(a.connections).toBe(5);
  });

  test('a connection that is not needed is closed with a FIN: a reset would look like a failure', async () => {
    const ends: string[] = [];
    await using a = await startSocketUpstream((socket) => {
      socket.on('error', (error) => ends.push(error.message));
      socket.on('end', () => ends.push('end'));
      socket.on('data', () => void socket.write(httpReply(200, 'ok', { connection: a.connections === 1 ? 'close' : 'keep-alive' })));
    });
    const wire = openSockets(a.url);
    await wire.text();
    await eventually('the first is over', () => ends.length === 1);
    await wire.text();
    wire[Symbol.dispose]();
    await eventually('both are over', () => ends.length === 2);
    expect(ends).toEqual(['end', 'end']);
  });

  test('a reply that its reader has not taken yet does not hold up the next one on its connection', async () => {
    const body = 'x'.repeat(300_000);
    await using a = await startFaultyUpstream((_request, socket) => {
      socket.write(httpReply(200, body));
    });
    using wire = openSockets(a.url);
    const first = await wire.ask();
    await eventually('all of it came', () => first.headers.get('content-length') === '300000');
    await Bun.sleep(50);
    for (let index = 0; index < 3; index += 1) expect((await wire.text()).length).toBe(body.length);
    expect(await countBytes(first.reader())).toBe(body.length);
    expect((await wire.text()).length).toBe(body.length);
  });

  test('one that is slow to be read is not disturbed by the reply before it', async () => {
    await using a = await startFaultyUpstream(
      (request, socket) => void socket.write(httpReply(200, 'x'.repeat(request.number === 1 ? 300_000 : 2_000_000))),
    );
    using wire = openSockets(a.url);
    const first = (await wire.ask()).reader();
    await Bun.sleep(50);
    const second = (await wire.ask()).reader();
    await Bun.sleep(50);
    expect(await countBytes(first)).toBe(300_000);
    expect(await countBytes(second)).toBe(2_000_000);
  });
});

describe('what nobody asked for', () => {
  for (const [name, late] of [
    ['a farewell', httpReply(408, '')],
    ['a byte', 'x'],
    ['an empty line', '\r\n'],
  ] as const) {
    test(`${name} on an idle connection closes it`, async () => {
      let send = () => {};
      await using a = await startFaultyUpstream((request, socket) => {
        ok(request, socket);
        send = () => void socket.write(late);
      });
      using wire = openSockets(a.url);
      await wire.text();
      send();
      await eventually('it is closed', () => a.open === 0);
      expect(await wire.text(POST)).toBe('ok 2');
      expect(a.connections).toBe(2);
    });

    test(`${name} right after a reply closes the connection, and the reply holds`, async () => {
      await using a = await startFaultyUpstream((_request, socket) => void socket.write(httpReply(200, 'fine') + late));
      using wire = openSockets(a.url);
      expect(await wire.text()).toBe('fine');
      expect(await wire.text()).toBe('fine');
      expect(a.connections).toBe(2);
    });
  }

  test('a greeting, before anything was sent, is an error that proves it', async () => {
    await using a = await startSocketUpstream((socket) => void socket.write('220 mail.example ESMTP\r\n'));
    using wire = openSockets(a.url);
    const error = await wire.ask(POST).catch((thrown: unknown) => thrown);
    expect(['refused', 'protocol']).toContain(await faultOf(Promise.reject(error)));
    await eventually('it is closed', () => a.sockets.size === 0);
  });

  test('another kind of server that waits for us is not waited for', async () => {
    await using a = await startSocketUpstream((socket) => socket.once('data', () => void socket.write('-ERR unknown command\r\n')));
    using wire = openSockets(a.url);
    expect(await faultOf(wire.ask())).toBe('protocol');
  });

  test('both framings at once are read, and end the connection', async () => {
    await using a = await startFaultyUpstream(
      (_request, socket) =>
        void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n${chunk('hello')}${chunk('')}`),
    );
    using wire = openSockets(a.url);
    const reply = await wire.ask();
    expect([reply.headers.get('content-length'), latin1(await reply.bytes(10))]).toEqual([null, 'hello']);
    await eventually('it is closed', () => a.open === 0);
  });

  test('an end before the trailer is over is a cut', async () => {
    await using a = await startFaultyUpstream((_request, socket) => void socket.end(`${chunkedHead(200) + chunk('hello')}0\r\n`));
    using wire = openSockets(a.url);
    expect(await faultOf(wire.text())).toBe('reset');
  });
});

describe('a kept connection that breaks', () => {
  test('before anything came: what is idempotent is sent once more, and only once', async () => {
    await using a = await startFaultyUpstream(inTurn(ok, reset, ok, reset, reset, ok));
    using wire = openSockets(a.url);
    await wire.text();
    expect(await wire.text({ method: 'PUT', body: new Uint8Array(3) })).toBe('ok 3');
    expect(await faultOf(wire.text({ method: 'DELETE' }))).toBe('reset');
    expect(a.requests.length).toBe(5);
  });

  test('after something came: nothing is sent again', async () => {
    await using a = await startFaultyUpstream(inTurn(ok, (_request, socket) => void socket.end('HTTP/1.1 100 Continue\r\n\r\n'), ok));
    using wire = openSockets(a.url);
    await wire.text();
    expect(await faultOf(wire.text())).toBe('reset');
    expect(a.requests.length).toBe(2);
  });
});

describe('connecting', () => {
  test('to an address that swallows packets takes as long as it may, and proves that nothing was sent', async () => {
    await using hole = await openBlackHole();
    using wire = openSockets(`http://127.0.0.1:${hole.port}`, { pool: { connect_timeout: 100 } });
    const startMs = performance.now();
    const error = await wire.ask(POST).catch((thrown: unknown) => thrown);
    expect(await faultOf(Promise.reject(error))).toBe('timeout');
    expect(provesNotSent(error)).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThan(90);

    const aborter = new Aborter();
    const pending = wire.ask(POST, aborter).catch((thrown: unknown) => thrown);
    const reason = new Error('enough');
    aborter.abort(reason);
    expect(await pending).toBe(reason);
  });

  test('again and again to such an address ends: each attempt holds a socket', async () => {
    await using hole = await openBlackHole();
    using wire = openSockets(`http://127.0.0.1:${hole.port}`, { pool: { connect_timeout: 60_000 } });
    const aborter = new Aborter();
    const given = Array.from({ length: 256 }, () => faultOf(wire.ask(POST, aborter)));
    aborter.abort(new Error('enough'));
    expect(new Set(await Promise.all(given))).toEqual(new Set(['Error: enough']));
    expect(await faultOf(wire.ask(POST))).toBe('timeout');
  });

  test('that nobody waits for any more leaves an idle connection', async () => {
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url);
    const aborter = new Aborter();
    const pending = faultOf(wire.ask(POST, aborter));
    aborter.abort(new Error('enough'));
    expect(await pending).toBe('Error: enough');
    await eventually('it came about', () => a.connections === 1);
    await Bun.sleep(20);
    expect([a.requests.length, await wire.text(POST), a.connections, wire.found]).toEqual([0, 'ok 1', 1, ['reused']]);
  });

  test('with a signal that has aborted, or aborts in the moment in which the connection is there, sends nothing', async () => {
    await using a = await startFaultyUpstream(ok);
    let onFound = () => {};
    using wire = openSockets(a.url, { onFound: () => onFound() });
    const aborter = new Aborter();
    onFound = () => aborter.abort(new Error('enough'));
    expect(await faultOf(wire.ask(POST, aborter))).toBe('Error: enough');
    expect(await faultOf(wire.ask(POST, aborter))).toBe('Error: enough');
    await wire.text();
    expect([a.requests.length, a.connections]).toEqual([1, 1]);
  });

  test('to an IPv6 address', async () => {
    await using a = await startSocketUpstream(
      (socket) => socket.on('data', (bytes) => void socket.write(httpReply(200, String(/host: .*/i.exec(bytes.toString()))))),
      '::1',
    );
    using wire = openSockets(a.url);
    expect(await wire.text()).toBe(`host: [::1]:${a.port}`);
  });

  for (const host of ['127.0.0.1', '::1']) {
    test(`to localhost, where the server listens on ${host} alone`, async () => {
      await using a = await startSocketUpstream((socket) => socket.on('data', () => void socket.write(httpReply(200, 'ok'))), host);
      using wire = openSockets(`http://localhost:${a.port}`);
      expect(await wire.text()).toBe('ok');
    });
  }

  test('to a server that closes at once proves that nothing was sent, or fails as a reset', async () => {
    await using a = await startSocketUpstream((socket) => socket.destroy());
    using wire = openSockets(a.url);
    expect(['refused', 'reset']).toContain(await faultOf(wire.ask(POST)));
  });
});

describe('a public name', () => {
  const { pool } = upstreamConfig.parse({});
  const connect = (url: string, resolve: () => Promise<readonly string[]>) =>
    createTransport({ clock: systemClock, resolve, events: { onConnection: () => {} } }).connector(url, {
      pool,
      allowPrivate: true,
      proxy: undefined,
    });

  test('that may be private is called by its name', async () => {
    using connector = connect('http://no-such-host.invalid', () => Promise.reject(new Error('not asked')));
    expect(
      await faultOf(connector.send({ url: 'http://no-such-host.invalid/', method: 'GET', headers: {}, body: null }, new Aborter())),
    ).toBe('dns');
  });

  test('goes to the address that was checked, with its own Host; another address gets connections of its own', async () => {
    await using a = await startFaultyUpstream(ok);
    await using b = await startFaultyUpstream(ok, a.port, '127.0.0.2');
    using wire = openSockets(`http://api.example.com:${a.port}`);
    for (const address of ['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.1']) await wire.text({ address });
    expect([a.requests.length, a.connections, b.requests.length, b.connections]).toEqual([3, 2, 2, 1]);
    expect(new Set([...a.requests, ...b.requests].map(({ headers }) => headers.get('host')))).toEqual(
      new Set([`api.example.com:${a.port}`]),
    );
    await eventually('what belongs to the old address is closed', () => a.open + b.open === 1);
  });
});

test('a wire that was disposed closes what is busy when it is over', async () => {
  let finish = () => {};
  await using a = await startFaultyUpstream((_request, socket) => {
    socket.write(chunkedHead(200) + chunk('hello'));
    finish = () => void socket.write(chunk(' world') + chunk(''));
  });
  const wire = openSockets(a.url);
  const reply = await wire.ask();
  wire[Symbol.dispose]();
  finish();
  expect(latin1(await reply.bytes(100))).toBe('hello world');
  await eventually('it is closed', () => a.open === 0);
});

describe('many', () => {
  test('a thousand at a time', async () => {
    await using a = await startFaultyUpstream(ok);
    using wire = openSockets(a.url, { pool: { idle_max: 100 } });
    for (let round = 1; round <= 2; round += 1) {
      const texts = await Promise.all(Array.from({ length: 1_000 }, () => wire.text(POST)));
      expect(new Set(texts).size).toBe(1_000);
      await eventually('the surplus is closed', () => a.open === 100);
    }
    expect(a.connections).toBe(1_900);
  });

  test('ten thousand in turn leave nothing behind', async () => {
    await using a = await startSocketUpstream((socket) => socket.on('data', () => void socket.write(httpReply(200, 'x'.repeat(2_000)))));
    using wire = openSockets(a.url);
    const aborter = new Aborter();
    const run = async (count: number) => {
      for (let index = 0; index < count; index += 1) await (await wire.ask(POST, aborter)).bytes(10_000);
      Bun.gc(true);
      return process.memoryUsage().heapUsed;
    };
    const before = await run(2_000);
    const after = await run(10_000);
    expect(a.connections).toBe(1);
    expect(after - before).toBeLessThan(2_000_000);
  });
});
