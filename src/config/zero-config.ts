/*
 * What a first start finds by itself: an Ollama on its port, names for the models of what was found, a key for this machine; or,
 * when there is nothing to talk to, that the simulated model is to answer.
 *
 * Nothing here wins over anything that somebody gave. In production nothing is invented at all: no key, and no simulated answers.
 */

import type { ProviderDefinition } from '../providers/provider.ts';
import { PROVIDERS } from '../providers/registry.ts';
import { isTree, type Tree, valueAt } from './config-path.ts';
import type { Assignment } from './layers.ts';
import { isLoopback } from './safety.ts';

/** Ollama's documented port, and what its API answers without side effects. */
const OLLAMA = { name: 'ollama', port: 11_434, path: '/api/version' } as const;

export interface ZeroConfigSource {
  /** Whether a server answers on a port of this machine. Must not take longer than 100 ms. */
  probe(port: number, path: string): Promise<boolean>;
  /** Whether a name is known here and, on this machine, whether somebody listens. Must not take longer than a second. */
  exists(url: string): Promise<boolean>;
  /** The key for this machine, made when there is none yet; undefined where it may not be made (`gatehouse explain`). */
  machineKey(): Promise<MachineKey | undefined>;
}

export interface MachineKey {
  readonly key: string;
  /** What whoever runs this should know of it. */
  readonly warnings: readonly string[];
}

export interface Findings {
  readonly assignments: readonly Assignment[];
  readonly warnings: readonly string[];
  readonly simulate: boolean;
  /** Providers of a preset that are nowhere here, for which the simulated model is to answer. */
  readonly standIns: readonly string[];
  /** The provider that takes every name no other takes: it must be asked last. */
  readonly catchAll: string | undefined;
}

interface Scope {
  /** The file or the preset has a section `providers`, so no provider is looked for. */
  readonly givesProviders: boolean;
  /** A preset is in use: the providers whose address it alone gives, with that address. */
  readonly ofPreset?: ReadonlyMap<string, string> | undefined;
}

/** Looks for what the configuration lacks. */
export async function findWhatIsMissing(tree: Tree, options: Scope & { readonly source: ZeroConfigSource }): Promise<Findings> {
  const { source, ...scope } = options;
  const wanted = decideWhatToLookFor(tree, scope.givesProviders);
  const [ollamaAnswers, machineKey, standIns] = await Promise.all([
    wanted.ollama ? source.probe(OLLAMA.port, OLLAMA.path) : false,
    wanted.machineKey ? source.machineKey() : undefined,
    isDevelopment(tree) ? whatIsNowhere(scope.ofPreset, source) : [],
  ]);
  return decideFindings(tree, { ...scope, ollamaAnswers, machineKey, standIns });
}

/** Whoever follows an old document without the model server that it was written for still sees every route answer. */
async function whatIsNowhere(providers: ReadonlyMap<string, string> | undefined, source: ZeroConfigSource): Promise<string[]> {
  const known = [...(providers ?? [])];
  const existing = await Promise.all(known.map(([, url]) => source.exists(url)));
  // One that is there answers; none that is not is then made up beside it.
  return existing.includes(true) ? [] : known.map(([name]) => name);
}

/** Pure: what is worth looking for. */
export function decideWhatToLookFor(tree: Tree, givesProviders: boolean): { ollama: boolean; machineKey: boolean } {
  const host = valueAt(tree, ['server', 'host']);
  const keys = valueAt(tree, ['auth', 'keys']);
  const nobodyIsKnown = (!Array.isArray(keys) || keys.length === 0) && valueAt(tree, ['auth', 'jwt']) === undefined;
  return {
    ollama: !givesProviders && !isProduction(tree) && valueAt(tree, ['providers', OLLAMA.name]) === undefined,
    // Elsewhere than on loopback, a start without keys is refused: a key made here would be no answer to that.
    machineKey:
      nobodyIsKnown &&
      isDevelopment(tree) &&
      valueAt(tree, ['auth', 'required']) !== false &&
      (typeof host !== 'string' || isLoopback(host)),
  };
}

/** Pure: what follows from what was found. */
export function decideFindings(
  tree: Tree,
  found: Scope & { readonly ollamaAnswers: boolean; readonly machineKey: MachineKey | undefined; readonly standIns: readonly string[] },
): Findings {
  const assignments: Assignment[] = [];
  const providers = namesIn(tree, 'providers');
  if (found.ollamaAnswers) {
    providers.push(OLLAMA.name);
    assignments.push({
      path: ['providers', OLLAMA.name],
      value: {},
      origin: { kind: 'zero-config', reason: 'Ollama answers on its port' },
    });
  }
  const named = found.givesProviders || namesIn(tree, 'models').length > 0 ? undefined : modelNames(providers, tree);
  assignments.push(...(named?.assignments ?? []));
  if (found.machineKey !== undefined) {
    const value = [{ name: 'this-machine', key: found.machineKey.key, tier: 'developer', admin: true }];
    assignments.push({ path: ['auth', 'keys'], value, origin: { kind: 'zero-config', reason: 'a key for this machine' } });
    // The key is for the admin routes then: whoever knew the older gateway sends none.
    if (found.ofPreset !== undefined) {
      const origin = { kind: 'zero-config', reason: 'the older gateway asked for no key' } as const;
      assignments.push({ path: ['auth', 'required'], value: false, origin });
    }
  }
  return {
    assignments,
    warnings: found.machineKey?.warnings ?? [],
    standIns: found.standIns,
    catchAll: named?.catchAll,
    simulate: providers.length === 0 && namesIn(tree, 'services').length === 0 && !isProduction(tree),
  };
}

/** Every name goes somewhere: what is surely a provider's own to it, all others to the server at hand, or a vendor of many makers' models, or else the first there is. */
function modelNames(providers: readonly string[], tree: Tree): { assignments: Assignment[]; catchAll: string | undefined } {
  const unnamed = PROVIDERS.filter(({ name }) => providers.includes(name) && valueAt(tree, ['providers', name, 'models']) === undefined);
  const open = unnamed.filter(({ families }) => families === undefined);
  const catchAll = open.find(isAtHand) ?? open[0] ?? unnamed[0];
  const assignments = unnamed.flatMap((provider): Assignment[] => {
    const models = [...(providers.length > 1 ? (provider.families ?? []) : []), ...(provider === catchAll ? ['*'] : [])];
    if (models.length === 0) return [];
    return [
      { path: ['providers', provider.name, 'models'], value: models, origin: { kind: 'zero-config', reason: 'no model is configured' } },
    ];
  });
  return { assignments, catchAll: catchAll?.name };
}

/** A server of one's own, whose names of models only its operator knows. */
function isAtHand({ baseUrl }: ProviderDefinition): boolean {
  return baseUrl?.startsWith('https:') !== true;
}

function namesIn(tree: Tree, section: string): string[] {
  const entries = tree[section];
  return isTree(entries) ? Object.keys(entries) : [];
}

function isProduction(tree: Tree): boolean {
  return valueAt(tree, ['server', 'environment']) === 'production';
}

function isDevelopment(tree: Tree): boolean {
  return (valueAt(tree, ['server', 'environment']) ?? 'development') === 'development';
}
