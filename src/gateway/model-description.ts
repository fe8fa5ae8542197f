/* What `GET /v1/models` says of a model beyond its name, as far as the catalogue knows. */

import type { Catalog, CatalogModel } from '../catalog/catalog.ts';
import { describeModel, type ModelDescription } from '../catalog/description.ts';
import type { Provider, Router } from '../routing/router.ts';
import type { Target } from '../routing/target.ts';

export type { ModelDescription };

/** `nowMs` is wall time: prices have dates. */
export type DescribeModel = (model: string, nowMs: number) => ModelDescription;

export function createModelDescriptions(catalog: Catalog, router: ModelNames): DescribeModel {
  return (name, nowMs) => {
    const found = findServed(catalog, router, name);
    return found === undefined ? {} : describeModel(found, nowMs);
  };
}

/** The most tokens that a target's model answers with, as far as the catalogue knows. */
export function createOutputLimits(catalog: Catalog, router: Pick<Router, 'providers'>): (target: Target) => number | undefined {
  return ({ provider, model }) => catalog.find({ provider, list: priceListOf(router.providers.get(provider)), model })?.maxOutputTokens;
}

type ModelNames = Pick<Router, 'providers' | 'ownerOf' | 'targets'>;

/** A model by the name that callers use. Of several targets the first counts, whose provider `owned_by` names too. */
export function findServed(catalog: Catalog, router: ModelNames, name: string): CatalogModel | undefined {
  const provider = router.providers.get(router.ownerOf(name));
  const [dialect] = provider?.definition.dialects ?? [];
  const target = dialect === undefined ? undefined : router.targets(name, dialect.name)[0];
  if (provider === undefined || target === undefined) return undefined;
  return catalog.find({ provider: provider.name, list: priceListOf(provider), model: target.model });
}

/** The price list of a provider's kind; none where there is no such provider any more. */
export function priceListOf(provider: Provider | undefined): string | undefined {
  return provider === undefined ? undefined : (provider.definition.priceList ?? provider.definition.name);
}
