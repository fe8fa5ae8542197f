/* Source: platform.openai.com/docs/api-reference/chat (object, streaming). */
import { DONE, type Json, type JsonObject, line, merge, object, objects, pieces, sse, sseLines, text, type Wire } from './wire.ts';

const MODEL = 'gpt-4.1';
const CREATED = 1_700_000_000;
const SILENT = ['usage.prompt_tokens_details.cached_tokens', 'usage.completion_tokens_details.reasoning_tokens'];
const NOISE = ['id', 'created', 'model', 'system_fingerprint', 'service_tier', 'choices.delta.tool_calls.id'];

export const openaiChatWire: Wire = {
  model: MODEL,
  request: { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1_024 },
  streamed: { stream: true, stream_options: { include_usage: true } },
  incidental: ['id', 'created', 'model', 'system_fingerprint', 'service_tier'],
  silent: SILENT,
  reply(said) {
    const { usage, choices, ...choice } = said;
    const given = choices === undefined ? [choice] : objects(choices);
    return {
      id: 'chatcmpl-abc123',
      object: 'chat.completion',
      created: CREATED,
      model: MODEL,
      choices: given.map((one, index) => ({
        index,
        logprobs: null,
        finish_reason: 'stop',
        ...one,
        message: { role: 'assistant', content: null, refusal: null, ...object(one['message']) },
      })),
      usage: merge({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, object(usage)),
    };
  },
  stream(reply) {
    const chunk = (choices: readonly JsonObject[], usage: Json = null): JsonObject => ({
      id: reply['id'] ?? null,
      object: 'chat.completion.chunk',
      created: CREATED,
      model: MODEL,
      choices,
      usage,
    });
    const chunks = objects(reply['choices']).flatMap((choice) => deltasOf(choice).map((delta) => chunk([delta])));
    return [...sse([...chunks, chunk([], reply['usage'] ?? null)], false), DONE];
  },
  lines: (bytes) => sseLines(bytes, false).map((event) => line(event, { incidental: NOISE, silent: SILENT })),
};

function deltasOf({ index = 0, message, finish_reason: reason = null, logprobs = null }: JsonObject): JsonObject[] {
  const { role: _role, content, refusal, tool_calls: calls, reasoning_content: thought, ...rest } = object(message);
  const delta = (said: JsonObject, probabilities: Json = null, end: Json = null): JsonObject => ({
    index,
    delta: said,
    logprobs: probabilities,
    finish_reason: end,
  });
  const spoken = pieces(text(content));
  return [
    delta({ role: 'assistant', content: '' }),
    ...pieces(text(thought)).map((piece) => delta({ reasoning_content: piece })),
    ...spoken.map((piece, at) => delta({ content: piece }, at === 0 ? logprobs : null)),
    ...pieces(text(refusal)).map((piece) => delta({ refusal: piece })),
    ...(Object.keys(rest).length === 0 ? [] : [delta(rest)]),
    ...objects(calls).flatMap((call, at) => callDeltas(call, at).map((said) => delta({ tool_calls: [said] }))),
    delta({}, null, reason),
  ];
}

function callDeltas(call: JsonObject, index: number): JsonObject[] {
  const type = text(call['type']);
  const field = type === 'custom' ? 'input' : 'arguments';
  const made = object(call[type]);
  return [
    { index, id: call['id'] ?? null, type, [type]: { name: made['name'] ?? null, [field]: '' } },
    ...pieces(text(made[field])).map((piece) => ({ index, [type]: { [field]: piece } })),
  ];
}
