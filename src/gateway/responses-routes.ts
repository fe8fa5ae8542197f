/* OpenAI's Responses API: over HTTP and WebSocket, to any model; and what only its own servers do. */

import type { Clock } from '../base/clock.ts';
import { NAME } from '../dialects/openai-responses/name.ts';
import type { ResponsesConfig } from '../dialects/openai-responses/responses-config.ts';
import type { Route } from '../edge/route-table.ts';
import type { OperationKind } from '../operations/operation.ts';
import type { Handler } from '../pipeline/policy.ts';
import type { Router } from '../routing/router.ts';
import type { ValueStore } from '../stores/value/value-store.ts';
import type { StreamWatch } from '../upstream/stream-watch.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ExampleModels } from './example-models.ts';
import { createResponsesCall } from './responses-call.ts';
import { createResponsesMemory } from './responses-memory.ts';
import { createResponsesSocket } from './responses-socket.ts';
import { createStoredCall } from './responses-stored.ts';

export interface ResponsesRoutesConfig extends ResponsesConfig {
  /** Largest message of a WebSocket. */
  readonly bodyBytesMax: number;
  /** How long a stored response may take to come, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ResponsesRoutesDeps {
  /** Answers the model routes. */
  readonly call: Handler;
  readonly router: Router;
  readonly upstream: Upstream;
  readonly values: ValueStore;
  readonly clock: Clock;
  readonly watch: StreamWatch;
  readonly createId: () => string;
  /** Models that the documentation may name. */
  readonly examples: ExampleModels;
}

const PATH = '/v1/responses';

const MODEL_ROUTES = [
  { pattern: PATH, operation: 'chat' },
  { pattern: `${PATH}/input_tokens`, operation: 'count-tokens' },
  { pattern: `${PATH}/compact`, operation: 'compact' },
] as const satisfies readonly { readonly pattern: string; readonly operation: OperationKind }[];

/** What follows the id in the path. */
const STORED_ROUTES = [
  { method: 'GET', suffix: '', docs: 'read' },
  { method: 'DELETE', suffix: '', docs: 'delete' },
  { method: 'GET', suffix: '/input_items', docs: 'items' },
  { method: 'POST', suffix: '/cancel', docs: 'cancel' },
] as const;

export function createResponsesRoutes(config: ResponsesRoutesConfig, deps: ResponsesRoutesDeps): Route[] {
  const memory = createResponsesMemory(config, deps);
  const call = createResponsesCall({ ...deps, memory, bodyBytesMax: config.bodyBytesMax });
  const shared = { access: 'key', dialect: NAME } as const;
  return [
    ...MODEL_ROUTES.map(
      ({ pattern, operation }): Route => ({
        ...shared,
        pattern,
        operation,
        methods: ['POST'],
        kind: 'model',
        handler: call,
        docs: async () => (await import('./responses-docs.ts')).RESPONSES_MODEL_DOCS[operation](deps.examples),
      }),
    ),
    {
      ...shared,
      pattern: PATH,
      methods: ['GET'],
      websocket: true,
      kind: 'system',
      handler: createResponsesSocket(
        { path: PATH, messageBytesMax: config.bodyBytesMax, conversationBytesMax: config.conversation_bytes_max },
        { createId: deps.createId, now: () => deps.clock.now() },
      ),
      docs: async () => (await import('./responses-docs.ts')).RESPONSES_SOCKET_DOCS,
    },
    ...STORED_ROUTES.map(
      ({ method, suffix, docs }): Route => ({
        ...shared,
        pattern: `${PATH}/{id}${suffix}`,
        methods: [method],
        kind: 'resource',
        handler: createStoredCall(suffix, { ...deps, memory, timeoutMs: config.timeoutMs }),
        docs: async () => (await import('./responses-docs.ts')).STORED_DOCS[docs],
      }),
    ),
  ];
}
