import { z } from 'zod';
import type { RouteDocs } from '../pipeline/route-docs.ts';

const ANYTHING = z.unknown();

/** What is said in there is between the caller and the service: no more can be known here. */
export function serviceDocs(name: string, pattern: string): RouteDocs {
  const below = pattern.endsWith('/*');
  return {
    tag: 'Services',
    summary: `${name}: ${pattern}`,
    description: `Passes the request to the service \`${name}\`, body and query as they are, and its reply back.${below ? ` The path \`${pattern.slice(0, -2)}\` itself leads there too.` : ''}`,
    ...(below ? { parameters: [{ name: 'path', in: 'path', description: 'The rest of the path.', example: 'predict' }] } : {}),
    body: {
      required: false,
      description: 'Whatever the service takes.',
      content: {
        'application/json': {
          schema: ANYTHING,
          examples: { example: { summary: 'Some JSON', value: { user_id: 'user-1', prompt: 'Hello!' } } },
        },
        '*/*': { schema: ANYTHING },
      },
    },
    replies: [
      { status: 200, description: "The service's own reply, with its status and headers.", content: { '*/*': { schema: ANYTHING } } },
    ],
  };
}
