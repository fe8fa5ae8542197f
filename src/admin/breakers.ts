/** Circuit breakers: what state each is in, as the AI microservices gateway told it, and closing one by hand. */

import { GatewayError } from '../base/errors.ts';
import type { Route } from '../edge/route-table.ts';
import type { Handler } from '../pipeline/policy.ts';
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
    docs: async () => (await import('./breaker-docs.ts')).LIST_DOCS,
  };
  // A name may hold slashes (`provider/model`).
  const resetRoute: Route = {
    pattern: `${PATH}/{name...}/reset`,
    methods: ['POST'],
    kind: 'system',
    access: 'admin',
    dialect: 'service',
    handler: reset,
    docs: async () => (await import('./breaker-docs.ts')).resetDocs(deps.example),
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
