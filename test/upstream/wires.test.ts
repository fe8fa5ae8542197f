/* What both wires must do alike, over real sockets. */
import { describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import { Aborter } from '../../src/base/abort.ts';
import { chunk, chunkedHead, httpReply, inTurn, ok, reset, startFaultyUpstream } from './faulty-upstream.ts';
import { eventually } from './rig.ts';
import { startSocketUpstream } from './socket-upstream.ts';
import { countBytes, faultOf, latin1, uploadOf, WIRES } from './wires.ts';

const POST = { method: 'POST', body: new Uint8Array(1) };

/** Answers every request with these bytes; `end`: and closes. */
function says(text: string, end = false) {
  return (_request: unknown, socket: Socket) => {
    socket.write(text, 'latin1');
    if (end) socket.end();
  };
}

describe.each(WIRES)('%s', (_name, open) => {
  describe('a reply', () => {
    for (const row of [
      { name: 'of a length', reply: httpReply(200, 'hello'), status: 200, body: 'hello', kept: true },
      { name: 'of no length', reply: httpReply(200, ''), status: 200, body: '', kept: true },
      { name: 'in chunks', reply: chunkedHead(200) + chunk('hel') + chunk('lo') + chunk(''), status: 200, body: 'hello', kept: true },
      {
        name: 'in chunks with a trailer',
        reply: `${chunkedHead(200)}5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n`,
        status: 200,
        body: 'hello',
        kept: true,
      },
      { name: 'until it closes', reply: 'HTTP/1.1 200 OK\r\n\r\nhello', end: true, status: 200, body: 'hello', kept: false },
      { name: 'of HTTP/1.0', reply: 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello', status: 200, body: 'hello', kept: false },
      { name: 'that says farewell', reply: httpReply(200, 'hello', { connection: 'close' }), status: 200, body: 'hello', kept: false },
      { name: 'without a reason', reply: 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', status: 200, body: 'ok', kept: true },
      { name: 'of status 204', reply: 'HTTP/1.1 204 No Content\r\n\r\n', status: 204, body: '', kept: true },
      { name: 'of status 304', reply: 'HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n', status: 304, body: '', kept: true },
      { name: 'of status 404', reply: httpReply(404, 'none'), status: 404, body: 'none', kept: true },
      {
        name: 'after an interim one',
        reply: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: <a>\r\n\r\n${httpReply(200, 'hello')}`,
        status: 200,
        body: 'hello',
        kept: true,
      },
      { name: 'to HEAD', method: 'HEAD', reply: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n', status: 200, body: '', kept: true },
      { name: 'in chunks to HEAD', method: 'HEAD', reply: chunkedHead(200), status: 200, body: '', kept: true },
    ]) {
      test(`${row.name} is read, whole and by pieces, and its connection ${row.kept ? 'kept' : 'not'}`, async () => {
        await using a = await startFaultyUpstream(says(row.reply, row.end));
        using wire = open(a.url);
        const whole = await wire.ask({ method: row.method ?? 'GET' });
        expect([whole.status, latin1(await whole.bytes(100))]).toEqual([row.status, row.body]);
        const second = await wire.ask({ method: row.method ?? 'GET' });
        expect(await countBytes(second.reader())).toBe(row.body.length);
        expect(a.connections).toBe(row.kept ? 1 : 2);
      });
    }

    test('comes in any pieces', async () => {
      await using a = await startFaultyUpstream((_request, socket) => {
        socket.setNoDelay(true);
        const bytes = chunkedHead(200, { 'x-a': 'b' }) + chunk('hello') + chunk('');
        const write = (at: number) => void socket.write(bytes.charAt(at), () => at + 1 < bytes.length && setImmediate(write, at + 1));
        write(0);
      });
      using wire = open(a.url);
      const reply = await wire.ask();
      expect([reply.headers.get('x-a'), latin1(await reply.bytes(10))]).toEqual(['b', 'hello']);
    });

    test("leaves the connection's own headers out, and keeps the bytes of the others", async () => {
      await using a = await startFaultyUpstream(
        says(
          'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTrailer: x\r\nUpgrade: h2c\r\nAlt-Svc: h3\r\nVary: a\r\nvary:\t b \r\nSet-Cookie: a=1, 2\r\nset-cookie: b\r\nX-Latin: \xe4 \xc3\xa0\r\nContent-Length: 0\r\n\r\n',
        ),
      );
      using wire = open(a.url);
      const { headers } = await wire.ask();
      expect([...headers].map(([name]) => name).sort()).toEqual(['content-length', 'set-cookie', 'set-cookie', 'vary', 'x-latin']);
      expect([headers.get('vary'), headers.getSetCookie(), headers.get('x-latin')]).toEqual(['a, b', ['a=1, 2', 'b'], '\xe4 \xc3\xa0']);
    });

    test('that redirects or is compressed is a reply like any other', async () => {
      await using a = await startFaultyUpstream(says(httpReply(302, 'zip?', { location: '/elsewhere', 'content-encoding': 'gzip' })));
      using wire = open(a.url);
      const reply = await wire.ask();
      expect([reply.status, reply.headers.get('location'), latin1(await reply.bytes(10)), a.requests.length]).toEqual([
        302,
        '/elsewhere',
        'zip?',
        1,
      ]);
    });

    test('longer than allowed is refused, whether it said so or not, and its connection closed', async () => {
      for (const head of ['HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n']) {
        await using a = await startSocketUpstream((socket) => {
          socket.once('data', () => {
            socket.write(head);
            const more = () => {
              while (!socket.destroyed && socket.write('x'.repeat(65_536)));
            };
            socket.on('drain', more);
            more();
          });
        });
        using wire = open(a.url);
        expect(await faultOf((await wire.ask()).bytes(200_000))).toBe('upstream_reply_invalid');
        await eventually('it is closed', () => a.sockets.size === 0);
      }
    });

    test('to a reader that stops is not read on', async () => {
      const total = 200_000_000;
      let written = 0;
      const block = Buffer.alloc(262_144);
      await using a = await startSocketUpstream((socket) => {
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
          const more = () => {
            while (written < total) {
              const piece = block.subarray(0, Math.min(block.length, total - written));
              written += piece.length;
              if (!socket.write(piece)) return;
            }
          };
          socket.on('drain', more);
          more();
        });
      });
      using wire = open(a.url);
      const reader = (await wire.ask()).reader();
      const first = await reader?.read();
      let before = -1;
      // Until the kernel's buffers on both sides are full.
      while (before < written) {
        before = written;
        await Bun.sleep(100);
      }
      expect(written).toBeLessThan(40_000_000);
      expect((first?.value?.length ?? 0) + (await countBytes(reader))).toBe(total);
    });
  });

  test('an end that comes while nothing is read is not lost, nor what came before it', async () => {
    await using a = await startFaultyUpstream((_request, socket) => {
      socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(5_000_000)}`);
    });
    using wire = open(a.url);
    const reader = (await wire.ask()).reader();
    await Bun.sleep(100);
    expect(await countBytes(reader)).toBe(5_000_000);
  });
});

describe.each(WIRES)('%s', (_name, open) => {
  describe('a failure', () => {
    for (const [name, text, fault] of [
      ['nothing at all', '', 'reset'],
      ['half a head', 'HTTP/1.1 200 OK\r\nx: y\r\n', 'reset'],
      ['what is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'protocol'],
      ['a bad length', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', 'protocol'],
      ['lengths that differ', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok', 'protocol'],
      ['an unknown coding', 'HTTP/1.1 200 OK\r\ntransfer-encoding: rot13\r\n\r\nok', 'protocol'],
      ['a header without a colon', 'HTTP/1.1 200 OK\r\nnothing\r\ncontent-length: 2\r\n\r\nok', 'protocol'],
      ['a folded header', 'HTTP/1.1 200 OK\r\nx: y\r\n z\r\ncontent-length: 2\r\n\r\nok', 'protocol'],
      ['a NUL in a header', 'HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 2\r\n\r\nok', 'protocol'],
      ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n', 'protocol'],
    ] as const) {
      test(`before the head: ${name}`, async () => {
        await using a = await startFaultyUpstream(says(text, true));
        using wire = open(a.url);
        expect(await faultOf(wire.ask(POST))).toBe(fault);
        await eventually('it is closed', () => a.open === 0);
      });
    }

    for (const [name, text] of [
      ['of a length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello'],
      ['of chunks', chunkedHead(200) + chunk('hello')],
      ['inside a chunk', `${chunkedHead(200)}a\r\nhello`],
    ] as const) {
      test(`inside the body ${name} fails its reading`, async () => {
        await using a = await startFaultyUpstream(says(text, true));
        using wire = open(a.url);
        expect(await faultOf(wire.text())).toBe('reset');
      });
    }

    test('a reset inside the body fails its reading', async () => {
      await using a = await startFaultyUpstream((_request, socket) => {
        socket.write(chunkedHead(200) + chunk('hello'), () => setTimeout(() => socket.resetAndDestroy(), 20));
      });
      using wire = open(a.url);
      const reader = (await wire.ask()).reader();
      expect((await reader?.read())?.value?.length).toBe(5);
      expect(
        await reader?.read().then(
          () => 'read',
          () => 'failed',
        ),
      ).toBe('failed');
    });

    test('to connect proves that nothing was sent', async () => {
      await using gone = await startFaultyUpstream(ok);
      await gone[Symbol.asyncDispose]();
      using refused = open(gone.url);
      expect(await faultOf(refused.ask(POST))).toBe('refused');
      using unknown = open('http://no-such-host.invalid');
      expect(await faultOf(unknown.ask(POST))).toBe('dns');
      const { stream, state } = uploadOf(10);
      expect(await faultOf(refused.ask({ method: 'POST', body: stream }))).toBe('refused');
      expect([state.pulledBytes, stream.locked]).toEqual([0, false]);
    });
  });

  describe('an abort', () => {
    const reason = new Error('enough');

    test('before the head gives its reason and closes the connection', async () => {
      await using a = await startFaultyUpstream(() => {});
      using wire = open(a.url);
      const aborter = new Aborter();
      const pending = wire.ask(POST, aborter).catch((error: unknown) => error);
      await eventually('it was sent', () => a.requests.length === 1);
      aborter.abort(reason);
      expect(await pending).toBe(reason);
      await eventually('it is closed', () => a.open === 0);
    });

    test('inside the body ends its reading and closes the connection', async () => {
      for (const read of ['pieces', 'whole'] as const) {
        await using a = await startFaultyUpstream(says(chunkedHead(200) + chunk('hello')));
        using wire = open(a.url);
        const aborter = new Aborter();
        const reply = await wire.ask({}, aborter);
        const pending = read === 'whole' ? faultOf(reply.bytes(100)) : faultOf(countBytes(reply.reader()));
        aborter.abort(reason);
        expect(await pending).not.toBe('none');
        await eventually('it is closed', () => a.open === 0);
      }
    });

    test('after the end changes nothing', async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = open(a.url);
      const aborter = new Aborter();
      const reply = await wire.ask({}, aborter);
      expect(latin1(await reply.bytes(10))).toBe('ok 1');
      aborter.abort(reason);
      expect(await wire.text()).toBe('ok 2');
      expect(a.connections).toBe(1);
    });

    test('inside an upload cancels its stream and closes the connection', async () => {
      await using a = await startSocketUpstream((socket) => void socket.pause());
      using wire = open(a.url);
      const aborter = new Aborter();
      const { stream, state } = uploadOf(500_000_000);
      const pending = wire.ask({ method: 'POST', body: stream }, aborter).catch((error: unknown) => error);
      await eventually('it is under way', () => state.pulledBytes > 0);
      aborter.abort(reason);
      expect(await pending).toBe(reason);
      await eventually('the stream is cancelled', () => state.cancelled);
      for (const socket of a.sockets) socket.resume();
      await eventually('it is closed', () => a.sockets.size === 0);
    });
  });

  describe('a kept connection', () => {
    test('that was closed while idle is not used', async () => {
      await using a = await startFaultyUpstream((request, socket) => {
        ok(request, socket);
        if (request.number === 1) socket.end();
      });
      using wire = open(a.url);
      expect(await wire.text(POST)).toBe('ok 1');
      await eventually('it is closed', () => a.open === 0);
      expect(await wire.text(POST)).toBe('ok 2');
      expect(a.connections).toBe(2);
    });

    test('that breaks as a request is sent: a GET is sent again, a POST is not', async () => {
      await using a = await startFaultyUpstream(inTurn(ok, reset, ok, reset, ok));
      using wire = open(a.url);
      expect(await wire.text()).toBe('ok 1');
      expect(await wire.text()).toBe('ok 3');
      expect(await faultOf(wire.text(POST))).toBe('reset');
      expect(await wire.text(POST)).toBe('ok 5');
    });

    test('is not kept where none are to be', async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = open(a.url, { pool: { keep_alive: 0 } });
      for (let index = 1; index <= 3; index += 1) expect(await wire.text()).toBe(`ok ${index}`);
      expect(a.connections).toBe(3);
      await eventually('they are closed', () => a.open === 0);
    });

    test('is closed with the wire', async () => {
      await using a = await startFaultyUpstream(ok);
      const wire = open(a.url);
      await wire.text();
      expect(a.open).toBe(1);
      wire[Symbol.dispose]();
      await eventually('it is closed', () => a.open === 0);
    });
  });

  describe('a request', () => {
    test('carries its target and headers as they are', async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = open(a.url);
      const targets = ['/a%2Fb/%zz?c=%20&d', '/a b', '/\t./ä', '/x#y', '/?'];
      for (const target of targets) await wire.text({ target, headers: { 'x-a': 'caf\xc3\xa9 \xe4', 'x-empty': '' } });
      expect(a.requests.map(({ target }) => target)).toEqual(['/a%2Fb/%zz?c=%20&d', '/a%20b', '/%09./%C3%A4', '/x', '/?']);
      expect(a.requests[0]?.headers.get('x-a')).toBe('caf\xc3\xa9 \xe4');
      expect(a.requests[0]?.headers.get('host')).toBe(`127.0.0.1:${a.port}`);
    });

    test('has the method that was asked for, or none', async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = open(a.url);
      const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND', 'MKCOL', 'MOVE', 'SEARCH', 'PURGE', 'BREW'];
      const sent: string[] = [];
      for (const method of methods) {
        const fault = await faultOf(Promise.resolve().then(() => wire.text({ method })));
        expect(fault).toBeOneOf(['none', 'method_not_allowed']);
        if (fault === 'none') sent.push(method);
      }
      expect(sent.slice(0, 12)).toEqual(methods.slice(0, 12));
      expect(a.requests.map(({ method }) => method)).toEqual(sent);
    });

    test('cannot carry another one', async () => {
      await using a = await startFaultyUpstream(ok);
      using wire = open(a.url);
      for (const [request, code] of [
        [{ headers: { x: 'a\r\nx-evil: 1' } }, 'header_invalid'],
        [{ headers: { x: 'a\0' } }, 'header_invalid'],
        [{ headers: { 'x\r\nx-evil': '1' } }, 'header_invalid'],
        [{ headers: { x: '\u0100' } }, 'header_invalid'],
        [{ method: 'GET / HTTP/1.1\r\nx-evil: 1\r\n\r\nGET' }, 'method_not_allowed'],
      ] as const) {
        expect(await faultOf(Promise.resolve().then(() => wire.text(request)))).toBe(code);
      }
      await wire.text({ target: '/ HTTP/1.1\r\nx-evil: 1\r\n\r\nGET /' });
      expect(a.requests.map(({ target, headers }) => [target, headers.has('x-evil')])).toEqual([
        ['/%20HTTP/1.1%0D%0Ax-evil:%201%0D%0A%0D%0AGET%20/', false],
      ]);
    });

    test('of fifty megabytes goes out as the upstream takes it, whole or streamed', async () => {
      const total = 50_000_000;
      for (const kind of ['whole', 'streamed', 'streamed with a length'] as const) {
        let received = -1;
        await using a = await startSocketUpstream((socket) => {
          socket.once('data', (head) => {
            received = head.length - (head.indexOf('\r\n\r\n') + 4);
            socket.pause();
            socket.on('data', (bytes) => {
              received += bytes.length;
              if (received >= total && socket.bytesWritten === 0) socket.write(httpReply(200, 'thanks'));
            });
          });
        });
        using wire = open(a.url);
        const { stream, state } = uploadOf(total);
        const body = kind === 'whole' ? new Uint8Array(total) : stream;
        const headers = kind === 'streamed with a length' ? new Headers({ 'content-length': String(total) }) : {};
        const pending = wire.ask({ method: 'PUT', body, headers });
        await eventually('it came', () => received >= 0);
        if (kind !== 'whole') {
          let before = -1;
          while (before < state.pulledBytes) {
            before = state.pulledBytes;
            await Bun.sleep(100);
          }
          expect(state.pulledBytes).toBeLessThan(30_000_000);
        }
        for (const socket of a.sockets) socket.resume();
        expect(latin1(await (await pending).bytes(10))).toBe('thanks');
        expect(received).toBeGreaterThanOrEqual(total);
      }
    });
  });
});
