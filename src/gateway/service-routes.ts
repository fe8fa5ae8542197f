import type { Route } from '../edge/route-table.ts';
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
        docs: async () => (await import('./service-docs.ts')).serviceDocs(name, pattern),
      };
    }),
  );
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
