/** The identity provider, whose keys every token is checked with: without them nobody with a token gets in. */

import type { Config } from '../config/config.ts';
import { SELDOM_POOL } from '../upstream/transport/fetch-text.ts';
import { type Finding, fail, ok, shown } from './finding.ts';
import { type ProbeDeps, type ProbeOutcome, probe } from './upstreams.ts';

export async function examineIdentity({ auth, upstream }: Config, deps: ProbeDeps): Promise<Finding[]> {
  const url = auth.jwt?.jwks_url;
  if (url === undefined) return [];
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
  // As it is fetched in earnest: see upstream/transport/fetch-text.ts.
  const settings = { pool: SELDOM_POOL, allow_private: false, proxy: upstream.proxy };
  return [judgeKeySet(url, await probe({ baseUrl: new URL(url).origin, url, headers, settings }, deps))];
}

/** Pure. */
function judgeKeySet(url: string, outcome: ProbeOutcome): Finding {
  const where = shown(url);
  const todo = 'correct auth.jwt.jwks_url, or start the identity provider';
  if (outcome.kind === 'silent') return fail('jwt.keys', { seen: `${where} does not answer: no token can be checked`, todo });
  if (outcome.kind === 'failed')
    return fail('jwt.keys', { seen: `${where}: ${outcome.reason} [${outcome.fault}]: no token can be checked`, todo });
  if (outcome.status !== 200) return fail('jwt.keys', { seen: `${where} answers ${outcome.status}: no token can be checked`, todo });
  const count = keysIn(outcome.body);
  if (count === 0) return fail('jwt.keys', { seen: `${where} answers without keys: no token can be checked`, todo });
  return ok('jwt.keys', `${where} has ${count} ${count === 1 ? 'key' : 'keys'}`);
}

function keysIn(body: Uint8Array): number {
  try {
    const { keys } = JSON.parse(new TextDecoder().decode(body)) as { keys?: unknown };
    return Array.isArray(keys) ? keys.length : 0;
  } catch {
    return 0;
  }
}
