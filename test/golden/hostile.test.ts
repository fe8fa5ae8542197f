/*
 * Bytes of enemies and of broken servers into every decoder there is: requests, answers, streams, each put on its way to some other dialect. Nothing comes of it but an
 * error of ours or something that can be sent; nothing hangs, and no prototype is touched. The seed is fixed, so a failure is there again.
 */
import { afterEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/base/errors.ts';
import { cross } from '../../src/dialects/dialect-crossing.ts';
import { arbitraryCuts } from '../dialects/arbitrary-events.ts';
import { arbitraryMutation, mutate } from '../dialects/mutate.ts';
import { CASES, type Case, decodeBytes, operationOf, plain, SPEAKERS, type Speaker } from './corpus.ts';
import { crossReply, crossStream } from './crossing-runs.ts';
import { isObject, type Json, type JsonObject } from './wire/wire.ts';

const SEED = 20_240_229;
const RUNS = 1_000;
const TIMEOUT_MS = 30_000;

const mutations = fc.array(arbitraryMutation, { minLength: 1, maxLength: 4 });
const someCase = fc.constantFrom(...CASES);
const someSpeaker = fc.constantFrom(...SPEAKERS);

/** A case on its way between two dialects, and what went wrong with it. */
const mishap = fc.record({
  given: someCase,
  caller: someSpeaker,
  target: someSpeaker,
  changes: mutations,
  sizes: arbitraryCuts,
  from: fc.nat(),
  to: fc.nat(),
});
type Mishap = typeof mishap extends fc.Arbitrary<infer Value> ? Value : never;

function fuzz(run: (mishap: Mishap) => void): void {
  fc.assert(fc.property(mishap, run), { numRuns: RUNS, seed: SEED });
}

afterEach(() => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

/** A request on its way: undefined where it was refused by an error of ours. */
function askWith(caller: Speaker, target: Speaker, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const operation = decodeBytes(caller, caller.wire.model, bytes, false);
    return cross(operation, { from: caller.dialect, to: target.dialect }).encodeRequest({
      model: target.wire.model,
      stream: false,
      streamUsage: true,
    });
  } catch (cause) {
    if (!(cause instanceof GatewayError)) throw cause;
    return undefined;
  }
}

function expectJson(bytes: Uint8Array | undefined): void {
  if (bytes !== undefined) JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}

/** What a caller was told can be read by its clients, whatever came; and after a failure it is no whole answer. */
function expectTold(caller: Speaker, target: Speaker, chunks: Iterable<Uint8Array>): void {
  const told = crossStream({ caller, target }, undefined, chunks);
  caller.wire.lines(told.bytes);
  if (told.failure !== undefined) expect(told.isWhole).toBe(false);
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const replyOf = (given: Case, { name }: Speaker): JsonObject => given.reply(name) ?? plain(name).reply;
const requestOf = (given: Case, { name }: Speaker): Uint8Array =>
  Buffer.from(JSON.stringify((given.request(name) ?? plain(name).request).body));

/** A stream that ends with its connection has no last word, after which nothing comes. */
const ENDLESS = new Set(['gemini']);

describe('mutated', () => {
  test(
    'requests',
    () => {
      fuzz(({ given, caller, target, changes }) => {
        expectJson(askWith(caller, target, changes.reduce(mutate, requestOf(given, caller))));
      });
    },
    TIMEOUT_MS,
  );

  test(
    'answers',
    () => {
      fuzz(({ given, caller, target, changes }) => {
        const bytes = changes.reduce(mutate, Buffer.from(JSON.stringify(replyOf(given, target))));
        crossReply({ caller, target }, undefined, bytes);
      });
    },
    TIMEOUT_MS,
  );

  test(
    'streams, in their bytes',
    () => {
      fuzz(({ given, caller, target, changes, sizes }) => {
        const bytes = changes.reduce(mutate, Buffer.concat(target.wire.stream(replyOf(given, target))));
        expectTold(caller, target, cut(bytes, sizes));
      });
    },
    TIMEOUT_MS,
  );

  test(
    'streams, in what their events say, in their order, and twice',
    () => {
      fuzz(({ given, caller, target, changes, from, to }) => {
        const reply = mutatedReply(replyOf(given, target), changes);
        const events = [...target.wire.stream(reply)];
        const [moved = Buffer.alloc(0)] = events.splice(from % events.length, 1);
        events.splice(to % (events.length + 1), 0, moved, ...(to % 3 === 0 ? [moved] : []));
        expectTold(caller, target, events);
      });
    },
    TIMEOUT_MS,
  );
});

/** What is no object any more is not streamed by any vendor. */
function mutatedReply(reply: JsonObject, changes: readonly Parameters<typeof mutate>[1][]): JsonObject {
  const json = changes.filter(({ kind }) => kind === 'replace' || kind === 'remove' || kind === 'rename');
  const value = JSON.parse(Buffer.from(json.reduce(mutate, Buffer.from(JSON.stringify(reply)))).toString()) as Json;
  return isObject(value) ? value : reply;
}

const DEEP = 20_000;
const deepArray = '['.repeat(DEEP) + ']'.repeat(DEEP);
const deepObject = '{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP);

/** Whole bodies that nobody should send. */
const BODIES: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['nothing', Buffer.alloc(0)],
  ['white space', Buffer.from(' \n\t ')],
  ['null', Buffer.from('null')],
  ['a number too large', Buffer.from('1e999')],
  ['a list', Buffer.from('[]')],
  ['an empty object', Buffer.from('{}')],
  ['half a text', Buffer.from('"abc')],
  ['half a pair', Buffer.from('"\\ud800"')],
  ['a byte order mark', Buffer.from('\ufeff{}')],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])],
  ['another encoding', Buffer.from('{"model":"x"}', 'utf16le')],
  ['NULs', Buffer.alloc(1_000)],
  ['a deep list', Buffer.from(deepArray)],
  ['a deep object', Buffer.from(deepObject)],
  ['a long text', Buffer.from(JSON.stringify('x'.repeat(2_000_000)))],
  ['a long list', Buffer.from(`[${'{},'.repeat(100_000)}{}]`)],
];

