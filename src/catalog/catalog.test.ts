import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { createCatalog, type ModelQuery, unknownSameAs } from './catalog.ts';
import { catalogConfig } from './catalog-config.ts';
import { describeModel } from './description.ts';
import { parseSnapshot, readSnapshot } from './snapshot.ts';

const catalog = createCatalog({ models: {} });
const NOW = Date.parse('2026-10-01T12:00:00Z');

function found(list: string | undefined, model: string) {
  return catalog.find({ provider: 'mine', list, model });
}

describe('a model is known', () => {
  for (const [how, list, model, id] of [
    ['by its name', 'openai', 'gpt-4o', 'gpt-4o'],
    ['in any case, with spaces around it', 'openai', ' GPT-4o ', 'gpt-4o'],
    ['by the date of a snapshot that the list names', 'openai', 'gpt-4o-2024-11-20', 'gpt-4o'],
    ['by one that costs something else', 'openai', 'gpt-4o-2024-05-13', 'gpt-4o-2024-05-13'],
    ['by one that came after the list', 'openai', 'gpt-4o-2031-01-31', 'gpt-4o'],
    ['as the latest', 'mistral', 'codestral-latest', 'codestral'],
    ['with its provider in front', 'openai', 'openai/gpt-4o', 'gpt-4o'],
    ['as Gemini writes it', 'google', 'models/gemini-2.5-pro', 'gemini-2.5-pro'],
    [
      'as Vertex AI writes it',
      'google',
      'projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5@20250929',
      'claude-sonnet-4-5',
    ],
    ['in a region of Bedrock', 'aws', 'us.anthropic.claude-opus-4-5-20251101-v1:0', 'regional.anthropic.claude-opus-4-5-v1:0'],
    [
      'in no region of Bedrock, at another price',
      'aws',
      'global.anthropic.claude-opus-4-5-20251101-v1:0',
      'global.anthropic.claude-opus-4-5-v1:0',
    ],
    [
      'in a region that the list does not name',
      'aws',
      'ca.anthropic.claude-opus-4-5-20251101-v1:0',
      'regional.anthropic.claude-opus-4-5-v1:0',
    ],
    [
      'by the ARN of an inference profile',
      'aws',
      'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-5-20251101-v1:0',
      'regional.anthropic.claude-opus-4-5-v1:0',
    ],
    ['in the list that its own falls back to', 'azure', 'gpt-4o', 'gpt-4o'],
    ["by a reseller's name", 'openrouter', 'anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4.5'],
  ] as const) {
    test(how, () => expect(found(list, model)?.id).toBe(id));
  }

  test('to its maker wherever it runs', () => {
    for (const [list, model] of [
      ['anthropic', 'claude-opus-4-5'],
      ['aws', 'us.anthropic.claude-opus-4-5-20251101-v1:0'],
      ['google', 'claude-opus-4-5@20251101'],
      ['openrouter', 'anthropic/claude-opus-4.5'],
      [undefined, 'claude-opus-4-5-20251101'],
    ] as const) {
      expect(found(list, model)).toMatchObject({
        maxOutputTokens: 64_000,
        capabilities: { vision: true, tools: true, audio_input: false },
      });
    }
  });
});

describe('a model is not known', () => {
  for (const [how, list, model] of [
    ['when its name is invented', 'openai', 'gpt-99'],
    ['when it only begins like another', 'openai', 'gpt-4ohno'],
    ['when it is a newer one of the family', 'anthropic', 'claude-opus-9'],
    ['when it is empty', 'openai', ''],
    ['when it is a path alone', 'google', 'models/'],
    ['when it is the name of a deployment', 'azure', 'prod-chat'],
    ['when it is a name of the language', 'openai', '__proto__'],
    ['when it is a name of the language, too', 'openai', 'constructor'],
  ] as const) {
    test(how, () => expect(found(list, model)).toBeUndefined());
  }

  test('and has no price, where its list is not known', () => {
    for (const list of [undefined, 'vllm', '__proto__']) {
      expect(found(list, 'gpt-4o')).toMatchObject({ contextWindow: 128_000 });
      expect(found(list, 'gpt-4o')?.prices).toBeUndefined();
    }
  });

  test('and nothing is thrown, whatever the name', () => {
    const lists = fc.constantFrom(undefined, ...readSnapshot().lists.keys());
    fc.assert(
      fc.property(lists, fc.string({ unit: 'binary', maxLength: 300 }), (list, model) => {
        catalog.find({ provider: 'p', list, model });
      }),
    );
    catalog.find({ provider: 'p', list: 'openai', model: 'x'.repeat(5_000_000) });
  });
});

describe('what is not said is undefined', () => {
  test('a price', () => expect(describeModel(found('openai', 'whisper-1')!, NOW)).not.toHaveProperty('pricing'));
  test('a capability', () => expect(describeModel(found('mistral', 'codestral-latest')!, NOW)).not.toHaveProperty('capabilities'));
});

test('a model is told with its prices of today, and those of large requests', () => {
  expect(describeModel(found('openai', 'gpt-5.4')!, NOW)).toEqual({
    context_window: 1_050_000,
    max_output_tokens: 128_000,
    pricing: {
      unit: 'usd_per_million_tokens',
      input: 2.5,
      cached_input: 0.25,
      output: 15,
      tiers: [{ above_input_tokens: 271_999, input: 5, cached_input: 0.5, output: 22.5 }],
    },
    capabilities: {
      vision: true,
      file_input: true,
      tools: true,
      reasoning: true,
      structured_output: true,
      audio_input: false,
      video_input: false,
      image_output: false,
      audio_output: false,
    },
  });
  expect(describeModel(found('openai', 'text-embedding-3-large')!, NOW)).toMatchObject({
    embedding_dimensions: 3_072,
    pricing: { input: 0.13 },
  });
});

