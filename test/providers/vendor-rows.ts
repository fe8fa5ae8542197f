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
  mistral: {
    model: 'mistral-medium-latest',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'mistral.sse',
        source:
          'github.com/vercel/ai, packages/mistral/src/__fixtures__ (recorded): thoughts in lists, calls without `index` and `type` whose ids have nine characters, usage in the last chunk, `num_cached_tokens`',
        told: {
          model: 'mistral-medium-latest',
          text: 'Looking.',
          thoughts: 'The user wants two cities.',
          calls: [
            { id: 'gSIMJiOkT', name: 'weather', arguments: '{"city": "Paris"}' },
            { id: 'k9QmWz2Lp', name: 'weather', arguments: '{"city": "Rome"}' },
          ],
          finish: 'tool-calls',
          usage: { inputTokens: 124, outputTokens: 47, totalTokens: 171, cachedInputTokens: 64 },
        },
      },
    ],
  },
  groq: {
    model: 'openai/gpt-oss-120b',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'groq.sse',
        source:
          'github.com/vercel/ai, packages/groq/src/__fixtures__ (recorded): usage in `x_groq` of the last chunk; newer answers repeat it as `usage`, which this one leaves out',
        told: {
          model: 'openai/gpt-oss-120b',
          thoughts: 'They want the weather.',
          calls: [{ id: 'tk85n1k4m', ...PARIS }],
          finish: 'tool-calls',
          usage: { inputTokens: 210, outputTokens: 35, totalTokens: 245 },
        },
      },
    ],
  },
  deepseek: {
    model: 'deepseek-flash',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'deepseek.sse',
        source:
          'api-docs.deepseek.com/api/create-chat-completion (`prompt_cache_hit_tokens`), …/guides/thinking_mode, and …/quick_start/rate_limit for `: keep-alive`',
        told: {
          model: 'deepseek-flash',
          text: '9.8 is greater.',
          thoughts: '9.8 is 9.80.',
          finish: 'stop',
          usage: { inputTokens: 2048, outputTokens: 30, totalTokens: 2078, cachedInputTokens: 1920, reasoningTokens: 21 },
        },
      },
    ],
  },
  xai: {
    model: 'grok-4-fast',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'xai.sse',
        source:
          'github.com/vercel/ai, packages/xai/src/__fixtures__/xai-tool-call.chunks.txt (recorded): the thoughts are not in `completion_tokens`',
        told: {
          model: 'grok-4-fast',
          thoughts: 'First, the weather.',
          calls: [{ id: 'call_55117580', ...PARIS }],
          finish: 'tool-calls',
          usage: { inputTokens: 291, outputTokens: 222, totalTokens: 513, cachedInputTokens: 290, reasoningTokens: 196 },
        },
      },
    ],
  },
  together: {
    model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'together.sse',
        source:
          'github.com/mlflow/mlflow/pull/11557 (the last chunk holds content and usage), docs.together.ai/reference/chat-completions (`eos`)',
        told: {
          model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
          text: 'Hello there',
          finish: 'stop',
          usage: { inputTokens: 41, outputTokens: 3, totalTokens: 44, cachedInputTokens: 16 },
        },
      },
    ],
  },
  fireworks: {
    model: 'accounts/fireworks/models/kimi-k2p5',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'fireworks.sse',
        source:
          'docs.fireworks.ai/tools-sdks/openai-compatibility (usage in the final chunk, unasked); when asked it comes once more. The rest is as vLLM has it',
        told: {
          model: 'accounts/fireworks/models/kimi-k2p5',
          text: 'Hola',
          thoughts: 'Short.',
          finish: 'stop',
          usage: { inputTokens: 24, outputTokens: 9, totalTokens: 33, cachedInputTokens: 0 },
        },
      },
    ],
  },
  openrouter: {
    model: 'anthropic/claude-sonnet-4.5',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'openrouter.sse',
        source:
          'github.com/openai/openai-go/issues/227 (comments), github.com/speakeasy-api/gram/pull/921 (usage with a choice, after the finish), openrouter.ai/docs/use-cases/reasoning-tokens (`reasoning_details`)',
        told: {
          model: 'anthropic/claude-sonnet-4.5',
          text: 'Good day.',
          thoughts: 'A greeting is due.',
          finish: 'stop',
          usage: {
            inputTokens: 1697,
            outputTokens: 52,
            totalTokens: 1749,
            cachedInputTokens: 1024,
            cacheWriteTokens: 128,
            reasoningTokens: 12,
          },
        },
      },
    ],
  },
  perplexity: {
    model: 'perplexity/sonar',
    recordings: [
      {
        dialect: 'openai-responses',
        file: 'perplexity.sse',
        source:
          'github.com/vercel/ai, packages/perplexity/src/__fixtures__/agent-web-search.chunks.txt (recorded in September 2026): its own search opens as a function call and ends as something else',
        told: {
          model: 'perplexity/sonar',
          text: 'Sunny in Paris.',
          finish: 'stop',
          usage: { inputTokens: 1432, outputTokens: 20, totalTokens: 1452, cachedInputTokens: 0, reasoningTokens: 0 },
        },
      },
    ],
  },
  cerebras: {
    model: 'gpt-oss-120b',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'cerebras.sse',
        source:
          'inference-docs.cerebras.ai/api-reference/chat-completions (`time_info`) and inference-docs.cerebras.ai/capabilities/reasoning',
        told: {
          model: 'gpt-oss-120b',
          text: 'Fast indeed.',
          thoughts: 'Easy.',
          finish: 'stop',
          usage: { inputTokens: 31, outputTokens: 17, totalTokens: 48, cachedInputTokens: 0 },
        },
      },
    ],
  },
  sambanova: {
    model: 'Meta-Llama-3.3-70B-Instruct',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'sambanova.sse',
        source:
          'docs.sambanova.ai/docs/en/features/openai-compatibility; the speeds beside the usage are from its clients, no whole stream is published',
        told: {
          model: 'Meta-Llama-3.3-70B-Instruct',
          text: 'A happy story.',
          finish: 'stop',
          usage: { inputTokens: 52, outputTokens: 7, totalTokens: 59, cachedInputTokens: 0 },
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
