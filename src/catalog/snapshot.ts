/*
 * The catalogue's data as it was packed: price lists of providers, and facts about their makers' models. Read when it is first needed, list by list: a
 * start need not wait for it, and a gateway that never asks never holds it.
 *
 * The file is made by `npm run catalogue` and held against its packages by a test. A line is a source, the head of a list, a model of the list
 * above it, or the facts of a model.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Capability, isCapability } from './capabilities.ts';
import { type MatchRule, matchesRule } from './match-rule.ts';
import { makerNames } from './model-name.ts';
import { nanoDollars, type PriceTable, RATE_NAMES, type Rate } from './prices.ts';

/** Where data came from. */
export interface SourceLine {
  readonly source: 'prices' | 'facts';
  readonly package: string;
  readonly version: string;
  /** The day that the version was published. */
  readonly published: string;
}

export interface ListLine {
  /** The list's id: a provider declares whose prices are its own. */
  readonly list: string;
  readonly title: string;
  /** Lists that are looked at when this one does not have a model. */
  readonly fallbacks?: readonly string[];
}

export interface ModelLine {
  readonly id: string;
  /** The names that it goes by: any of these. */
  readonly match: readonly MatchRule[];
  /** Tokens. */
  readonly window?: number;
  readonly deprecated?: boolean;
  readonly prices?: readonly PricesLine[];
}

/** Dollars for a million tokens by kind (prices.ts), `request`: for each request; `from`: a day; `daily`: two times of the day in UTC. */
export type PricesLine = Readonly<Record<string, RateLine | string | readonly string[]>>;

/** One price, or the price of small requests and then pairs: above so many input tokens, this. */
type RateLine = number | readonly [base: number, ...tiers: (readonly [above: number, price: number])[]];

/** How a family of models counts images (media-tokens.ts). */
export type ImageCounting = 'tiles' | 'area' | 'squares';

export interface FactsLine {
  /** The model, as its maker calls it. */
  readonly facts: string;
  readonly window: number;
  /** Most tokens of an answer. */
  readonly output?: number;
  /** Length of an embedding. */
  readonly dimensions?: number;
  readonly can?: readonly string[];
  readonly cannot?: readonly string[];
  readonly images?: ImageCounting;
}

export interface ListedModel {
  readonly id: string;
  readonly contextWindow?: number;
  readonly deprecated: boolean;
  readonly prices?: readonly PriceTable[];
}

export interface ModelFacts {
  readonly contextWindow: number;
  readonly maxOutputTokens?: number;
  readonly embeddingDimensions?: number;
  readonly capabilities: Readonly<Partial<Record<Capability, boolean>>>;
  readonly images?: ImageCounting;
}

export interface PriceList {
  readonly id: string;
  readonly title: string;
  readonly fallbacks: readonly string[];
  /** All of them, in their order. */
  models(): readonly ListedModel[];
  /** The first model of the list that goes by this name (lower case). */
  find(name: string): ListedModel | undefined;
}

export interface Snapshot {
  readonly sources: readonly SourceLine[];
  /** By id; makers of models first. */
  readonly lists: ReadonlyMap<string, PriceList>;
  /** What its maker says of a model, under any of its names. */
  facts(model: string): ModelFacts | undefined;
}

let read: Snapshot | undefined;

/** The data that this version of the gateway came with. */
export function readSnapshot(): Snapshot {
  read ??= parseSnapshot(readFileSync(join(import.meta.dirname, 'models.jsonl'), 'utf8'));
  return read;
}

