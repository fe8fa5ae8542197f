/* Source: platform.openai.com/docs/api-reference/responses (object, streaming). */
import { type Json, type JsonObject, line, merge, object, objects, pieces, sse, sseLines, text, type Wire } from './wire.ts';

const MODEL = 'gpt-5.1';
const ECHOED = [
  'background', 'completed_at', 'conversation', 'created_at', 'id', 'instructions', 'max_output_tokens', 'max_tool_calls', 'metadata', 'model',
  'parallel_tool_calls', 'previous_response_id', 'prompt', 'prompt_cache_key', 'prompt_cache_retention', 'reasoning', 'safety_identifier', 'service_tier',
  'store', 'temperature', 'text', 'tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'user',
]; // biome-ignore format: a list of names
const IDS = ['output.id'];
const SILENT = ['usage.input_tokens_details.cached_tokens', 'usage.output_tokens_details.reasoning_tokens'];

export const openaiResponsesWire: Wire = {
  model: MODEL,
  request: {
    model: MODEL,
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }],
    max_output_tokens: 1_024,
  },
  asked: { store: false },
  streamed: { stream: true },
  incidental: [...ECHOED, ...IDS],
  silent: SILENT,
  reply: (said) =>
    merge(
      {
        id: 'resp_abc123',
        object: 'response',
        created_at: 1_700_000_000,
        status: 'completed',
        model: MODEL,
        output: [],
        usage: {
          input_tokens: 10,
          output_tokens: 5,
          total_tokens: 15,
        },
        ...(said['incomplete_details'] === undefined ? { incomplete_details: null } : {}),
        ...(said['error'] === undefined ? { error: null } : {}),
      },
      said,
    ),
  stream(reply) {
    const begun = { ...reply, status: 'in_progress', output: [], usage: null, incomplete_details: null };
    const events: JsonObject[] = [
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...objects(reply['output']).flatMap((item, index) => itemEvents(item, index)),
      { type: `response.${text(reply['status'])}`, response: reply },
    ];
    return sse(
      events.map((event, index) => ({ ...event, sequence_number: index })),
      true,
    );
  },
  lines: (bytes) =>
    sseLines(bytes, true).map((event) => {
      const noise = [
        'item_id',
        'item.id',
        'obfuscation',
        ...ECHOED.map((name) => `response.${name}`),
        ...IDS.map((path) => `response.${path}`),
      ];
      return line(event, { incidental: noise, silent: SILENT.map((path) => `response.${path}`) });
    }),
};

function itemEvents(item: JsonObject, output: number): JsonObject[] {
  const at = { item_id: item['id'] ?? null, output_index: output };
  const [opening, events] = openItem(item, at);
  return [
    { type: 'response.output_item.added', output_index: output, item: opening },
    ...events,
    { type: 'response.output_item.done', output_index: output, item },
  ];
}

function openItem(item: JsonObject, at: JsonObject): [JsonObject, JsonObject[]] {
  switch (item['type']) {
    case 'message':
      return [
        { ...item, status: 'in_progress', content: [] },
        objects(item['content']).flatMap((part, index) => partEvents(part, { ...at, content_index: index })),
      ];
    case 'function_call':
      return [
        { ...item, status: 'in_progress', arguments: '' },
        deltas({ name: 'function_call_arguments', field: 'arguments' }, item['arguments'], at),
      ];
    case 'custom_tool_call':
      return [{ ...item, status: 'in_progress', input: '' }, deltas({ name: 'custom_tool_call_input', field: 'input' }, item['input'], at)];
    case 'reasoning':
      return [
        { ...merge(item, { encrypted_content: null }), summary: [], ...(item['content'] === undefined ? {} : { content: [] }) },
        [
          ...objects(item['summary']).flatMap((part, index) => summaryEvents(part, { ...at, summary_index: index })),
          ...objects(item['content']).flatMap((part, index) =>
            deltas({ name: 'reasoning_text', field: 'text' }, part['text'], { ...at, content_index: index }),
          ),
        ],
      ];
    default:
      return [item, []];
  }
}

interface Told {
  /** The event's name between `response.` and `.delta`. */
  readonly name: string;
  /** The field of the last event that has all of it. */
  readonly field: string;
  readonly more?: JsonObject;
}

function deltas({ name, field, more = {} }: Told, whole: Json | undefined, at: JsonObject): JsonObject[] {
  return [
    ...pieces(text(whole)).map((delta) => ({ type: `response.${name}.delta`, ...at, delta, ...more })),
    { type: `response.${name}.done`, ...at, [field]: whole ?? '', ...more },
  ];
}

function partEvents(part: JsonObject, at: JsonObject): JsonObject[] {
  const isText = part['type'] === 'output_text';
  const opening: JsonObject = isText ? { ...part, text: '', annotations: [], logprobs: [] } : { ...part, refusal: '' };
  const annotations = objects(part['annotations']).map((annotation, index) => ({
    type: 'response.output_text.annotation.added',
    ...at,
    annotation_index: index,
    annotation,
  }));
  const told = isText ? textDeltas(part, at) : deltas({ name: 'refusal', field: 'refusal' }, part['refusal'], at);
  const done = told.at(-1) ?? {};
  return [
    { type: 'response.content_part.added', ...at, part: opening },
    ...told.slice(0, -1),
    ...annotations,
    done,
    { type: 'response.content_part.done', ...at, part },
  ];
}

/** The first piece has all of the log probabilities, as our tokens are not the pieces. */
function textDeltas(part: JsonObject, at: JsonObject): JsonObject[] {
  const logprobs = part['logprobs'] ?? [];
  return deltas({ name: 'output_text', field: 'text', more: { logprobs: [] } }, part['text'], at).map((event, index, all) =>
    index === 0 || index === all.length - 1 ? { ...event, logprobs } : event,
  );
}

function summaryEvents(part: JsonObject, at: JsonObject): JsonObject[] {
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...object(part), text: '' } },
    ...deltas({ name: 'reasoning_summary_text', field: 'text' }, part['text'], at),
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ];
}
