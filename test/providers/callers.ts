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
  gemini: {
    chat: (model) => ({
      path: `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
      body: GEMINI,
      hints: { form: 'stream', params: { model }, search: '?alt=sse' },
    }),
    embed: (model) => ({
      path: `/v1beta/models/${model}:embedContent`,
      body: { content: { parts: [{ text: 'one' }] }, outputDimensionality: 256 },
      hints: { form: 'single', params: { model } },
    }),
  },
  'bedrock-converse': {
    chat: (model) => ({
      path: `/model/${encodeURIComponent(model)}/converse-stream`,
      body: BEDROCK_CONVERSE,
      hints: { form: 'stream', params: { model } },
    }),
  },
  cohere: {
    chat: (model) => ({ path: '/v2/chat', body: { model, ...COHERE } }),
    embed: (model) => ({
      path: '/v2/embed',
      body: { model, texts: ['one', 'two'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 256 },
    }),
    rerank: (model) => ({ path: '/v2/rerank', body: { model, query: 'which?', documents: ['one', 'two'], top_n: 1 } }),
  },
  jina: {
    rerank: (model) => ({
      path: '/v1/rerank',
      body: { model, query: 'which?', documents: ['one', 'two'], top_n: 1, return_documents: false },
    }),
  },
  voyage: {
    rerank: (model) => ({ path: '/v1/rerank', body: { model, query: 'which?', documents: ['one', 'two'], top_k: 1, truncation: true } }),
  },
  tei: { rerank: (model) => ({ path: '/rerank', body: { model, query: 'which?', texts: ['one', 'two'], truncate: true } }) },
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

const GEMINI = {
  systemInstruction: { parts: [{ text: 'Answer shortly.' }] },
  contents: [
    {
      role: 'user',
      parts: [{ text: 'Where is this, and how warm is it there? Grüße 🌍' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }],
    },
    { role: 'model', parts: [{ functionCall: { name: 'weather', args: { city: 'Paris' } } }] },
    { role: 'user', parts: [{ functionResponse: { name: 'weather', response: { output: '21 degrees' } } }] },
  ],
  tools: [{ functionDeclarations: [{ name: 'weather', description: 'Tells the weather.', parametersJsonSchema: PARAMETERS }] }],
  toolConfig: { functionCallingConfig: { mode: 'AUTO' } },
  generationConfig: {
    responseMimeType: 'application/json',
    responseJsonSchema: SCHEMA,
    thinkingConfig: { thinkingBudget: 1_024, includeThoughts: true },
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    seed: 7,
    stopSequences: ['END'],
    maxOutputTokens: 500,
  },
};

const BEDROCK_CONVERSE = {
  system: [{ text: 'Answer shortly.' }],
  messages: [
    {
      role: 'user',
      content: [{ text: 'Where is this, and how warm is it there? Grüße 🌍' }, { image: { format: 'png', source: { bytes: PIXEL } } }],
    },
    { role: 'assistant', content: [{ toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Paris' } } }] },
    { role: 'user', content: [{ toolResult: { toolUseId: 'tooluse_1', content: [{ text: '21 degrees' }] } }] },
  ],
  toolConfig: {
    tools: [{ toolSpec: { name: 'weather', description: 'Tells the weather.', inputSchema: { json: PARAMETERS } } }],
    toolChoice: { auto: {} },
  },
  inferenceConfig: { maxTokens: 500, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
  requestMetadata: { team: 'blue' },
};

const COHERE = {
  messages: [
    { role: 'system', content: 'Answer shortly.' },
    { role: 'user', content: 'How warm is it in Paris? Grüße 🌍' },
    {
      role: 'assistant',
      tool_plan: 'I will look.',
      tool_calls: [{ id: 'weather_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
    },
    { role: 'tool', tool_call_id: 'weather_1', content: '21 degrees' },
  ],
  tools: [{ type: 'function', function: { name: 'weather', description: 'Tells the weather.', parameters: PARAMETERS } }],
  temperature: 0.5,
  p: 0.9,
  k: 40,
  seed: 7,
  stop_sequences: ['END'],
  max_tokens: 500,
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
