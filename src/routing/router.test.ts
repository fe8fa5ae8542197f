import { describe, expect, test } from 'bun:test';
import { GatewayError } from '../base/errors.ts';
import { upstreamConfig } from '../upstream/upstream-config.ts';
import { modelsConfig } from './models-config.ts';
import { providersConfig } from './providers-config.ts';
import { type Asked, createRouter, type Router } from './router.ts';

function routerOf(providers: object, models: object = {}): Router {
  return createRouter({
    providers: providersConfig.parse(providers),
    models: modelsConfig.parse(models),
    upstream: upstreamConfig.parse({}),
  });
}

const OLLAMA = { base_url: 'http://10.0.0.1:11434/v1' };
const VLLM = { base_url: 'http://10.0.0.2:8000/v1' };
const ask = (model: string, dialect: string): Asked => ({ model, dialect, kind: 'chat' });
const planned = (router: Router, asked: Asked) => router.plan(asked, () => 0).targets;

describe('a model is called in the dialect that it was asked in', () => {
  const router = routerOf(
    { ollama: OLLAMA, vllm: VLLM },
    {
      both: { targets: [{ provider: 'vllm' }, { provider: 'ollama', model: 'llama', priority: 1 }] },
      'openai-only': { targets: [{ provider: 'vllm' }] },
    },
  );

  test('by every target that speaks it', () => {
    expect(planned(router, ask('both', 'openai-chat')).map(({ id }) => id)).toEqual(['vllm/both', 'ollama/llama']);
    expect(planned(router, ask('both', 'ollama')).map(({ id }) => id)).toEqual(['ollama/llama']);
  });

  test('and is then the same target, with the same breaker and the same connections, at another path', () => {
    const [native] = planned(router, ask('both', 'ollama'));
    const openai = planned(router, ask('both', 'openai-chat'))[1];
    expect(native?.group).toBe(openai?.group ?? '');
    expect(router.groups.filter(({ group }) => group === 'ollama/llama')).toHaveLength(1);
    expect([openai, native].map((target) => target?.baseOf('http://10.0.0.1:11434/v1'))).toEqual([
      'http://10.0.0.1:11434/v1',
      'http://10.0.0.1:11434/api',
    ]);
  });

  test('and where nobody speaks it, the refusal names the model, the dialect, and those that there are', () => {
    let thrown: unknown;
    try {
      planned(router, ask('openai-only', 'ollama'));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GatewayError);
    expect(thrown).toMatchObject({
      code: 'model_dialect_unsupported',
      status: 400,
      message: "The model 'openai-only' can't be called in the dialect 'ollama', only in 'openai-chat'",
      options: { param: 'model', detail: { model: 'openai-only', dialect: 'ollama', dialects: ['openai-chat'] } },
    });
    expect(() => planned(router, ask('nothing', 'ollama'))).toThrow("The model 'nothing' does not exist here");
  });

  test('open names too, at the provider that takes them', () => {
    const open = routerOf({ vllm: { ...VLLM, models: ['qwen*'] }, ollama: { ...OLLAMA, models: ['*'] } });
    expect(planned(open, ask('llama3.2', 'ollama')).map(({ id, group }) => [id, group])).toEqual([['ollama/llama3.2', 'ollama/*']]);
    expect(planned(open, ask('ollama/qwen3', 'ollama')).map(({ id }) => id)).toEqual(['ollama/qwen3']);
    expect(() => planned(open, ask('qwen3', 'ollama'))).toThrow("only in 'openai-chat'");
  });
});
