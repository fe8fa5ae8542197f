/*
 * What a start refuses, because it would be open to anyone, and what would go round in circles. Pure.
 */

import { classifyAddress } from '../base/ip.ts';
import type { Config } from './config.ts';
import { type Tree, valueAt } from './config-path.ts';
import type { Problem } from './problem.ts';

/** Keys and secrets that stand in documentation, ours or that of an older gateway: everyone knows them. */
const DOCUMENTED: ReadonlySet<string> = new Set([
  // AI platform
  'sk-test-key-123',
  'sk-admin-key-456',
  'sk-dev-key-789',
  'sk-prod-key-1',
  'sk-prod-key-2',
  // AIVillage
  'dev-gateway-key-12345',
  'dev-secret-key-change-in-production',
  'your-secure-api-key',
  'your-secure-secret-key',
  // StillMe: the password of its Grafana
  'stillme123',
]);

/** Beginning of the keys in gatehouse.example.yaml. */
const PLACEHOLDER = 'change-me';

/** Whether a key or secret is one that everyone can read in a document. */
export function isDocumentedSecret(secret: unknown): boolean {
  return typeof secret === 'string' && (DOCUMENTED.has(secret) || secret.startsWith(PLACEHOLDER));
}

/** Whether only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || classifyAddress(bare) === 'loopback';
}

/**
 * Whether a configuration, not validated yet, lets those in who hold a key or token that not everyone knows, and nobody else: whether
 * it may be reached from elsewhere.
 */
export function givesKeysOfTheirOwn(tree: Tree): boolean {
  const keys = valueAt(tree, ['auth', 'keys']);
  const listed = Array.isArray(keys) ? keys : [];
  const secret = valueAt(tree, ['auth', 'jwt', 'secret']);
  const isKnown = listed.length > 0 || valueAt(tree, ['auth', 'jwt']) !== undefined;
  return (
    isKnown &&
    valueAt(tree, ['auth', 'required']) !== false &&
    !isDocumentedSecret(secret) &&
    !listed.some((entry) => isDocumentedSecret(valueAt(entry, ['key'])))
  );
}

/** Why this configuration must not be started; each problem says what to set. Empty: go ahead. */
export function unsafe(config: Config): Problem[] {
  return [...openToAnyone(config), ...callsItself(config)];
}

/** What has to be set before others may come in: all of it at once, so that nobody starts five times to hear of five things. */
function openToAnyone({ server, auth }: Config): Problem[] {
  const isProduction = server.environment === 'production';
  const isReached = !isLoopback(server.host);
  if (!isProduction && !isReached) return [];
  const where = isProduction ? 'in production' : `while listening on ${server.host}`;
  const problems: Problem[] = [];
  if (auth.keys.length === 0 && auth.jwt === undefined) problems.push(nobodyIsKnown(server));
  if (auth.required === false) {
    const hint = isProduction ? 'leave auth.required out' : 'leave auth.required out, or set server.host to 127.0.0.1';
    problems.push({ path: 'auth.required', message: `keys that are not required let everyone in, ${where}`, hint });
  }
  problems.push(...documentedSecrets(auth, where));
  if (isProduction && server.cors.origins?.includes('*') === true) {
    problems.push({
      path: 'server.cors.origins',
      message: 'production does not let every web page call',
      hint: 'set CORS_ORIGINS or server.cors.origins to the origins of your pages',
    });
  }
  return problems;
}

function nobodyIsKnown({ host, environment }: Config['server']): Problem {
  const keys = 'set API_KEYS or auth.keys (openssl rand -hex 24 makes one), or auth.jwt';
  if (isLoopback(host)) return { path: 'auth.keys', message: 'production needs keys', hint: keys };
  return {
    path: 'server.host',
    message: `listening on ${host} without keys lets everyone in`,
    hint: environment === 'production' ? keys : `${keys}; or server.host to 127.0.0.1`,
  };
}

function documentedSecrets(auth: Config['auth'], where: string): Problem[] {
  const problems: Problem[] = [];
  for (const [index, { key, name }] of auth.keys.entries()) {
    if (isDocumentedSecret(key)) {
      problems.push({
        path: `auth.keys[${index}].key`,
        message: `the key '${name}' is a documented one, which everyone knows, ${where}`,
        hint: 'make keys of your own (openssl rand -hex 24), and set API_KEYS or auth.keys',
      });
    }
  }
  if (isDocumentedSecret(auth.jwt?.secret)) {
    problems.push({
      path: 'auth.jwt.secret',
      message: `the secret is a documented one, which everyone knows, ${where}`,
      hint: 'make one (openssl rand -hex 32), and set SECRET_KEY or auth.jwt.secret',
    });
  }
  return problems;
}

/** OPENAI_BASE_URL is what clients of a gateway are given; a gateway that reads it as well would call itself for ever. */
function callsItself({ server, providers, services }: Config): Problem[] {
  if (server.port === 0) return [];
  const isSelf = (text: string) => {
    const url = new URL(text);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    return port === server.port && (isLoopback(url.hostname) || url.hostname === server.host);
  };
  const said = (path: string): Problem => ({
    path,
    message: 'is the address of this gateway itself',
    hint: 'set it to the server behind the gateway, or unset the variable that names it',
  });
  return [
    ...Object.entries(providers).flatMap(([name, { base_url }]) =>
      [base_url ?? []].flat().some(isSelf) ? [said(`providers.${name}.base_url`)] : [],
    ),
    ...Object.entries(services).flatMap(([name, { urls }]) => (urls.some(isSelf) ? [said(`services.${name}.urls`)] : [])),
  ];
}
