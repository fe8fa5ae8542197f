/* What the API documentation has to know of the configuration, beside the routes. */

import type { DescribedRoute } from '../admin/openapi/described-route.ts';
import { type OpenApiFacts, openApiDocument } from '../admin/openapi/document.ts';
import type { ErrorShape } from '../admin/openapi/error-replies.ts';
import type { Config } from '../config/config.ts';
import type { CallerDialect } from '../dialects/dialect.ts';
import { CALLER_DIALECTS_BY_NAME } from '../dialects/registry.ts';
import type { Route } from '../edge/route-table.ts';
import { isCallerRequired } from '../policies/identify/identify.ts';
import { limitedWindows } from '../policies/rate-limit/rate-limit.ts';

/** The OpenAPI document of these routes under this configuration. */
export async function documentOf(config: Config, routes: readonly Route[], version: string): Promise<object> {
  const described = await Promise.all(routes.map(describe));
  return openApiDocument(
    described.filter(({ docs }) => docs?.unlisted !== true),
    await factsOf(config, version),
  );
}

async function describe({ docs, ...route }: Route): Promise<DescribedRoute> {
  return docs === undefined ? route : { ...route, docs: await docs() };
}

async function factsOf(config: Config, version: string): Promise<OpenApiFacts> {
  return {
    version,
    errorShapes: new Map(await Promise.all([...CALLER_DIALECTS_BY_NAME].map(errorShapeOf))),
    keyRequired: isCallerRequired(config.auth, config.server.environment),
    tokens: config.auth.jwt !== undefined,
    metricsAccess: config.telemetry.metrics.access,
    rateWindows: limitedWindows(config.limits),
    cachedPaths: config.cache.routes.map(({ match }) => match),
  };
}

async function errorShapeOf([name, { errorSchema, encodeError }]: readonly [string, CallerDialect]): Promise<[string, ErrorShape]> {
  return [name, { schema: await errorSchema(), encode: encodeError }];
}
