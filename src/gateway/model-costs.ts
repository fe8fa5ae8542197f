/* What an exchange cost: the target that answered, looked up in the catalogue. */

import type { Catalog } from '../catalog/catalog.ts';
import { costOf } from '../catalog/cost.ts';
import { tableAt } from '../catalog/prices.ts';
import type { ObserveDeps } from '../policies/observe/observe.ts';
import type { Router } from '../routing/router.ts';
import { priceListOf } from './model-description.ts';

export function createModelCosts(catalog: Catalog, router: Pick<Router, 'providers'>): ObserveDeps['costOf'] {
  return ({ provider, target, model: answered }, usage, nowMs) => {
    const list = priceListOf(router.providers.get(provider));
    const asked = target.startsWith(`${provider}/`) ? target.slice(provider.length + 1) : target;
    // The name that was asked for may be the operator's own (a deployment of Azure): then the one that the provider answered with may tell.
    for (const model of answered === undefined ? [asked] : [asked, answered]) {
      const prices = catalog.find({ provider, list, model })?.prices;
      const table = prices === undefined ? undefined : tableAt(prices, nowMs);
      if (table !== undefined) return costOf(usage, table);
    }
    return undefined;
  };
}
