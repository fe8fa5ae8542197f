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
    const { content, tool_plan: plan, tool_calls: calls, citations } = object(reply['message']);
    const events: JsonObject[] = [
      {
        type: 'message-start',
        id: reply['id'] ?? null,
        delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
      },
      ...pieces(text(plan)).map((piece) => ({ type: 'tool-plan-delta', delta: { message: { tool_plan: piece } } })),
      ...objects(content).flatMap((part, index) => contentEvents(part, index)),
      ...objects(citations).flatMap((citation, index) => [
        { type: 'citation-start', index, delta: { message: { citations: citation } } },
        { type: 'citation-end', index },
      ]),
      ...objects(calls).flatMap((call, index) => callEvents(call, index)),
      { type: 'message-end', delta: { finish_reason: reply['finish_reason'] ?? null, usage: reply['usage'] ?? null } },
    ];
    return [...sse(events, true), DONE];
  },
  lines: (bytes) => sseLines(bytes, true).map((event) => line(event, { incidental: ['id', 'delta.message.tool_calls.id'], silent: ['delta.usage.cached_tokens'] })),
};

function contentEvents(part: JsonObject, index: number): JsonObject[] {
  const field = text(part['type']);
  return [
    { type: 'content-start', index, delta: { message: { content: { ...part, [field]: '' } } } },
    ...pieces(text(part[field])).map((piece) => ({ type: 'content-delta', index, delta: { message: { content: { [field]: piece } } } })),
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
