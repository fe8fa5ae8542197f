/* Streams as OpenAI's kin are known to send them, and what they mean. */
import { describe, expect, test } from 'bun:test';
import { gather } from '../../../test/dialects/arbitrary-events.ts';
import type { ChatEvent } from '../../operations/chat-events.ts';
import { PartSequence } from '../dialect-sequence.ts';
import { OpenAiStreamDecoder } from './stream-decode.ts';

const chunk = (delta: object, more: object = {}, choice: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'm', created: 7, ...more, choices: [{ index: 0, delta, ...choice }] })}\n\n`;
const stop = (reason: string, more: object = {}) => chunk({}, more, { finish_reason: reason });
const call = (piece: object) => chunk({ tool_calls: [piece] });
const DONE = 'data: [DONE]\n\n';

function read(text: string): readonly ChatEvent[] {
  const decoder = new OpenAiStreamDecoder();
  return [...decoder.push(Buffer.from(text)), ...decoder.finish()];
}

const told = (text: string) => gather(read(text));
const partsOf = (text: string) => told(text).reply.choices[0]?.parts;

describe('tool calls', () => {
  const called = (id: string, name: string, written: string) => ({ kind: 'tool-call', id, name, arguments: written });

  for (const [name, stream] of [
    [
      'interleaved by their numbers',
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '' } }),
        call({ index: 1, id: 'b', function: { name: 'g', arguments: '{"y"' } }),
        call({ index: 0, function: { arguments: '{"x":1}' } }),
        call({ index: 1, function: { arguments: ':2}' } }),
      ],
    ],
    [
      'with their id and name in every piece',
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }),
        call({ index: 0, id: 'a', function: { name: 'f', arguments: ':1}' } }),
        call({ index: 1, id: 'b', function: { name: 'g', arguments: '{"y":2}' } }),
      ],
    ],
    [
      'without numbers',
      [
        call({ id: 'a', function: { name: 'f', arguments: '{"x"' } }),
        call({ function: { arguments: ':1}' } }),
        call({ id: 'b', function: { name: 'g', arguments: '{"y":2}' } }),
      ],
    ],
    [
      'all with the number 0',
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":1}' } }),
        call({ index: 0, id: 'b', function: { name: 'g', arguments: '{"y":2}' } }),
      ],
    ],
    [
      'whose name comes late',
      [
        call({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
        call({ index: 0, function: { name: 'f', arguments: ':1}' } }),
        call({ index: 1, id: 'b', function: { name: 'g', arguments: { y: 2 } } }),
      ],
    ],
  ] as const) {
    test(`${name} are put together`, () => {
      expect(partsOf([...stream, stop('tool_calls'), DONE].join(''))).toEqual([
        called('a', 'f', '{"x":1}'),
        called('b', 'g', '{"y":2}'),
      ] as never);
    });
  }

  test('interleaved are told one after the other', () => {
    const out: ChatEvent[] = [];
    const sequence = new PartSequence();
    const stream = [
      call({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
      call({ index: 1, id: 'b', function: { name: 'g', arguments: '[' } }),
      call({ index: 0, function: { arguments: '}' } }),
      stop('tool_calls'),
      DONE,
    ];
    for (const event of read(stream.join(''))) sequence.push(event, out);
    const kinds = out.flatMap((event) => ('part' in event ? [`${event.kind} ${event.part}`] : []));
    expect(kinds).toEqual(['part 0', 'arguments 0', 'arguments 0', 'part-end 0', 'part 1', 'arguments 1', 'part-end 1']);
  });

  test('without ids get ids, and no two the same', () => {
    const stream =
      call({ index: 0, function: { name: 'f', arguments: '{}' } }) + call({ index: 1, function: { name: 'f', arguments: '{}' } });
    const parts = partsOf(`${stream}${stop('stop')}${DONE}`) ?? [];
    const ids = parts.map((part) => (part.kind === 'tool-call' ? part.id : ''));
    expect(ids.every((id) => /^call_\w{24}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(2);
  });

  test('that are finished with `stop` are finished for tool calls', () => {
    const { reply } = told(call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }) + stop('stop') + DONE);
    expect(reply.choices[0]?.finish).toBe('tool-calls');
  });

  test('that never get a name are a failure', () => {
    expect(told(call({ index: 0, id: 'a', function: { arguments: '{}' } }) + stop('tool_calls') + DONE).isWhole).toBe(false);
  });
});

describe('thoughts', () => {
  test('are read in each of the words that there are for them', () => {
    for (const field of ['reasoning_content', 'reasoning']) {
      const stream =
        chunk({ role: 'assistant', content: '' }) +
        chunk({ [field]: 'hm', content: null }) +
        chunk({ [field]: ' so' }) +
        chunk({ content: 'yes' });
      expect(partsOf(stream + stop('stop') + DONE)).toEqual([
        { kind: 'reasoning', text: 'hm so' },
        { kind: 'text', text: 'yes' },
      ]);
    }
  });

  test('told twice, plain and in detail, are told once, with their signature', () => {
    const detail = (more: object) => ({ type: 'reasoning.text', format: 'anthropic-claude-v1', index: 0, ...more });
    const stream = [
      chunk({ reasoning: 'h', reasoning_details: [detail({ text: 'h' })] }),
      chunk({ reasoning: 'm', reasoning_details: [detail({ text: 'm' })] }),
      chunk({ reasoning: null, reasoning_details: [detail({ signature: 'c2ln' })] }),
      chunk({ content: 'yes' }),
    ];
    expect(partsOf(stream.join('') + stop('stop') + DONE)).toEqual([
      { kind: 'reasoning', text: 'hm', signature: { dialect: 'openai-chat', value: 'c2ln' } },
      { kind: 'text', text: 'yes' },
    ]);
  });

  test('in parts of the content, as Mistral has them', () => {
    const stream = chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }) + chunk({ content: 'yes' });
    expect(partsOf(stream + stop('stop') + DONE)).toEqual([
      { kind: 'reasoning', text: 'hm' },
      { kind: 'text', text: 'yes' },
    ]);
  });
});

describe('the end', () => {
  const HI = chunk({ content: 'hi' });
  for (const [name, stream, isWhole] of [
    ['after a finish and `[DONE]`', HI + stop('stop') + DONE, true],
    ['after a finish without `[DONE]`', HI + stop('stop'), true],
    ['with `[DONE]` but no finish', HI + DONE, true],
    ['without either', HI, false],
    ['inside an event', HI + stop('stop').slice(0, -9), false],
    ['before anything', '', false],
    ['with `[DONE]` alone', DONE, false],
    ['with an error in band', `${HI}data: {"error":{"message":"no"}}\n\n`, false],
    ['with a malformed event', `${HI}data: {"choices":\n\n${stop('stop')}${DONE}`, false],
  ] as const) {
    test(`${name} is ${isWhole ? 'whole' : 'none'}`, () => expect(told(stream).isWhole).toBe(isWhole));
  }

  test('may bring the usage with it, before it, or after it; the last counts', () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } };
    const want = { inputTokens: 3, outputTokens: 2, totalTokens: 5, cachedInputTokens: 1 };
    const early = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
    for (const stream of [
      HI + stop('stop', { usage }) + DONE,
      chunk({ content: 'hi' }, { usage: early }) + stop('stop') + `data: ${JSON.stringify({ choices: [], usage })}\n\n${DONE}`,
      HI + stop('stop') + `data: ${JSON.stringify({ choices: [], usage })}\n\n`,
    ])
      expect(told(stream).reply.usage).toEqual(want);
  });

  test('says by which of the texts it was stopped, where the server does', () => {
    const { reply } = told(HI + chunk({}, {}, { finish_reason: 'stop', stop_reason: 'END' }) + DONE);
    expect(reply.choices[0]).toMatchObject({ finish: 'stop-sequence', stopSequence: 'END' });
  });
});

test('Azure’s first chunk, which has no choices, and its filters change nothing', () => {
  const stream = `data: {"choices":[],"prompt_filter_results":[{}],"id":"","model":""}\n\n${chunk({ content: 'hi' })}${stop('stop')}${DONE}`;
  expect(partsOf(stream)).toEqual([{ kind: 'text', text: 'hi' }]);
});
