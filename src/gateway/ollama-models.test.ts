import { describe, expect, test } from 'bun:test';
import type { Principal } from '../pipeline/facts.ts';
import { modelsConfig } from '../routing/models-config.ts';
import { providersConfig } from '../routing/providers-config.ts';
import { createRouter } from '../routing/router.ts';
import { upstreamConfig } from '../upstream/upstream-config.ts';
import { createNaming, parseRows } from './ollama-models.ts';
import { lowestVersion } from './ollama-routes.ts';

const router = createRouter({
  providers: providersConfig.parse({
    near: { type: 'ollama', base_url: 'http://10.0.0.1:11434', models: ['*'] },
    far: { type: 'ollama', base_url: 'http://10.0.0.2:11434', models: ['*'] },
    vllm: { base_url: 'http://10.0.0.3:8000/v1' },
  }),
  models: modelsConfig.parse({
    house: {
      targets: [
        { provider: 'vllm', model: 'x' },
        { provider: 'far', model: 'llama3.2' },
      ],
      aliases: ['home'],
    },
    down: { targets: [{ provider: 'near', model: 'gone' }] },
    'openai-only': { targets: [{ provider: 'vllm' }] },
  }),
  upstream: upstreamConfig.parse({}),
});
const naming = createNaming(router, { dialect: 'ollama', startedAt: '2026-01-01T00:00:00.000Z' });

const told = (name: string, ...rows: object[]) => {
  const provider = router.providers.get(name);
  if (provider === undefined) throw new Error(name);
  return { provider, answer: parseRows({ models: rows }) };
};
const near = told('near', { name: 'qwen3:8b', model: 'qwen3:8b', size: 8 });
const far = told('far', { name: 'llama3.2:latest', size: 3, digest: 'd' }, { name: 'house:latest', size: 1 });

const anyone: Principal = { id: 'p', tenant: 't', tier: 'x', admin: false, kind: 'key' };
const only = (...models: string[]): Principal => ({ ...anyone, models });
const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name);

describe('an Ollama client sees', () => {
  test('what is configured and speaks its dialect, by our names with a tag, and what open providers have', () => {
    expect(names(naming.list([near, far], anyone))).toEqual([
      'house:latest',
      'home:latest',
      'qwen3:8b',
      'down:latest',
      'openai-only:latest',
    ]);
  });

  test('what other servers list, where it can be called, by their names and once', () => {
    const others = ['house', 'qwen3:8b', 'gpt-x', 'claude-y'];
    const open = createRouter({
      providers: providersConfig.parse({ vllm: { base_url: 'http://10.0.0.3:8000/v1', models: ['gpt-*'] } }),
      models: modelsConfig.parse({}),
      upstream: upstreamConfig.parse({}),
    });
    expect(names(createNaming(open, { dialect: 'ollama', startedAt: '' }).list([], anyone, others))).toEqual(['gpt-x']);
    expect(names(naming.list([near, far], only('house'), others))).toEqual(['house:latest']);
  });

  test('the upstream’s own row, but for the name', () => {
    expect(naming.list([near, far], anyone)[0]).toEqual({ name: 'house:latest', model: 'house:latest', size: 3, digest: 'd' });
  });

  test('a row that says little where nobody lists a configured model', () => {
    expect(naming.list([], only('down'))).toEqual([
      expect.objectContaining({ name: 'down:latest', model: 'down:latest', modified_at: '2026-01-01T00:00:00.000Z', size: 0 }),
    ]);
  });

  test('no more than it may use', () => {
    expect(names(naming.list([near, far], only('qwen*')))).toEqual(['qwen3:8b']);
    expect(names(naming.list([near, far], only('home')))).toEqual(['home:latest']);
    expect(naming.list([near, far], only('nothing'))).toEqual([]);
  });

  test('of what runs, only that', () => {
    expect(names(naming.rename([near, far], anyone))).toEqual(['house:latest', 'home:latest', 'qwen3:8b']);
  });
});

test('an open name is shown where it is answered from, and not where another provider would be asked', () => {
  // Both take every name, and the first has it.
  expect(names(naming.rename([far], anyone))).not.toContain('llama3.2:latest');
});

test('what a provider tells may be anything', () => {
  expect(parseRows({ models: [null, 1, [], {}, { name: 7 }, { name: '', model: 'a' }, { name: 'b' }] })).toEqual([
    { name: 'a', model: 'a' },
    { name: 'b' },
  ]);
  for (const json of [null, {}, { models: null }, [], 'x']) expect(() => parseRows(json)).toThrow('no models');
});

for (const [versions, lowest] of [
  [[], '0.12.0'],
  [['0.9.6'], '0.9.6'],
  [['0.12.3', '0.9.10', '0.9.9'], '0.9.9'],
  [['1.0', '0.40.1-rc2'], '0.40.1-rc2'],
] as const) {
  test(`of ${versions.join(', ') || 'no versions'} the lowest is ${lowest}`, () => expect(lowestVersion(versions)).toBe(lowest));
}
