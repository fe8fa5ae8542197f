/*
 * Streams that fail on the way, as each vendor tells it, and streams that merely stop: no caller, whatever its dialect, takes the rest for a whole answer. And calls that a
 * server tells in each other's midst, which most dialects can't.
 */
import { describe, expect, test } from 'bun:test';
import { plain, SPEAKERS, type Speaker } from './corpus.ts';
import { crossingOf, crossStream, factsOf, type Pair } from './crossing-runs.ts';
import { frame } from './wire/bedrock-converse.ts';
import { type JsonObject, sse } from './wire/wire.ts';

const event = (value: JsonObject, named = false): Uint8Array => Buffer.concat(sse([value], named));

/** What each vendor sends where an answer fails after its beginning. */
const FAILURES: Readonly<Record<string, Uint8Array>> = {
  'openai-chat': event({ error: { message: 'The server had an error', type: 'server_error', param: null, code: null } }),
  'openai-responses': event(
    {
      type: 'response.failed',
      sequence_number: 9,
      response: {
        id: 'resp_abc123',
        object: 'response',
        created_at: 1_700_000_000,
        status: 'failed',
        error: { code: 'server_error', message: 'The model failed' },
        output: [],
      },
    },
    true,
  ),
  'anthropic-messages': event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, true),
  gemini: event({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
  ollama: Buffer.from('{"error":"an error was encountered while running the model"}\n'),
  'bedrock-converse': frame('modelStreamErrorException', { message: 'The model failed', originalStatusCode: 500 }, 'exception'),
  cohere: event({ type: 'message-end', delta: { finish_reason: 'ERROR', error: 'The model failed' } }, true),
};

/** The events that end an answer for its readers. */
const LAST_WORDS =
  /\[DONE\]|response\.(completed|incomplete)|message_stop|"finishReason"|"done":true|messageStop|"finish_reason":"(stop|COMPLETE|MAX_TOKENS)"/;

const PAIRS: readonly Pair[] = SPEAKERS.flatMap((caller) => SPEAKERS.map((target) => ({ caller, target })));

describe('a stream that breaks', () => {
  for (const pair of PAIRS) {
    const { caller, target } = pair;
    test(`${target.name} to ${caller.name}: told as an error in the caller's words, and never as an end`, () => {
      const begun = beginning(target);
      const failure = FAILURES[target.name];
      if (failure === undefined) throw new Error(`nothing is known of how '${target.name}' fails`);
      const meter = crossingOf(pair, plain(caller.name).request, true).createMeter(factsOf(pair));
      const told = [...begun, failure].flatMap((chunk) => meter.push(chunk) ?? []).map((bytes) => Uint8Array.from(bytes));
      expect(meter.failure?.message).toBeTruthy();
      if (meter.failure === undefined) return;
      expect(meter.ended).toBe(false);
      const said = meter.encodeError?.(meter.failure, 'c-1') ?? caller.dialect.encodeStreamError(meter.failure, 'c-1');
      const bytes = Buffer.concat([...told, said]);
      expect(caller.wire.lines(bytes).length).toBeGreaterThan(0);
      expect(bytes.toString('latin1')).not.toMatch(LAST_WORDS);
    });

    test(`${target.name} to ${caller.name}: a connection that ends within an answer is no end of it`, () => {
      const told = crossStream(pair, undefined, beginning(target));
      expect([told.isWhole, Buffer.from(told.bytes).toString('latin1').match(LAST_WORDS)?.[0]]).toEqual([false, undefined]);
    });
  }
});

/** The events up to the first words of the answer. */
function beginning({ name, wire }: Speaker): readonly Uint8Array[] {
  const chunks = wire.stream(plain(name).reply);
  const first = chunks.findIndex((chunk) => Buffer.from(chunk).includes('Hello there!'));
  expect(first).not.toBe(-1);
  return chunks.slice(0, first + 1);
}

describe('calls in the midst of each other', () => {
  const delta = (said: JsonObject, end: string | null = null): Uint8Array =>
    event({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'm',
      choices: [{ index: 0, delta: said, logprobs: null, finish_reason: end }],
    });
  const call = (index: number, said: JsonObject): Uint8Array => delta({ tool_calls: [{ index, ...said }] });
  const opened = (index: number, id: string, name: string): Uint8Array =>
    call(index, { id, type: 'function', function: { name, arguments: '' } });
  const argued = (index: number, text: string): Uint8Array => call(index, { function: { arguments: text } });
  const interleaved = [
    delta({ role: 'assistant', content: null }),
    opened(0, 'call_a', 'first'),
    opened(1, 'call_b', 'second'),
    argued(1, '{"n":'),
    argued(0, '{"m":'),
    argued(1, '2}'),
    argued(0, '1}'),
    delta({}, 'tool_calls'),
    Buffer.from('data: [DONE]\n\n'),
  ];
  const target = SPEAKERS.find(({ name }) => name === 'openai-chat');

  for (const caller of SPEAKERS) {
    test(`${caller.name} is told them one after the other`, () => {
      if (target === undefined) throw new Error('there is no such dialect');
      const told = crossStream({ caller, target }, undefined, interleaved);
      expect(told.isWhole).toBe(true);
      const decoder = caller.dialect.codecs.chat?.createDecoder();
      const events = [...(decoder?.push(told.bytes) ?? []), ...(decoder?.finish() ?? [])];
      const calls = new Map<number, string>();
      for (const one of events) {
        if (one.kind === 'part' && one.opening.kind === 'tool-call') calls.set(one.part, `${one.opening.name} `);
        if (one.kind === 'arguments') calls.set(one.part, (calls.get(one.part) ?? '') + one.text);
      }
      expect([...calls.values()]).toEqual(['first {"m":1}', 'second {"n":2}']);
    });
  }
});
