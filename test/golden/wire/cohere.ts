/* Source: docs.cohere.com/reference/chat, docs.cohere.com/reference/chat-stream (API v2). */
import { DONE, type JsonObject, line, merge, object, objects, pieces, sse, sseLines, text, type Wire } from './wire.ts';

const MODEL = 'command-a-03-2025';

export const cohereWire: Wire = {
  model: MODEL,
  request: { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 1_024 },
  streamed: { stream: true },
  incidental: ['id'],
  silent: ['usage.cached_tokens'],
  reply({ message, ...said }) {
    return merge(
      {
        id: 'abc123',
        finish_reason: 'COMPLETE',
        message: { role: 'assistant', ...object(message) },
        usage: { billed_units: { input_tokens: 10, output_tokens: 5 }, tokens: { input_tokens: 10, output_tokens: 5 } },
      },
      said,
    );
  },
  stream(reply) {
    const { content, tool_plan: plan, tool_calls: calls } = object(reply['message']);
    const events: JsonObject[] = [
      {
        type: 'message-start',
        id: reply['id'] ?? null,
        delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
      },
      ...pieces(text(plan)).map((piece) => ({ type: 'tool-plan-delta', delta: { message: { tool_plan: piece } } })),
      ...objects(content).flatMap((part, index) => contentEvents(part, index, reply)),
      ...objects(calls).flatMap((call, index) => callEvents(call, index)),
      { type: 'message-end', delta: { finish_reason: reply['finish_reason'] ?? null, usage: reply['usage'] ?? null } },
    ];
    return [...sse(events, true), DONE];
  },
  lines: (bytes) =>
    sseLines(bytes, true).map((event) =>
      line(event, { incidental: ['id', 'delta.message.tool_calls.id'], silent: ['delta.usage.cached_tokens'] }),
    ),
};

/** A text's citations come before its end; log probabilities with its first piece, as our tokens are not the pieces. */
function contentEvents(part: JsonObject, index: number, { message, logprobs }: JsonObject): JsonObject[] {
  const field = text(part['type']);
  const cited = field === 'text' ? objects(object(message)['citations']) : [];
  const [first] = field === 'text' ? objects(logprobs) : [];
  return [
    { type: 'content-start', index, delta: { message: { content: { ...part, [field]: '' } } } },
    ...pieces(text(part[field])).map((piece, at) => ({
      type: 'content-delta',
      index,
      delta: { message: { content: { [field]: piece } } },
      ...(at === 0 && first !== undefined ? { logprobs: first } : {}),
    })),
    ...cited.flatMap((citation, at) => [
      { type: 'citation-start', index: at, delta: { message: { citations: citation } } },
      { type: 'citation-end', index: at },
    ]),
    { type: 'content-end', index },
  ];
}

function callEvents(call: JsonObject, index: number): JsonObject[] {
  const { arguments: whole, ...made } = object(call['function']);
  return [
    { type: 'tool-call-start', index, delta: { message: { tool_calls: { ...call, function: { ...made, arguments: '' } } } } },
    ...pieces(text(whole)).map((piece) => ({
      type: 'tool-call-delta',
      index,
      delta: { message: { tool_calls: { function: { arguments: piece } } } },
    })),
    { type: 'tool-call-end', index },
  ];
}
