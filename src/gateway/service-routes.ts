import { z } from 'zod';
import type { Route } from '../edge/route-table.ts';
import type { RouteDocs } from '../pipeline/route-docs.ts';
import { createServiceCall, type ServiceCallDeps } from '../upstream/service-call.ts';
import type { ServicesConfig } from '../upstream/services-config.ts';

export interface ServiceRoutesConfig {
  readonly services: ServicesConfig;
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
}

/** The routes that lead to services: `METHOD /path`, or a path alone for every method. */
export function createServiceRoutes(config: ServiceRoutesConfig, deps: ServiceCallDeps): Route[] {
  return Object.entries(config.services).flatMap(([name, service]) =>
    service.routes.map((text): Route => {
      const space = text.indexOf(' ');
      const method = space === -1 ? '*' : text.slice(0, space);
      const pattern = text.slice(space + 1);
      return {
        pattern,
        methods: [method],
        kind: 'service',
        access: service.access,
        dialect: 'service',
        service: name,
        handler: createServiceCall({ name, pattern, ...config }, deps),
        docs: serviceDocs(name, pattern),
      };
    }),
  );
}

const ANYTHING = z.unknown();

/** What is said in there is between the caller and the service: no more can be known here. */
function serviceDocs(name: string, pattern: string): RouteDocs {
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

/** The routes of our own that no service was put in the place of: a configuration that names a path means it. */
export function unlessServed(routes: readonly Route[], services: readonly Route[]): Route[] {
  return routes.filter(
    ({ pattern, methods }) =>
      !services.some(
        (service) => service.pattern === pattern && (service.methods[0] === '*' || methods.includes(service.methods[0] ?? '')),
      ),
  );
}
