/* Clouds that serve models beside much else. */

import type { ProviderRow } from './provider-row.ts';

const PARIS = { name: 'weather', arguments: '{"city":"Paris"}' } as const;

export const CLOUD_ROWS: Readonly<Record<string, ProviderRow>> = {
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
  'nvidia-nim': {
    model: 'nvidia/llama-3.3-nemotron-super-49b-v1.5',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'nvidia-nim.sse',
        source: 'no whole stream is published: docs.nvidia.com/nim says that it serves with vLLM, whose fields these are',
        told: {
          model: 'nvidia/llama-3.3-nemotron-super-49b-v1.5',
          text: 'Green',
          thoughts: 'Think.',
          finish: 'stop',
          usage: { inputTokens: 19, outputTokens: 6, totalTokens: 25 },
        },
      },
    ],
  },
  huggingface: {
    model: 'openai/gpt-oss-120b:cerebras',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'huggingface.sse',
        source:
          'no whole stream is published: huggingface.co/docs/inference-providers/tasks/chat-completion has the fields; which of them come is up to whoever serves the model',
        told: {
          model: 'openai/gpt-oss-120b',
          text: 'Hugs',
          finish: 'stop',
          usage: { inputTokens: 23, outputTokens: 5, totalTokens: 28 },
        },
      },
    ],
  },
  cloudflare: {
    model: '@cf/meta/llama-3.3-70b-instruct-fp8-fast',
    places: { account: 'account-0123' },
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'cloudflare.sse',
        source:
          'no whole stream is published: developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility, with the padding `p` and the vLLM fields that its clients tell of',
        told: {
          model: '@cf/meta/llama-3.3-70b-instruct-fp8-fast',
          text: 'Beep boop',
          finish: 'stop',
          usage: { inputTokens: 38, outputTokens: 4, totalTokens: 42, cachedInputTokens: 0 },
        },
      },
    ],
  },
  databricks: {
    model: 'databricks-claude-sonnet-4-5',
    places: { resource: 'dbc-0123.cloud.databricks.com' },
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'databricks.sse',
        source:
          'docs.databricks.com/aws/en/machine-learning/foundation-model-apis/api-reference (`ReasoningContent`); the order of the chunks is concluded',
        told: {
          model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
          text: 'Four.',
          thoughts: 'Two plus two.',
          finish: 'stop',
          usage: { inputTokens: 44, outputTokens: 21, totalTokens: 65 },
        },
      },
    ],
  },
};
