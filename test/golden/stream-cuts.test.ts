/*
 * Streams come in pieces of any size. Wherever they are cut, each target's decoder reads the same events, and each caller is told the same bytes; and what is told
 * at any moment is whole characters.
 */
import { describe, expect, test } from 'bun:test';
import type { ChatEvent } from '../../src/operations/chat-events.ts';
import { CASES, type Case, SPEAKERS, type Speaker } from './corpus.ts';
import { crossStream } from './crossing-runs.ts';

const TIMEOUT_MS = 60_000;
/** Bytes of a frame are not text. */
const BINARY = new Set(['bedrock-converse']);

/** Each answer once. */
const ANSWERS = CASES.filter(({ hasReply }) => hasReply);

function* bytewise(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1);
}

function streamOf(given: Case, { name, wire }: Speaker): readonly Uint8Array[] | undefined {
  const reply = given.reply(name);
  return reply === undefined ? undefined : wire.stream(reply);
}

function read({ dialect }: Speaker, chunks: Iterable<Uint8Array>): ChatEvent[] {
  const decoder = dialect.codecs.chat?.createDecoder();
  if (decoder === undefined) throw new Error(`'${dialect.name}' has no chat`);
  const events: ChatEvent[] = [];
  for (const chunk of chunks) events.push(...decoder.push(chunk));
  events.push(...decoder.finish());
  return events;
}

describe('streams in pieces', () => {
  for (const target of SPEAKERS) {
    test(
      `${target.name} is read the same, cut at each byte and one byte at a time`,
      () => {
        for (const given of ANSWERS) {
          const chunks = streamOf(given, target);
          if (chunks === undefined) continue;
          const whole = Buffer.concat(chunks);
          const wanted = JSON.stringify(read(target, chunks));
          expect(JSON.stringify(read(target, bytewise(whole)))).toBe(wanted);
          for (let at = 0; at <= whole.length; at += 1) {
            const got = JSON.stringify(read(target, [whole.subarray(0, at), whole.subarray(at)]));
            if (got !== wanted) expect(`${given.name}, cut at ${at}: ${got}`).toBe(wanted);
          }
        }
      },
      TIMEOUT_MS,
    );

    test(
      `${target.name} is told to every caller the same, one byte at a time, in whole characters`,
      () => {
        for (const caller of SPEAKERS) for (const given of ANSWERS) expectSameTold(given, caller, target);
      },
      TIMEOUT_MS,
    );

    test(
      `${target.name}, cut short at any byte, is no whole answer to any caller`,
      () => {
        for (const caller of SPEAKERS) expectNoneWhole(caller, target);
      },
      TIMEOUT_MS,
    );
  }
});

function expectSameTold(given: Case, caller: Speaker, target: Speaker): void {
  const chunks = streamOf(given, target);
  if (chunks === undefined) return;
  const request = given.request(caller.name);
  const wanted = crossStream({ caller, target }, request, chunks);
  const got = crossStream({ caller, target }, request, bytewise(Buffer.concat(chunks)));
  const what = `${given.name}: ${target.name} to ${caller.name}`;
  expect([what, got.isWhole, got.failure?.code, Buffer.from(got.bytes).toString('latin1')]).toEqual([
    what,
    wanted.isWhole,
    wanted.failure?.code,
    Buffer.from(wanted.bytes).toString('latin1'),
  ]);
  for (const told of got.told) expectWhole(told, caller);
}

/** What goes to a caller at once ends within no event, and so within no character. */
function expectWhole(told: Uint8Array, { name, wire }: Speaker): void {
  if (!BINARY.has(name)) new TextDecoder('utf-8', { fatal: true }).decode(told);
  wire.lines(told);
}

/** Where the last word alone is missing (`[DONE]`, or usage), all of the answer may be there. */
function expectNoneWhole(caller: Speaker, target: Speaker): void {
  const given = CASES.find(({ name }) => name === 'tool-calls-parallel');
  const chunks = given === undefined ? undefined : streamOf(given, target);
  if (given === undefined || chunks === undefined) throw new Error('there is no such case');
  const bytes = Buffer.concat(chunks);
  const whole = crossStream({ caller, target }, given.request(caller.name), [bytes]);
  expect(whole.isWhole).toBe(true);
  const words = callsIn(whole.bytes);
  for (let at = 0; at < bytes.length; at += 7) {
    const cut = crossStream({ caller, target }, given.request(caller.name), [bytes.subarray(0, at)]);
    if (cut.isWhole) expect([at, callsIn(cut.bytes)]).toEqual([at, words]);
  }
}

/** How often the answer names its tool: all of its calls are there, or they are not. */
function callsIn(bytes: Uint8Array): number {
  return Buffer.from(bytes).toString('latin1').split('get_weather').length;
}
