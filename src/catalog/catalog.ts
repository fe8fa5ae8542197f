/*
 * The catalogue: what is known of a model. One reader for all who ask: what it costs, how much it takes, what it can do.
 *
 *   configuration (section `catalog`)   wins, value by value; its prices are one table and replace the known ones
 *   the provider's price list           prices, context window
 *   its maker's facts                   most tokens of an answer, capabilities, the window where no list has it
 *
 * What nobody says is undefined: unknown is never 0, and never `false`.
 */

import { createGlob } from '../base/glob.ts';
import { createLru } from '../base/lru.ts';
import type { Capability } from './capabilities.ts';
import type { CatalogConfig, CatalogModelConfig, PricesConfig, TierConfig } from './catalog-config.ts';
import { listedNames } from './model-name.ts';
import { nanoDollars, type PriceTable, type Rate, type RateName } from './prices.ts';
import { type ImageCounting, type ListedModel, type ModelFacts, type PriceList, readSnapshot, type Snapshot } from './snapshot.ts';

/** A model as a target names it. */
export interface ModelQuery {
  /** Name of the entry in `providers`. */
  readonly provider: string;
  /** Whose prices its kind has: an id of a price list; undefined, or unknown: nobody's. */
  readonly list: string | undefined;
  /** The model as the provider names it. */
  readonly model: string;
}

export interface CatalogModel {
  /** The id in the price list or among the facts; a model that only the configuration knows has the name that was asked for. */
  readonly id: string;
  /** The price list that has it. */
  readonly list?: string;
  /** Whether the configuration says something of it. */
  readonly configured: boolean;
  /** Tokens of request and answer together. */
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  readonly embeddingDimensions?: number;
  /** At least one where there are any; tableAt (prices.ts) says which holds. */
  readonly prices?: readonly PriceTable[];
  readonly capabilities: Readonly<Partial<Record<Capability, boolean>>>;
  /** How it counts images; undefined: not known. */
  readonly images?: ImageCounting;
  readonly deprecated: boolean;
}

export interface Catalog {
  /** What is known of a model; undefined: nothing. Remembers the last thousand. */
  find(query: ModelQuery): CatalogModel | undefined;
  /** What the data says of `LIST/MODEL`, or of a model in the first list that has it; the configuration has no say. */
  known(reference: string): CatalogModel | undefined;
}

export interface CatalogDeps {
  /** Called when it is first needed. */
  readonly snapshot?: () => Snapshot;
}

const REMEMBERED_MAX = 1_000;

/** `config.models.*.same_as` must be known (`sameAsProblems`); one that is not adds nothing. */
export function createCatalog(config: CatalogConfig, { snapshot = readSnapshot }: CatalogDeps = {}): Catalog {
  const override = createOverrides(config);
  const remembered = createLru<CatalogModel | null>({ entriesMax: REMEMBERED_MAX, bytesMax: Number.MAX_SAFE_INTEGER });
  return {
    known: (reference) => sameAs(reference, snapshot()),
    find(query) {
      // A space is in no provider's name and no list's id.
      const key = `${query.provider} ${query.list ?? ''} ${query.model}`;
      const known = remembered.get(key);
      if (known !== undefined) return known ?? undefined;
      const found = find(query, override(query), snapshot());
      // Callers choose names: one that is megabytes long is not kept.
      if (key.length <= 1_000) remembered.set(key, found ?? null, key.length);
      return found;
    },
  };
}

function find(query: ModelQuery, override: CatalogModelConfig | undefined, snapshot: Snapshot): CatalogModel | undefined {
  const list = query.list === undefined ? undefined : snapshot.lists.get(query.list);
  const base = override?.same_as === undefined ? knownModel(query.model, list, snapshot) : sameAs(override.same_as, snapshot);
  if (override === undefined) return base;
  return withOverride(base ?? { id: query.model, configured: true, capabilities: {}, deprecated: false }, override);
}

/** What the data says of a model of a list (with the lists that it falls back to), or of no list. */
function knownModel(model: string, list: PriceList | undefined, snapshot: Snapshot): CatalogModel | undefined {
  const listed = list === undefined ? undefined : listedIn(model, list, snapshot);
  // The list knows aliases that no maker writes; its id is the maker's own name more often than not.
  const facts = snapshot.facts(model) ?? (listed === undefined ? undefined : snapshot.facts(listed.found.id));
  if (listed === undefined) return facts === undefined ? undefined : { id: model, configured: false, deprecated: false, ...factsOf(facts) };
  return joined(listed.found, listed.list, facts);
}

