import { expect, test } from 'bun:test';
import { deepseek } from './deepseek.ts';
import { ollama } from './ollama.ts';
import { openaiCompatible } from './openai-compatible.ts';
import { dialectBase, type ProviderDefinition } from './provider.ts';

const bases = (definition: ProviderDefinition, url: string) => definition.dialects.map((spoken) => dialectBase(definition, spoken, url));

for (const [url, openai, native] of [
  ['http://h:11434/v1', 'http://h:11434/v1', 'http://h:11434/api'],
  ['http://h:11434', 'http://h:11434/v1', 'http://h:11434/api'],
  ['http://h:11434/api', 'http://h:11434/v1', 'http://h:11434/api'],
  ['https://h/behind/v1', 'https://h/behind/v1', 'https://h/behind/api'],
  ['https://h/myapi', 'https://h/myapi/v1', 'https://h/myapi/api'],
] as const) {
  test(`an Ollama at ${url} is found on all of its sides`, () => expect(bases(ollama, url)).toEqual([openai, native, openai, openai]));
}

for (const url of ['https://api.deepseek.com', 'https://api.deepseek.com/v1', 'https://api.deepseek.com/anthropic/v1']) {
  test(`DeepSeek at ${url} is found on both of its sides`, () =>
    expect(bases(deepseek, url)).toEqual(['https://api.deepseek.com/v1', 'https://api.deepseek.com/anthropic/v1']));
}

test('a server that speaks one dialect is where its base URL says, whatever that is', () => {
  for (const url of ['https://h/openai', 'https://h/v1', 'https://h']) expect(bases(openaiCompatible, url)).toEqual([url]);
});
