/** Whatever stands in a field, the simulated APIs answer or refuse: they never fail. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type SimulatorProcess, startSimulator } from '../harness/simulator.ts';

let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await startSimulator();
});
afterAll(() => simulator?.[Symbol.asyncDispose]());

const DEEP = JSON.parse(`${'{"a":['.repeat(200)}1${']}'.repeat(200)}`) as unknown;
const ODD = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  'odd',
  '\u0000\uD800',
  [],
  [null],
  [[]],
  ['a'],
  {},
  { type: 5 },
  { type: 'odd' },
  { role: 'user' },
  DEEP,
];

type Json = Record<string, unknown>;

const ANTHROPIC: Json = {
  model: 'sim-1',
  max_tokens: 2_000,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral', ttl: '1h' }, citations: [] },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGVsbG8=' } },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] }, title: 'A', citations: { enabled: true } },
        { type: 'search_result', source: 'a', title: 'A', content: [{ type: 'text', text: 'a' }], citations: { enabled: true } },
      ],
    },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'a', input: {} }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'a' }], is_error: true }] },
  ],
  system: [{ type: 'text', text: 'a' }],
  tools: [{ name: 'a', description: 'A', input_schema: { type: 'object', properties: {} } }],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  thinking: { type: 'adaptive', display: 'omitted' },
  stop_sequences: ['a'],
  temperature: 1,
  top_p: 1,
  metadata: { user_id: 'a' },
  output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
  service_tier: 'auto',
  cache_control: { type: 'ephemeral' },
  stream: false,
};

const RESPONSES: Json = {
  model: 'sim-1',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'json' },
        { type: 'input_image', image_url: 'https://example.com/a.png' },
        { type: 'input_file', file_id: 'file-1' },
      ],
    },
    { type: 'function_call', call_id: 'call_1', name: 'a', arguments: '{}' },
    { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_text', text: 'a' }] },
    { role: 'assistant', content: [{ type: 'output_text', text: 'a' }] },
  ],
  instructions: 'a',
  max_output_tokens: 64,
  tools: [
    {
      type: 'function',
      name: 'a',
      strict: true,
      parameters: { type: 'object', properties: {}, additionalProperties: false, required: [] },
    },
  ],
  tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'a' }] },
  text: {
    verbosity: 'low',
    format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object', additionalProperties: false } },
  },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  metadata: { a: 'b' },
  store: false,
  temperature: 1,
  top_logprobs: 1,
  truncation: 'auto',
  parallel_tool_calls: true,
  stream: false,
};

/** The body with the value at one place exchanged, for every place. */
function* exchanged(body: unknown, value: unknown): Generator {
  if (typeof body !== 'object' || body === null) return;
  for (const [key, inner] of Object.entries(body)) {
    const copyWith = (replacement: unknown): unknown =>
      Array.isArray(body) ? body.with(Number(key), replacement) : { ...body, [key]: replacement };
    yield copyWith(value);
    for (const deeper of exchanged(inner, value)) yield copyWith(deeper);
  }
}

for (const [path, body] of [
  ['/v1/messages', ANTHROPIC],
  ['/v1/responses', RESPONSES],
] as const) {
  test(`${path} answers or refuses every odd value at every place`, async () => {
    const ask = async (asked: unknown) => {
      const headers = { 'anthropic-version': '2023-06-01' };
      const reply = await fetch(`${simulator.url}${path}`, { method: 'POST', headers, body: JSON.stringify(asked) });
      await reply.text();
      return reply.status;
    };
    expect(await ask(body)).toBe(200);
    const counts = new Map<number, number>();
    for (const value of ODD) {
      for (const asked of exchanged(body, value)) {
        const status = await ask(asked);
        if (![200, 400, 404].includes(status)) throw new Error(`${status} for ${JSON.stringify(asked).slice(0, 2_000)}`);
        counts.set(status, (counts.get(status) ?? 0) + 1);
      }
    }
    expect(counts.get(400)).toBeGreaterThan(300);
  }, 30_000);
}
