/* What callers of each dialect ask, with as many settings as their dialect has words for. */

import type { DecodeHints } from '../../src/dialects/dialect.ts';

export interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Where the dialect names the model outside of the body: what the route finds there. */
  readonly hints?: Partial<DecodeHints>;
}

/** By dialect, then by operation: a request for that model. */
export const CALLERS: Readonly<Record<string, Readonly<Record<string, (model: string) => Asked>>>> = {
  'openai-chat': {
    chat: (model) => ({ path: '/v1/chat/completions', body: { model, ...OPENAI_CHAT } }),
    embed: (model) => ({ path: '/v1/embeddings', body: { model, input: ['one', 'two'], dimensions: 256, encoding_format: 'float' } }),
  },
  'anthropic-messages': { chat: (model) => ({ path: '/v1/messages', body: { model, ...ANTHROPIC_MESSAGES } }) },
  'openai-responses': { chat: (model) => ({ path: '/v1/responses', body: { model, ...OPENAI_RESPONSES } }) },
  ollama: {
    chat: (model) => ({ path: '/api/chat', body: { model, ...OLLAMA } }),
    embed: (model) => ({ path: '/api/embed', body: { model, input: ['one', 'two'], dimensions: 256 } }),
  },
};

/** Those that every kind of provider is asked by, whatever it speaks itself. */
export const EVERYWHERE: Readonly<Record<string, readonly string[]>> = {
  chat: ['openai-chat', 'anthropic-messages', 'ollama'],
  embed: ['openai-chat'],
};

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const PARAMETERS = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const SCHEMA = {
  type: 'object',
  properties: { degrees: { type: 'integer' } },
  required: ['degrees'],
  additionalProperties: false,
};

const OPENAI_CHAT = {
  messages: [
    { role: 'developer', content: 'Answer shortly.' },
    {
      role: 'user',
      name: 'ada',
      content: [
        { type: 'text', text: 'Where is this, and how warm is it there? Grüße 🌍' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}`, detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '21 degrees' },
  ],
  tools: [{ type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters: PARAMETERS, strict: true } }],
  tool_choice: 'auto',
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: SCHEMA, strict: true } },
  reasoning_effort: 'low',
  temperature: 0.5,
  top_p: 0.9,
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  seed: 7,
  stop: ['END'],
  max_completion_tokens: 500,
  logprobs: true,
  top_logprobs: 2,
  user: 'user-1',
  metadata: { team: 'blue' },
  service_tier: 'default',
  verbosity: 'low',
  prompt_cache_key: 'cache-1',
  stream: true,
  stream_options: { include_usage: true },
};

const ANTHROPIC_MESSAGES = {
  max_tokens: 8_000,
  system: [
    { type: 'text', text: 'Answer shortly.' },
    { type: 'text', text: 'And kindly.', cache_control: { type: 'ephemeral' } },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Where is this, and how warm is it there? Grüße 🌍' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        { type: 'image', source: { type: 'url', url: 'https://images.example/paris.png' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'It looks like Paris.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxB' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } },
      ],
    },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '21 degrees' }] },
  ],
  tools: [{ name: 'weather', description: 'Tells the weather.', input_schema: PARAMETERS, strict: true }],
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 4_000 },
  output_config: { format: { type: 'json_schema', schema: SCHEMA } },
  stop_sequences: ['END'],
  temperature: 1,
  top_p: 0.95,
  top_k: 40,
  metadata: { user_id: 'user-1' },
  stream: true,
};

const OPENAI_RESPONSES = {
  instructions: 'Answer shortly.',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Where is this, and how warm is it there? Grüße 🌍' },
        { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}`, detail: 'low' },
      ],
    },
    { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' },
    { type: 'function_call_output', call_id: 'call_1', output: '21 degrees' },
  ],
  tools: [{ type: 'function', name: 'weather', description: 'Tells the weather.', parameters: PARAMETERS, strict: true }],
  tool_choice: 'auto',
  parallel_tool_calls: false,
  text: { format: { type: 'json_schema', name: 'answer', schema: SCHEMA, strict: true }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  temperature: 0.5,
  top_p: 0.9,
  max_output_tokens: 500,
  store: false,
  stream: true,
};

const OLLAMA = {
  messages: [
    { role: 'system', content: 'Answer shortly.' },
    { role: 'user', content: 'Where is this, and how warm is it there? Grüße 🌍', images: [PIXEL] },
    { role: 'assistant', content: '', tool_calls: [{ function: { name: 'weather', arguments: { city: 'Paris' } } }] },
    { role: 'tool', tool_name: 'weather', content: '21 degrees' },
  ],
  tools: [{ type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters: PARAMETERS } }],
  format: SCHEMA,
  think: true,
  options: {
    seed: 7,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    frequency_penalty: 0.1,
    presence_penalty: 0.2,
    stop: ['END'],
    num_predict: 500,
  },
  stream: true,
};
