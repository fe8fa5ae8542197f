/* The chats of the older gateways, which have a form of their own. Where a service is configured for the path, it answers instead. */

import { createRouteTable, type Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { apiChatDocs, queryDocs, unifiedChatDocs } from './chat-docs.ts';
import type { ExampleModels } from './model-docs.ts';

const UNIFIED = '/v1/chat';
const API_CHAT = '/api/chat';
const QUERY = '/v1/query';

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
  const shared = { methods: ['POST'], kind: 'model', operation: 'chat', access: 'key', handler: call } as const;
  const unified: Route = { ...shared, pattern: UNIFIED, dialect: 'unified-chat', docs: unifiedChatDocs(examples) };
  const query: Route = { ...shared, pattern: QUERY, dialect: 'query', docs: queryDocs(examples) };
  const own = [unified, query].filter(({ pattern }) => ownerOf(pattern) === undefined);
  return [...own, ...createApiChatRoutes(shared, ownerOf(API_CHAT), examples)];
}

/** Ollama's callers are answered here in any case, but for a service that names this very path: it wants all of it. */
function createApiChatRoutes(
  shared: Pick<Route, 'methods' | 'kind' | 'operation' | 'access' | 'handler'>,
  owner: Route | undefined,
  examples: ExampleModels,
): Route[] {
  if (owner?.pattern === API_CHAT) return [];
  const route: Route = { ...shared, pattern: API_CHAT, dialect: 'api-chat', form: 'chat', docs: apiChatDocs(examples) };
  if (owner === undefined) return [route];
  const { service } = owner;
  const handler: Handler = (request, exchange) => (request.operation === undefined ? owner.handler : shared.handler)(request, exchange);
  return [
    { ...owner, pattern: API_CHAT },
    { ...route, dialect: 'api-chat-beside-service', handler, ...(service === undefined ? {} : { service }) },
  ];
}