function joined(found: ListedModel, list: string, facts: ModelFacts | undefined): CatalogModel {
  return {
    id: found.id,
    list,
    configured: false,
    deprecated: found.deprecated,
    ...(facts === undefined ? { capabilities: {} } : factsOf(facts)),
    ...(found.contextWindow === undefined ? {} : { contextWindow: found.contextWindow }),
    ...(found.prices === undefined ? {} : { prices: found.prices }),
  };
}

function factsOf({ contextWindow, maxOutputTokens, embeddingDimensions, capabilities, images }: ModelFacts) {
  return {
    contextWindow,
    capabilities,
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(embeddingDimensions === undefined ? {} : { embeddingDimensions }),
    ...(images === undefined ? {} : { images }),
  };
}

/** Everything that the lists have, list by list. */
export function* listedModels(snapshot: Snapshot): Generator<CatalogModel & { readonly list: string }> {
  for (const list of snapshot.lists.values()) {
    for (const found of list.models()) yield { ...joined(found, list.id, snapshot.facts(found.id)), list: list.id };
  }
}

function listedIn(model: string, list: PriceList, snapshot: Snapshot): { readonly found: ListedModel; readonly list: string } | undefined {
  for (const id of [list.id, ...list.fallbacks]) {
    const asked = snapshot.lists.get(id);
    for (const name of asked === undefined ? [] : listedNames(model, id)) {
      const found = asked?.find(name);
      if (found !== undefined) return { found, list: id };
    }
  }
  return undefined;
}

/** `LIST/MODEL`, or the first list that has the name: makers stand before those who run others' models. */
function sameAs(reference: string, snapshot: Snapshot): CatalogModel | undefined {
  const slash = reference.indexOf('/');
  const named = slash < 1 ? undefined : snapshot.lists.get(reference.slice(0, slash));
  if (named !== undefined) {
    const found = knownModel(reference.slice(slash + 1), named, snapshot);
    return found?.list === undefined ? undefined : found;
  }
  for (const list of snapshot.lists.values()) {
    const found = knownModel(reference, list, snapshot);
    if (found?.list !== undefined) return found;
  }
  return knownModel(reference, undefined, snapshot);
}

/** Entries whose `same_as` is no known model. Reads the data only where there is a `same_as`. */
export function unknownSameAs(config: CatalogConfig, { snapshot = readSnapshot }: CatalogDeps = {}): readonly string[] {
  return Object.entries(config.models).flatMap(([name, { same_as: reference }]) =>
    reference === undefined || sameAs(reference, snapshot()) !== undefined ? [] : [name],
  );
}

function withOverride(base: CatalogModel, override: CatalogModelConfig): CatalogModel {
  const { context_window: contextWindow, max_output_tokens: maxOutputTokens, embedding_dimensions: embeddingDimensions } = override;
  return {
    ...base,
    configured: true,
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(embeddingDimensions === undefined ? {} : { embeddingDimensions }),
    ...(override.prices === undefined ? {} : { prices: [configuredTable(override.prices)] }),
    capabilities: { ...base.capabilities, ...definedOf(override.capabilities ?? {}) },
    deprecated: override.deprecated ?? base.deprecated,
  };
}

function definedOf<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const CONFIGURED_RATES = [
  'input',
  'cached_input',
  'cache_write',
  'output',
  'reasoning',
  'input_audio',
  'output_audio',
] as const satisfies RateName[];

function configuredTable(prices: PricesConfig): PriceTable {
  const tiers = prices.tiers.toSorted((a, b) => a.above - b.above);
  const rates: Partial<Record<RateName, Rate>> = {};
  for (const name of CONFIGURED_RATES) {
    const base = prices[name];
    const own = tiers.filter((tier): tier is TierConfig & Record<typeof name, number> => tier[name] !== undefined);
    // What costs something only above a bound has no price below it.
    if (base === undefined) continue;
    rates[name] =
      own.length === 0
        ? nanoDollars(base)
        : { base: nanoDollars(base), tiers: own.map((tier) => ({ above: tier.above, rate: nanoDollars(tier[name]) })) };
  }
  return { rates, ...(prices.per_request === undefined ? {} : { perRequest: nanoDollars(prices.per_request) }) };
}

/** Which entry of the configuration a model has: whole names before patterns, `provider/model` before `model`, then the order of the file. */
function createOverrides({ models }: CatalogConfig): (query: ModelQuery) => CatalogModelConfig | undefined {
  const exact = new Map(Object.entries(models));
  const globs = Object.entries(models)
    .filter(([name]) => name.includes('*'))
    .map(([name, entry]) => ({ matches: createGlob(name), entry }));
  if (exact.size === 0) return () => undefined;
  return ({ provider, model }) => {
    const full = `${provider}/${model}`;
    return (
      exact.get(full) ??
      exact.get(model) ??
      globs.find(({ matches }) => matches(full))?.entry ??
      globs.find(({ matches }) => matches(model))?.entry
    );
  };
}
