/* Model servers of one's own. */

import type { ProviderRow } from './provider-row.ts';

const PLAIN = {
  dialect: 'openai-chat',
  file: 'openai-compatible.sse',
  source: 'the least that platform.openai.com/docs/api-reference/chat-streaming asks for: no usage, no end but the last line',
  told: { model: 'any-model', text: 'Plain', finish: 'stop' },
} as const;

export const SERVER_ROWS: Readonly<Record<string, ProviderRow>> = {
  vllm: {
    model: 'Qwen/Qwen3-32B',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'vllm.sse',
        source:
          'github.com/vllm-project/vllm, vllm/entrypoints/openai/protocol.py: `stop_reason` is the text that ended it, the thoughts stand in two fields',
        told: {
          model: 'Qwen/Qwen3-32B',
          text: 'One, two',
          thoughts: 'Hm.',
          finish: 'stop-sequence',
          stopSequence: 'three',
          usage: { inputTokens: 15, outputTokens: 8, totalTokens: 23 },
        },
      },
    ],
  },
  sglang: {
    model: 'Qwen/Qwen3-8B',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'sglang.sse',
        source:
          'github.com/sgl-project/sglang/pull/9657 (recorded): nulls in every delta, `matched_stop`; the thoughts are counted beside the details',
        told: {
          model: 'Qwen/Qwen3-8B',
          text: 'One, two',
          thoughts: '2+2',
          finish: 'stop-sequence',
          stopSequence: 'three',
          usage: { inputTokens: 20, outputTokens: 9, totalTokens: 29, reasoningTokens: 4 },
        },
      },
    ],
  },
  'llama-cpp': {
    model: 'gemma-4-31B-it',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'llama-cpp.sse',
        source:
          'github.com/openai-php/client/issues/780 (recorded) and github.com/ggml-org/llama.cpp/pull/15444: `timings`, usage in a chunk of its own',
        told: {
          model: 'gemma-4-31B-it',
          thoughts: 'Playful',
          calls: [{ id: 'Gd8mnYk2', name: 'weather', arguments: '{"city":"Paris"}' }],
          finish: 'tool-calls',
          usage: { inputTokens: 17, outputTokens: 12, totalTokens: 29, cachedInputTokens: 7 },
        },
      },
    ],
  },
  'lm-studio': {
    model: 'openai/gpt-oss-20b',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'lm-studio.sse',
        source: 'no whole stream is published: lmstudio.ai/docs/developer/openai-compat, and its changelog for `reasoning` of gpt-oss',
        told: {
          model: 'openai/gpt-oss-20b',
          text: 'Local haiku',
          thoughts: 'Brief.',
          finish: 'stop',
          usage: { inputTokens: 72, outputTokens: 11, totalTokens: 83, reasoningTokens: 3 },
        },
      },
    ],
  },
  tgi: {
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'tgi.sse',
        source:
          'github.com/huggingface/text-generation-inference/issues/2794: every piece of a call has the number 0 and an empty id, and the finish does not say that there was one',
        told: {
          model: 'meta-llama/Llama-3.3-70B-Instruct',
          calls: [{ name: 'weather', arguments: '{"city": "Paris"}' }],
          finish: 'tool-calls',
          usage: { inputTokens: 66, outputTokens: 18, totalTokens: 84 },
        },
      },
    ],
  },
  'max-serve': {
    model: 'google/gemma-3-12b-it',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'max-serve.sse',
        source:
          'no whole stream is published: github.com/modular/modular, max/python/max/serve/schemas/openai.py has the fields, nulls and all',
        told: {
          model: 'google/gemma-3-12b-it',
          text: 'Mojo!',
          finish: 'stop',
          usage: { inputTokens: 13, outputTokens: 3, totalTokens: 16 },
        },
      },
    ],
  },
  ollama: {
    model: 'qwen3:8b',
    recordings: [
      {
        dialect: 'openai-chat',
        file: 'ollama.sse',
        source: 'docs.ollama.com/api/openai-compatibility and github.com/ollama/ollama, openai/openai.go',
        told: {
          model: 'qwen3:8b',
          thoughts: 'Fine.',
          calls: [{ id: 'call_9wzlxj0g', name: 'weather', arguments: '{"city":"Paris"}' }],
          finish: 'tool-calls',
          usage: { inputTokens: 171, outputTokens: 29, totalTokens: 200 },
        },
      },
      {
        dialect: 'ollama',
        file: 'ollama.ndjson',
        source: 'docs.ollama.com/api/chat',
        told: {
          model: 'qwen3:8b',
          text: 'Well.',
          thoughts: 'Fine.',
          finish: 'stop',
          usage: { inputTokens: 26, outputTokens: 9, totalTokens: 35 },
        },
      },
    ],
  },
  simulator: { model: 'sim-1', baseUrl: 'http://127.0.0.1:9', recordings: [PLAIN] },
  'openai-compatible': {
    model: 'any-model',
    baseUrl: 'http://model-server:8000/v1',
    recordings: [
      PLAIN,
      {
        dialect: 'openai-chat',
        file: 'sonar.sse',
        source:
          "Perplexity's Sonar as long as there was one, and whoever imitates it: github.com/perplexityai/perplexity-py, types/stream_chunk.py; usage and sources in every chunk, a message beside each delta, CRLF, and no last line",
        told: {
          model: 'sonar-pro',
          text: 'It is sunny[1].',
          finish: 'stop',
          usage: { inputTokens: 8, outputTokens: 5, totalTokens: 13, reasoningTokens: 2 },
        },
      },
    ],
  },
  custom: { model: 'any-model', baseUrl: 'http://model-server:8000/v1', recordings: [PLAIN] },
};
