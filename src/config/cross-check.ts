/*
 * Mistakes that only the whole configuration shows: each section is sound, and together they are not.
 */

import { unknownSameAs } from '../catalog/catalog.ts';
import { createRouter, type Router, RoutingConfigError } from '../routing/router.ts';
import { kindOfHost, refusalOf } from '../upstream/transport/address-rules.ts';
import { withOverrides } from '../upstream/upstream-config.ts';
import type { Config } from './config.ts';
import type { ConfigPath } from './config-path.ts';
import type { Complaint } from './issues.ts';

export function crossCheck(config: Config): Complaint[] {
  return [...modelProblems(config), ...routesOfTwoServices(config), ...forbiddenAddresses(config), ...unknownModels(config)];
}

function modelProblems(config: Config): Complaint[] {
  try {
    return defaultModelUnknown(config, createRouter(config));
  } catch (error) {
    if (!(error instanceof RoutingConfigError)) throw error;
    return [{ path: error.path, message: error.message, aboutName: false }];
  }
}

function defaultModelUnknown({ chat: { default_model: name } }: Config, router: Router): Complaint[] {
  // Without any provider the simulated model may come to answer, and it takes every name.
  if (name === undefined || router.providers.size === 0 || router.knows(name)) return [];
  return [{ path: ['chat', 'default_model'], message: `no model, alias or provider takes the name '${name}'`, aboutName: false }];
}

function unknownModels({ catalog }: Config): Complaint[] {
  return unknownSameAs(catalog).map((name) => ({
    path: ['catalog', 'models', name, 'same_as'],
    message: `the catalogue has no model '${catalog.models[name]?.same_as ?? ''}'`,
    hint: 'gatehouse models lists them',
    aboutName: false,
  }));
}

function routesOfTwoServices({ services }: Config): Complaint[] {
  const owners = new Map<string, string>();
  const complaints: Complaint[] = [];
  for (const [name, { routes }] of Object.entries(services)) {
    for (const [index, route] of routes.entries()) {
      const whole = route.startsWith('/') ? `* ${route}` : route;
      const owner = owners.get(whole);
      owners.set(whole, name);
      if (owner !== undefined)
        complaints.push({
          path: ['services', name, 'routes', index],
          message: `leads to the service '${owner}' already`,
          aboutName: false,
        });
    }
  }
  return complaints;
}

/** Addresses written out; those behind names are looked at when they are called. */
function forbiddenAddresses({ providers, services, upstream }: Config): Complaint[] {
  const complain = (text: string, path: ConfigPath): Complaint[] => {
    const host = kindOfHost(new URL(text).hostname);
    const refusal = host.kind === 'address' ? refusalOf(host, host.address) : undefined;
    if (host.kind !== 'address' || refusal === undefined) return [];
    return [{ path, message: `${host.address} ${refusal}`, hint: 'allow_private: true permits it', aboutName: false }];
  };
  const urlsOf = (given: string | readonly string[] | undefined, path: ConfigPath): Complaint[] =>
    typeof given === 'string' ? complain(given, path) : (given ?? []).flatMap((url, index) => complain(url, [...path, index]));
  const checked = <T extends { readonly allow_private?: boolean | undefined }>(entries: Readonly<Record<string, T>>) =>
    Object.entries(entries).filter(([, entry]) => !withOverrides(upstream, entry).allow_private);
  return [
    ...checked(providers).flatMap(([name, { base_url }]) => urlsOf(base_url, ['providers', name, 'base_url'])),
    ...checked(services).flatMap(([name, { urls }]) => urlsOf(urls, ['services', name, 'urls'])),
  ];
}
