/*
 * Variables by which providers are found: where each is, and its key. The names stand with the providers; the rules are here.
 *
 * Other programs use the same variables, so a file that lists its providers is not added to: there they only fill in what they name.
 */

import type { ProviderDefinition } from '../providers/provider.ts';
import { PROVIDERS } from '../providers/registry.ts';
import { type Tree, valueAt } from './config-path.ts';
import type { EnvironmentVariable, ReadContext, Reading } from './environment.ts';

/** Addresses first: a key alone says nothing of a server that only its operator can know. */
export function providerVariables(): EnvironmentVariable[] {
  return [
    ...PROVIDERS.flatMap(urlVariables),
    ...PROVIDERS.flatMap(placeVariables),
    ...PROVIDERS.flatMap(keyVariables),
    ...PROVIDERS.flatMap(keyPairVariables),
  ];
}

function urlVariables(provider: ProviderDefinition): EnvironmentVariable[] {
  return (provider.urlVariables ?? []).map((name) => ({
    name,
    // The one that an older gateway documents; the others are custom.
    origins: name === 'OLLAMA_BACKEND' ? ['StillMe'] : ['custom'],
    paths: [`providers.${provider.name}.base_url`],
    description: `Where ${provider.title} is; a missing scheme is http, a missing path the usual one.`,
    read: (text, context) => {
      const url = completeUrl(text, provider);
      if (url === undefined) return { problem: 'must be a URL such as http://host:8000' };
      const here = ['providers', provider.name];
      const { healthPath: path } = provider;
      const checks = path === undefined || valueAt(context.tree, [...here, 'health']) !== undefined ? [] : [{ path, accept: 'below_500' }];
      return giveTo(provider, context, [
        { path: [...here, 'base_url'], value: url },
        ...checks.map((value) => ({ path: [...here, 'health'], value })),
      ]);
    },
  }));
}

/** What stands in braces in an address. Alone it adds no provider; a key does, once all of it is known. */
function placeVariables(provider: ProviderDefinition): EnvironmentVariable[] {
  return Object.entries(provider.variables ?? {}).map(([placeholder, name]) => ({
    name,
    origins: ['custom'],
    paths: [`providers.${provider.name}.${placeholder}`],
    description: `The ${placeholder} of ${provider.title}; alone it adds no provider.`,
    read: (text, context) => {
      const keyGiven = keyNames(provider).some((key) => (context.environment[key] ?? '') !== '');
      if (!keyGiven && !isKnown(provider, context.tree)) return [];
      return giveTo(provider, context, [{ path: ['providers', provider.name, placeholder], value: placeOf(text) }]);
    },
  }));
}

/** A host may come as a URL. */
function placeOf(text: string): string {
  return text
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '');
}

/** Whether anything in the braces of its address is still unknown. */
function isSomewhere({ name, baseUrl = '' }: ProviderDefinition, tree: Tree): boolean {
  if (valueAt(tree, ['providers', name, 'base_url']) !== undefined) return true;
  return [...baseUrl.matchAll(/\{(\w+)-?\}/g)].every(
    ([, placeholder = '']) => valueAt(tree, ['providers', name, placeholder]) !== undefined,
  );
}

function keyNames({ keyVariable, otherKeyVariables = [] }: ProviderDefinition): readonly string[] {
  return keyVariable === undefined ? [] : [keyVariable, ...otherKeyVariables];
}

function keyVariables(provider: ProviderDefinition): EnvironmentVariable[] {
  const isPublic = provider.baseUrl?.startsWith('https:') === true;
  return keyNames(provider).map((name) => ({
    name,
    origins: ['custom'],
    paths: [`providers.${provider.name}.api_key`],
    description: isPublic ? `Key for ${provider.title}.` : `Key for ${provider.title}, if it wants one; alone it adds no provider.`,
    read: (text, context) => {
      if (!isKnown(provider, context.tree) && !(isPublic && isSomewhere(provider, context.tree))) return [];
      return giveTo(provider, context, [{ path: ['providers', provider.name, 'api_key'], value: text.trim() }]);
    },
  }));
}

/** The three belong together; other programs have them for other things, so alone they add no provider, and an API key makes them needless. */
const KEY_PAIR: readonly (readonly [name: string, member: string, what: string])[] = [
  ['AWS_ACCESS_KEY_ID', 'access_key_id', 'Id of the key of AWS'],
  ['AWS_SECRET_ACCESS_KEY', 'secret_access_key', 'Secret of the key of AWS'],
  ['AWS_SESSION_TOKEN', 'session_token', 'Session token of a temporary key of AWS'],
];

function keyPairVariables(provider: ProviderDefinition): EnvironmentVariable[] {
  const { credential } = provider;
  if (typeof credential === 'string' || !('signing' in credential) || credential.signing !== 'aws-sigv4') return [];
  const here = ['providers', provider.name];
  return KEY_PAIR.map(([name, member, what]) => ({
    name,
    origins: ['custom'],
    paths: [`providers.${provider.name}.aws.${member}`],
    description: `${what} that requests to ${provider.title} are signed with; alone it adds no provider.`,
    read: (text, { tree, environment }) => {
      const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = environment;
      if (!isKnown(provider, tree) || id === '' || secret === '' || valueAt(tree, [...here, 'api_key']) !== undefined) return [];
      const pair = valueAt(tree, [...here, 'aws']);
      const isOwn = pair === undefined || valueAt(tree, [...here, 'aws', 'access_key_id']) === id.trim();
      // A key that the file names is whole as it stands there.
      if (!isOwn || valueAt(tree, [...here, 'aws', member]) !== undefined) return [];
      return [{ path: [...here, 'aws', member], value: text.trim() }];
    },
  }));
}

/** Whether the file, or a variable before, has this provider. */
function isKnown(provider: ProviderDefinition, tree: Tree): boolean {
  return valueAt(tree, ['providers', provider.name]) !== undefined;
}

function giveTo(provider: ProviderDefinition, context: ReadContext, reading: Reading): Reading {
  return context.findsProviders || isKnown(provider, context.tree) ? reading : [];
}

/**
 * A base URL with scheme and version path. `127.0.0.1:11434` is what OLLAMA_HOST holds by custom, and a server that listens on
 * `0.0.0.0` is reached on loopback.
 */
function completeUrl(text: string, provider: ProviderDefinition): string | undefined {
  const trimmed = text.trim();
  try {
    const url = new URL(/^https?:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
    const usual = new URL(provider.baseUrl ?? 'http://127.0.0.1/v1');
    if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1';
    if (url.pathname === '/') url.pathname = usual.pathname;
    // Ollama's own variable may name a host alone; it then means its usual port.
    if (url.port === '' && url.protocol === 'http:' && !/:\d+(?:\/|$)/.test(trimmed) && !trimmed.includes('//')) url.port = usual.port;
    return url.href.replace(/\/$/, '');
  } catch {
    return undefined;
  }
}