describe('hostile', () => {
  for (const [name, bytes] of BODIES) {
    test(
      `${name}: as a request, an answer and a stream of each dialect`,
      () => {
        for (const one of SPEAKERS) {
          const other = SPEAKERS[(SPEAKERS.indexOf(one) + 1) % SPEAKERS.length] ?? one;
          expectJson(askWith(one, other, bytes));
          crossReply({ caller: other, target: one }, undefined, bytes);
          expectTold(other, one, [bytes]);
          expectTold(other, one, [Buffer.concat([Buffer.from('data: '), bytes, Buffer.from('\n\n')])]);
          expectTold(other, one, [Buffer.concat([Buffer.from('event: content-delta\ndata: '), bytes, Buffer.from('\n\n')])]);
        }
      },
      TIMEOUT_MS,
    );
  }

  test(
    'keys of prototypes in every object of every case',
    () => {
      for (const one of SPEAKERS) {
        for (const [at, given] of CASES.entries()) {
          const other = SPEAKERS[at % SPEAKERS.length] ?? one;
          const request = poisoned(requestOf(given, one));
          expectJson(askWith(one, other, request));
          const reply = JSON.stringify(replyOf(given, one));
          crossReply({ caller: other, target: one }, undefined, poisoned(Buffer.from(reply)));
          if (one.name === 'bedrock-converse') continue; // its frames would not hold
          expectTold(
            other,
            one,
            one.wire.stream(replyOf(given, one)).map((event) => poisoned(event)),
          );
        }
      }
    },
    TIMEOUT_MS,
  );

  test(
    'depths within what any JSON may stand in: schemas, arguments, options',
    () => {
      for (const one of SPEAKERS) {
        const other = SPEAKERS[(SPEAKERS.indexOf(one) + 2) % SPEAKERS.length] ?? one;
        for (const name of ['tools-auto', 'tool-calls-parallel', 'json-schema', 'unknown-fields']) {
          const given = CASES.find((each) => each.name === name);
          if (given === undefined) throw new Error(`there is no case '${name}'`);
          for (const deep of [deepArray, deepObject]) {
            expectJson(askWith(one, other, Buffer.from(deepened(requestOf(given, one), deep))));
            crossReply(
              { caller: other, target: one },
              undefined,
              Buffer.from(deepened(Buffer.from(JSON.stringify(replyOf(given, one))), deep)),
            );
            // What is told may be as deep: deeper than this test can read.
            crossStream(
              { caller: other, target: one },
              undefined,
              one.wire.stream(replyOf(given, one)).map((event) => Buffer.from(deepened(event, deep))),
            );
          }
        }
      }
    },
    TIMEOUT_MS,
  );

  test('a stream that begins again after its end says nothing more', () => {
    for (const caller of SPEAKERS) {
      for (const target of SPEAKERS.filter(({ name }) => !ENDLESS.has(name))) {
        const once = target.wire.stream(plain(target.name).reply);
        const wanted = crossStream({ caller, target }, undefined, once);
        const got = crossStream({ caller, target }, undefined, [...once, ...once]);
        expect(Buffer.from(got.bytes).toString('latin1')).toBe(Buffer.from(wanted.bytes).toString('latin1'));
      }
    }
  });

  test('an event without an end is not kept for ever', () => {
    const chunk = Buffer.alloc(1_048_576, 'x');
    for (const target of SPEAKERS) {
      const meter = cross(operationOf(target, plain(target.name).request, true), { from: target.dialect, to: target.dialect }).createMeter({
        id: 'abc123',
        model: 'm',
        nowMs: 0,
        usageWanted: true,
      });
      let taken = 0;
      for (; taken < 64 && meter.failure === undefined; taken += 1)
        meter.push(taken === 0 ? Buffer.concat([Buffer.from('data: '), chunk]) : chunk);
      expect([target.name, taken < 64]).toEqual([target.name, true]);
    }
  });
});

/** Whatever follows `{`, but for the first, which may be a frame's or an empty object's. */
function poisoned(bytes: Uint8Array): Uint8Array {
  const keys = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1';
  return Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replaceAll(/\{(?=(\s*\}))|\{/g, (_brace, isEmpty: string | undefined) => `{${keys}${isEmpty === undefined ? ',' : ''}`),
  );
}

/** Puts something deep in the place of an innermost object. */
function deepened(bytes: Uint8Array, deep: string): string {
  return Buffer.from(bytes)
    .toString('latin1')
    .replace(/\{"type":"string"\}|"Rome"|"Let me see\."|\{"a":\[1\]\}/, () => deep);
}
