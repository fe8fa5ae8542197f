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

  const spoken = (targets: ReturnType<typeof planned>) => targets.map(({ id, dialect }) => `${id} ${dialect}`);

  test('by every target that speaks it, and in its own by the others', () => {
    expect(spoken(planned(router, ask('both', 'openai-chat')))).toEqual(['vllm/both openai-chat', 'ollama/llama openai-chat']);
    expect(spoken(planned(router, ask('both', 'ollama')))).toEqual(['vllm/both openai-chat', 'ollama/llama ollama']);
  });

  test('by nobody else where only that dialect will do', () => {
    expect(spoken(planned(router, { ...ask('both', 'ollama'), sameDialect: true }))).toEqual(['ollama/llama ollama']);
  });

  test('and is then the same target, with the same breaker and the same connections, at another path', () => {
    const [native] = planned(router, { ...ask('both', 'ollama'), sameDialect: true });
    const openai = planned(router, ask('both', 'openai-chat'))[1];
    expect(native?.group).toBe(openai?.group ?? '');
    expect(router.groups.filter(({ group }) => group === 'ollama/llama')).toHaveLength(1);
    expect([openai, native].map((target) => target?.baseOf('http://10.0.0.1:11434/v1'))).toEqual([
      'http://10.0.0.1:11434/v1',
      'http://10.0.0.1:11434/api',
    ]);
  });

  test('and where nobody can be asked, the refusal names the model, the dialect, and those that there are', () => {
    let thrown: unknown;
    try {
      // Nothing leads from one dialect's completions to another's.
      planned(router, { ...ask('openai-only', 'ollama'), kind: 'completion' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GatewayError);
    expect(thrown).toMatchObject({
      code: 'model_dialect_unsupported',
      status: 400,
      message:
        "The model 'openai-only' can't be called in the dialect 'ollama', only in 'openai-chat', 'anthropic-messages', 'openai-responses', 'jina'",
      options: {
        param: 'model',
        detail: { model: 'openai-only', dialect: 'ollama', dialects: ['openai-chat', 'anthropic-messages', 'openai-responses', 'jina'] },
      },
    });
    expect(() => planned(router, ask('nothing', 'ollama'))).toThrow("The model 'nothing' does not exist here");
  });

  test('open names too, at the provider that takes them', () => {
    const open = routerOf({ vllm: { ...VLLM, models: ['qwen*'] }, ollama: { ...OLLAMA, models: ['*'] } });
    expect(planned(open, ask('llama3.2', 'ollama')).map(({ id, group }) => [id, group])).toEqual([['ollama/llama3.2', 'ollama/*']]);
    expect(planned(open, ask('ollama/qwen3', 'ollama')).map(({ id }) => id)).toEqual(['ollama/qwen3']);
    expect(spoken(planned(open, ask('qwen3', 'ollama')))).toEqual(['vllm/qwen3 openai-chat']);
    expect(() => planned(open, { ...ask('qwen3', 'ollama'), sameDialect: true })).toThrow("only in 'openai-chat'");
  });
});
