/* Source: platform.claude.com/docs/en/api/messages and .../build-with-claude/streaming. */
import { type JsonObject, line, merge, object, objects, pieces, sse, sseLines, text, type Wire } from './wire.ts';

const MODEL = 'claude-sonnet-4-5';
// What a stream has used is told at its beginning, and again at its end, which counts: not all targets know it at the beginning.
const NOISE = ['message.id', 'message.model', 'message.usage', 'content_block.id', 'content_block.citations'];
const COUNTS = [
  'usage.cache_creation_input_tokens',
  'usage.cache_read_input_tokens',
  'usage.output_tokens_details.thinking_tokens',
  'usage.output_tokens_details',
];
const DETAILS = ['stop_details', 'delta.stop_details', 'message.stop_details'];

export const anthropicMessagesWire: Wire = {
  model: MODEL,
  request: { model: MODEL, max_tokens: 1_024, messages: [{ role: 'user', content: 'Hello' }] },
  streamed: { stream: true },
  incidental: ['id', 'model'],
  silent: [...COUNTS, ...DETAILS],
  reply: (said) =>
    merge(
      {
        id: 'msg_abc123',
        type: 'message',
        role: 'assistant',
        model: MODEL,
        content: [],
        stop_reason: 'end_turn',
        usage: { input_tokens: 10, output_tokens: 5 },
        ...(said['stop_sequence'] === undefined ? { stop_sequence: null } : {}),
      },
      said,
    ),
  stream(reply) {
    const { content, stop_reason: reason = null, stop_sequence: sequence = null, usage, ...head } = reply;
    const { output_tokens: output = 0, output_tokens_details: details, ...input } = object(usage);
    return sse(
      [
        {
          type: 'message_start',
          message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } },
        },
        ...objects(content).flatMap((block, index) => blockEvents(block, index)),
        {
          type: 'message_delta',
          delta: { stop_reason: reason, stop_sequence: sequence },
          usage: { ...input, output_tokens: output, ...(details === undefined ? {} : { output_tokens_details: details }) },
        },
        { type: 'message_stop' },
      ],
      true,
    );
  },
  lines: (bytes) => sseLines(bytes, true).map((event) => line(event, { incidental: NOISE, silent: [...COUNTS, ...DETAILS] })),
};

function blockEvents(block: JsonObject, index: number): JsonObject[] {
  const [opening, deltas] = openBlock(block);
  return [
    { type: 'content_block_start', index, content_block: opening },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

function openBlock(block: JsonObject): [JsonObject, JsonObject[]] {
  switch (block['type']) {
    case 'text': {
      const { citations, ...plain } = block;
      const told = objects(citations).map((citation) => ({ type: 'citations_delta', citation }));
      return [
        { ...plain, text: '', ...(citations === undefined ? {} : { citations: [] }) },
        [...pieces(text(block['text'])).map((piece) => ({ type: 'text_delta', text: piece })), ...told],
      ];
    }
    case 'thinking':
      return [
        { ...block, thinking: '', signature: '' },
        [
          ...pieces(text(block['thinking'])).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
          { type: 'signature_delta', signature: block['signature'] ?? '' },
        ],
      ];
    case 'tool_use':
    case 'server_tool_use': {
      const whole = JSON.stringify(block['input']);
      const parts = whole === '{}' ? [''] : pieces(whole);
      return [{ ...block, input: {} }, parts.map((piece) => ({ type: 'input_json_delta', partial_json: piece }))];
    }
    default:
      return [block, []];
  }
}
