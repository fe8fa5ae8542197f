/* The vendors' clouds. */

import type { ProviderRow } from './provider-row.ts';

const PARIS = { name: 'weather', arguments: '{"city":"Paris"}' } as const;

export const VENDOR_ROWS: Readonly<Record<string, ProviderRow>> = {
  openai: {
    model: 'gpt-4.1',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'openai.sse',
        source: 'platform.openai.com/docs/api-reference/chat-streaming: `obfuscation`, and usage in a chunk of its own when asked',
        told: {
          model: 'gpt-4.1-2025-04-14',
          text: 'Grüße, 🌍',
          finish: 'stop',
          usage: { inputTokens: 12, outputTokens: 4, totalTokens: 16, cachedInputTokens: 0, reasoningTokens: 0 },
        },
      },
      {
        dialect: 'openai-responses',
        file: 'openai-responses.sse',
        source: 'platform.openai.com/docs/api-reference/responses-streaming',
        told: {
          model: 'gpt-5.1-2025-11-13',
          text: 'Hi, you.',
          thoughts: 'A greeting.',
          finish: 'stop',
          usage: { inputTokens: 36, outputTokens: 87, totalTokens: 123, cachedInputTokens: 8, reasoningTokens: 64 },
        },
      },
    ],
  },
  anthropic: {
    model: 'claude-sonnet-4-5',
    recordings: [
      {
        dialect: 'anthropic-messages',
        file: 'anthropic.sse',
        source: 'platform.claude.com/docs/en/build-with-claude/streaming',
        told: {
          model: 'claude-sonnet-4-5-20250929',
          text: 'Looking.',
          thoughts: 'Paris.',
          calls: [{ id: 'toolu_01T1', name: 'weather', arguments: '{"city": "Paris"}' }],
          finish: 'tool-calls',
          // The vendor counts what the cache took apart from the rest.
          usage: { inputTokens: 2131, outputTokens: 89, totalTokens: 2220, cachedInputTokens: 2000, cacheWriteTokens: 100 },
        },
      },
    ],
  },
  'azure-openai': {
    model: 'my-deployment',
    places: { resource: 'my-resource' },
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'azure-openai.sse',
        source:
          'github.com/AbanteAI/archive-old-cli-mentat/issues/429 (a first chunk of filters, without choices) and github.com/microsoft/autogen/issues/6465 (a choice without a delta)',
        told: {
          model: 'gpt-4.1-2025-04-14',
          text: 'Safe words',
          finish: 'stop',
          usage: { inputTokens: 17, outputTokens: 3, totalTokens: 20, cachedInputTokens: 0, reasoningTokens: 0 },
        },
      },
    ],
  },
  'google-ai-studio': {
    model: 'gemini-2.5-flash',
    recordings: [
      {
        dialect: 'gemini',
        file: 'google-ai-studio.sse',
        source:
          'ai.google.dev/api/generate-content and ai.google.dev/gemini-api/docs/thought-signatures: CRLF, usage in every chunk, thoughts counted apart',
        told: {
          model: 'gemini-2.5-flash',
          text: 'Looking.',
          thoughts: 'A city is asked for.',
          calls: [PARIS],
          finish: 'tool-calls',
          usage: { inputTokens: 21, outputTokens: 55, totalTokens: 76, reasoningTokens: 37 },
        },
      },
    ],
  },
  'vertex-ai': {
    model: 'gemini-2.5-pro',
    places: { region: 'europe-west4', project: 'my-project' },
    recordings: [
      {
        dialect: 'gemini',
        file: 'vertex-ai.sse',
        source:
          'cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference: `createTime`, and usage without tokens until the last chunk',
        told: {
          model: 'gemini-2.5-pro',
          text: 'Vertices and edges.',
          finish: 'stop',
          usage: { inputTokens: 1030, outputTokens: 20, totalTokens: 1050, cachedInputTokens: 1024, reasoningTokens: 14 },
        },
      },
    ],
  },
  'aws-bedrock': {
    model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    places: { region: 'us-east-1' },
    settings: {
      api_key: undefined,
      aws: { access_key_id: 'AKIAEXAMPLE000000000', secret_access_key: 'example/not-a-secret/not-a-secret/000000' },
    },
    changing: ['authorization', 'x-amz-date'],
    recordings: [
      {
        dialect: 'bedrock-converse',
        file: 'aws-bedrock.bin',
        source:
          'docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html: binary frames, the padding `p`, what the cache took counted apart',
        told: {
          text: 'Looking.',
          thoughts: 'Paris, then.',
          calls: [{ id: 'tooluse_kZJMlvQmRJ6eAyJE5GIl7Q', name: 'weather', arguments: '{"city": "Paris"}' }],
          finish: 'tool-calls',
          usage: { inputTokens: 2095, outputTokens: 30, totalTokens: 2125, cachedInputTokens: 2048, cacheWriteTokens: 0 },
        },
      },
    ],
  },
  cohere: {
    model: 'command-a-03-2025',
    recordings: [
      {
        dialect: 'cohere',
        file: 'cohere.sse',
        source:
          'docs.cohere.com/v2/docs/streaming and …/tool-use-streaming: a plan before the calls; what is billed differs from what was read',
        told: {
          text: 'I will look.',
          calls: [{ id: 'weather_3q2c', name: 'weather', arguments: '{\n    "city": "Paris"\n}' }],
          finish: 'tool-calls',
          usage: { inputTokens: 1213, outputTokens: 49, totalTokens: 1262, cachedInputTokens: 1152 },
        },
      },
    ],
  },
  voyage: { model: 'rerank-2.5', recordings: [] },
  jina: { model: 'jina-reranker-v3', recordings: [] },
};
