import { z } from 'zod';
import { jsonContent, type RouteDocs } from '../pipeline/route-docs.ts';

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

export const LIST_DOCS: RouteDocs = {
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

export function resetDocs(example: string | undefined): RouteDocs {
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
