/* Which provider keeps a caller's files and batches: such requests name no model, so nothing else says it. */

import { GatewayError } from '../base/errors.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { GatewayRequest } from '../pipeline/request.ts';
import type { FilesConfig } from '../routing/files-config.ts';
import { type Provider, type Router, RoutingConfigError, spokenBy } from '../routing/router.ts';

const HEADER = 'x-gatehouse-provider';
const PARAMETER = 'provider';
/** What a caller names who wants something kept by the gateway itself. */
const HERE = 'gatehouse';

export interface VendorProviders {
  /** What the request names; undefined where it names none. Throws `request_invalid` for one that does not offer this. */
  named(request: GatewayRequest): Provider | undefined;
  /** What the request names, or else what the configuration does. Throws `request_invalid` where neither says it, and `feature_disabled` where there is none. */
  choose(request: GatewayRequest): Provider;
  byName(name: string): Provider | undefined;
  /** Where it is to be kept: `here` and `provider` as the request says; `any` where it says nothing; `none` where it says nothing and no provider offers this. */
  wanted(request: GatewayRequest): 'here' | 'provider' | 'any' | 'none';
}

/** Throws a RoutingConfigError when `files.provider` is no provider that offers this. */
export function createVendorProviders(
  config: FilesConfig,
  router: Router,
  asked: { dialect: string; kind: OperationKind },
): VendorProviders {
  const able = new Map(
    [...router.providers].filter(([, provider]) => spokenBy(provider, asked.dialect)?.operations.includes(asked.kind) === true),
  );
  if (config.provider !== undefined && !router.providers.has(config.provider))
    throw new RoutingConfigError(['files', 'provider'], `there is no provider '${config.provider}' in providers`);
  const [only] = able.values();
  const standard = config.provider === undefined ? (able.size === 1 ? only : undefined) : able.get(config.provider);

  const named = (request: GatewayRequest): Provider | undefined => {
    const names = namesIn(request);
    const [name] = names;
    if (name === undefined) return undefined;
    const provider = names.every((other) => other === name) ? able.get(name) : undefined;
    if (provider === undefined) throw wanted(`'${name.slice(0, 64)}' is no provider that keeps ${asked.kind}`, able);
    return provider;
  };
  return {
    named,
    byName: (name) => able.get(name),
    wanted(request) {
      const names = namesIn(request);
      if (names.length === 0) return able.size === 0 ? 'none' : 'any';
      return names.every((name) => name === HERE) && !able.has(HERE) ? 'here' : 'provider';
    },
    choose(request) {
      const provider = named(request) ?? standard;
      if (provider !== undefined) return provider;
      if (able.size === 0) throw new GatewayError('feature_disabled', `no provider of this gateway keeps ${asked.kind}`);
      throw wanted(`several providers keep ${asked.kind}: say which`, able);
    },
  };
}

function namesIn({ headers, search }: GatewayRequest): readonly string[] {
  return [...new URLSearchParams(search).getAll(PARAMETER), ...(headers.get(HEADER)?.split(',') ?? [])].map((name) => name.trim());
}

/** The query without what was meant for us. */
export function vendorSearch(search: string): string {
  if (search === '') return search;
  const parts = search
    .slice(1)
    .split('&')
    .filter((part) => !/^provider(?:=|$)/.test(part));
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function wanted(message: string, able: ReadonlyMap<string, Provider>): GatewayError {
  return new GatewayError('request_invalid', `${message} (header ${HEADER}, or ?${PARAMETER}=): ${[...able.keys()].join(', ')}`, {
    param: PARAMETER,
  });
}