describe('the configuration', () => {
  const query = (model: string, provider = 'azure'): ModelQuery => ({ provider, list: 'azure', model });
  const configured = createCatalog(
    catalogConfig.parse({
      models: {
        'prod-chat': { same_as: 'gpt-4o' },
        'prod-*': { context_window: 1_000 },
        'azure/*-mini': { same_as: 'azure/gpt-4o-mini' },
        'azure/prod-x': { context_window: 2_000 },
        'gpt-4o': {
          prices: {
            input: 2,
            output: 8,
            tiers: [
              { above: 1_000_000, input: 9 },
              { above: 100_000, input: 4, output: 16 },
            ],
            per_request: 0.01,
          },
          capabilities: { vision: false },
          deprecated: true,
        },
        'own-*': {
          prices: { input: 0, output: 0 },
          context_window: 32_768,
          max_output_tokens: 4_096,
          embedding_dimensions: 768,
          capabilities: { tools: true },
        },
        lost: { same_as: 'nothing-like-it' },
      },
    }),
  );
  test('says which known model a deployment is', () => {
    expect(configured.find(query('prod-chat'))).toMatchObject({
      id: 'gpt-4o',
      list: 'openai',
      contextWindow: 128_000,
      maxOutputTokens: 16_384,
      configured: true,
    });
    expect(configured.find(query('team-mini'))).toMatchObject({ id: 'gpt-4o-mini' });
  });
  test('prefers whole names to patterns, and a provider in front to none', () => {
    expect(configured.find(query('prod-y'))?.contextWindow).toBe(1_000);
    expect(configured.find(query('prod-x'))?.contextWindow).toBe(2_000);
    expect(configured.find(query('prod-x', 'other'))?.contextWindow).toBe(1_000);
    expect(configured.find(query('prod-mini'))?.id).toBe('gpt-4o-mini');
    expect(configured.find(query('prod-mini', 'other'))?.contextWindow).toBe(1_000);
  });
  test('gives prices as one table, in place of the known ones', () => {
    const model = configured.find(query('gpt-4o'));
    expect(describeModel(model!, NOW)).toMatchObject({
      context_window: 128_000,
      pricing: {
        unit: 'usd_per_million_tokens',
        input: 2,
        output: 8,
        per_request: 0.01,
        tiers: [
          { above_input_tokens: 100_000, input: 4, output: 16 },
          { above_input_tokens: 1_000_000, input: 9, output: 16 },
        ],
      },
      capabilities: { vision: false, tools: true },
      deprecated: true,
    });
    expect(describeModel(model!, NOW).pricing).not.toHaveProperty('cached_input');
  });
  test('adds models that nobody knows', () => {
    expect(describeModel(configured.find(query('own-llama'))!, NOW)).toEqual({
      context_window: 32_768,
      max_output_tokens: 4_096,
      embedding_dimensions: 768,
      pricing: { unit: 'usd_per_million_tokens', input: 0, output: 0 },
      capabilities: { tools: true },
    });
  });
  test('names models that are not known', () => {
    const config = catalogConfig.parse({
      models: { a: { same_as: 'gpt-4o' }, b: { same_as: 'gpt-99' }, c: { same_as: 'aws/gpt-4o' }, d: {} },
    });
    expect(unknownSameAs(config)).toEqual(['b', 'c']);
  });
  for (const bad of [
    { models: { a: { context_window: 0 } } },
    { models: { a: { prices: { input: -1 } } } },
    { models: { a: { prices: { input: '1' } } } },
    { models: { a: { prices: { inputs: 1 } } } },
    { models: { a: { prices: { tiers: [{ input: 1 }] } } } },
    { models: { a: { capabilities: { flying: true } } } },
    { models: { '': {} } },
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => expect(catalogConfig.safeParse(bad).success).toBe(false));
  }
});

test('data is read when something is asked, once', () => {
  let reads = 0;
  const lazy = createCatalog(catalogConfig.parse({ models: { a: { context_window: 5 } } }), {
    snapshot: () => {
      reads += 1;
      return parseSnapshot('{"list":"l","title":"L"}\n{"id":"m","match":["^m"],"prices":[{"input":1}]}\n');
    },
  });
  expect(reads).toBe(0);
  const query = { provider: 'p', list: 'l', model: 'm-1' };
  expect(lazy.find(query)?.id).toBe('m');
  const again = lazy.find(query);
  expect(lazy.find(query) === again).toBe(true);
  expect(reads).toBe(1);
});

test('the first model of a list wins, whatever its rule', () => {
  const text = [
    { list: 'l', title: 'L' },
    { id: 'a', match: ['=x', '^long-'] },
    { id: 'b', match: ['$-end', '=long-name', ['*mid', '*also']] },
    { id: 'c', match: ['/^n\\d+$', '=y', '*dle'] },
  ];
  const list = parseSnapshot(text.map((line) => JSON.stringify(line)).join('\n')).lists.get('l');
  const id = (name: string) => list?.find(name)?.id;
  expect(['x', 'long-name', 'long-end', 'the-end', 'mid', 'mid-also', 'n42', 'n', 'y', 'middle'].map(id)).toEqual([
    'a',
    'a',
    'a',
    'b',
    undefined,
    'b',
    'c',
    undefined,
    'c',
    'c',
  ]);
});
