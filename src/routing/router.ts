/*
 * From the name of a model to the targets that may answer for it. Built once per configuration; pure but for the chance that is
 * handed to it.
 *
 * A name means, in this order: an entry of `models`; an alias of one; `provider/model` for a configured provider; a name that matches a
 * provider's `models` globs, in the order of the file.
 */

import { GatewayError } from '../base/errors.ts';
import { createGlob } from '../base/glob.ts';
import { canCross } from '../dialects/dialect-crossing.ts';
import { DIALECTS_BY_NAME } from '../dialects/registry.ts';
import { ALL_OPERATIONS, type Operation } from '../operations/operation.ts';
import { dialectBase, type Placeholder, type ProviderDefinition, type SpokenDialect } from '../providers/provider.ts';
import { PROVIDERS_BY_NAME } from '../providers/registry.ts';
import { type UpstreamConfig, withOverrides } from '../upstream/upstream-config.ts';
import type { ModelConfig, ModelsConfig, TargetConfig } from './models-config.ts';
import { orderTargets } from './order.ts';
import type { Deadlines, Plan } from './plan.ts';
import type { ProviderConfig, ProvidersConfig } from './providers-config.ts';
import type { Target } from './target.ts';

/** A mistake that only the whole config shows, with the path of the value at fault. */
export class RoutingConfigError extends Error {
  override readonly name = 'RoutingConfigError';
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.path = path;
  }
}

/** One provider entry, joined with what is known of its kind. */
export interface Provider {
  readonly name: string;
  readonly definition: ProviderDefinition;
  /** What it is spoken to in. */
  readonly dialects: readonly SpokenDialect[];
  /** Base URLs without trailing slash; at least one. */
  readonly urls: readonly string[];
  readonly config: ProviderConfig;
  /** How its endpoints are treated: section `upstream`, with what the provider says otherwise. */
  readonly upstream: UpstreamConfig;
}

export interface Router {
  readonly providers: ReadonlyMap<string, Provider>;
  /** Every endpoint group that a target of this configuration may name, each once. */
  readonly groups: readonly { readonly group: string; readonly provider: Provider }[];
  /** Names of models and aliases, in the order of the file. */
  readonly names: readonly string[];
  /** Whether a name means anything; the same rules as `plan`. */
  knows(model: string): boolean;
  /** Name of the provider of a model's first target; empty when the name means nothing. */
  ownerOf(model: string): string;
  /** Headers that carry a provider's credential. */
  credentialOf(provider: Provider): Readonly<Record<string, string>>;
  /** A model's targets that are spoken to in a dialect, in the order of the file; none where the name means nothing. */
  targets(model: string, dialect: string): readonly Target[];
  /** Whether `plan` has somebody for it. */
  serves(asked: Asked): boolean;
  /**
   * Of each model of a provider the target that speaks the caller's dialect, or else the first that the operation can be put to in its own. Throws
   * `model_unknown` when the name means nothing, or nothing that can do this operation, and `model_dialect_unsupported` when nothing leads from the
   * caller's dialect to that of any target.
   */
  plan(asked: Asked, random: () => number): Plan;
}

/** What routing must know of an operation. */
export type Asked = Pick<Operation, 'model' | 'kind' | 'dialect' | 'sameDialect'>;

interface Entry {
  readonly name: string;
  readonly targets: readonly Target[];
  readonly deadlines: Deadlines;
  readonly retryContentPolicy: boolean;
}

export interface RouterConfig {
  readonly models: ModelsConfig;
  readonly providers: ProvidersConfig;
  readonly upstream: UpstreamConfig;
}

