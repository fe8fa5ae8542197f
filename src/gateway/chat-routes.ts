/* The chats of the older gateways, which have a form of their own. Where a service is configured for the path, it answers instead. */

import { createRouteTable, type Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { ExampleModels } from './example-models.ts';

const UNIFIED = '/v1/chat';
const API_CHAT = '/api/chat';
const QUERY = '/v1/query';
const SHARED = { methods: ['POST'], kind: 'model', operation: 'chat', access: 'key' } as const;

export interface ChatRoutesDeps {
  readonly call: Handler;
  /** The routes that lead to services. One that names the path, or a folder above it, takes it; `/*` takes what nobody else has. */
  readonly services: readonly Route[];
  readonly examples: ExampleModels;
}

export function createChatRoutes({ call, services, examples }: ChatRoutesDeps): Route[] {
  const table = createRouteTable(services);
  const ownerOf = (pattern: string): Route | undefined => {
    const owner = table.match(pattern)?.find('POST');
    return owner?.pattern === '/*' ? undefined : owner;
  };
  const unified: Route = {
    ...SHARED,
    pattern: UNIFIED,
    dialect: 'unified-chat',
    handler: call,
    docs: async () => (await import('./chat-docs.ts')).unifiedChatDocs(examples),
  };
  const query: Route = {
    ...SHARED,
    pattern: QUERY,
    dialect: 'query',
    handler: call,
    docs: async () => (await import('./chat-docs.ts')).queryDocs(examples),
  };
  const own = [unified, query].filter(({ pattern }) => ownerOf(pattern) === undefined);
  return [...own, ...createApiChatRoutes({ call, services, examples }, ownerOf(API_CHAT))];
}

/** Ollama's callers are answered here in any case, but for a service that names this very path: it wants all of it. */
function createApiChatRoutes({ call, services, examples }: ChatRoutesDeps, owner: Route | undefined): Route[] {
  if (owner?.pattern === API_CHAT) return [];
  const route: Route = {
    ...SHARED,
    pattern: API_CHAT,
    dialect: 'api-chat',
    form: 'chat',
    handler: call,
    docs: async () => (await import('./chat-docs.ts')).apiChatDocs(examples),
  };
  if (owner === undefined) return [route];
  const { service } = owner;
  const handler: Handler = (request, exchange) => (request.operation === undefined ? owner.handler : call)(request, exchange);
  // An exact path hides the folder above it: what the service has there for other methods stays its own.
  const others = services.filter(({ pattern, methods }) => pattern === owner.pattern && !methods.includes('POST'));
  return [
    ...others.map((other): Route => ({ ...other, pattern: API_CHAT })),
    { ...route, dialect: 'api-chat-beside-service', handler, ...(service === undefined ? {} : { service }) },
  ];
}
