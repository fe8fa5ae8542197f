/* A model of the catalogue as JSON: what `GET /v1/models` and `gatehouse models --json` tell. Absent is unknown. */

import type { Capability } from './capabilities.ts';
import type { CatalogModel } from './catalog.ts';
import { NANO_DOLLARS, type PriceTable, RATE_NAMES, type RateName, rateFor, tableAt } from './prices.ts';

export interface ModelDescription {
  readonly context_window?: number;
  readonly max_output_tokens?: number;
  readonly embedding_dimensions?: number;
  readonly pricing?: Pricing;
  readonly capabilities?: Readonly<Partial<Record<Capability, boolean>>>;
  readonly deprecated?: true;
}

export type Dollars = Readonly<Partial<Record<RateName, number>>>;

/** US dollars. */
export type Pricing = { readonly unit: 'usd_per_million_tokens' } & Dollars & {
    readonly per_request?: number;
    /** Requests with more input tokens cost this throughout. */
    readonly tiers?: readonly ({ readonly above_input_tokens: number } & Dollars)[];
  };

/** `nowMs`: whose prices are told; milliseconds since the epoch. */
export function describeModel(model: CatalogModel, nowMs: number): ModelDescription {
  const { contextWindow, maxOutputTokens, embeddingDimensions, prices = [], capabilities } = model;
  const table = tableAt(prices, nowMs);
  return {
    ...(contextWindow === undefined ? {} : { context_window: contextWindow }),
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(embeddingDimensions === undefined ? {} : { embedding_dimensions: embeddingDimensions }),
    ...(table === undefined ? {} : { pricing: pricingOf(table) }),
    ...(Object.keys(capabilities).length === 0 ? {} : { capabilities }),
    ...(model.deprecated ? { deprecated: true } : {}),
  };
}

function pricingOf(table: PriceTable): Pricing {
  const bounds = new Set(RATE_NAMES.flatMap((name) => tiersOf(table, name)));
  const tiers = [...bounds].sort((a, b) => a - b).map((above) => ({ above_input_tokens: above, ...dollarsAt(table, above + 1) }));
  return {
    unit: 'usd_per_million_tokens',
    ...dollarsAt(table, 0),
    ...(table.perRequest === undefined ? {} : { per_request: table.perRequest / NANO_DOLLARS }),
    ...(tiers.length === 0 ? {} : { tiers }),
  };
}

function tiersOf({ rates }: PriceTable, name: RateName): readonly number[] {
  const rate = rates[name];
  return rate === undefined || typeof rate === 'number' ? [] : rate.tiers.map(({ above }) => above);
}

function dollarsAt({ rates }: PriceTable, inputTokens: number): Dollars {
  const dollars: Partial<Record<RateName, number>> = {};
  for (const name of RATE_NAMES) {
    const rate = rates[name];
    if (rate !== undefined) dollars[name] = rateFor(rate, inputTokens) / NANO_DOLLARS;
  }
  return dollars;
}