export function createRouter(config: RouterConfig): Router {
  const providers = new Map<string, Provider>();
  for (const [name, provider] of Object.entries(config.providers)) providers.set(name, joinProvider(name, provider, config.upstream));
  const entries = new Map<string, Entry>();
  for (const [name, model] of Object.entries(config.models)) entries.set(name, createEntry(name, model, providers));
  for (const [name, model] of Object.entries(config.models)) {
    const entry = entries.get(name);
    for (const [index, alias] of model.aliases.entries()) {
      if (entries.has(alias)) throw new RoutingConfigError(['models', name, 'aliases', index], `'${alias}' is taken by another model`);
      if (entry !== undefined) entries.set(alias, entry);
    }
  }
  const globs = [...providers.values()].flatMap((provider) =>
    provider.config.models.map((glob) => ({ provider, matches: createGlob(glob) })),
  );

  const find = (model: string): Entry | undefined => {
    const entry = entries.get(model);
    if (entry !== undefined) return entry;
    const slash = model.indexOf('/');
    const named = slash > 0 ? providers.get(model.slice(0, slash)) : undefined;
    if (named !== undefined && slash < model.length - 1) return openEntry(named, model.slice(slash + 1));
    const provider = globs.find(({ matches }) => matches(model))?.provider;
    return provider === undefined ? undefined : openEntry(provider, model);
  };

  return {
    providers,
    groups: groupsOf(entries, providers),
    names: [...entries.keys()],
    knows: (model) => find(model) !== undefined,
    ownerOf: (model) => find(model)?.targets[0]?.provider ?? '',
    credentialOf: providerHeaders,
    targets: (model, dialect) => find(model)?.targets.filter((target) => target.dialect === dialect) ?? [],
    serves: (asked) => choose(find(asked.model)?.targets ?? [], asked).length > 0,
    plan(asked, random) {
      const { model } = asked;
      const entry = find(model);
      if (entry === undefined) throw unknown(model, `The model '${model}' does not exist here`);
      const targets = choose(entry.targets, asked);
      if (targets.length === 0) throw unplannable(entry, asked);
      return {
        model: entry.name,
        targets: targets.length === 1 ? targets : orderTargets(targets, random),
        deadlines: entry.deadlines,
        retryContentPolicy: entry.retryContentPolicy,
      };
    },
  };
}

/** Of the targets that differ in their dialect alone, the one to ask. */
function choose(targets: readonly Target[], { kind, dialect, sameDialect }: Asked): readonly Target[] {
  const able = targets.filter(({ operations }) => operations.includes(kind));
  const own = able.filter((target) => target.dialect === dialect);
  if (sameDialect === true || own.length === able.length) return own;
  const from = DIALECTS_BY_NAME.get(dialect);
  const chosen = new Map<string, Target>(own.map((target) => [target.id, target]));
  for (const target of able) {
    const to = DIALECTS_BY_NAME.get(target.dialect);
    if (!chosen.has(target.id) && from !== undefined && to !== undefined && canCross(kind, from, to)) chosen.set(target.id, target);
  }
  if (chosen.size === own.length) return own;
  // In the order of the file, whichever dialect each is asked in.
  return able.filter((target) => chosen.get(target.id) === target);
}

/** Why a model that exists has nobody to answer this. */
function unplannable({ targets }: Entry, { model, dialect }: Asked): GatewayError {
  const spoken = [...new Set(targets.map((target) => target.dialect))];
  if (spoken.includes(dialect)) return unknown(model, `The model '${model}' has no target for this kind of request`);
  return new GatewayError(
    'model_dialect_unsupported',
    `The model '${model}' can't be called in the dialect '${dialect}', only in ${spoken.map((name) => `'${name}'`).join(', ')}`,
    { param: 'model', detail: { model, dialect, dialects: spoken } },
  );
}

function unknown(model: string, message: string): GatewayError {
  return new GatewayError('model_unknown', `${message}. GET /v1/models lists those that do.`, { param: 'model', detail: { model } });
}

function joinProvider(name: string, config: ProviderConfig, defaults: UpstreamConfig): Provider {
  const definition = PROVIDERS_BY_NAME.get(config.type ?? name) ?? PROVIDERS_BY_NAME.get('openai-compatible');
  if (definition === undefined) throw new Error('the registry has no openai-compatible provider');
  const given = config.base_url ?? filledIn(name, definition.baseUrl, config);
  if (given === undefined) throw new RoutingConfigError(['providers', name], `provider '${name}' needs a base_url`);
  const urls = typeof given === 'string' ? [given] : given;
  const dialects = spokenDialects(name, definition, config.dialects);
  return { name, definition, dialects, urls, config, upstream: withOverrides(defaults, config) };
}

/** A kind's address with what the entry says about it. */
function filledIn(name: string, baseUrl: string | undefined, config: ProviderConfig): string | undefined {
  return baseUrl?.replace(/\{(\w+)(-?)\}/g, (_whole, placeholder: Placeholder, hyphen: string) => {
    const value = config[placeholder];
    if (hyphen !== '' && value === 'global') return '';
    if (value !== undefined) return value + hyphen;
    throw new RoutingConfigError(['providers', name], `provider '${name}' needs '${placeholder}', or a base_url`);
  });
}

function createEntry(name: string, model: ModelConfig, providers: ReadonlyMap<string, Provider>): Entry {
  const targets = model.targets.flatMap((target, index) => {
    const provider = providers.get(target.provider);
    if (provider === undefined) {
      throw new RoutingConfigError(
        ['models', name, 'targets', index, 'provider'],
        `there is no provider '${target.provider}' in providers`,
      );
    }
    return createTargets(provider, { ...target, model: target.model ?? name });
  });
  return {
    name,
    targets,
    deadlines: deadlinesOf(model, providers.get(model.targets[0]?.provider ?? '')),
    retryContentPolicy: model.retry_content_policy,
  };
}

