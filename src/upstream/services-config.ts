/*
 * Services: AI microservices behind plain HTTP routes. A service is a group of interchangeable addresses and the routes that lead to it.
 */

import { z } from 'zod';
import { duration } from '../base/units.ts';
import type { EndpointGroupConfig } from './endpoint-group.ts';
import { type UpstreamConfig, upstreamOverrides, withOverrides } from './upstream-config.ts';

const ROUTE = /^(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|\*) )?\/(?:[^\s?#*{}]*|(?:[^\s?#*{}]+\/)?\*)$/;
const HOUR_MS = 3_600_000;

const serviceConfig = z.strictObject({
  urls: z
    .array(z.url({ protocol: /^https?$/ }).refine(isPlainUrl, 'must have no user, password, query or fragment'))
    .min(1)
    .describe('Base URLs of interchangeable instances; the load is balanced over them.'),
  routes: z
    .array(z.string().regex(ROUTE, 'must be a path such as "POST /api/v1/pricing/*" or "/infer/python"'))
    .default([])
    .describe(
      'Paths that lead here: `METHOD /path`, or a path alone for every method; `/*` at its end stands for any rest. None: reachable as a fallback only.',
    ),
  strip_prefix: z
    .string()
    .startsWith('/')
    .optional()
    .describe('Beginning of the path that is left out towards the service. Excludes `rewrite`.'),
  rewrite: z
    .string()
    .startsWith('/')
    .optional()
    .describe(
      "Path at the service instead of the route's; a trailing `*` stands for the rest that the route's own `*` matched. Excludes `strip_prefix`.",
    ),
  access: z.enum(['public', 'key', 'admin']).default('key').describe('Who may call it: anyone, whoever holds a key, or an admin.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .describe('Headers set on every request to the service, for example its own credential.')
    .meta({ secret: true }),
  fallback: z.string().optional().describe('Name of the service that is asked when this one has failed.'),
  timeout: duration({ min: 10, max: HOUR_MS })
    .optional()
    .describe('How long the service may take to begin its reply, attempts and waits included. Default: `upstream.service_timeout`.'),
  replayable: z
    .boolean()
    .default(false)
    .describe(
      'POST and PATCH may be sent twice, because the service only computes. Else they are tried again only if it is certain that nothing was executed.',
    ),
  ...upstreamOverrides,
});

export const servicesConfig = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'must be a name of letters, digits, dots, dashes and underscores'),
    serviceConfig,
  )
  .default({})
  .superRefine((services, context) => {
    for (const [name, service] of Object.entries(services)) {
      const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [name, key], message });
      if (service.fallback === name) refuse('fallback', 'a service cannot be its own fallback');
      else if (service.fallback !== undefined && !Object.hasOwn(services, service.fallback))
        refuse('fallback', `there is no service '${service.fallback}'`);
      if (service.strip_prefix !== undefined && service.rewrite !== undefined)
        refuse('rewrite', '`rewrite` and `strip_prefix` exclude each other');
      if (new Set(service.urls).size < service.urls.length) refuse('urls', 'an address is listed twice');
    }
  })
  .describe('AI microservices by name.');

export type ServicesConfig = z.infer<typeof servicesConfig>;
export type ServiceConfig = z.infer<typeof serviceConfig>;

function isPlainUrl(text: string): boolean {
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}

/** The endpoint group of a service: it bears the service's name. */
export function serviceGroup(name: string, service: ServiceConfig, defaults: UpstreamConfig): EndpointGroupConfig {
  return { name, urls: service.urls, settings: withOverrides(defaults, service) };
}
