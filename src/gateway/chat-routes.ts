/* The chats of the older gateways, which have a form of their own. Where a service is configured for the path, it answers instead. */

import { createRouteTable, type Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { simpleChatDocs, unifiedChatDocs } from './chat-docs.ts';
import type { ExampleModels } from './model-docs.ts';

const CHAT_ROUTES = [
  { pattern: '/v1/chat', dialect: 'unified-chat', docs: unifiedChatDocs },
  { pattern: '/api/chat', dialect: 'simple-chat', docs: simpleChatDocs },
] as const;

/** `services`: the routes that lead to services. One that names the path, or a folder above it, takes it; `/*` takes what nobody else has. */
export function createChatRoutes(call: Handler, services: readonly Route[], examples: ExampleModels): Route[] {
  const table = createRouteTable(services);
  const isTaken = (pattern: string): boolean => (table.match(pattern)?.find('POST')?.pattern ?? '/*') !== '/*';
  return CHAT_ROUTES.filter(({ pattern }) => !isTaken(pattern)).map(
    ({ docs, ...route }): Route => ({
      ...route,
      methods: ['POST'],
      kind: 'model',
      operation: 'chat',
      access: 'key',
      handler: call,
      docs: docs(examples),
    }),
  );
}