/** A name that only the provider knows: it has no breaker of its own, since callers choose such names and could make any number. */
function openEntry(provider: Provider, model: string): Entry {
  const targets = createTargets(provider, { model, weight: 1, priority: 0 });
  return {
    name: model,
    targets: targets.map((target) => ({ ...target, group: openGroup(provider) })),
    deadlines: deadlinesOf({}, provider),
    retryContentPolicy: false,
  };
}

/** A slash keeps it apart from every service's name, and the asterisk from every model's. */
export function openGroup(provider: Provider): string {
  return `${provider.name}/*`;
}

function groupsOf(entries: ReadonlyMap<string, Entry>, providers: ReadonlyMap<string, Provider>): { group: string; provider: Provider }[] {
  const groups = new Map<string, Provider>();
  for (const provider of providers.values()) groups.set(openGroup(provider), provider);
  for (const { targets } of entries.values()) {
    for (const target of targets) {
      const provider = providers.get(target.provider);
      if (provider !== undefined) groups.set(target.group, provider);
    }
  }
  return [...groups].map(([group, provider]) => ({ group, provider }));
}

function deadlinesOf(
  own: Partial<Pick<ModelConfig, 'first_token_timeout' | 'idle_timeout' | 'total_timeout'>>,
  provider: Provider | undefined,
): Deadlines {
  if (provider === undefined) throw new Error('a model has at least one target');
  return {
    firstTokenMs: own.first_token_timeout ?? provider.upstream.first_token_timeout,
    idleMs: own.idle_timeout ?? provider.upstream.idle_timeout,
    totalMs: own.total_timeout ?? provider.upstream.total_timeout,
  };
}

/** One for each dialect that the provider speaks; they share their breaker and their connections. */
function createTargets(provider: Provider, target: Omit<TargetConfig, 'provider' | 'model'> & { readonly model: string }): Target[] {
  const { definition, config, name, dialects } = provider;
  const id = `${name}/${target.model}`;
  return dialects.map((spoken) => ({
    id,
    provider: name,
    model: target.model,
    dialect: spoken.name,
    baseOf: (baseUrl) => dialectBase(definition, spoken, baseUrl),
    operations: spoken.operations,
    weight: target.weight,
    priority: target.priority,
    group: id,
    headers: { ...spoken.headers, ...providerHeaders(provider) },
    streamUsage: config.stream_usage ?? spoken.streamUsage,
    ...quirksOf(spoken),
  }));
}

function quirksOf({ lacks = [], fieldNames = {}, callIdChars }: SpokenDialect): Pick<Target, 'quirks'> {
  const isPlain = lacks.length === 0 && Object.keys(fieldNames).length === 0 && callIdChars === undefined;
  return isPlain ? {} : { quirks: { lacks, fieldNames, ...(callIdChars === undefined ? {} : { callIdChars }) } };
}

/** The dialects of its kind, or those that its entry names: of them, others than the kind's own too, for who knows better. */
function spokenDialects(name: string, { dialects }: ProviderDefinition, wanted: readonly string[] | undefined): readonly SpokenDialect[] {
  return (
    wanted?.map((dialect, index) => {
      const known = dialects.find((spoken) => spoken.name === dialect);
      if (known !== undefined) return known;
      if (DIALECTS_BY_NAME.has(dialect)) return { name: dialect, operations: ALL_OPERATIONS, streamUsage: true };
      const names = [...DIALECTS_BY_NAME.keys()].join(', ');
      throw new RoutingConfigError(['providers', name, 'dialects', index], `there is no dialect '${dialect}', only ${names}`);
    }) ?? dialects
  );
}

/** The dialect, where this provider speaks it. */
export function spokenBy({ dialects }: Provider, dialect: string): SpokenDialect | undefined {
  return dialects.find(({ name }) => name === dialect);
}

function credentialHeader(scheme: ProviderDefinition['credential'], key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined || scheme === 'none') return {};
  return scheme === 'bearer' || 'signing' in scheme ? { authorization: `Bearer ${key}` } : { [scheme.header]: key };
}

function providerHeaders(provider: Provider): Readonly<Record<string, string>> {
  const { config, definition } = provider;
  const credential = credentialHeader(definition.credential, config.api_key ?? definition.keyDefault);
  const own = Object.fromEntries(Object.entries(config.headers).map(([header, value]) => [header.toLowerCase(), value]));
  return { ...credential, ...own };
}
