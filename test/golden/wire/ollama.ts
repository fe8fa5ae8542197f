/* Source: docs.ollama.com/api/chat (NDJSON; a last line with `done`). */
import { type Json, type JsonObject, line, merge, object, objects, pieces, text, type Wire } from './wire.ts';

const MODEL = 'llama3.2';
const TIMES = ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration'];
const INCIDENTAL = ['model', 'created_at', ...TIMES];

export const ollamaWire: Wire = {
  model: MODEL,
  request: { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], stream: false, options: { num_predict: 1_024 } },
  streamed: { stream: true },
  incidental: INCIDENTAL,
  silent: [],
  reply: (said) =>
    merge(
      {
        model: MODEL,
        created_at: '2023-11-14T22:13:20Z',
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        ...Object.fromEntries(TIMES.map((name) => [name, 1_000_000])),
        prompt_eval_count: 10,
        eval_count: 5,
      },
      said,
    ),
  stream(reply) {
    const { message, done: _done, done_reason: reason = null, logprobs, ...rest } = reply;
    const { role = 'assistant', content, thinking, tool_calls: calls } = object(message);
    const head = { model: reply['model'] ?? null, created_at: reply['created_at'] ?? null };
    const told = (said: JsonObject, more: JsonObject = {}): JsonObject => ({
      ...head,
      message: { role, content: '', ...said },
      done: false,
      ...more,
    });
    const spoken = pieces(text(content));
    const lines: JsonObject[] = [
      ...pieces(text(thinking)).map((piece) => told({ thinking: piece })),
      ...spoken.map((piece, at) => told({ content: piece }, at === 0 && logprobs !== undefined ? { logprobs } : {})),
      ...objects(calls).map((call) => told({ tool_calls: [call] })),
      { ...rest, message: { role, content: '' }, done: true, done_reason: reason },
    ];
    return lines.map((one) => Buffer.from(`${JSON.stringify(one)}\n`));
  },
  lines(bytes) {
    const whole = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (whole !== '' && !whole.endsWith('\n')) throw new Error('a stream that ends within a line');
    return whole
      .split('\n')
      .slice(0, -1)
      .map((one) => line(JSON.parse(one) as Json, { incidental: [...INCIDENTAL, 'message.tool_calls.id'], silent: [] }));
  },
};
