/*
 * The streams of every kind of provider, with what is peculiar about each: read by the decoder that crossings use, whole and cut everywhere, and by the meter
 * that lets them through.
 */
import { describe, expect, test } from 'bun:test';
import type { DecodeHints } from '../../src/dialects/dialect.ts';
import { DIALECTS_BY_NAME } from '../../src/dialects/registry.ts';
import type { ChatEvent } from '../../src/operations/chat-events.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { CALLERS } from './callers.ts';
import type { Recording, Told, ToldCall } from './provider-row.ts';
import { ROWS, streamOf } from './rows.ts';

test('every kind of provider has a row, a stream of its first dialect, and no row is for nobody', () => {
  expect(Object.keys(ROWS).sort()).toEqual(PROVIDERS.map(({ name }) => name).sort());
  for (const { name, dialects } of PROVIDERS)
    expect([name, ROWS[name]?.recordings.map(({ dialect }) => dialect)]).toEqual([name, expect.arrayContaining([dialects[0]?.name])]);
});

type Words = { -readonly [Key in keyof Told]: Told[Key] };

/** What the events say, put together as a client does. Throws where they tell of a failure, or have no end. */
function toldIn(events: readonly ChatEvent[]): Told {
  const words: Words = { model: '', finish: 'other' };
  const kinds = new Map<number, string>();
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for (const event of events) {
    if (event.kind === 'failure') throw event.error;
    if (event.kind === 'start') words.model = event.model ?? '';
    if ((event.kind === 'start' || event.kind === 'usage') && event.usage !== undefined) words.usage = event.usage;
    if (event.kind === 'part') {
      kinds.set(event.part, event.opening.kind);
      if (event.opening.kind === 'tool-call') calls.set(event.part, { id: event.opening.id, name: event.opening.name, arguments: '' });
    }
    if (event.kind === 'text') {
      const field = kinds.get(event.part) === 'reasoning' ? 'thoughts' : 'text';
      words[field] = (words[field] ?? '') + event.text;
    }
    const call = event.kind === 'arguments' ? calls.get(event.part) : undefined;
    if (call !== undefined && event.kind === 'arguments') call.arguments += event.text;
    if (event.kind === 'finish') {
      words.finish = event.reason;
      if (event.stopSequence !== undefined) words.stopSequence = event.stopSequence;
    }
  }
  if (calls.size > 0) words.calls = [...calls.values()];
  expect(events.at(-1)?.kind).toBe('end');
  return words;
}

/** As the row has it; an id that the vendor did not give is any. */
function wanted({ calls, ...told }: Told): Told {
  return {
    ...told,
    ...(calls === undefined
      ? {}
      : { calls: calls.map((call): ToldCall => ({ ...call, id: call.id ?? (expect.stringMatching(/.+/) as unknown as string) })) }),
  };
}

function dialectOf({ dialect }: Recording) {
  const found = DIALECTS_BY_NAME.get(dialect);
  if (found?.codecs.chat === undefined) throw new Error(`'${dialect}' is no dialect of chats`);
  return { dialect: found, codec: found.codecs.chat };
}

function decoded(recording: Recording, chunks: readonly Uint8Array[]): readonly ChatEvent[] {
  const decoder = dialectOf(recording).codec.createDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.finish()];
}

const bytewise = (bytes: Uint8Array) => Array.from(bytes, (_byte, index) => bytes.slice(index, index + 1));

const HINTS: DecodeHints = { hasModel: () => true };

function metered(recording: Recording, chunks: readonly Uint8Array[]) {
  const { dialect } = dialectOf(recording);
  const caller = CALLERS[recording.dialect]?.['chat'];
  if (caller === undefined) throw new Error(`no caller of '${recording.dialect}' in callers.ts`);
  const asked = caller('any-model');
  const operation = dialect.decode('chat', Buffer.from(JSON.stringify(asked.body)), { ...HINTS, ...asked.hints });
  const meter = dialect.createMeter(operation);
  const passed = chunks.flatMap((chunk) => meter.push(chunk) ?? []);
  const { whole, rest } = meter.finish();
  return { meter, whole, passed: Buffer.concat(rest === undefined ? passed : [...passed, rest]) };
}

for (const [name, { recordings }] of Object.entries(ROWS)) {
  describe(name, () => {
    for (const recording of recordings) {
      const { file, told } = recording;
      test(`${file}: says the same however it is cut`, async () => {
        const bytes = await streamOf(recording);
        expect(toldIn(decoded(recording, [bytes]))).toEqual(wanted(told));
        expect(toldIn(decoded(recording, bytewise(bytes)))).toEqual(wanted(told));
        for (let at = 1; at < bytes.length; at += 1)
          expect(toldIn(decoded(recording, [bytes.slice(0, at), bytes.slice(at)]))).toEqual(wanted(told));
      });

      test(`${file}: passes byte for byte, and is metered`, async () => {
        const bytes = await streamOf(recording);
        for (const chunks of [[bytes], bytewise(bytes)]) {
          const { meter, whole, passed } = metered(recording, chunks);
          expect(meter.failure).toBeUndefined();
          expect(whole).toBe(true);
          expect(meter.started).toBe(true);
          expect(meter.model).toBe(told.model);
          expect(meter.usage).toEqual(told.usage);
          // What is missing at the end is added; nothing else is touched.
          expect(passed.subarray(0, bytes.length)).toEqual(Buffer.from(bytes));
        }
      });

      test(`${file}: cut before its end is never a whole answer`, async () => {
        const bytes = await streamOf(recording);
        const text = Buffer.from(bytes).toString();
        // Before the event that says why it ended.
        const at = text.search(/[^\n]*(?:"finish_reason":"|"message_delta"|response\.completed|"done":true)/);
        expect(at).toBeGreaterThan(0);
        const events = decoded(recording, [bytes.slice(0, at)]);
        expect(events.at(-1)?.kind).toBe('failure');
      });
    }
  });
}