export function parseSnapshot(text: string): Snapshot {
  const sources: SourceLine[] = [];
  const lists = new Map<string, PriceList>();
  const facts = new Map<string, ModelFacts>();
  let list: LazyList | undefined;
  for (const written of text.split('\n')) {
    if (written === '') continue;
    // Most lines are models of lists that nobody asks for: they are left as they are until somebody does.
    if (list !== undefined && written.startsWith('{"id"')) {
      list.add(written);
      continue;
    }
    const line = JSON.parse(written) as SourceLine | ListLine | FactsLine;
    if ('source' in line) sources.push(line);
    else if ('facts' in line) facts.set(line.facts.toLowerCase(), factsOf(line));
    else {
      list = new LazyList(line);
      lists.set(line.list, list);
    }
  }
  return {
    sources,
    lists,
    facts(model) {
      for (const name of makerNames(model)) {
        const found = facts.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Most rules are plain names, so those are looked up; only what is left is gone through. The first model of the list wins, whatever its rule. */
class LazyList implements PriceList {
  readonly id: string;
  readonly title: string;
  readonly fallbacks: readonly string[];
  #lines: string[] = [];
  readonly #models: ListedModel[] = [];
  readonly #byName = new Map<string, number>();
  readonly #rules: { readonly at: number; readonly rule: MatchRule }[] = [];

  constructor({ list, title, fallbacks = [] }: ListLine) {
    this.id = list;
    this.title = title;
    this.fallbacks = fallbacks;
  }

  /** A line that is a model's. */
  add(line: string): void {
    this.#lines.push(line);
  }

  models(): readonly ListedModel[] {
    this.#read();
    return this.#models;
  }

  #read(): void {
    if (this.#lines.length === 0) return;
    for (const line of this.#lines) this.#index(JSON.parse(line) as ModelLine);
    this.#lines = [];
  }

  #index(line: ModelLine): void {
    const at = this.#models.length;
    this.#models.push(listedModel(line));
    for (const rule of line.match) {
      if (typeof rule === 'string' && rule.startsWith('=')) {
        const name = rule.slice(1);
        if (!this.#byName.has(name)) this.#byName.set(name, at);
      } else this.#rules.push({ at, rule });
    }
  }

  find(name: string): ListedModel | undefined {
    this.#read();
    const named = this.#byName.get(name) ?? Number.POSITIVE_INFINITY;
    const ruled = this.#rules.find(({ at, rule }) => at < named && matchesRule(rule, name));
    return this.#models[ruled?.at ?? named];
  }
}

function listedModel({ id, window, deprecated = false, prices }: ModelLine): ListedModel {
  return {
    id,
    deprecated,
    ...(window === undefined ? {} : { contextWindow: window }),
    ...(prices === undefined ? {} : { prices: prices.map(priceTable) }),
  };
}

function priceTable(line: PricesLine): PriceTable {
  const rates: { [K in (typeof RATE_NAMES)[number]]?: Rate } = {};
  for (const name of RATE_NAMES) {
    const written = line[name] as RateLine | undefined;
    if (written !== undefined) rates[name] = rateOf(written);
  }
  const { from, daily, request } = line;
  return {
    rates,
    ...(typeof request === 'number' ? { perRequest: nanoDollars(request) } : {}),
    ...(typeof from === 'string' ? { fromMs: Date.parse(from) } : {}),
    ...(Array.isArray(daily) ? { daily: { start: secondOfDay(String(daily[0])), end: secondOfDay(String(daily[1])) } } : {}),
  };
}

function rateOf(written: RateLine): Rate {
  if (typeof written === 'number') return nanoDollars(written);
  const [base, ...tiers] = written;
  return { base: nanoDollars(base), tiers: tiers.map(([above, price]) => ({ above, rate: nanoDollars(price) })) };
}

function secondOfDay(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number);
  return hours * 3_600 + minutes * 60 + seconds;
}

function factsOf({ window, output, dimensions, can = [], cannot = [], images }: FactsLine): ModelFacts {
  const capabilities: Partial<Record<Capability, boolean>> = {};
  for (const name of can) if (isCapability(name)) capabilities[name] = true;
  for (const name of cannot) if (isCapability(name)) capabilities[name] = false;
  return {
    contextWindow: window,
    capabilities,
    ...(output === undefined ? {} : { maxOutputTokens: output }),
    ...(dimensions === undefined ? {} : { embeddingDimensions: dimensions }),
    ...(images === undefined ? {} : { images }),
  };
}
