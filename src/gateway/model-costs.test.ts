import { expect, test } from 'bun:test';
import { createCatalog } from '../catalog/catalog.ts';
import { catalogConfig } from '../catalog/catalog-config.ts';
import type { UpstreamFacts } from '../pipeline/facts.ts';
import type { Provider } from '../routing/router.ts';
import { createModelCosts } from './model-costs.ts';

/** What a kind of server declares decides its prices, and not what the entry is called. */
const providers = new Map(
  [
    { name: 'main', definition: { name: 'openai' } },
    { name: 'cloud', definition: { name: 'some-cloud', priceList: 'azure' } },
    { name: 'openai', definition: { name: 'vllm' } },
  ].map((provider) => [provider.name, provider as unknown as Provider]),
);
const costOf = createModelCosts(createCatalog(catalogConfig.parse({ models: { 'cloud/odd': { prices: { input: 1000, output: 0 } } } })), {
  providers,
});

for (const { name, upstream, want } of [
  {
    name: 'the model that was asked for',
    upstream: { provider: 'main', target: 'main/gpt-4o', model: 'gpt-4o-2024-05-13' },
    want: 12_500_000,
  },
  {
    name: 'the one that answered, where the asked name is the operator’s own',
    upstream: { provider: 'cloud', target: 'cloud/prod', model: 'gpt-4o' },
    want: 12_500_000,
  },
  { name: 'what the configuration says of it', upstream: { provider: 'cloud', target: 'cloud/odd', model: 'gpt-4o' }, want: 1_000_000_000 },
  {
    name: 'unknown where the kind has no prices',
    upstream: { provider: 'openai', target: 'openai/gpt-4o', model: 'gpt-4o' },
    want: undefined,
  },
  { name: 'unknown where neither name is known', upstream: { provider: 'cloud', target: 'cloud/prod', model: 'prod-2' }, want: undefined },
  { name: 'unknown where the provider is gone', upstream: { provider: 'gone', target: 'gone/gpt-4o', model: 'gpt-4o' }, want: undefined },
] satisfies { name: string; upstream: Omit<UpstreamFacts, 'attempts'>; want: number | undefined }[]) {
  test(`the price is ${name}`, () => {
    expect(costOf({ ...upstream, attempts: [] }, { inputTokens: 1_000, outputTokens: 1_000 }, 0)).toBe(want);
  });
}
