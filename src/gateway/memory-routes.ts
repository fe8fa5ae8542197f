/*
 * What is remembered, as an API: Mem0's, so that its clients work unchanged. The paths under `/v1/memories` are the ones to write against; those of the
 * server that one runs oneself (`/memories`, `/search`) and of the platform (`/v3/memories/…`) lead to the same.
 */

import { jsonReply } from '../admin/json-reply.ts';
import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { MemoryCalls } from './memory-calls.ts';
import { createErase, type EraseDeps } from './memory-erase.ts';
import { createExport } from './memory-export.ts';

export interface MemoryRoutesConfig {
  readonly enabled: boolean;
}

const SHARED = { kind: 'resource', access: 'key', dialect: 'service', tokenScheme: true } as const;

export function createMemoryRoutes({ enabled }: MemoryRoutesConfig, deps: EraseDeps): Route[] {
  const calls = new MemoryCalls({ engine: deps.context.memory, createId: deps.createId });
  const route = (method: string, pattern: string, handler: Handler): Route => ({
    ...SHARED,
    pattern,
    methods: [method],
    handler: enabled ? handler : refuse,
    docs: async () => (await import('./memory-docs.ts')).memoryDocs(`${method} ${pattern}`),
  });
  return [
    route('POST', '/v1/memories', calls.add),
    route('GET', '/v1/memories', calls.list),
    route('DELETE', '/v1/memories', calls.removeMatching),
    route('POST', '/v1/memories/search', calls.search),
    ...oneOf('/v1/memories', calls, route),
    route('PUT', '/v1/batch', calls.updateBatch),
    route('DELETE', '/v1/batch', calls.removeBatch),
    route('GET', '/v1/users/{id}/export', createExport({ ...deps, engine: deps.context.memory })),
    // Whatever is switched off: who wants to be forgotten is.
    { ...route('DELETE', '/v1/users/{id}', createErase(deps)), handler: createErase(deps) },
    ...ownServerRoutes(calls, route),
    ...platformRoutes(calls, route),
  ];
}

type MakeRoute = (method: string, pattern: string, handler: Handler) => Route;

function oneOf(path: string, calls: MemoryCalls, route: MakeRoute): Route[] {
  return [
    route('GET', `${path}/{id}`, calls.get),
    route('PUT', `${path}/{id}`, calls.update),
    route('DELETE', `${path}/{id}`, calls.remove),
    route('GET', `${path}/{id}/history`, calls.history),
  ];
}

/** Of the server that one runs oneself. */
function ownServerRoutes(calls: MemoryCalls, route: MakeRoute): Route[] {
  return [
    route('POST', '/memories', calls.add),
    route('GET', '/memories', calls.list),
    route('DELETE', '/memories', calls.removeMatching),
    ...oneOf('/memories', calls, route),
    route('POST', '/search', calls.search),
  ];
}

/** Of the platform, in its versions that clients are about with. */
function platformRoutes(calls: MemoryCalls, route: MakeRoute): Route[] {
  return [
    route('GET', '/v1/ping', async () => jsonReply(200, { status: 'ok' })),
    route('POST', '/v3/memories/add', calls.add),
    route('POST', '/v3/memories/search', calls.search),
    route('POST', '/v2/memories/search', calls.search),
    route('POST', '/v3/memories', calls.listPaged),
    route('POST', '/v2/memories', calls.listPaged),
    route('GET', '/v1/entities', calls.users),
    ...(['user', 'agent', 'run'] as const).flatMap((type) => [
      route('DELETE', `/v1/entities/${type}/{id}`, calls.removeEntity(type)),
      route('DELETE', `/v2/entities/${type}/{id}`, calls.removeEntity(type)),
    ]),
  ];
}

const refuse: Handler = () =>
  Promise.reject(new GatewayError('feature_disabled', 'nothing is remembered here: memory is switched off (context.memory.enabled)'));
