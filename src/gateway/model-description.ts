/* What `GET /v1/models` says of a model beyond its name, as far as the catalogue knows. */

import type { Catalog } from '../catalog/catalog.ts';
import { describeModel, type ModelDescription } from '../catalog/description.ts';
import type { Provider, Router } from '../routing/router.ts';

export type { ModelDescription };

/** `nowMs` is wall time: prices have dates. */
export type DescribeModel = (model: string, nowMs: number) => ModelDescription;

/** Of several targets the first is told, whose provider `owned_by` names too. */
export function createModelDescriptions(catalog: Catalog, router: Pick<Router, 'providers' | 'ownerOf' | 'targets'>): DescribeModel {
  return (name, nowMs) => {
    const provider = router.providers.get(router.ownerOf(name));
    const [dialect] = provider?.definition.dialects ?? [];
    const target = dialect === undefined ? undefined : router.targets(name, dialect.name)[0];
    if (provider === undefined || target === undefined) return {};
    const found = catalog.find({ provider: provider.name, list: priceListOf(provider), model: target.model });
    return found === undefined ? {} : describeModel(found, nowMs);
  };
}

/** The price list of a provider's kind; none where there is no such provider any more. */
export function priceListOf(provider: Provider | undefined): string | undefined {
  return provider === undefined ? undefined : (provider.definition.priceList ?? provider.definition.name);
}
