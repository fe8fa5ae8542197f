/*
 * What a verified token says of its holder. Pure. A claim that is there and makes no sense is refused: passing over it would give the
 * holder the default, which may be more than was meant.
 */

import { GatewayError } from '../../base/errors.ts';
import type { Principal } from '../../pipeline/facts.ts';
import type { JwtConfig } from './identify-config.ts';

type ClaimsConfig = Pick<JwtConfig, 'claims' | 'tenant' | 'tier'>;

/** Throws `token_invalid` naming the claim at fault. */
export function principalOfClaims(payload: Readonly<Record<string, unknown>>, config: ClaimsConfig): Principal {
  const { claims } = config;
  const user = label(payload, claims.user);
  if (user === undefined) throw claimInvalid(claims.user, 'is missing');
  const tenant = label(payload, claims.tenant) ?? config.tenant;
  const models = nameList(payload, claims.models, 'models');
  const collections = nameList(payload, claims.collections, 'collections');
  return {
    // A user is one of a tenant: two tenants' users of one name are two people.
    id: `token:${tenant}:${user}`,
    tenant,
    tier: label(payload, claims.tier) ?? config.tier,
    admin: isAdmin(payload, claims.admin),
    user,
    kind: 'token',
    ...(models === undefined ? {} : { models }),
    ...(collections === undefined ? {} : { collections }),
  };
}

/** `a.b` looks inside an object, unless a claim has that very name (`https://example.com/tier`). */
function claim(payload: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  let value: unknown = payload;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

function label(payload: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = claim(payload, name);
  if (value === undefined || value === null) return undefined;
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > 256 || /[\0-\x1f\x7f]/.test(text))
    throw claimInvalid(name, 'is no text of 1 to 256 characters');
  return text;
}

function nameList(payload: Readonly<Record<string, unknown>>, name: string, what: string): readonly string[] | undefined {
  const value = claim(payload, name);
  if (value === undefined || value === null) return undefined;
  const list: unknown = typeof value === 'string' ? value.split(' ').filter((one) => one !== '') : value;
  if (!Array.isArray(list) || list.length > 1_000 || !list.every((one): one is string => typeof one === 'string'))
    throw claimInvalid(name, `is no list of ${what}`);
  return list;
}

/** `true`, or `admin` among its roles. */
function isAdmin(payload: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = claim(payload, name);
  return value === true || value === 'admin' || (Array.isArray(value) && value.includes('admin'));
}

function claimInvalid(name: string, what: string): GatewayError {
  return new GatewayError('token_invalid', `the token's claim '${name}' ${what}`);
}
