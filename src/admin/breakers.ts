/** Circuit breakers: what state each is in, as the AI microservices gateway told it, and closing one by hand. */

import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';
import { jsonReply } from './json-reply.ts';

export interface BreakerStatus {
  readonly name: string;
  readonly state: 'closed' | 'half-open' | 'open';
  /** Failures in a row. */
  readonly failureCount: number;
  /** Failures among the calls of its window. */
  readonly recentFailures: number;
  readonly totalCalls: number;
  /** Milliseconds until an open one lets a probe through; 0 for others. */
  readonly retryAfterMs: number;
}

export interface BreakerBoard {
  breakers(): Iterable<BreakerStatus>;
  /** Closes a breaker and forgets its failures; false when there is none of that name. */
  resetBreaker(name: string): boolean;
}

export interface BreakerDeps {
  readonly board: BreakerBoard;
  /** Whether the reset is offered. */
  readonly adminEnabled: boolean;
  /** A breaker's name, for the documentation. */
  readonly example?: string | undefined;
}

const PATH = '/circuit-breakers';

export function createBreakerRoutes(deps: BreakerDeps): Route[] {
  const list: Handler = async () =>
    jsonReply(200, Object.fromEntries(Array.from(deps.board.breakers(), (status) => [status.name, breakerJson(status)])));
  const reset: Handler = async (request) => {
    const name = request.params?.['name'];
    if (name === undefined || !deps.board.resetBreaker(name))
      throw new GatewayError('resource_unknown', 'There is no such circuit breaker');
    return jsonReply(200, { name, state: 'closed' });
  };
  const listRoute: Route = {
    pattern: PATH,
    methods: ['GET'],
    kind: 'system',
    access: 'metrics',
    dialect: 'service',
    handler: list,
    docs: LIST_DOCS,
  };
  // A name may hold slashes (`provider/model`).
  const resetRoute: Route = {
    pattern: `${PATH}/{name...}/reset`,
    methods: ['POST'],
    kind: 'system',
    access: 'admin',
    dialect: 'service',
    handler: reset,
    docs: resetDocs(deps.example),
  };
  return deps.adminEnabled ? [listRoute, resetRoute] : [listRoute];
}

/** `half_open` as the older gateway spelt it. */
function breakerJson(status: BreakerStatus): object {
  return {
    state: status.state === 'half-open' ? 'half_open' : status.state,
    failure_count: status.failureCount,
    recent_failures: status.recentFailures,
    total_calls: status.totalCalls,
    retry_after_ms: status.state === 'open' ? Math.round(status.retryAfterMs) : undefined,
  };
}

const breaker = z
  .looseObject({
    state: z
      .enum(['closed', 'open', 'half_open'])
      .describe('Closed: requests pass. Open: they are refused. Half open: one is let through, to see.'),
    failure_count: z.int().min(0).describe('Failures in a row.'),
    recent_failures: z.int().min(0).describe('Failures among the calls of its window.'),
    total_calls: z.int().min(0),
    retry_after_ms: z.int().min(0).optional().describe('Open ones: milliseconds until one request is let through.'),
  })
  .meta({ id: 'CircuitBreaker' });

const LIST_DOCS: RouteDocs = {
  tag: 'Observability',
  summary: 'Circuit breakers',
  description: 'The state of the circuit breaker of every model target and service, by name.',
  replies: [
    {
      status: 200,
      description: 'Every breaker by its name.',
      content: jsonContent(z.record(z.string(), breaker), {
        'recommendation-service': { state: 'closed', failure_count: 0, recent_failures: 1, total_calls: 42 },
      }),
    },
  ],
};

function resetDocs(example: string | undefined): RouteDocs {
  const name = 'A breaker as `GET /circuit-breakers` names it.';
  return {
    tag: 'Administration',
    summary: 'Close a circuit breaker',
    description: 'Closes the breaker and forgets its failures, so that the next request is sent.',
    parameters: [{ name: 'name', in: 'path', description: name, ...(example === undefined ? {} : { example }) }],
    replies: [
      {
        status: 200,
        description: 'It is closed.',
        content: jsonContent(z.looseObject({ name: z.string(), state: z.literal('closed') }), {
          name: example ?? 'pricing-service',
          state: 'closed',
        }),
      },
    ],
    errors: ['resource_unknown'],
  };
}
