/*
 * What a start refuses, because it would be open to anyone, and what would go round in circles. Pure.
 */

import { classifyAddress } from '../base/ip.ts';
import type { Config } from './config.ts';
import type { Problem } from './problem.ts';

/** Keys and secrets that the older gateways print in their documentation: everyone knows them. */
const DOCUMENTED: ReadonlySet<string> = new Set([
  'sk-test-key-123',
  'sk-admin-key-456',
  'sk-dev-key-789',
  'dev-gateway-key-12345',
  'dev-secret-key-change-in-production',
]);

/** Whether a key or secret is one that everyone can read in a document. */
export function isDocumentedSecret(secret: string): boolean {
  return DOCUMENTED.has(secret);
}

/** Whether only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || classifyAddress(bare) === 'loopback';
}

/** Why this configuration must not be started; each problem says what to set. Empty: go ahead. */
export function unsafe(config: Config): Problem[] {
  return [...openToOthers(config), ...unfitForProduction(config), ...callsItself(config)];
}

function openToOthers({ server, auth }: Config): Problem[] {
  if (isLoopback(server.host)) return [];
  const callers = auth.keys.length > 0 || auth.jwt !== undefined;
  if (callers && auth.required !== false) return documentedSecrets(auth, `while listening on ${server.host}`);
  const hint = 'set auth.keys (or API_KEYS, or auth.jwt), or server.host to 127.0.0.1';
  if (!callers) return [{ path: 'server.host', message: `listening on ${server.host} without keys lets everyone in`, hint }];
  return [
    {
      path: 'auth.required',
      message: `listening on ${server.host} while keys are not required lets everyone in`,
      hint: 'leave auth.required out, or set server.host to 127.0.0.1',
    },
  ];
}

function unfitForProduction({ server, auth }: Config): Problem[] {
  if (server.environment !== 'production') return [];
  const problems: Problem[] = [];
  if (auth.required === false) {
    problems.push({ path: 'auth.required', message: 'production does not let callers in without a key', hint: 'leave auth.required out' });
  } else if (auth.keys.length === 0 && auth.jwt === undefined && isLoopback(server.host)) {
    problems.push({ path: 'auth.keys', message: 'production needs keys', hint: 'set auth.keys (or API_KEYS, or auth.jwt)' });
  }
  // Said already for a host that others reach.
  if (isLoopback(server.host)) problems.push(...documentedSecrets(auth, 'in production'));
  if (server.cors.origins?.includes('*') === true) {
    problems.push({
      path: 'server.cors.origins',
      message: 'production does not let every web page call',
      hint: 'set the origins of your pages, or CORS_ORIGINS',
    });
  }
  return problems;
}

function documentedSecrets(auth: Config['auth'], where: string): Problem[] {
  const problems: Problem[] = [];
  for (const [index, { key, name }] of auth.keys.entries()) {
    if (DOCUMENTED.has(key)) {
      problems.push({
        path: `auth.keys[${index}].key`,
        message: `the key '${name}' is a documented development key, which everyone knows, ${where}`,
        hint: 'make one: openssl rand -hex 24',
      });
    }
  }
  if (auth.jwt?.secret !== undefined && DOCUMENTED.has(auth.jwt.secret)) {
    problems.push({
      path: 'auth.jwt.secret',
      message: `the secret is the documented development secret, which everyone knows, ${where}`,
      hint: 'make one: openssl rand -hex 32; set SECRET_KEY or auth.jwt.secret',
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
