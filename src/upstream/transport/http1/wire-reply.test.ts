import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { faultOf, latin1 } from '../../../../test/upstream/wires.ts';
import type { TransportReply } from '../transport.ts';
import { TransportError } from '../transport-error.ts';
import type { ReplyHead } from './reply-head.ts';
import { WireReply } from './wire-reply.ts';

const HEAD: ReplyHead = { status: 200, fields: ['x', 'y'], framing: { kind: 'until-close' }, keepAlive: false };

/** A reply whose connection the test plays. */
function begin() {
  const log: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<TransportReply>();
  const reply: WireReply = new WireReply(
    {
      pause: () => void log.push('pause'),
      resume: () => void log.push('resume'),
      destroy(reason) {
        log.push('destroy');
        reply.fail(reason);
      },
    },
    { resolve, reject },
  );
  return { reply, head: promise, log };
}

function begun() {
  const parts = begin();
  parts.reply.onHead(HEAD);
  return parts;
}

const bytes = (text: string) => Buffer.from(text);
const broken = () => new TransportError('reset', 'broken');

describe('the head', () => {
  test('comes once it is there, with nothing of the body read', async () => {
    const { reply, head } = begin();
    reply.onHead(HEAD);
    const given = await head;
    expect([given.status, given.headers.get('x')]).toEqual([200, 'y']);
  });

  test('does not come when the connection fails', async () => {
    const { reply, head } = begin();
    reply.fail(broken());
    expect(await faultOf(head)).toBe('reset');
  });
});

describe('pieces', () => {
  test('come in order, those that waited and those that were waited for, and then the end, again and again', async () => {
    const { reply } = begun();
    reply.onBody(bytes('a'));
    reply.onBody(bytes('b'));
    const texts = [(await reply.read()).value, (await reply.read()).value];
    const next = reply.read();
    reply.onBody(bytes('c'));
    texts.push((await next).value);
    const last = reply.read();
    reply.onEnd();
    expect(texts.map((value) => latin1(value ?? bytes('?')))).toEqual(['a', 'b', 'c']);
    expect([(await last).done, (await reply.read()).done]).toEqual([true, true]);
  });

  test('that came before a failure can still be read, then it is told, again and again', async () => {
    const { reply } = begun();
    reply.onBody(bytes('a'));
    reply.fail(broken());
    reply.fail(new Error('told twice'));
    expect((await reply.read()).done).toBe(false);
    expect([await faultOf(reply.read()), await faultOf(reply.read())]).toEqual(['reset', 'reset']);
  });

  test('a failure ends a read that waits', async () => {
    const { reply } = begun();
    const pending = faultOf(reply.read());
    reply.fail(broken());
    expect(await pending).toBe('reset');
  });

  test('there is no reader where there is nothing to read', () => {
    const { reply } = begun();
    expect(reply.reader()).toBeDefined();
    reply.onEnd();
    expect(reply.reader()).toBeUndefined();
    const full = begun().reply;
    full.onBody(bytes('a'));
    full.onEnd();
    expect(full.reader()).toBeDefined();
  });

  test('beyond a quarter of a megabyte the connection waits until they are taken', async () => {
    const { reply, log } = begun();
    for (let index = 0; index < 4; index += 1) reply.onBody(Buffer.alloc(65_536));
    expect(log).toEqual([]);
    reply.onBody(bytes('x'));
    reply.onBody(bytes('what was read already'));
    expect(log).toEqual(['pause']);
    for (let index = 0; index < 5; index += 1) await reply.read();
    expect(log).toEqual(['pause']);
    await reply.read();
    expect(log).toEqual(['pause', 'resume']);
    for (let index = 0; index < 5; index += 1) reply.onBody(Buffer.alloc(65_536));
    expect(log).toEqual(['pause', 'resume', 'pause']);
  });

  test('small ones are counted too', () => {
    const { reply, log } = begun();
    for (let index = 0; index < 1_024; index += 1) reply.onBody(bytes('x'));
    expect(log).toEqual([]);
    reply.onBody(bytes('x'));
    expect(log).toEqual(['pause']);
  });

  test('a reply that has ended lets go of its connection, whoever still reads it', async () => {
    const { reply, log } = begun();
    reply.onBody(Buffer.alloc(300_000));
    reply.onEnd();
    expect(log).toEqual(['pause', 'resume']);
    await reply.read();
    await reply.read();
    await reply.cancel();
    expect(log).toEqual(['pause', 'resume']);
  });

  test('giving it up cuts the connection, and drops what waited', async () => {
    const { reply, log } = begun();
    reply.onBody(bytes('a'));
    await reply.cancel();
    expect([log, await faultOf(reply.read())]).toEqual([['destroy'], 'client_closed']);
    await reply.cancel(new Error('again'));
  });
});

