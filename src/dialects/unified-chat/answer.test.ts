import { describe, expect, test } from 'bun:test';
import type { AnswerFacts } from '../../operations/answer-form.ts';
import { UnifiedStream, wholeAnswer } from './answer.ts';

const FACTS: AnswerFacts = { id: 'abc', cached: false, model: 'm', nowMs: 5_000, generationMs: 12.345, totalMs: 20 };

function run(chunks: readonly Uint8Array[]): string {
  const stream = new UnifiedStream(() => FACTS, ['memory']);
  return Buffer.concat(chunks.flatMap((chunk) => stream.push(chunk) ?? [])).toString();
}

function cut(text: string, size: number): Uint8Array[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

const piece = (content: string, more = '') =>
  `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":9,"model":"sim","choices":[{"index":0,"delta":{"content":"${content}"}}]${more}}\n\n`;
const told = (content: string, more = '') =>
  `data: {"id":"unified-abc","object":"unified.chat.completion.chunk","created":9,"model":"sim","choices":[{"index":0,"delta":{"content":"${content}"}}]${more}}\n\n`;
const last = (usage: string, model = '"sim"', created = 9) =>
  `data: {"id":"unified-abc","object":"unified.chat.completion.chunk","created":${created},"model":${model},"choices":[],"usage":${usage},"context":{"memories":[],"rag_documents":[]},"metadata":{"memory_retrieval_ms":0,"rag_retrieval_ms":0,"generation_ms":12.35,"total_latency_ms":20,"memories_retrieved":0,"rag_documents_retrieved":0,"memory_stored":false,"memory_id":null,"skipped":["memory"],"cached":false}}\n\n`;
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
const COUNTED = '{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}';
const UNKNOWN = '{"prompt_tokens":null,"completion_tokens":null,"total_tokens":null}';
const DONE = 'data: [DONE]\n\n';

describe('a stream', () => {
  const source = `${piece('Hé')}: ping\n\n${piece(' \\"x\\"', ',"usage":null,"x":1.50')}${USAGE}${DONE}`;
  const want = `${told('Hé')}: ping\n\n${told(' \\"x\\"', ',"usage":null,"x":1.50')}${last(COUNTED)}${DONE}`;

  for (const size of [1, 2, 3, 7, 64, 10_000]) {
    test(`is the same, however it is cut: ${size} bytes`, () => expect(run(cut(source, size))).toBe(want));
  }

  test('without usage says that it is unknown', () => {
    expect(run(cut(piece('x') + DONE, 50))).toBe(told('x') + last(UNKNOWN) + DONE);
  });

  test('keeps a chunk that holds usage and content, and tells the usage last', () => {
    const usage = ',"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}';
    expect(run([Buffer.from(piece('x', usage) + DONE)])).toBe(told('x', usage) + last(COUNTED) + DONE);
  });

  test('that fails passes the error as it came, and adds nothing', () => {
    const error = 'data: {"error":{"message":"gone","type":"api_error"}}\n\n';
    expect(run(cut(piece('x') + error, 9))).toBe(told('x') + error);
  });

  test('of nothing but an end is a whole stream', () => {
    expect(run([Buffer.from(DONE)])).toBe(last(UNKNOWN, '"m"', 5) + DONE);
  });

  test('reads an event of several data lines, and other line ends', () => {
    expect(run(cut('data: {"id":"a",\r\ndata: "choices":[]}\r\n\r\n', 4))).toBe(
      'data: {"id":"unified-abc", "choices":[],"object":"unified.chat.completion.chunk"}\n\n',
    );
  });
});

describe('a whole answer', () => {
  const whole = (text: string) => JSON.parse(Buffer.from(wholeAnswer(Buffer.from(text), FACTS, [])).toString()) as Record<string, unknown>;

  test('keeps what we do not know, and sets what is ours', () => {
    expect(
      whole('{"id":"x","object":"chat.completion","created":1,"model":"sim","choices":[],"made_up":{"a":[1]},"context":1}'),
    ).toMatchObject({
      id: 'unified-abc',
      object: 'unified.chat.completion',
      created: 1,
      model: 'sim',
      made_up: { a: [1] },
      context: { memories: [], rag_documents: [] },
      metadata: { generation_ms: 12.35, skipped: [] },
    });
  });

  test('says what a careless server leaves out', () => {
    expect(whole('{"choices":[]}')).toMatchObject({ created: 5, model: 'm', usage: JSON.parse(UNKNOWN) as object });
    expect(whole('{"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":5}}')['usage']).toMatchObject({ total_tokens: 9 });
    expect(whole('{"choices":[],"usage":"many"}')['usage']).toEqual(JSON.parse(UNKNOWN));
  });
});
