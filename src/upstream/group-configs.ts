import type { Router } from '../routing/router.ts';
import type { EndpointGroupConfig } from './endpoint-group.ts';
import { type ServicesConfig, serviceGroup } from './services-config.ts';
import type { UpstreamConfig } from './upstream-config.ts';

/**
 * The endpoint groups of a configuration: one for each target, so that one broken model does not take its provider's others along; one
 * for each provider, for the names that only it knows; one for each service.
 */
export function groupConfigs(router: Router, services: ServicesConfig, upstream: UpstreamConfig): EndpointGroupConfig[] {
  return [
    ...router.groups.map(({ group, provider }) => ({ name: group, urls: provider.urls, settings: provider.upstream })),
    ...Object.entries(services).map(([name, service]) => serviceGroup(name, service, upstream)),
  ];
}
