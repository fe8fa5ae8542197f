/*
 * Keys of several vendors in the environment, and nothing else: who is found, who gets which names, and that a key whose vendor's address is not known in full
 * stops nothing.
 */
import { describe, expect, test } from 'bun:test';
import type { Environment } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import { PLACEHOLDERS } from '../../src/providers/provider.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { createRouter } from '../../src/routing/router.ts';

async function found(environment: Environment) {
  const { config, simulate } = await loadConfig({
    environment,
    source: {
      cwd: '/none',
      userConfigFolder: '/none',
      readFile: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
    },
    zeroConfig: { probe: async () => false, exists: async () => false, machineKey: async () => undefined },
  });
  const router = createRouter(config);
  return { names: Object.keys(config.providers), ownerOf: (model: string) => router.ownerOf(model), simulate };
}

/** Of the kinds whose key is all that is missing. */
const KEYED = PROVIDERS.filter(({ baseUrl, keyVariable }) => baseUrl?.startsWith('https:') === true && keyVariable !== undefined);
const isOpen = ({ baseUrl = '' }: (typeof KEYED)[number]) => baseUrl.includes('{');

describe('keys of several vendors', () => {
  test('all are found, and names go to whom they are surely from', async () => {
    const { names, ownerOf, simulate } = await found({
      OPENAI_API_KEY: 'a',
      ANTHROPIC_API_KEY: 'b',
      MISTRAL_API_KEY: 'c',
      GROQ_API_KEY: 'd',
      DEEPSEEK_API_KEY: 'e',
      XAI_API_KEY: 'f',
    });
    expect(simulate).toBe(false);
    expect(names).toEqual(expect.arrayContaining(['openai', 'anthropic', 'mistral', 'groq', 'deepseek', 'xai']));
    const owners = Object.entries({
      'gpt-4.1': 'openai',
      'o3-mini': 'openai',
      'text-embedding-3-small': 'openai',
      'claude-sonnet-4-5': 'anthropic',
      'mistral-large-latest': 'mistral',
      'codestral-latest': 'mistral',
      'deepseek-chat': 'deepseek',
      'grok-4': 'xai',
      'llama-3.3-70b-versatile': 'groq',
      'openai/gpt-oss-120b': 'openai',
      'groq/openai/gpt-oss-120b': 'groq',
    });
    expect(owners.map(([model]) => [model, ownerOf(model)])).toEqual(owners);
  });

  test('every vendor at once', async () => {
    const { names } = await found(Object.fromEntries(KEYED.map(({ keyVariable = '' }) => [keyVariable, 'any'])));
    expect(names).toEqual(expect.arrayContaining(KEYED.filter((provider) => !isOpen(provider)).map(({ name }) => name)));
  });

  for (const provider of KEYED.filter(isOpen)) {
    const { name, keyVariable = '', variables = {} } = provider;
    test(`${name}: its key alone adds nothing and stops nothing, and its place completes it`, async () => {
      expect((await found({ [keyVariable]: 'any', OPENAI_API_KEY: 'a' })).names).toEqual(['openai']);
      const places = Object.fromEntries(
        PLACEHOLDERS.flatMap((place) => (variables[place] === undefined ? [] : [[variables[place], 'place-1']])),
      );
      // Where the vendor has no variable for its place, only a file can say it.
      const isCompletable = [...(provider.baseUrl ?? '').matchAll(/\{(\w+)-?\}/g)].every(([, place = '']) => place in variables);
      expect((await found({ [keyVariable]: 'any', ...places, OPENAI_API_KEY: 'a' })).names.includes(name)).toBe(isCompletable);
    });
  }
});