describe('the whole', () => {
  test('is what came before and what comes after it was asked for', async () => {
    const { reply, log } = begun();
    reply.onBody(bytes('a'));
    const whole = reply.bytes(3);
    reply.onBody(bytes('b'));
    reply.onBody(bytes('c'));
    reply.onEnd();
    expect([latin1(await whole), log]).toEqual(['abc', []]);
  });

  test('of one piece is that piece, and of none is empty', async () => {
    const { reply } = begun();
    const piece = bytes('abc');
    reply.onBody(piece);
    reply.onEnd();
    expect(await reply.bytes(3)).toBe(piece);
    const empty = begun().reply;
    empty.onEnd();
    expect((await empty.bytes(0)).length).toBe(0);
  });

  test('lets a connection that waited go on, and stops it no more', async () => {
    const { reply, log } = begun();
    reply.onBody(Buffer.alloc(300_000));
    const whole = reply.bytes(1_000_000);
    reply.onBody(Buffer.alloc(300_000));
    reply.onEnd();
    expect([(await whole).length, log]).toEqual([600_000, ['pause', 'resume']]);
  });

  test('that is too long cuts the connection, whether it was known before or comes to be', async () => {
    const before = begun();
    before.reply.onBody(bytes('abcd'));
    expect([await faultOf(before.reply.bytes(3)), before.log]).toEqual(['upstream_reply_invalid', ['destroy']]);
    const after = begun();
    const whole = faultOf(after.reply.bytes(3));
    after.reply.onBody(bytes('abc'));
    expect(after.log).toEqual([]);
    after.reply.onBody(bytes('d'));
    expect([await whole, after.log]).toEqual(['upstream_reply_invalid', ['destroy']]);
    const ended = begun();
    ended.reply.onBody(bytes('abcd'));
    ended.reply.onEnd();
    expect([await faultOf(ended.reply.bytes(3)), ended.log]).toEqual(['upstream_reply_invalid', []]);
  });

  test('that is cut is none, whatever came before', async () => {
    const { reply } = begun();
    reply.onBody(bytes('a'));
    const whole = faultOf(reply.bytes(10));
    reply.fail(broken());
    expect(await whole).toBe('reset');
    const early = begun().reply;
    early.onBody(bytes('a'));
    early.fail(broken());
    expect(await faultOf(early.bytes(10))).toBe('reset');
  });
});

test('in any order of reads and pieces nothing is lost, doubled or moved, and what waits is bounded', async () => {
  const step = fc.oneof(fc.constant('read' as const), fc.integer({ min: 1, max: 200_000 }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { reply, log } = begun();
      const [sent, taken]: [number[], number[]] = [[], []];
      let reading: Promise<void> | undefined;
      const take = async () => {
        const result = await reply.read();
        if (!result.done) taken.push(result.value.length);
        reading = undefined;
      };
      for (const now of steps) {
        // One read at a time, as the contract says; a connection that is paused sends nothing.
        if (now === 'read') reading ??= take();
        else if (log.at(-1) !== 'pause') {
          sent.push(now);
          reply.onBody(Buffer.alloc(now));
        }
        await Promise.resolve();
        const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);
        expect(sum(sent) - sum(taken)).toBeLessThanOrEqual(262_144 + 2 * 200_000);
      }
      reply.onEnd();
      await reading;
      while (!(await reply.read().then((result) => result.done || void taken.push(result.value.length))));
      expect(taken).toEqual(sent);
    }),
    { numRuns: 300 },
  );
});
